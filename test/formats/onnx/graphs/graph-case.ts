/** What the graphs that are put together by hand have in common. */

import type { NetworkOptions } from "../../../../src/network/types.js";
import { floatTensor, type ModelSketch } from "../model-sketch.js";

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

export const I = 3;
export const H = 4;
export const O = 2;
/** The largest int64: "to the end". */
export const END = 2n ** 63n - 1n;

export function input(sketch: ModelSketch): string {
  return sketch.input("x", ["time", "batch", I]);
}

export function squeeze(sketch: ModelSketch, value: string, axis: number): string {
  return sketch.node("Squeeze", [value, sketch.integers([axis])]);
}

/** MatMul and Add. */
export function head(sketch: ModelSketch, value: string, width = H): string {
  const product = sketch.node("MatMul", [value, sketch.weights(width, O)]);
  return sketch.node("Add", [product, sketch.weights(O)]);
}

export function gemm(sketch: ModelSketch, value: string, width = H): string {
  return sketch.node("Gemm", [value, sketch.weights(O, width), sketch.weights(O)], { transB: 1 });
}

/** [T, B, ·] ↔ [B, T, ·]. */
export function swap(sketch: ModelSketch, value: string): string {
  return sketch.node("Transpose", [value], { perm: [1, 0, 2] });
}

/** [T, 2, B, H] → [T, B, 2H]. */
export function joinDirections(sketch: ModelSketch, value: string): string {
  const turned = sketch.node("Transpose", [value], { perm: [0, 2, 1, 3] });
  return sketch.node("Reshape", [turned, sketch.integers([0, 0, -1])]);
}

/** The size of an axis, as a list. */
export function sizeOf(sketch: ModelSketch, value: string, axis: number): string {
  const size = sketch.node("Gather", [sketch.node("Shape", [value]), sketch.integers(axis)]);
  return sketch.node("Unsqueeze", [size, sketch.integers([0])]);
}

/** [count, B, H] of zeros, B of the input. */
export function zeroState(sketch: ModelSketch, x: string, count = 1): string {
  const shape = sketch.node(
    "Concat",
    [sketch.integers([count]), sizeOf(sketch, x, 1), sketch.integers([H])],
    { axis: 0 },
  );
  return sketch.node("ConstantOfShape", [shape], {
    value: { type: "TENSOR", value: floatTensor([1], [0]) },
  });
}

export function sliced(
  sketch: ModelSketch,
  value: string,
  from: number,
  to: number | bigint,
  axis: number,
): string {
  const lists = [[from], [to], [axis]].map((list) => sketch.integers(list));
  return sketch.node("Slice", [value, ...lists]);
}

export const sequence = { output: "sequence" } as const;
