/** Cases of every cell, layers, directions, lengths, dropout and embeddings, and what the oracle says of them. */

import { applyDropout } from "../../src/network/model/dropout.js";
import type { RecurrentNetwork } from "../../src/network/network.js";
import type { NetworkOptions, Sequence, State, Target } from "../../src/network/types.js";
import { matrix, readRegion } from "../../src/memory/regions.js";
import { Random } from "../../src/random.js";

export interface StackedCase {
  options: NetworkOptions;
  steps: number;
  batch: number;
  inputs: "tokens" | "values";
  target: "classes" | "values" | "gradient";
  lengths: boolean;
  states: boolean;
  training: boolean;
  seed: number;
}

/** L*D, and the width of the outputs. */
function sizesOf({ options }: RecurrentNetwork): { LD: number; O: number } {
  const D = options.bidirectional ? 2 : 1;
  return { LD: options.layers * D, O: options.outputSize > 0 ? options.outputSize : D * options.hiddenSize };
}

function normals(random: Random, length: number, scale: number): Float32Array {
  return Float32Array.from({ length }, () => scale * random.normal());
}

export function drawState(random: Random, network: RecurrentNetwork, batch: number): State {
  const length = sizesOf(network).LD * batch * network.options.hiddenSize;
  const h = normals(random, length, 0.5);
  return network.model.cell.hasCellState ? { h, c: normals(random, length, 0.5) } : { h };
}

/** Past a length stand numbers that no network could take. */
export function drawSequence(random: Random, given: StackedCase): Sequence {
  const { steps, batch, options } = given;
  const lengths = given.lengths
    ? Int32Array.from({ length: batch }, () => 1 + random.integer(steps))
    : undefined;
  const past = (row: number): boolean => Math.floor(row / batch) >= (lengths?.[row % batch] ?? steps);
  const I = options.inputSize;
  if (given.inputs === "tokens") {
    const tokens = new Int32Array(steps * batch).map((_, row) => (past(row) ? -7 : random.integer(I)));
    return { steps, batch, tokens, ...(lengths && { lengths }) };
  }
  const values = normals(random, steps * batch * I, 1).map((x, i) => (past(Math.floor(i / I)) ? NaN : x));
  return { steps, batch, values, ...(lengths && { lengths }) };
}

/** A fifth of the steps or elements have no target; past a length stands what must be ignored. */
export function drawTarget(
  random: Random,
  given: StackedCase,
  network: RecurrentNetwork,
  { lengths }: Sequence,
): Target {
  const { steps, batch } = given;
  const { O } = sizesOf(network);
  const past = (row: number): boolean => Math.floor(row / batch) >= (lengths?.[row % batch] ?? steps);
  const missing = (): boolean => random.uniform() < 0.2;
  if (given.target === "classes") {
    const classes = new Int32Array(steps * batch).map(() => (missing() ? -1 : random.integer(O)));
    return { classes: classes.map((value, row) => (past(row) ? 999 : value)) };
  }
  const array = normals(random, steps * batch * O, 1);
  if (given.target === "gradient")
    return { gradient: array.map((x, i) => (past(Math.floor(i / O)) ? NaN : x)) };
  return { values: array.map((x, i) => (past(Math.floor(i / O)) ? 1e9 : missing() ? NaN : x)) };
}

/** What the network's `window`-th training window multiplies the outputs of each layer but the last by, [T, B, D*H]. */
export function dropoutMasks(
  network: RecurrentNetwork,
  steps: number,
  batch: number,
  window: number,
): Float64Array[] {
  const { layers, hiddenSize: H, dropout: probability, seed, bidirectional } = network.options;
  if (probability === 0) return [];
  const D = bidirectional ? 2 : 1;
  const { engine } = network.model;
  const rows = steps * batch;
  return Array.from({ length: layers - 1 }, (_, layer) => {
    const mask = new Float64Array(rows * D * H);
    for (let d = 0; d < D; d++) {
      const block = engine.arena.reserve({ ones: matrix(rows, H) });
      const { ones } = block.regions;
      engine.arena.f32.fill(1, ones.pointer >>> 2, (ones.pointer >>> 2) + ones.rows * ones.stride);
      applyDropout(engine, { probability, seed, window }, layer * D + d, ones, ones, 0);
      readRegion(engine.arena.f32, ones).forEach((value, i) => {
        mask[(Math.floor(i / H) * D + d) * H + (i % H)] = value;
      });
      engine.arena.release(block);
    }
    return mask;
  });
}
