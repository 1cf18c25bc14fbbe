/** Graphs as PyTorch's and tf2onnx's exporters write them, put together by hand. */

import { DATA_TYPES } from "../../../src/formats/onnx/messages.js";
import type { NetworkOptions } from "../../../src/network/types.js";
import { float, floatTensor, integerTensor, layer, type ModelSketch } from "./model-sketch.js";

export interface GraphCase {
  readonly name: string;
  /** What is other than of one layer in one direction with an output a step. */
  readonly options?: Partial<NetworkOptions>;
  /** Inputs and outputs have the batch first. */
  readonly batchFirst?: boolean;
  /** The type of tokens. */
  readonly tokens?: "int64" | "int32" | "float32";
  readonly softmax?: "plain" | "log";
  readonly steps?: number;
  readonly batch?: number;
  /** Which output to compare; default the first. */
  readonly compared?: number;
  /** The shape of the input where it is not [T, B, I]. */
  inputDims?(steps: number, batch: number): number[];
  build(sketch: ModelSketch): void;
}

const I = 3;
const H = 4;
const O = 2;
/** The largest int64: "to the end". */
const END = 2n ** 63n - 1n;

function input(sketch: ModelSketch): string {
  return sketch.input("x", ["time", "batch", I]);
}

function squeeze(sketch: ModelSketch, value: string, axis: number): string {
  return sketch.node("Squeeze", [value, sketch.integers([axis])]);
}

/** MatMul and Add. */
function head(sketch: ModelSketch, value: string, width = H): string {
  const product = sketch.node("MatMul", [value, sketch.weights(width, O)]);
  return sketch.node("Add", [product, sketch.weights(O)]);
}

function gemm(sketch: ModelSketch, value: string, width = H): string {
  return sketch.node("Gemm", [value, sketch.weights(O, width), sketch.weights(O)], { transB: 1 });
}

/** [T, B, ·] ↔ [B, T, ·]. */
function swap(sketch: ModelSketch, value: string): string {
  return sketch.node("Transpose", [value], { perm: [1, 0, 2] });
}

/** [T, 2, B, H] → [T, B, 2H]. */
function joinDirections(sketch: ModelSketch, value: string): string {
  const turned = sketch.node("Transpose", [value], { perm: [0, 2, 1, 3] });
  return sketch.node("Reshape", [turned, sketch.integers([0, 0, -1])]);
}

/** The size of an axis, as a list. */
function sizeOf(sketch: ModelSketch, value: string, axis: number): string {
  const size = sketch.node("Gather", [sketch.node("Shape", [value]), sketch.integers(axis)]);
  return sketch.node("Unsqueeze", [size, sketch.integers([0])]);
}

/** [count, B, H] of zeros, B of the input. */
function zeroState(sketch: ModelSketch, x: string, count = 1): string {
  const shape = sketch.node(
    "Concat",
    [sketch.integers([count]), sizeOf(sketch, x, 1), sketch.integers([H])],
    { axis: 0 },
  );
  return sketch.node("ConstantOfShape", [shape], {
    value: { type: "TENSOR", value: floatTensor([1], [0]) },
  });
}

function sliced(sketch: ModelSketch, value: string, from: number, to: number | bigint, axis: number): string {
  const lists = [[from], [to], [axis]].map((list) => sketch.integers(list));
  return sketch.node("Slice", [value, ...lists]);
}

const sequence = { output: "sequence" } as const;

const heads: GraphCase[] = [
  {
    name: "an LSTM of Keras, batch first, by tf2onnx",
    batchFirst: true,
    options: { cell: "lstm" },
    build(sketch) {
      const x = sketch.input("x", ["unk__1", "unk__2", I]);
      const [y] = layer(sketch, swap(sketch, x), { op: "LSTM", I, H });
      sketch.output(head(sketch, swap(sketch, squeeze(sketch, y, 1))));
    },
  },
  {
    name: "a dense layer over time and batch merged",
    batchFirst: true,
    options: { cell: "gru" },
    build(sketch) {
      const x = sketch.input("x", ["b", "t", I]);
      const [y] = layer(sketch, swap(sketch, x), { op: "GRU", I, H });
      const states = swap(sketch, squeeze(sketch, y, 1));
      const flat = sketch.node("Reshape", [states, sketch.integers([-1, H])]);
      const product = gemm(sketch, flat);
      const sizes = sketch.node("Slice", [
        sketch.node("Shape", [states]),
        sketch.integers([0]),
        sketch.integers([2]),
      ]);
      const shape = sketch.node("Concat", [sizes, sketch.integers([O])], { axis: 0 });
      sketch.output(sketch.node("Reshape", [product, shape]));
    },
  },
  {
    name: "a head without a bias",
    options: { cell: "elman" },
    build(sketch) {
      const [y] = layer(sketch, input(sketch), { op: "RNN", I, H });
      sketch.output(sketch.node("MatMul", [squeeze(sketch, y, 1), sketch.weights(H, O)]));
    },
  },
  {
    name: "Gemm with factors, the weight as it is and one bias for all",
    options: { cell: "elman-relu", ...sequence },
    build(sketch) {
      const [, h] = layer(sketch, input(sketch), { op: "RNN", I, H, attributes: { activations: ["Relu"] } });
      const inputs = [squeeze(sketch, h, 0), sketch.weights(H, O), sketch.floats([], [0.75])];
      sketch.output(sketch.node("Gemm", inputs, { alpha: float(0.5), beta: float(2) }));
    },
  },
  {
    name: "Gemm with a factor, then Add",
    options: { cell: "gru", ...sequence },
    build(sketch) {
      const [, h] = layer(sketch, input(sketch), { op: "GRU", I, H });
      const product = sketch.node("Gemm", [squeeze(sketch, h, 0), sketch.weights(H, O)], {
        alpha: float(3),
        beta: float(7),
      });
      sketch.output(sketch.node("Add", [sketch.weights(1, O), product]));
    },
  },
  {
    name: "a bias that stands before the axis of time",
    options: { cell: "gru" },
    build(sketch) {
      const [y] = layer(sketch, input(sketch), { op: "GRU", I, H });
      const product = sketch.node("MatMul", [squeeze(sketch, y, 1), sketch.weights(H, O)]);
      const turned = sketch.node("Transpose", [product], { perm: [0, 2, 1] });
      const biased = sketch.node("Add", [turned, sketch.weights(O, 1)]);
      sketch.output(sketch.node("Transpose", [biased], { perm: [0, 2, 1] }));
    },
  },
  {
    name: "Softmax of opset 11",
    softmax: "plain",
    options: { cell: "gru" },
    build(sketch) {
      sketch.opset = 11;
      const [y] = layer(sketch, input(sketch), { op: "GRU", I, H });
      const states = sketch.node("Squeeze", [y], { axes: [1] });
      sketch.output(sketch.node("Softmax", [head(sketch, states)], { axis: 2 }));
    },
  },
  {
    name: "LogSoftmax of final states",
    softmax: "log",
    options: { cell: "lstm", ...sequence },
    build(sketch) {
      const [, h] = layer(sketch, input(sketch), { op: "LSTM", I, H });
      sketch.output(sketch.node("LogSoftmax", [gemm(sketch, squeeze(sketch, h, 0))], { axis: 1 }));
    },
  },
  {
    name: "no head, as the operator gives it",
    options: { cell: "lstm", outputSize: 0 },
    build(sketch) {
      const [y, h, c] = layer(sketch, input(sketch), { op: "LSTM", I, H });
      for (const value of [y, h, c]) sketch.output(value);
    },
  },
  {
    name: "states before the head among the outputs",
    options: { cell: "lstm", outputSize: O },
    compared: 2,
    build(sketch) {
      const [y, h, c] = layer(sketch, input(sketch), { op: "LSTM", I, H });
      const states = squeeze(sketch, y, 1);
      for (const value of [h, states, head(sketch, states), c]) sketch.output(value);
    },
  },
];

const lastSteps: GraphCase[] = [
  {
    name: "the last step of a batch-first graph, by Gather",
    batchFirst: true,
    options: { cell: "lstm", ...sequence },
    build(sketch) {
      const [y] = layer(sketch, swap(sketch, sketch.input("x", ["b", "t", I])), { op: "LSTM", I, H });
      const states = swap(sketch, squeeze(sketch, y, 1));
      const last = sketch.node("Gather", [states, sketch.integers(-1)], { axis: 1 });
      sketch.output(gemm(sketch, last));
    },
  },
  {
    name: "the last step by Slice and Squeeze",
    options: { cell: "gru", ...sequence },
    build(sketch) {
      const [y] = layer(sketch, input(sketch), { op: "GRU", I, H });
      const last = sliced(sketch, squeeze(sketch, y, 1), -1, END, 0);
      sketch.output(gemm(sketch, squeeze(sketch, last, 0)));
    },
  },
  {
    name: "the last step by the attributes of opset 9",
    options: { cell: "gru", ...sequence },
    build(sketch) {
      sketch.opset = 9;
      const [y] = layer(sketch, input(sketch), { op: "GRU", I, H });
      const states = sketch.node("Squeeze", [y], { axes: [1] });
      const last = sketch.node("Slice", [states], { starts: [-1], ends: [2 ** 31 - 1], axes: [0] });
      sketch.output(gemm(sketch, sketch.node("Squeeze", [last], { axes: [0] })));
    },
  },
  {
    name: "the last step by the number of steps less one",
    options: { cell: "elman", ...sequence },
    build(sketch) {
      const x = input(sketch);
      const [y] = layer(sketch, x, { op: "RNN", I, H });
      const steps = sketch.node("Gather", [sketch.node("Shape", [x]), sketch.integers(0)]);
      const index = sketch.node("Cast", [sketch.node("Sub", [steps, sketch.integers(1)])], {
        to: DATA_TYPES.INT32,
      });
      sketch.output(gemm(sketch, sketch.node("Gather", [squeeze(sketch, y, 1), index], { axis: 0 })));
    },
  },
  {
    name: "the last of a known number of steps",
    options: { cell: "elman", ...sequence },
    build(sketch) {
      const [y] = layer(sketch, sketch.input("x", [5, 3, I]), { op: "RNN", I, H });
      sketch.output(gemm(sketch, sketch.node("Gather", [squeeze(sketch, y, 1), sketch.integers(4)])));
    },
  },
  {
    name: "the last step of the outputs",
    options: { cell: "lstm", ...sequence },
    build(sketch) {
      const [y] = layer(sketch, input(sketch), { op: "LSTM", I, H });
      sketch.output(sketch.node("Gather", [head(sketch, squeeze(sketch, y, 1)), sketch.integers(-1)]));
    },
  },
  {
    name: "each direction's own final step",
    options: { cell: "lstm", bidirectional: true, ...sequence },
    build(sketch) {
      const [y] = layer(sketch, input(sketch), { op: "LSTM", I, H, D: 2 });
      const states = joinDirections(sketch, y);
      const last = sketch.node("Gather", [sliced(sketch, states, 0, H, 2), sketch.integers(-1)]);
      const first = sketch.node("Gather", [sliced(sketch, states, H, END, -1), sketch.integers(0)]);
      sketch.output(gemm(sketch, sketch.node("Concat", [last, first], { axis: 1 }), 2 * H));
    },
  },
  {
    name: "final states by Gather and Concat, out of those of two layers",
    options: { cell: "gru", layers: 2, bidirectional: true, ...sequence },
    build(sketch) {
      const [y, h] = layer(sketch, input(sketch), { op: "GRU", I, H, D: 2, name: "below" });
      const [, top] = layer(sketch, joinDirections(sketch, y), { op: "GRU", I: 2 * H, H, D: 2, name: "top" });
      const all = sketch.node("Concat", [h, top], { axis: 0 });
      const chosen = [-2, -1].map((i) => sketch.node("Gather", [all, sketch.integers(i)], { axis: 0 }));
      sketch.output(gemm(sketch, sketch.node("Concat", chosen, { axis: 1 }), 2 * H));
    },
  },
  {
    name: "final states by Split",
    options: { cell: "lstm", bidirectional: true, ...sequence },
    build(sketch) {
      const [, h] = layer(sketch, input(sketch), { op: "LSTM", I, H, D: 2 });
      const parts = sketch.nodeOf(2, "Split", [h, sketch.integers([1, 1])], { axis: 0 });
      const joined = sketch.node(
        "Concat",
        parts.map((part) => squeeze(sketch, part, 0)),
        { axis: -1 },
      );
      sketch.output(gemm(sketch, joined, 2 * H));
    },
  },
  {
    name: "final states by Flatten",
    options: { cell: "lstm", bidirectional: true, ...sequence },
    build(sketch) {
      const [, h] = layer(sketch, input(sketch), { op: "LSTM", I, H, D: 2 });
      const turned = sketch.node("Transpose", [h], { perm: [1, 0, 2] });
      sketch.output(gemm(sketch, sketch.node("Flatten", [turned]), 2 * H));
    },
  },
];

const layers: GraphCase[] = [
  {
    name: "two directions in two nodes, side by side",
    options: { cell: "lstm", bidirectional: true },
    build(sketch) {
      const x = input(sketch);
      const both = (["forward", "reverse"] as const).map((direction) => {
        const [y] = layer(sketch, x, { op: "LSTM", I, H, attributes: { direction }, name: direction });
        return squeeze(sketch, y, 1);
      });
      sketch.output(head(sketch, sketch.node("Concat", both, { axis: 2 }), 2 * H));
    },
  },
  {
    name: "three layers of two directions, joined by sizes as numbers",
    options: { cell: "gru", bidirectional: true, layers: 3 },
    build(sketch) {
      let value = input(sketch);
      for (let i = 0; i < 3; i++) {
        const [y] = layer(sketch, value, { op: "GRU", I: i === 0 ? I : 2 * H, H, D: 2, name: `layer${i}` });
        const turned = sketch.node("Transpose", [y], { perm: [0, 2, 1, 3] });
        value = sketch.node("Reshape", [turned, sketch.integers([0, 0, 2 * H])]);
      }
      sketch.output(head(sketch, value, 2 * H));
    },
  },
  {
    name: "dropout and identity between layers",
    options: { cell: "lstm", layers: 2 },
    build(sketch) {
      const [y] = layer(sketch, input(sketch), { op: "LSTM", I, H, name: "below" });
      const ratio = sketch.floats([], [0.5]);
      const training = sketch.tensor({
        name: "no",
        dataType: DATA_TYPES.BOOL,
        dims: [],
        raw: Uint8Array.of(0),
      });
      const [dropped] = sketch.nodeOf(2, "Dropout", [squeeze(sketch, y, 1), ratio, training]);
      const [top] = layer(sketch, sketch.node("Identity", [dropped]), { op: "LSTM", I: H, H, name: "top" });
      sketch.output(head(sketch, squeeze(sketch, top, 1)));
    },
  },
  ...(["RNN", "GRU", "LSTM"] as const).map((op): GraphCase => ({
    name: `no biases: ${op}`,
    build(sketch) {
      const [y] = layer(sketch, input(sketch), { op, I, H, bias: false });
      sketch.output(head(sketch, squeeze(sketch, y, 1)));
    },
  })),
  {
    name: "sizes of one: one unit, one output, one feature a step",
    batchFirst: true,
    options: { cell: "lstm", bidirectional: true, inputSize: 1, hiddenSize: 1, outputSize: 1 },
    inputDims: (steps, batch) => [batch, steps],
    build(sketch) {
      const x = sketch.node("Unsqueeze", [sketch.input("x", ["b", "t"]), sketch.integers([-1])]);
      const [y] = layer(sketch, swap(sketch, x), { op: "LSTM", I: 1, H: 1, D: 2 });
      const product = sketch.node("MatMul", [joinDirections(sketch, y), sketch.weights(2, 1)]);
      sketch.output(swap(sketch, sketch.node("Add", [product, sketch.weights(1)])));
    },
  },
  {
    name: "a sequence without a batch",
    batch: 1,
    options: { cell: "gru" },
    inputDims: (steps) => [steps, I],
    build(sketch) {
      const x = sketch.node("Unsqueeze", [sketch.input("x", ["t", I]), sketch.integers([1])]);
      const [y] = layer(sketch, x, { op: "GRU", I, H });
      sketch.output(head(sketch, squeeze(sketch, squeeze(sketch, y, 1), 1)));
    },
  },
];

const states: GraphCase[] = [
  {
    name: "initial states that are inputs, by Slice",
    options: { cell: "lstm", layers: 2 },
    build(sketch) {
      let value = input(sketch);
      const [h0, c0] = ["h0", "c0"].map((name) => sketch.input(name, [2, "batch", H]));
      for (let i = 0; i < 2; i++) {
        const [h, c] = [h0, c0].map((all) => sliced(sketch, all, i, i + 1, 0));
        const [y] = layer(sketch, value, {
          op: "LSTM",
          I: i === 0 ? I : H,
          H,
          h0: h,
          c0: c,
          name: `layer${i}`,
        });
        value = squeeze(sketch, y, 1);
      }
      sketch.output(head(sketch, value));
    },
  },
  {
    name: "initial states that are inputs, by Split",
    options: { cell: "gru", layers: 2, bidirectional: true },
    build(sketch) {
      let value = input(sketch);
      const parts = sketch.nodeOf(2, "Split", [sketch.input("h0", [4, "batch", H])], { axis: 0 });
      for (const [i, h0] of parts.entries()) {
        const [y] = layer(sketch, value, {
          op: "GRU",
          I: i === 0 ? I : 2 * H,
          H,
          D: 2,
          h0,
          name: `layer${i}`,
        });
        value = joinDirections(sketch, y);
      }
      sketch.output(head(sketch, value, 2 * H));
    },
  },
  {
    name: "zeros sliced for two layers",
    options: { cell: "lstm", layers: 2 },
    build(sketch) {
      let value = input(sketch);
      const zeros = zeroState(sketch, value, 2);
      for (let i = 0; i < 2; i++) {
        const [h0, c0] = [0, 0].map(() => sliced(sketch, zeros, i, i + 1, 0));
        const [y] = layer(sketch, value, { op: "LSTM", I: i === 0 ? I : H, H, h0, c0, name: `layer${i}` });
        value = squeeze(sketch, y, 1);
      }
      sketch.output(head(sketch, value));
    },
  },
  {
    name: "zeros expanded to a shape by Equal and Where",
    options: { cell: "gru" },
    build(sketch) {
      const x = input(sketch);
      const shape = sketch.node(
        "Concat",
        [sketch.integers([1]), sizeOf(sketch, x, 1), sketch.integers([-1])],
        { axis: 0 },
      );
      const ones = sketch.node("ConstantOfShape", [sketch.integers([3])], {
        value: { type: "TENSOR", value: integerTensor([1], [1]) },
      });
      const minus = sketch.node("Mul", [ones, sketch.integers([-1])]);
      const whole = sketch.node("Where", [sketch.node("Equal", [shape, minus]), ones, shape]);
      const h0 = sketch.node("Expand", [sketch.floats([1, 1, H], [0, 0, 0, 0]), whole]);
      const [y] = layer(sketch, x, { op: "GRU", I, H, h0 });
      sketch.output(head(sketch, squeeze(sketch, y, 1)));
    },
  },
  {
    name: "zeros of a known batch",
    options: { cell: "elman" },
    build(sketch) {
      const h0 = sketch.floats(
        [1, 3, H],
        Array.from({ length: 3 * H }, () => 0),
      );
      const [y] = layer(sketch, input(sketch), { op: "RNN", I, H, h0 });
      sketch.output(head(sketch, squeeze(sketch, y, 1)));
    },
  },
  {
    name: "lengths that are an input, and final states",
    options: { cell: "lstm", bidirectional: true, layers: 2, ...sequence },
    build(sketch) {
      const lengths = sketch.input("lengths", ["batch"], DATA_TYPES.INT32);
      const [y] = layer(sketch, input(sketch), { op: "LSTM", I, H, D: 2, lengths, name: "below" });
      const [, h] = layer(sketch, joinDirections(sketch, y), {
        op: "LSTM",
        I: 2 * H,
        H,
        D: 2,
        lengths,
        name: "top",
      });
      const turned = sketch.node("Transpose", [h], { perm: [1, 0, 2] });
      sketch.output(gemm(sketch, sketch.node("Reshape", [turned, sketch.integers([0, -1])]), 2 * H));
    },
  },
  {
    name: "lengths that are all steps",
    options: { cell: "gru", ...sequence },
    build(sketch) {
      const x = input(sketch);
      const steps = sketch.node("Cast", [sizeOf(sketch, x, 0)], { to: DATA_TYPES.INT32 });
      const lengths = sketch.node("Expand", [steps, sizeOf(sketch, x, 1)]);
      const [y] = layer(sketch, x, { op: "GRU", I, H, lengths });
      sketch.output(gemm(sketch, sketch.node("Gather", [squeeze(sketch, y, 1), sketch.integers(-1)])));
    },
  },
];

/** One-hot rows of `depth` tokens. */
function oneHot(sketch: ModelSketch, tokens: string, depth: number): string {
  return sketch.node("OneHot", [tokens, sketch.integers(depth), sketch.floats([2], [0, 1])]);
}

const tokens: GraphCase[] = [
  {
    name: "one-hot tokens of int32",
    tokens: "int32",
    options: { cell: "gru", inputSize: 7 },
    build(sketch) {
      const given = sketch.input("x", ["t", "b"], DATA_TYPES.INT32);
      const x = oneHot(sketch, sketch.node("Cast", [given], { to: DATA_TYPES.INT64 }), 7);
      const [y] = layer(sketch, x, { op: "GRU", I: 7, H });
      sketch.output(head(sketch, squeeze(sketch, y, 1)));
    },
  },
  {
    name: "one-hot tokens on another axis, batch first",
    tokens: "int64",
    batchFirst: true,
    options: { cell: "lstm", inputSize: 7 },
    build(sketch) {
      const x = sketch.input("x", ["b", "t"], DATA_TYPES.INT64);
      const rows = sketch.node("OneHot", [x, sketch.integers([7]), sketch.floats([2], [0, 1])], { axis: 1 });
      const turned = sketch.node("Transpose", [rows], { perm: [2, 0, 1] });
      const [y] = layer(sketch, turned, { op: "LSTM", I: 7, H });
      sketch.output(swap(sketch, head(sketch, squeeze(sketch, y, 1))));
    },
  },
  {
    name: "an embedding of Keras: tokens that come as numbers",
    tokens: "float32",
    batchFirst: true,
    options: { cell: "lstm", inputSize: 7, embeddingSize: 5 },
    build(sketch) {
      const x = sketch.node("Cast", [sketch.input("x", ["b", "t"])], { to: DATA_TYPES.INT32 });
      const vectors = sketch.node("Gather", [sketch.weights(7, 5), x]);
      const [y] = layer(sketch, swap(sketch, vectors), { op: "LSTM", I: 5, H });
      sketch.output(swap(sketch, head(sketch, squeeze(sketch, y, 1))));
    },
  },
  {
    name: "an embedding of width 1",
    tokens: "int64",
    options: { cell: "elman", inputSize: 7, embeddingSize: 1 },
    build(sketch) {
      const x = sketch.node("Gather", [
        sketch.weights(7, 1),
        sketch.input("x", ["t", "b"], DATA_TYPES.INT64),
      ]);
      const [y] = layer(sketch, x, { op: "RNN", I: 1, H });
      sketch.output(head(sketch, squeeze(sketch, y, 1)));
    },
  },
];

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

const weights: GraphCase[] = [
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

export const graphs: readonly GraphCase[] = [
  ...heads,
  ...lastSteps,
  ...layers,
  ...states,
  ...tokens,
  ...weights,
];
