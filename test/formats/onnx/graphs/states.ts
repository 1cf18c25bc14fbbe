/** Graphs that differ in their initial states and lengths. */

import { DATA_TYPES } from "../../../../src/formats/onnx/messages.js";
import { integerTensor, layer } from "../model-sketch.js";
import {
  I,
  H,
  input,
  squeeze,
  head,
  gemm,
  joinDirections,
  sizeOf,
  zeroState,
  sliced,
  sequence,
  type GraphCase,
} from "./graph-case.js";

export const states: readonly GraphCase[] = [
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
