import { describe, expect, it } from "vitest";
import { fromOnnx } from "../../../src/formats/onnx/from-onnx.js";
import { toOnnx } from "../../../src/formats/onnx/to-onnx.js";
import { engineFor } from "../../../src/memory/engine.js";
import { createNetwork } from "../../../src/network/create-network.js";
import { DATA_TYPES, type OnnxModel } from "../../../src/formats/onnx/messages.js";
import { encodeProto, layer, ModelSketch, protoOf, type Attribute } from "./model-sketch.js";
import {
  describeRefusals,
  H,
  I,
  O,
  input,
  head,
  withLayer,
  withStates,
  fileOf,
  refuses,
  type Refusal,
} from "./refusals.js";

const whole: Refusal[] = [
  [
    "no outputs",
    (sketch) => {
      input(sketch);
    },
    /^ONNX graph: expected an output with all states of its top layer, got none/,
  ],
  [
    "an output that is the input",
    (sketch) => {
      sketch.output(input(sketch));
    },
    /^ONNX output "x": expected outputs or states of a recurrent network, got input "x"/,
  ],
  [
    "an output of nothing",
    (sketch) => {
      sketch.output("nowhere");
    },
    /^ONNX output "nowhere": .* got none/,
  ],
  [
    "no recurrent layer",
    (sketch) => {
      sketch.output(sketch.node("Conv", [input(sketch)], {}, "conv"));
    },
    /^ONNX output "conv:0": .* got what node "conv" \(Conv\) gives/,
  ],
  [
    "states that come through the branches of an If",
    withStates((sketch, states) => {
      const condition = sketch.node("Equal", [sketch.node("Shape", ["x"]), sketch.integers([1])], {}, "one");
      const branch = (name: string, op: string): Attribute => ({
        type: "GRAPH",
        value: {
          name,
          nodes: [{ name, op, domain: "", inputs: [states], outputs: [name], attributes: new Map() }],
          initializers: [],
          inputs: [],
          outputs: [{ name, dataType: DATA_TYPES.FLOAT, dims: undefined }],
        },
      });
      const branches = { then_branch: branch("dropped", "Squeeze"), else_branch: branch("kept", "Identity") };
      return head(sketch, sketch.node("If", [condition], branches, "either"));
    }),
    /got what node "either" \(If\) gives/,
  ],
  [
    "cell states alone",
    (sketch) => {
      sketch.output(layer(sketch, input(sketch), { op: "LSTM", I, H })[2]);
    },
    /^ONNX graph: expected an output with all states of its top layer, got final cell states of node "lstm"/,
  ],
  [
    "a prediction beside the outputs",
    withStates((sketch, states) => {
      const outputs = head(sketch, states);
      sketch.output(outputs);
      return sketch.node("ArgMax", [outputs], { axis: 2 }, "best");
    }),
    /node "best" \(ArgMax\): expected an operator of a recurrent network/,
  ],
  [
    "a node without a name",
    withStates((sketch, states) => {
      const value = sketch.node("Erf", [states]);
      const last = sketch.nodes.length - 1;
      sketch.nodes[last] = { ...sketch.nodes[last], name: "" };
      return value;
    }),
    /^ONNX node of "erf\d+:0" \(Erf\): expected an operator/,
  ],
  [
    "an operator of another domain",
    withStates((sketch, states) => {
      const value = sketch.node("Identity", [states], {}, "own");
      const last = sketch.nodes.length - 1;
      sketch.nodes[last] = { ...sketch.nodes[last], domain: "com.example" };
      return value;
    }),
    /^ONNX node "own" \(com.example.Identity\): expected an operator/,
  ],
  [
    "an input from behind",
    (sketch) => {
      input(sketch);
      const first = sketch.node("Identity", ["second:0"], {}, "first");
      sketch.output(sketch.node("Identity", [first], {}, "second"));
    },
    /^ONNX node "first" \(Identity\): expected inputs that come before it, got "second:0"/,
  ],
  [
    "a value twice",
    (sketch) => {
      const x = input(sketch);
      for (const value of [x, x]) sketch.output(sketch.node("Identity", [value], {}, "same"));
    },
    /^ONNX graph: expected every value once, got "same:0" twice/,
  ],
  [
    "one-hot rows of other values",
    (sketch) => {
      const tokens = sketch.input("x", ["T", "B"], DATA_TYPES.INT64);
      const x = sketch.node("OneHot", [tokens, sketch.integers(I), sketch.floats([2], [0, 2])], {}, "rows");
      sketch.output(layer(sketch, x, { op: "GRU", I, H })[0]);
    },
    /node "rows" \(OneHot\): expected the values 0 and 1, got 0 and 2/,
  ],
  [
    "an embedding of another width",
    (sketch) => {
      const x = sketch.node("Gather", [
        sketch.weights(7, 5),
        sketch.input("x", ["T", "B"], DATA_TYPES.INT64),
      ]);
      sketch.output(layer(sketch, x, { op: "GRU", I, H })[0]);
    },
    /node "gru" .* X to have 3 features, as W has, got 5: the tokens of input "x" as vectors/,
  ],
  [
    "an embedding of computed tokens",
    (sketch) => {
      const tokens = sketch.node(
        "Mod",
        [sketch.input("x", ["T", "B"], DATA_TYPES.INT64), sketch.integers(7)],
        {},
        "wrap",
      );
      sketch.output(
        layer(sketch, sketch.node("Gather", [sketch.weights(7, I), tokens]), { op: "GRU", I, H })[0],
      );
    },
    /node "gru" .* got what node "wrap" \(Mod\) gives/,
  ],
  [
    "a huge network of a small file",
    (sketch) => {
      const huge = (dims: number[]): string => sketch.node("ConstantOfShape", [sketch.integers(dims)]);
      const weights = [
        [1, 400_000, 100_000],
        [1, 400_000, 100_000],
      ].map(huge);
      sketch.output(sketch.nodeOf(3, "LSTM", [sketch.input("x", ["T", "B", 100_000]), ...weights])[0]);
    },
    /^ONNX graph: expected a file with its weights inside, got 80000800000 parameters from \d+ bytes/,
  ],
  [
    "weights beyond 2^53",
    (sketch) => {
      const W = sketch.node("ConstantOfShape", [sketch.integers([2 ** 30, 2 ** 30, 2 ** 30])]);
      sketch.output(sketch.nodeOf(3, "LSTM", [input(sketch), W, sketch.weights(1, 16, H)], {}, "lstm")[0]);
    },
    /node "lstm" .* input W to be a constant, got one number everywhere/,
  ],
  [
    "values that double",
    withStates((sketch, states) => {
      let value = states;
      for (let i = 0; i < 60; i++) value = sketch.node("Concat", [value, value], { axis: 2 });
      return value;
    }),
    /^ONNX graph: expected at most 100000 values and parts of values, got more/,
  ],
];

describeRefusals("a graph that is none of a network", whole);

describe("a graph that no network can be", () => {
  it.each(["mingru", "minlstm"] as const)("is refused by the name of its Scan: %s", (cell) => {
    using network = createNetwork({ cell, inputSize: I, hiddenSize: H, outputSize: O });
    refuses(toOnnx(network), /^ONNX node ".+" \(Scan\): expected layers of RNN, GRU and LSTM, got a loop$/);
  });

  it("is refused without a version of the operators", () => {
    const sketch = new ModelSketch();
    withLayer({})(sketch);
    const model: OnnxModel = { ...sketch.model(), opsets: new Map() };
    refuses(encodeProto(protoOf(model)), /^ONNX file: expected a version of ONNX's operators, got none/);
  });

  it.each<[string, unknown, new () => Error, RegExp]>([
    ["no object", 5, TypeError, /"runtime"/],
    ["an unknown build", { build: "quick" }, RangeError, /"build"/],
    ["threads", { threads: {} }, TypeError, /"threads"/],
  ])("is not what a wrong runtime is taken for: %s", (_, runtime, type, message) => {
    const { arena } = engineFor();
    const before = arena.reserved;
    const act = (): unknown => Reflect.apply(fromOnnx, undefined, [fileOf(withLayer({})), runtime]);
    expect(act).toThrow(type);
    expect(act).toThrow(message);
    expect(arena.reserved).toBe(before);
  });

  it("is a TypeError when it is not even bytes", () => {
    for (const bytes of [undefined, null, "x", [1], new ArrayBuffer(9)]) {
      expect((): unknown => Reflect.apply(fromOnnx, undefined, [bytes])).toThrow(TypeError);
    }
  });
});
