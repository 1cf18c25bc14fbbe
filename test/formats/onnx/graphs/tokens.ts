/** Graphs of tokens. */

import { DATA_TYPES } from "../../../../src/formats/onnx/messages.js";
import { layer, type ModelSketch } from "../model-sketch.js";
import { H, squeeze, head, swap, type GraphCase } from "./graph-case.js";

/** One-hot rows of `depth` tokens. */
function oneHot(sketch: ModelSketch, tokens: string, depth: number): string {
  return sketch.node("OneHot", [tokens, sketch.integers(depth), sketch.floats([2], [0, 1])]);
}

export const tokens: readonly GraphCase[] = [
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
