/** Graphs with one thing wrong, and what fromOnnx must say of them. */

import { describe, expect, it } from "vitest";
import { FormatError } from "../../../src/errors.js";
import { fromOnnx } from "../../../src/formats/onnx/from-onnx.js";
import { engineFor } from "../../../src/memory/engine.js";
import { layer, ModelSketch, type LayerSketch } from "./model-sketch.js";

/** Sizes of the graphs. */
export const I = 3;
export const H = 4;
export const O = 2;

export function input(sketch: ModelSketch, name = "x"): string {
  return sketch.input(name, ["T", "B", I]);
}

export function squeeze(sketch: ModelSketch, value: string, axis: number): string {
  return sketch.node("Squeeze", [value, sketch.integers([axis])]);
}

export function head(sketch: ModelSketch, value: string, width = H): string {
  return sketch.node("MatMul", [value, sketch.weights(width, O)], {}, "head");
}

/** A layer named "lstm", "gru" or "rnn", and its head. */
export function withLayer(given: Partial<LayerSketch>): (sketch: ModelSketch) => void {
  return (sketch) => {
    const { op = "LSTM", D = 1 } = given;
    const [y] = layer(sketch, input(sketch), { op, I, H, ...given });
    if (D === 2) sketch.output(y);
    else sketch.output(head(sketch, squeeze(sketch, y, 1)));
  };
}

/** States of one layer, [T, B, H], and what `change` makes of them, as the output. */
export function withStates(
  change: (sketch: ModelSketch, states: string) => string,
): (sketch: ModelSketch) => void {
  return (sketch) => {
    const [y] = layer(sketch, input(sketch), { op: "GRU", I, H });
    sketch.output(change(sketch, squeeze(sketch, y, 1)));
  };
}

/** Outputs of a layer of two directions, and what `change` makes of them. */
export function withBoth(
  change: (sketch: ModelSketch, outputs: string[]) => string,
): (sketch: ModelSketch) => void {
  return (sketch) => {
    sketch.output(change(sketch, layer(sketch, input(sketch), { op: "LSTM", I, H, D: 2 })));
  };
}

export const joined = (sketch: ModelSketch, y: string): string =>
  sketch.node("Reshape", [
    sketch.node("Transpose", [y], { perm: [0, 2, 1, 3] }),
    sketch.integers([0, 0, -1]),
  ]);

/** Two layers, the second as given. */
export function withSecond(given: Partial<LayerSketch>): (sketch: ModelSketch) => void {
  return (sketch) => {
    const [y] = layer(sketch, input(sketch), { op: "GRU", I, H, name: "below" });
    const [top] = layer(sketch, squeeze(sketch, y, 1), { op: "GRU", I: H, H, name: "top", ...given });
    sketch.output(top);
  };
}

export type Build = (sketch: ModelSketch) => void;

export function fileOf(build: Build): Uint8Array {
  const sketch = new ModelSketch();
  build(sketch);
  return sketch.file();
}

export function refuses(file: Uint8Array, message: RegExp): void {
  const { arena } = engineFor();
  const before = [arena.reserved, arena.u8.length];
  expect(() => fromOnnx(file)).toThrow(FormatError);
  expect(() => fromOnnx(file)).toThrow(message);
  expect([arena.reserved, arena.u8.length]).toEqual(before);
}

/** What is wrong, the graph, and the message. */
export type Refusal = [string, Build, RegExp];

export function describeRefusals(what: string, refusals: readonly Refusal[]): void {
  describe(what, () => {
    it.each(refusals)("is refused, and takes no memory: %s", (_, build, message) => {
      refuses(fileOf(build), message);
    });
  });
}
