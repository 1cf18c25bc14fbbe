/** Graphs that give one output a sequence. */

import { DATA_TYPES } from "../../../../src/formats/onnx/messages.js";
import { layer } from "../model-sketch.js";
import {
  I,
  H,
  END,
  input,
  squeeze,
  head,
  gemm,
  swap,
  joinDirections,
  sliced,
  sequence,
  type GraphCase,
} from "./graph-case.js";

export const lastSteps: readonly GraphCase[] = [
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
    name: "each direction's own final step, the step taken before the direction",
    options: { cell: "lstm", bidirectional: true, ...sequence },
    batchFirst: true,
    build(sketch) {
      const [y] = layer(sketch, swap(sketch, sketch.input("x", ["b", "t", I])), { op: "LSTM", I, H, D: 2 });
      const states = swap(sketch, joinDirections(sketch, y));
      const [last, first] = [-1, 0].map((i) =>
        sketch.node("Gather", [states, sketch.integers(i)], { axis: 1 }),
      );
      const parts = [sliced(sketch, last, 0, H, 1), sliced(sketch, first, H, END, 1)];
      sketch.output(gemm(sketch, sketch.node("Concat", parts, { axis: 1 }), 2 * H));
    },
  },
  {
    name: "each direction's own final step, of states split into directions",
    options: { cell: "gru", bidirectional: true, ...sequence },
    build(sketch) {
      const [y] = layer(sketch, input(sketch), { op: "GRU", I, H, D: 2 });
      const split = sketch.node("Reshape", [joinDirections(sketch, y), sketch.integers([0, 0, 2, H])]);
      const parts = [-1, 0].map((step, direction) => {
        const taken = sketch.node("Gather", [split, sketch.integers(step)], { axis: 0 });
        return sketch.node("Gather", [taken, sketch.integers(direction)], { axis: 1 });
      });
      sketch.output(gemm(sketch, sketch.node("Concat", parts, { axis: 1 }), 2 * H));
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
  ...(
    [
      [2, 2, -1, H],
      [-1, 2, 3, H],
    ] as const
  ).map((shape): GraphCase => ({
    name: `final states of two layers in the shape [${shape.join(", ")}]`,
    options: { cell: "gru", layers: 2, bidirectional: true, ...sequence },
    build(sketch) {
      const [y, h] = layer(sketch, sketch.input("x", ["time", 3, I]), {
        op: "GRU",
        I,
        H,
        D: 2,
        name: "below",
      });
      const [, top] = layer(sketch, joinDirections(sketch, y), { op: "GRU", I: 2 * H, H, D: 2, name: "top" });
      const all = sketch.node("Concat", [h, top], { axis: 0 });
      const split = sketch.node("Reshape", [all, sketch.integers([...shape])]);
      const last = sketch.node("Gather", [split, sketch.integers(-1)], { axis: 0 });
      const parts = [0, 1].map((i) => sketch.node("Gather", [last, sketch.integers(i)], { axis: 0 }));
      sketch.output(gemm(sketch, sketch.node("Concat", parts, { axis: 1 }), 2 * H));
    },
  })),
  {
    name: "final states of layers and directions, a direction taken before the layer",
    options: { cell: "lstm", layers: 3, bidirectional: true, ...sequence },
    build(sketch) {
      let value = input(sketch);
      const finals = [I, 2 * H, 2 * H].map((width, i) => {
        const [y, h] = layer(sketch, value, { op: "LSTM", I: width, H, D: 2, name: `layer${i}` });
        value = joinDirections(sketch, y);
        return h;
      });
      const all = sketch.node("Concat", finals, { axis: 0 });
      const split = sketch.node("Reshape", [all, sketch.integers([3, 2, -1, H])]);
      const parts = [0, 1].map((i) => {
        const direction = squeeze(sketch, sliced(sketch, split, i, i + 1, 1), 1);
        return sketch.node("Gather", [direction, sketch.integers(2)], { axis: 0 });
      });
      sketch.output(gemm(sketch, sketch.node("Concat", parts, { axis: -1 }), 2 * H));
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
