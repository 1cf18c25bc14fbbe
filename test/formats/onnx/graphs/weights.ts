/** Graphs that differ in how weights are stored. */

import { DATA_TYPES } from "../../../../src/formats/onnx/messages.js";
import { layer, type ModelSketch } from "../model-sketch.js";
import {
  I,
  H,
  O,
  input,
  squeeze,
  head,
  joinDirections,
  sliced,
  sequence,
  type GraphCase,
} from "./graph-case.js";

/** Bits of an F16 without rounding: weights of a few bits. */
function halfBits(value: number): number {
  const sign = value < 0 ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude === 0) return sign;
  const exponent = Math.floor(Math.log2(magnitude));
  return sign | ((exponent + 15) << 10) | Math.round((magnitude / 2 ** exponent - 1) * 1024);
}

/** Weights of eighths, as a tensor of another type that a node casts. */
function castWeights(
  sketch: ModelSketch,
  type: "DOUBLE" | "FLOAT16" | "BFLOAT16",
  dims: readonly number[],
): string {
  const count = dims.reduce((product, size) => product * size, 1);
  const values = Float32Array.from({ length: count }, () => (sketch.random.integer(17) - 8) / 8);
  const arrays = {
    DOUBLE: () => Float64Array.from(values),
    FLOAT16: () => Uint16Array.from(values, halfBits),
    BFLOAT16: () => new Uint16Array(values.buffer).filter((_, i) => i % 2 === 1),
  };
  const raw = new Uint8Array(arrays[type]().buffer);
  const stored = sketch.tensor({ name: "", dataType: DATA_TYPES[type], dims, raw });
  return sketch.node("Cast", [stored], { to: DATA_TYPES.FLOAT });
}

export const weights: readonly GraphCase[] = [
  ...(["DOUBLE", "FLOAT16", "BFLOAT16"] as const).map((type): GraphCase => ({
    name: `weights of type ${type}`,
    options: { cell: "gru" },
    build(sketch) {
      const names = [
        [1, 3 * H, I],
        [1, 3 * H, H],
        [1, 6 * H],
      ].map((dims) => castWeights(sketch, type, dims));
      const [y] = sketch.nodeOf(2, "GRU", [input(sketch), ...names], {
        hidden_size: H,
        linear_before_reset: 1,
      });
      sketch.output(head(sketch, squeeze(sketch, y, 1)));
    },
  })),
  {
    name: "weights put together by nodes, as PyTorch's without folding",
    options: { cell: "lstm", bidirectional: true },
    build(sketch) {
      // From i, f, g, o to i, o, f, g, one direction after the other.
      const gates = (name: string): string => {
        const parts = [
          [0, 1],
          [3, 4],
          [1, 3],
        ].map(([from, to]) => sliced(sketch, name, from * H, to * H, 0));
        return sketch.node("Concat", parts, { axis: 0 });
      };
      const ahead = (name: string): string => sketch.node("Unsqueeze", [name, sketch.integers([0])]);
      const both = (make: () => string): string => sketch.node("Concat", [make(), make()], { axis: 0 });
      const W = both(() => ahead(gates(sketch.weights(4 * H, I))));
      const R = both(() => ahead(gates(sketch.weights(4 * H, H))));
      const B = both(() => {
        const biases = [gates(sketch.weights(4 * H)), gates(sketch.weights(4 * H))];
        return ahead(sketch.node("Concat", biases, { axis: 0 }));
      });
      const attributes = { hidden_size: H, direction: "bidirectional" };
      const [y] = sketch.nodeOf(3, "LSTM", [input(sketch), W, R, B], attributes);
      const weight = sketch.node("Transpose", [sketch.weights(O, 2 * H)], { perm: [1, 0] });
      const product = sketch.node("MatMul", [joinDirections(sketch, y), weight]);
      const bias = sketch.node("Reshape", [sketch.weights(1, O), sketch.integers([-1])]);
      sketch.output(sketch.node("Add", [product, bias]));
    },
  },
  {
    name: "parts of constants by Gather, Split and Squeeze, and numbers as attributes",
    options: { cell: "elman", ...sequence },
    build(sketch) {
      const all = sketch.weights(3, H, I);
      const W = sketch.node("Gather", [all, sketch.integers([1])], { axis: 0 });
      const [, R] = sketch.nodeOf(2, "Split", [sketch.weights(2, H, H)], { axis: 0 });
      const [, h] = sketch.nodeOf(2, "RNN", [input(sketch), W, R], { hidden_size: H });
      const zero = sketch.node("Constant", [], { value_ints: [0] });
      const weight = sketch.node(
        "Gather",
        [sketch.weights(H, 3, O), sketch.node("Constant", [], { value_int: 2 })],
        {
          axis: 1,
        },
      );
      const bias = sketch.node("Constant", [], { value_floats: { type: "FLOATS", value: [0.5, -0.25] } });
      sketch.output(sketch.node("Gemm", [sketch.node("Squeeze", [h, zero]), weight, bias]));
    },
  },
  {
    name: "tensors among the inputs, as in ONNX's first versions",
    options: { cell: "gru" },
    build(sketch) {
      sketch.irVersion = 3;
      sketch.opset = 9;
      const [y] = layer(sketch, input(sketch), { op: "GRU", I, H });
      sketch.output(head(sketch, sketch.node("Squeeze", [y], { axes: [1] })));
      for (const { name, dataType, dims } of sketch.initializers) sketch.input(name, dims, dataType);
    },
  },
];
