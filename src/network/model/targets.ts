/** Defines each kind of targets in one entry, with all that the rest of the library needs to know of it. */

import type { Engine } from "../../memory/engine.js";
import { elementAt, rowsOf, sizeOf, writeRegion, type Region } from "../../memory/regions.js";
import type { Target } from "../types.js";
import { countSteps, type Inputs } from "./batch.js";
import type { Window } from "./window.js";

/** Says where a loss is taken: at the outputs of a window's first steps. */
interface LossPlace<Values> {
  readonly engine: Engine;
  readonly window: Window;
  /** [rows, O]; replaced by the gradient. */
  readonly outputs: Region;
  readonly array: Values;
  /** Factor of the gradient. */
  readonly scale: number;
}

/** Describes a kind of targets, named as its field of `Target`. */
export interface TargetKind<Values extends Int32Array | Float32Array> {
  readonly arrayType: new (length: number) => Values;
  /** Whether the targets have an element for each output, [T, B, O], or one for each step, [T, B]. */
  readonly perOutput: boolean;
  /** The value of elements past a sequence's length. */
  readonly none: number;
  /** Whether an element `none` within the lengths is no target; otherwise every element there is one. */
  readonly marksNone: boolean;
  /** Returns the allowed range of elements for O outputs, also in words; without it, any value is allowed. */
  readonly range?: (O: number) => { readonly least: number; readonly most: number; readonly words: string };
  /** Whether there is a loss, of which a mean can be taken; otherwise the targets are dLoss/d(outputs). */
  readonly hasLoss: boolean;
  /** Replaces the outputs by scale·dLoss/d(outputs) and returns the unscaled Σ loss, NaN without a loss. */
  apply(place: LossPlace<Values>): number;
}

/** Every kind of targets, by its field of `Target`. */
export const targetKinds = {
  classes: {
    arrayType: Int32Array,
    perOutput: false,
    none: -1,
    marksNone: true,
    range: (O) => ({ least: -1, most: O - 1, words: `classes from 0 to ${O - 1}, or -1 for none` }),
    hasLoss: true,
    apply({ engine: { arena, kernels, constants }, window, outputs, array, scale }) {
      const { classes } = window.regions;
      arena.i32.set(array, elementAt(classes.pointer));
      const { pointer, rows, columns, stride } = outputs;
      return kernels.crossEntropy(pointer, classes.pointer, constants, scale, rows, columns, stride);
    },
  } satisfies TargetKind<Int32Array>,
  values: {
    arrayType: Float32Array,
    perOutput: true,
    none: NaN,
    marksNone: true,
    hasLoss: true,
    apply: squaredError,
  } satisfies TargetKind<Float32Array>,
  gradient: {
    arrayType: Float32Array,
    perOutput: true,
    none: 0,
    marksNone: false,
    hasLoss: false,
    apply({ engine: { arena, kernels, constants }, outputs, array }) {
      writeRegion(arena.f32, outputs, array);
      kernels.flushTiny(outputs.pointer, constants, sizeOf(outputs));
      return NaN;
    },
  } satisfies TargetKind<Float32Array>,
} as const satisfies Record<keyof Required<Target>, unknown>;

/** Takes the squared error, with the targets passed through a staging region. */
function squaredError({ engine, window, outputs, array, scale }: LossPlace<Float32Array>): number {
  const { arena, kernels, constants } = engine;
  const { targetRows } = window.regions;
  let sum = 0;
  for (let first = 0; first < outputs.rows; first += targetRows.rows) {
    const part = rowsOf(outputs, first, Math.min(targetRows.rows, outputs.rows - first));
    const from = first * part.columns;
    const values = array.subarray(from, from + part.rows * part.columns);
    writeRegion(arena.f32, rowsOf(targetRows, 0, part.rows), values);
    sum += kernels.squaredError(part.pointer, targetRows.pointer, constants, scale, sizeOf(part));
  }
  return sum;
}

export type TargetKindName = keyof typeof targetKinds;
export const targetKindNames = Object.keys(targetKinds) as readonly TargetKindName[];

type ValuesOf<Kind extends TargetKindName> = InstanceType<(typeof targetKinds)[Kind]["arrayType"]>;

/** Holds checked targets of T steps and B sequences, without targets past a sequence's length. */
export type Targets = {
  [Kind in TargetKindName]: {
    readonly kind: Kind;
    /** [T, B], or [T, B, O] where there is one for each output. */
    readonly array: ValuesOf<Kind>;
    /** Number of elements that are a target. */
    readonly count: number;
  };
}[TargetKindName];

/** Returns the definition of a kind, typed for elements of either type. */
export function targetKind(kind: TargetKindName): TargetKind<Int32Array | Float32Array> {
  return targetKinds[kind];
}

/** Returns targets of a kind; the caller answers for the array being of the kind's type. */
export function makeTargets(kind: TargetKindName, array: Int32Array | Float32Array, count: number): Targets {
  return { kind, array, count } as Targets;
}

/** Returns the number of elements in steps [from, to) of a window that are a target. */
export function countTargets(
  { kind, array }: Pick<Targets, "kind" | "array">,
  sizes: Omit<Inputs, "kind" | "array">,
  from = 0,
  to = sizes.steps,
): number {
  const { none, marksNone } = targetKind(kind);
  const width = array.length / sizes.steps; // B, or B·O
  if (!marksNone) return (countSteps(sizes, from, to) * width) / sizes.batch;
  let count = 0;
  for (let i = from * width; i < to * width; i++) if (!Object.is(array[i], none)) count++;
  return count;
}

/** Returns what Σ loss is divided by to give the loss of a reduction; the gradient's scale is its inverse. */
export function divisorOf(
  { kind, count }: Pick<Targets, "kind" | "count">,
  reduction: "mean" | "sum",
): number {
  return reduction === "mean" && targetKind(kind).hasLoss && count > 0 ? count : 1;
}

/**
 * Replaces the outputs of the window's first `steps` steps by scale·dLoss/d(outputs) and returns the unscaled
 * Σ loss, NaN where the targets are a gradient. The targets are those of steps [first, first + steps).
 */
export function applyLoss(
  engine: Engine,
  window: Window,
  { kind, array }: Targets,
  first: number,
  steps: number,
  scale: number,
): number {
  const { batch } = window.sizes;
  const row = targetKind(kind);
  const outputs = rowsOf(window.regions.outputs, 0, steps * batch);
  const width = batch * (row.perOutput ? outputs.columns : 1);
  return row.apply({
    engine,
    window,
    outputs,
    array: array.subarray(first * width, (first + steps) * width),
    scale,
  });
}

/**
 * Returns how many outputs of the window's first `steps` steps are largest at their class; to be called
 * before `applyLoss`. The classes are those of steps [first, first + steps).
 */
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
  arena.i32.set(classes.subarray(first * batch, (first + steps) * batch), elementAt(region.pointer));
  return kernels.countCorrect(pointer, region.pointer, steps * batch, columns, stride);
}
