/** Copies checked sequences and states into a window's memory, and results out of it. */

import { OutOfMemoryError } from "../../errors.js";
import type { Engine } from "../../memory/engine.js";
import { elementAt, readRegion, rowsOf, sizeOf, writeRegion, type Region } from "../../memory/regions.js";
import type { Inputs } from "./batch.js";
import type { CellRun } from "../cells/cell.js";
import { finalSlot, initialSlot } from "../cells/state-slots.js";
import type { State } from "../types.js";
import type { Window } from "./window.js";

/** Copies steps [first, first + steps) of the inputs to the window's first steps. */
export function writeInputs(
  engine: Engine,
  window: Window,
  inputs: Inputs,
  first: number,
  steps: number,
): void {
  const { arena, kernels, constants } = engine;
  const { array, batch, kind, lengths, resets } = inputs;
  const { regions } = window;
  const rows = steps * batch;
  if (lengths !== undefined) {
    const left = lengths.map((length) => Math.min(steps, Math.max(0, length - first)));
    arena.i32.set(left, elementAt(regions.lengths.pointer));
  }
  if (resets !== undefined) {
    const at = regions.resets.pointer;
    arena.u8.set(resets.subarray(first * batch, first * batch + rows), at);
    // In reverse no step comes after the last one that could begin anew.
    arena.u8.fill(0, at + rows, at + rows + batch);
  }
  if (kind === "tokens") {
    arena.i32.set(array.subarray(first * batch, first * batch + rows), elementAt(regions.tokens.pointer));
    return;
  }
  const x = rowsOf(regions.x, 0, rows);
  const from = first * batch * x.columns;
  writeRegion(arena.f32, x, array.subarray(from, from + rows * x.columns));
  // Subnormal inputs would make the products two hundred times slower.
  kernels.flushTiny(x.pointer, constants, sizeOf(x));
}

/** Allocates a result; throws an OutOfMemoryError that names it, as the engine's own error does not. */
export function createResult(name: string, length: number): Float32Array {
  try {
    return new Float32Array(length);
  } catch {
    throw new OutOfMemoryError(`out of memory: no room for the ${length} values of "${name}"`);
  }
}

interface States {
  readonly h: Region;
  readonly c?: Region;
}

/** Returns the slots of a run's initial or final states, with c only where the cell has it. */
function statesOf(run: CellRun, slot: typeof initialSlot): States {
  const { h, c } = run.regions;
  return c.rows > 0 ? { h: slot(h, run), c: slot(c, run) } : { h: slot(h, run) };
}

/** Writes the initial states of all layers and directions; undefined stands for zeros. */
export function writeInitialState(engine: Engine, runs: readonly CellRun[], state: State | undefined): void {
  runs.forEach((run, index) => {
    const { h, c } = statesOf(run, initialSlot);
    writeSlot(engine, h, state?.h, index);
    if (c !== undefined) writeSlot(engine, c, state?.c, index);
  });
}

function writeSlot(
  { arena, kernels, constants }: Engine,
  slot: Region,
  values: Float32Array | undefined,
  index: number,
): void {
  // The padding too: after a state that was not finite it may not be zeros.
  arena.zero(slot);
  if (values === undefined) return;
  const count = slot.rows * slot.columns;
  writeRegion(arena.f32, slot, values.subarray(index * count, (index + 1) * count));
  kernels.flushTiny(slot.pointer, constants, sizeOf(slot));
}

/** Copies one slot for each layer and direction into a new array, [L*D, B, H]. */
function readSlots({ arena }: Engine, slots: readonly Region[]): Float32Array {
  const count = slots[0].rows * slots[0].columns;
  const out = new Float32Array(slots.length * count);
  slots.forEach((slot, index) => readRegion(arena.f32, slot, out.subarray(index * count)));
  return out;
}

function readStates(engine: Engine, states: readonly States[]): State {
  const h = readSlots(
    engine,
    states.map((state) => state.h),
  );
  const c = states.flatMap((state) => state.c ?? []);
  return c.length > 0 ? { h, c: readSlots(engine, c) } : { h };
}

/** Sets the states of those sequences to zeros, in the state's own arrays. `which`: [B]. */
export function clearSequences({ h, c }: State, which: Uint8Array, H: number): void {
  const B = which.length;
  for (const values of c === undefined ? [h] : [h, c]) {
    for (let row = 0; row * H < values.length; row++) {
      if (which[row % B] === 1) values.fill(0, row * H, (row + 1) * H);
    }
  }
}

export function readFinalState(engine: Engine, runs: readonly CellRun[]): State {
  return readStates(
    engine,
    runs.map((run) => statesOf(run, finalSlot)),
  );
}

export function readInitialState(engine: Engine, runs: readonly CellRun[]): State {
  return readStates(
    engine,
    runs.map((run) => statesOf(run, initialSlot)),
  );
}

/** Returns dLoss/d(initial state), after the backward pass. */
export function readStateGradient(engine: Engine, runs: readonly CellRun[]): State {
  return readStates(
    engine,
    runs.map((run) => {
      const { dh, dc } = run.regions;
      return { h: initialSlot(dh, run), ...(dc.rows > 0 ? { c: dc } : {}) };
    }),
  );
}

/** Copies the final states of `runs` to the initial states of `next`, runs over the same regions. */
export function carryState(engine: Engine, runs: readonly CellRun[], next: readonly CellRun[]): void {
  runs.forEach((run, i) => {
    copyStates(engine, statesOf(run, finalSlot), statesOf(next[i], initialSlot));
  });
}

/** Copies the initial states of one window to those of another. */
export function copyInitialState(engine: Engine, from: readonly CellRun[], to: readonly CellRun[]): void {
  from.forEach((run, i) => {
    copyStates(engine, statesOf(run, initialSlot), statesOf(to[i], initialSlot));
  });
}

/** By a kernel: it takes less time than JavaScript's to begin. */
function copyStates({ kernels }: Engine, from: States, to: States): void {
  const copy = ({ pointer, rows, stride }: Region, { pointer: source }: Region): void => {
    kernels.copyRows(pointer, source, rows, stride, stride, stride);
  };
  copy(to.h, from.h);
  if (to.c !== undefined && from.c !== undefined) copy(to.c, from.c);
}

/** Adds dLoss/d(final state) to the final slot of dh, and sets dc to its part, zeros without a gradient. */
export function addFinalGradient(
  { arena }: Engine,
  run: CellRun,
  index: number,
  gradient: State | undefined,
): void {
  const { f32 } = arena;
  const { dh, dc } = run.regions;
  if (dc.rows > 0) arena.zero(dc);
  if (gradient === undefined) return;
  addSlot(f32, finalSlot(dh, run), gradient.h, index);
  if (gradient.c !== undefined && dc.rows > 0) addSlot(f32, dc, gradient.c, index);
}

function addSlot(memory: Float32Array, slot: Region, values: Float32Array, index: number): void {
  const { pointer, rows, columns, stride } = slot;
  let from = index * rows * columns;
  for (let r = 0, to = elementAt(pointer); r < rows; r++, to += stride, from += columns) {
    for (let i = 0; i < columns; i++) memory[to + i] += values[from + i];
  }
}

/** Copies the directions' hidden states side by side, [T, B, D·H], into `out` from its start. */
export function readHidden({ arena }: Engine, hidden: readonly Region[], out: Float32Array): void {
  const { f32 } = arena;
  const D = hidden.length;
  hidden.forEach(({ pointer, rows, columns, stride }, d) => {
    for (
      let r = 0, from = elementAt(pointer), to = d * columns;
      r < rows;
      r++, from += stride, to += D * columns
    ) {
      for (let i = 0; i < columns; i++) out[to + i] = f32[from + i];
    }
  });
}

/** Sets the rows of `out`, [T, B, width], that are past their sequence's length to 0. */
export function clearPadding(
  out: Float32Array,
  { lengths, steps, batch }: Pick<Inputs, "lengths" | "steps" | "batch">,
  width: number,
): void {
  if (lengths === undefined) return;
  for (let b = 0; b < batch; b++) {
    for (let t = lengths[b]; t < steps; t++)
      out.fill(0, (t * batch + b) * width, (t * batch + b + 1) * width);
  }
}
