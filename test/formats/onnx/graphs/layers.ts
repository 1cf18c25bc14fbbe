/** Graphs that differ in how layers and directions are joined. */

import { DATA_TYPES } from "../../../../src/formats/onnx/messages.js";
import { layer } from "../model-sketch.js";
import { I, H, input, squeeze, head, swap, joinDirections, type GraphCase } from "./graph-case.js";

export const layers: readonly GraphCase[] = [
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
  {
    name: "directions taken apart at half of the features, which is computed",
    options: { cell: "gru", bidirectional: true },
    build(sketch) {
      const [y] = layer(sketch, input(sketch), { op: "GRU", I, H, D: 2 });
      const states = joinDirections(sketch, y);
      const size = sketch.node("Gather", [sketch.node("Shape", [states]), sketch.integers([-1])]);
      const more = sketch.node("Add", [size, sketch.integers([1])]);
      const half = sketch.node("Div", [more, sketch.integers([2])]);
      const bounds = [0, 1, 2].map((i) => sketch.node("Mul", [half, sketch.integers([i])]));
      const parts = [0, 1].map((i) =>
        sketch.node("Slice", [states, bounds[i], bounds[i + 1], sketch.integers([-1])]),
      );
      sketch.output(head(sketch, sketch.node("Concat", parts, { axis: -1 }), 2 * H));
    },
  },
];
