/** Sequences, states and targets on their way into a window's memory and out of it; they were checked before. */

import type { Engine } from "../memory/engine.js";
import { readRegion, rowsOf, sizeOf, writeRegion, type Region } from "../memory/regions.js";
import type { Inputs } from "./arguments.js";
import type { State } from "./types.js";
import type { Window } from "./window.js";

/** Steps [first, first + steps) of the inputs become the window's first. */
export function writeInputs(
  { arena, kernels, constants }: Engine,
  window: Window,
  { array, batch, kind }: Inputs,
  first: number,
  steps: number,
): void {
  const rows = steps * batch;
  if (kind === "tokens") {
    arena.i32.set(array.subarray(first * batch, first * batch + rows), window.regions.tokens.pointer >>> 2);
    return;
  }
  const x = rowsOf(window.regions.x, 0, rows);
  const from = first * batch * x.columns;
  writeRegion(arena.f32, x, array.subarray(from, from + rows * x.columns));
  // Subnormal inputs would make the products two hundred times slower.
  kernels.flushTiny(x.pointer, constants, sizeOf(x));
}

/** The initial state; undefined: zeros. */
export function writeInitialState(
  { arena, kernels, constants }: Engine,
  window: Window,
  h: Float32Array | undefined,
): void {
  const slot = window.state(0);
  const start = slot.pointer >>> 2;
  // The padding too: after a state that was not finite it may not be zeros.
  arena.f32.fill(0, start, start + sizeOf(slot));
  if (h === undefined) return;
  writeRegion(arena.f32, slot, h);
  kernels.flushTiny(slot.pointer, constants, sizeOf(slot));
}

export function readState({ arena }: Engine, region: Region): State {
  return { h: readRegion(arena.f32, region) };
}

/** Adds values, [B, H], to a region. */
export function addToRegion(
  { arena }: Engine,
  { pointer, rows, columns, stride }: Region,
  values: Float32Array,
): void {
  const { f32 } = arena;
  for (let r = 0, to = pointer >>> 2, from = 0; r < rows; r++, to += stride, from += columns) {
    for (let i = 0; i < columns; i++) f32[to + i] += values[from + i];
  }
}
