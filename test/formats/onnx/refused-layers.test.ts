import { DATA_TYPES } from "../../../src/formats/onnx/messages.js";
import { float, floatTensor, layer } from "./model-sketch.js";
import {
  describeRefusals,
  H,
  I,
  O,
  input,
  squeeze,
  head,
  withLayer,
  withStates,
  withSecond,
  type Refusal,
} from "./refusals.js";

const recurrent: Refusal[] = [
  [
    "a GRU with the reset gate before the product",
    withLayer({ op: "GRU", attributes: { linear_before_reset: 0 } }),
    /^ONNX node "gru" \(GRU\): expected linear_before_reset 1: the reset gate after .*, got 0, the gate before it$/,
  ],
  [
    "TensorFlow.js' hard sigmoid",
    withLayer({ attributes: { activations: ["HardSigmoid", "Tanh", "Tanh"] } }),
    /^ONNX node "lstm" \(LSTM\): expected the activations Sigmoid, Tanh, Tanh, got "HardSigmoid, Tanh, Tanh"$/,
  ],
  [
    "another activation of a GRU",
    withLayer({ op: "GRU", attributes: { activations: ["Sigmoid", "Relu"] } }),
    /node "gru" \(GRU\): expected the activations Sigmoid, Tanh, got "Sigmoid, Relu"/,
  ],
  [
    "another activation of an RNN",
    withLayer({ op: "RNN", attributes: { activations: ["Sigmoid"] } }),
    /node "rnn" \(RNN\): expected the activation Tanh or Relu, got "Sigmoid"/,
  ],
  [
    "directions of different activations",
    withLayer({ op: "RNN", D: 2, attributes: { activations: ["Tanh", "Relu"] } }),
    /node "rnn" .* the same activations of both directions, got Tanh; Relu/,
  ],
  [
    "too few activations",
    withLayer({ attributes: { activations: ["Sigmoid"] } }),
    /node "lstm" .* expected 3 activations, got 1/,
  ],
  [
    "the reverse direction alone",
    withLayer({ attributes: { direction: "reverse" } }),
    /node "head" \(MatMul\): .* got the reverse direction of node "lstm" \(LSTM\) alone/,
  ],
  [
    "an unknown direction",
    withLayer({ attributes: { direction: "sideways" } }),
    /node "lstm" .*"direction" to be forward, reverse or bidirectional, got "sideways"/,
  ],
  ["a clip", withLayer({ attributes: { clip: float(3) } }), /node "lstm" .* no attribute "clip", got 3/],
  [
    "coupled gates",
    withLayer({ attributes: { input_forget: 1 } }),
    /node "lstm" .* input_forget 0: .*, got 1/,
  ],
  [
    "a wrong hidden_size",
    withLayer({ attributes: { hidden_size: 5 } }),
    /node "lstm" .* hidden_size 4, as R has, got 5/,
  ],
  [
    "a hidden_size of another type",
    withLayer({ attributes: { hidden_size: float(4) } }),
    /attribute "hidden_size" of type INT, got FLOAT/,
  ],
  [
    "an unknown layout",
    withLayer({ attributes: { layout: 2 } }),
    /node "lstm" .*"layout" to be 0 or 1, got 2/,
  ],
  [
    "peepholes",
    (sketch) => {
      const weights = [
        [1, 16, I],
        [1, 16, H],
        [1, 32],
      ].map((dims) => sketch.weights(...dims));
      const P = sketch.weights(1, 12);
      sketch.output(
        sketch.nodeOf(3, "LSTM", [input(sketch), ...weights, "", "", "", P], { hidden_size: H }, "lstm")[0],
      );
    },
    /node "lstm" .* no peepholes, got input P that is not 0/,
  ],
  [
    "a constant initial state",
    (sketch) => {
      withLayer({ h0: sketch.weights(1, 3, H) })(sketch);
    },
    /node "lstm" .* initial_h to be zeros or an input of the graph, got a constant of shape \[1, 3, 4\] that is not 0/,
  ],
  [
    "a constant initial cell state",
    (sketch) => {
      withLayer({ c0: sketch.weights(1, 3, H) })(sketch);
    },
    /node "lstm" .* initial_c to be zeros .* not 0/,
  ],
  [
    "an initial state of ones",
    (sketch) => {
      const shape = sketch.node("Shape", [input(sketch, "y")]);
      const ones = sketch.node("ConstantOfShape", [shape], {
        value: { type: "TENSOR", value: floatTensor([1], [1]) },
      });
      withLayer({ h0: ones })(sketch);
    },
    /node "lstm" .* got one number everywhere that is not 0/,
  ],
  [
    "an initial state from another layer",
    (sketch) => {
      const [, h] = layer(sketch, input(sketch, "source"), { op: "LSTM", I, H, name: "encoder" });
      withLayer({ h0: h })(sketch);
    },
    /node "lstm" .* initial_h to be zeros or an input .*, got final states of node "encoder" \(LSTM\)/,
  ],
  [
    "an initial state that is computed",
    (sketch) => {
      withLayer({ h0: sketch.node("Tanh", [input(sketch, "s")], {}, "tanh") })(sketch);
    },
    /node "lstm" .* initial_h .* got what node "tanh" \(Tanh\) gives/,
  ],
  [
    "an initial state out of the sequence",
    (sketch) => {
      const first = sketch.node("Slice", [
        input(sketch),
        ...[[0], [1], [0]].map((list) => sketch.integers(list)),
      ]);
      const [y] = layer(sketch, "x", { op: "LSTM", I, H: I, h0: first });
      sketch.output(y);
    },
    /node "lstm" .* initial states from inputs of their own, got input "x"/,
  ],
  [
    "constant lengths",
    (sketch) => {
      withLayer({ lengths: sketch.integers([3, 4]) })(sketch);
    },
    /node "lstm" .* sequence_lens to be an input of the graph, or all steps, got a constant/,
  ],
  [
    "computed weights",
    (sketch) => {
      const W = sketch.node("Tanh", [sketch.weights(1, 16, I)], {}, "squash");
      sketch.output(sketch.nodeOf(3, "LSTM", [input(sketch), W, sketch.weights(1, 16, H)], {}, "lstm")[0]);
    },
    /node "lstm" \(LSTM\): expected input W to be a constant, got what node "squash" \(Tanh\) gives/,
  ],
  [
    "weights of a wrong shape",
    (sketch) => {
      sketch.output(
        sketch.nodeOf(
          3,
          "LSTM",
          [input(sketch), sketch.weights(1, 15, I), sketch.weights(1, 16, H)],
          {},
          "lstm",
        )[0],
      );
    },
    /node "lstm" .* input W of shape \[1, 16, 3\], got \[1, 15, 3\]/,
  ],
  [
    "no recurrent weights",
    (sketch) => {
      sketch.output(sketch.nodeOf(3, "LSTM", [input(sketch), sketch.weights(1, 16, I)], {}, "lstm")[0]);
    },
    /node "lstm" \(LSTM\): expected input 2, got none/,
  ],
  [
    "integers for weights",
    (sketch) => {
      const W = sketch.tensor({
        name: "W",
        dataType: DATA_TYPES.INT32,
        dims: [1, 16, I],
        raw: new Uint8Array(16 * I * 4),
      });
      sketch.output(sketch.nodeOf(3, "LSTM", [input(sketch), W, sketch.weights(1, 16, H)], {}, "lstm")[0]);
    },
    /node "lstm" .* input W of floating-point numbers, got type 6/,
  ],
  [
    "weights that are cut short",
    (sketch) => {
      const W = sketch.tensor({ ...floatTensor([1, 16, I], [1, 2]), name: "W" });
      sketch.output(sketch.nodeOf(3, "LSTM", [input(sketch), W, sketch.weights(1, 16, H)], {}, "lstm")[0]);
    },
    /node "lstm" .* W to be a constant, got what tensor "W", whose bytes are not those of its type and shape gives/,
  ],
  [
    "another number of features",
    withLayer({ I: 5 }),
    /node "lstm" .* X to have 5 features, as W has, got 3: input "x"/,
  ],
  [
    "a changed input",
    (sketch) => {
      const x = sketch.node("Mul", [input(sketch), sketch.floats([], [2])], {}, "scale");
      sketch.output(layer(sketch, x, { op: "GRU", I, H })[0]);
    },
    /node "gru" .* X to come from an input .*, got what node "scale" \(Mul\) gives/,
  ],
  [
    "half of the input",
    (sketch) => {
      const x = sketch.node(
        "Slice",
        [input(sketch), ...[[0], [2], [2]].map((list) => sketch.integers(list))],
        {},
        "half",
      );
      sketch.output(layer(sketch, x, { op: "GRU", I: 2, H })[0]);
    },
    /node "gru" .* X to come from an input .*, got what node "half" \(Slice\) makes of input "x"/,
  ],
];

const layers: Refusal[] = [
  [
    "layers of other cells",
    withSecond({ op: "LSTM" }),
    /node "top" \(LSTM\): expected cell "gru", as in the lowest layer, got "lstm"/,
  ],
  [
    "layers of other sizes",
    withSecond({ H: 5 }),
    /node "top" .* hidden_size 4, as in the lowest layer, got 5/,
  ],
  [
    "layers of more directions",
    withSecond({ D: 2 }),
    /node "top" .* layers of 1 directions, as the lowest, got 2/,
  ],
  [
    "lengths for one layer alone",
    (sketch) => {
      withSecond({ lengths: sketch.input("lengths", ["B"], DATA_TYPES.INT32) })(sketch);
    },
    /node "top" .* the sequence_lens of the lowest layer, got others/,
  ],
  [
    "time for the batch",
    (sketch) => {
      const [y] = layer(sketch, input(sketch), { op: "GRU", I, H, name: "below" });
      const turned = sketch.node("Transpose", [squeeze(sketch, y, 1)], { perm: [1, 0, 2] });
      sketch.output(layer(sketch, turned, { op: "GRU", I: H, H, name: "top" })[0]);
    },
    /node "top" .* time and batch as in the layer below, got others/,
  ],
  [
    "a layer beside",
    (sketch) => {
      const x = input(sketch);
      for (const name of ["one", "two"]) sketch.output(layer(sketch, x, { op: "GRU", I, H, name })[0]);
    },
    /node "two" \(GRU\): expected a layer below those that give the outputs, got one beside them/,
  ],
  [
    "a layer of final states",
    (sketch) => {
      const [, h] = layer(sketch, input(sketch), { op: "GRU", I, H, name: "below" });
      sketch.output(layer(sketch, h, { op: "GRU", I: H, H, name: "top" })[0]);
    },
    /node "top" .* the states after each step, got final states of node "below" \(GRU\)/,
  ],
  [
    "something between layers",
    withStates(
      (sketch, states) =>
        layer(sketch, sketch.node("Relu", [states], {}, "relu"), { op: "GRU", I: H, H, name: "top" })[0],
    ),
    /node "relu" \(Relu\): expected an operator of a recurrent network, got it for states of node "gru" \(GRU\)/,
  ],
  [
    "a sum of layers",
    withStates((sketch, states) => sketch.node("Add", [states, states], {}, "sum")),
    /node "sum" \(Add\): .* got it for states of node "gru"/,
  ],
  [
    "states times the input",
    withStates((sketch, states) => sketch.node("Mul", ["x", states], {}, "times")),
    /node "times" \(Mul\)/,
  ],
  [
    "a layer of a head's outputs",
    withStates(
      (sketch, states) => layer(sketch, head(sketch, states), { op: "GRU", I: O, H, name: "top" })[0],
    ),
    /node "top" .* the states of the layer below, got outputs of the head/,
  ],
];

describeRefusals("a recurrent node that no network has", recurrent);
describeRefusals("layers that no network has", layers);
