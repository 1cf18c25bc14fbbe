/** Graphs that differ in their heads and outputs. */

import { float, layer } from "../model-sketch.js";
import { I, H, O, input, squeeze, head, gemm, swap, sequence, type GraphCase } from "./graph-case.js";

export const heads: readonly GraphCase[] = [
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
    name: "a matrix in a stack of its own",
    options: { cell: "gru" },
    build(sketch) {
      const [y] = layer(sketch, input(sketch), { op: "GRU", I, H });
      const product = sketch.node("MatMul", [squeeze(sketch, y, 1), sketch.weights(1, H, O)]);
      sketch.output(sketch.node("Add", [product, sketch.weights(O)]));
    },
  },
  {
    name: "a matrix in a stack of more dimensions than the states have",
    options: { cell: "lstm", ...sequence },
    build(sketch) {
      const [, h] = layer(sketch, input(sketch), { op: "LSTM", I, H });
      const product = sketch.node("MatMul", [squeeze(sketch, h, 0), sketch.weights(1, 1, H, O)]);
      const biased = sketch.node("Add", [product, sketch.weights(1, 1, 1, O)]);
      sketch.output(sketch.node("Squeeze", [biased, sketch.integers([0, 1])]));
    },
  },
  ...[0, 1].map((keepdims): GraphCase => ({
    name: `time and batch merged by their product (keepdims ${keepdims}), and split behind the head`,
    options: { cell: "gru" },
    build(sketch) {
      const [y] = layer(sketch, input(sketch), { op: "GRU", I, H });
      const states = squeeze(sketch, y, 1);
      const sizes = sketch.node("Gather", [sketch.node("Shape", [states]), sketch.integers([0, 1])]);
      const product = sketch.node("ReduceProd", [sizes], { axes: [0], keepdims });
      const rows = keepdims === 1 ? product : sketch.node("Unsqueeze", [product, sketch.integers([0])]);
      const shape = sketch.node("Concat", [rows, sketch.integers([H])], { axis: 0 });
      const flat = sketch.node("Reshape", [states, shape]);
      const outputs = sketch.node("MatMul", [flat, sketch.weights(H, O)]);
      const back = sketch.node("Concat", [sizes, sketch.integers([O])], { axis: 0 });
      const split = sketch.node("Reshape", [outputs, back]);
      sketch.output(sketch.node("Add", [split, sketch.weights(O)]));
    },
  })),
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
