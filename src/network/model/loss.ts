/** Losses at a window's outputs, put in their place as gradients. */

import type { Engine } from "../../memory/engine.js";
import { rowsOf, sizeOf, writeRegion, type Region } from "../../memory/regions.js";
import type { Goal } from "../arguments.js";
import type { Window } from "./window.js";

/**
 * Replaces the outputs of the window's first `steps` steps by scale·dLoss/doutputs, and returns Σ loss, unscaled: NaN for
 * a gradient of the caller's. The targets are those of steps [first, first + steps).
 */
export function applyLoss(
  engine: Engine,
  window: Window,
  goal: Goal,
  first: number,
  steps: number,
  scale: number,
): number {
  const { batch } = window.sizes;
  const outputs = rowsOf(window.regions.outputs, 0, steps * batch);
  const width = goal.kind === "classes" ? 1 : outputs.columns;
  const array = goal.array.subarray(first * batch * width, (first + steps) * batch * width);
  if (array instanceof Int32Array) return crossEntropy(engine, window, outputs, array, scale);
  if (goal.kind === "values") return squaredError(engine, window, outputs, array, scale);
  writeRegion(engine.arena.f32, outputs, array);
  engine.kernels.flushTiny(outputs.pointer, engine.constants, sizeOf(outputs));
  return NaN;
}

function crossEntropy(
  { kernels, arena, constants }: Engine,
  window: Window,
  { pointer, rows, columns, stride }: Region,
  array: Int32Array,
  scale: number,
): number {
  const { classes } = window.regions;
  arena.i32.set(array, classes.pointer >>> 2);
  return kernels.crossEntropy(pointer, classes.pointer, constants, scale, rows, columns, stride);
}

/** The targets pass through a staging region. */
function squaredError(
  { kernels, arena, constants }: Engine,
  window: Window,
  outputs: Region,
  array: Float32Array,
  scale: number,
): number {
  const { targetRows } = window.regions;
  let sum = 0;
  for (let first = 0; first < outputs.rows; first += targetRows.rows) {
    const part = rowsOf(outputs, first, Math.min(targetRows.rows, outputs.rows - first));
    const from = first * part.columns;
    writeRegion(
      arena.f32,
      rowsOf(targetRows, 0, part.rows),
      array.subarray(from, from + part.rows * part.columns),
    );
    sum += kernels.squaredError(part.pointer, targetRows.pointer, constants, scale, sizeOf(part));
  }
  return sum;
}

/** Of the window's first `steps` steps, how many outputs are largest at their class; before `applyLoss`. */
export function countCorrect(
  { kernels, arena }: Engine,
  window: Window,
  classes: Int32Array,
  first: number,
  steps: number,
): number {
  const { batch } = window.sizes;
  const { pointer, columns, stride } = window.regions.outputs;
  const region = window.regions.classes;
  arena.i32.set(classes.subarray(first * batch, (first + steps) * batch), region.pointer >>> 2);
  return kernels.countCorrect(pointer, region.pointer, steps * batch, columns, stride);
}
