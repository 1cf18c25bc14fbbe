/** Sequences, states and targets drawn from a seed. */

import { cells } from "../../src/network/cells/by-name.js";
import type { Random } from "../../src/random.js";
import { losses } from "../../src/network/losses/by-name.js";
import type { OracleLoss } from "../oracle/loss.js";
import type { Loss, NetworkOptions, Sequence, State, Target } from "../../src/network/types.js";

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

/** Rows of outputs and targets. */
export function outputRowsOf({ steps, batch, output }: DrawnSizes): number {
  return output === "sequence" ? batch : steps * batch;
}

/** A fifth of the steps or elements have no target. */
export function drawTarget(random: Random, kind: TargetKind, sizes: DrawnSizes): Target {
  const rows = outputRowsOf(sizes);
  const O = outputWidthOf(sizes);
  const missing = (): boolean => random.uniform() < 0.2;
  if (kind === "classes") {
    return { classes: new Int32Array(rows).map(() => (missing() ? -1 : random.integer(O))) };
  }
  const array = normals(random, rows * O);
  return kind === "values" ? { values: array.map((x) => (missing() ? NaN : x)) } : { gradient: array };
}

/** Targets for a loss, half the time with weights, of which some are 0. */
export function drawTargetFor(random: Random, loss: OracleLoss, sizes: DrawnSizes): Target {
  const rows = outputRowsOf(sizes);
  const O = outputWidthOf(sizes);
  const weight = (): number => (random.integer(4) === 0 ? 0 : 2 * random.uniform());
  const weights = random.integer(2) === 0 ? {} : { weights: new Float32Array(rows).map(weight) };
  if (loss.name === "crossEntropy") {
    if (random.integer(2) === 0) return { ...drawTarget(random, "classes", sizes), ...weights };
    const values = new Float32Array(rows * O);
    for (let r = 0; r < rows; r++) {
      if (random.uniform() < 0.2) values.fill(NaN, r * O, (r + 1) * O);
      else for (let k = 0; k < O; k++) values[r * O + k] = random.uniform();
    }
    return { values, ...weights };
  }
  const width = loss.name === "quantile" ? O / loss.levels.length : O;
  const draw = loss.name === "binaryCrossEntropy" ? () => random.uniform() : () => random.normal();
  const values = new Float32Array(rows * width).map(() => (random.uniform() < 0.2 ? NaN : draw()));
  return { values, ...weights };
}

/** Every loss of the oracle, with options; quantiles are of two levels. */
export const oracleLosses: readonly OracleLoss[] = [
  { name: "crossEntropy" },
  { name: "crossEntropy", labelSmoothing: 0.2 },
  { name: "binaryCrossEntropy" },
  { name: "meanSquaredError" },
  { name: "meanAbsoluteError" },
  { name: "huber", delta: 0.5 },
  { name: "quantile", levels: [0.25, 0.75] },
];

/** The library's loss of an oracle's. */
export function lossOf({ name, ...options }: OracleLoss): Loss {
  const create = losses[name] as (options: object) => Loss;
  return create(options);
}

export function drawState(random: Random, sizes: DrawnSizes): State {
  const length = (sizes.layers ?? 1) * directionsOf(sizes) * sizes.batch * sizes.hiddenSize;
  const h = normals(random, length, 0.5);
  return cells[sizes.cell ?? "elman"].hasCellState ? { h, c: normals(random, length, 0.5) } : { h };
}
