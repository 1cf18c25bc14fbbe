/** Converts states between the public layout, [L*D, B, H], and lists by sequence, for the loop over time. */

import { cells } from "./cells/by-name.js";
import type { CellState } from "./cells/cell.js";
import { directions, type OracleSizes } from "./model.js";

/** Declares the public `State` with arrays of any type. */
export interface GivenState {
  h: ArrayLike<number>;
  c?: ArrayLike<number>;
}

export interface OracleState {
  /** [L*D, B, H]. */
  h: Float64Array;
  /** [L*D, B, H], LSTM only. */
  c?: Float64Array;
}

/** Returns one state for each sequence, of one layer and direction, from [L*D, B, H]; zeros by default. */
export function statesAt(sizes: OracleSizes, batch: number, index: number, given?: GivenState): CellState[] {
  const H = sizes.hiddenSize;
  const needsC = cells[sizes.cell].keepsC;
  const length = sizes.layers * directions(sizes) * batch * H;
  if (given !== undefined && given.h.length !== length) throw new RangeError(`h needs ${length} values`);
  if (given !== undefined && given.c?.length !== (needsC ? length : undefined))
    throw new RangeError(`c needs ${needsC ? length : "no"} values`);
  const vector = (values: ArrayLike<number> | undefined, b: number): Float64Array =>
    Float64Array.from({ length: H }, (_, j) => values?.[(index * batch + b) * H + j] ?? 0);
  return Array.from({ length: batch }, (_, b) => ({
    h: vector(given?.h, b),
    c: needsC ? vector(given?.c, b) : new Float64Array(0),
  }));
}

/** Joins states by layer and direction, each a list by sequence, to [L*D, B, H]. */
export function joinStates(sizes: OracleSizes, states: readonly (readonly CellState[])[]): OracleState {
  const join = (part: keyof CellState): Float64Array =>
    Float64Array.from(states.flatMap((sequences) => sequences.flatMap((state) => Array.from(state[part]))));
  return cells[sizes.cell].keepsC ? { h: join("h"), c: join("c") } : { h: join("h") };
}
