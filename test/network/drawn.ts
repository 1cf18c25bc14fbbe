/** Sequences, states and targets drawn from a seed. */

import { cells } from "../../src/network/cells/by-name.js";
import type { Random } from "../../src/random.js";
import type { NetworkOptions, Sequence, State, Target } from "../../src/network/types.js";

export type TargetKind = "classes" | "values" | "gradient";

/** What a drawn sequence and target are to fit: a network's options, T and B. */
export interface DrawnSizes extends NetworkOptions {
  steps: number;
  batch: number;
}

/** D. */
function directionsOf({ bidirectional = false }: NetworkOptions): number {
  return bidirectional ? 2 : 1;
}

/** Width of the outputs. */
export function outputWidthOf(options: NetworkOptions): number {
  return options.outputSize > 0 ? options.outputSize : directionsOf(options) * options.hiddenSize;
}

export function normals(random: Random, length: number, scale = 1): Float32Array {
  return Float32Array.from({ length }, () => scale * random.normal());
}

/** Tokens come in each of the three types that hold them. */
export function drawSequence(
  random: Random,
  kind: "tokens" | "values",
  { steps, batch, inputSize }: DrawnSizes,
): Sequence {
  const length = steps * batch;
  if (kind === "values") return { steps, batch, values: normals(random, length * inputSize) };
  const types = inputSize <= 256 ? [Int32Array, Uint16Array, Uint8Array] : [Int32Array, Uint16Array];
  const tokens = new types[random.integer(types.length)](length);
  return { steps, batch, tokens: tokens.map(() => random.integer(inputSize)) };
}

/** A fifth of the steps or elements have no target. */
export function drawTarget(random: Random, kind: TargetKind, sizes: DrawnSizes): Target {
  const rows = sizes.steps * sizes.batch;
  const O = outputWidthOf(sizes);
  const missing = (): boolean => random.uniform() < 0.2;
  if (kind === "classes") {
    return { classes: new Int32Array(rows).map(() => (missing() ? -1 : random.integer(O))) };
  }
  const array = normals(random, rows * O);
  return kind === "values" ? { values: array.map((x) => (missing() ? NaN : x)) } : { gradient: array };
}

export function drawState(random: Random, sizes: DrawnSizes): State {
  const length = (sizes.layers ?? 1) * directionsOf(sizes) * sizes.batch * sizes.hiddenSize;
  const h = normals(random, length, 0.5);
  return cells[sizes.cell ?? "elman"].hasCellState ? { h, c: normals(random, length, 0.5) } : { h };
}
