/** Holds checked targets, cuts and joins them, and takes their loss. */

import type { Engine } from "../../memory/engine.js";
import { elementAt, rowsOf, sizeOf, writeRegion } from "../../memory/regions.js";
import { plainCrossEntropy } from "../losses/class-cross-entropy.js";
import type { LossDefinition, TargetKindName, WholeTargets } from "../losses/definition.js";
import { squaredError } from "../losses/squared-error.js";
import type { Window } from "./window.js";

export type { TargetKindName } from "../losses/definition.js";

/** Describes a kind of targets, named as its field of `Target`. */
export interface TargetKind {
  readonly arrayType: Int32ArrayConstructor | Float32ArrayConstructor;
  /** Whether the targets have elements for outputs, [T, B, ·], or one for each step, [T, B]. */
  readonly perOutput: boolean;
  /** The value of elements past a sequence's length. */
  readonly none: number;
  /** Whether an element `none` within the lengths is no target; otherwise every element there is one. */
  readonly marksNone: boolean;
  /** The loss that they have unless another is asked for; undefined: one must be. */
  readonly loss: LossDefinition | undefined;
  /** Whether there is a loss, of which a mean can be taken; otherwise the targets are dLoss/d(outputs). */
  readonly hasLoss: boolean;
}

/** Takes a gradient of the caller's own in place of a loss. */
const givenGradient: LossDefinition = {
  name: "none",
  against: ["gradient"],
  apply({ engine: { arena, kernels, constants }, outputs, array }) {
    writeRegion(arena.f32, outputs, array);
    kernels.flushTiny(outputs.pointer, constants, sizeOf(outputs));
    return NaN;
  },
};

/** Every kind of targets, by its field of `Target`. */
export const targetKinds: Readonly<Record<TargetKindName, TargetKind>> = {
  classes: {
    arrayType: Int32Array,
    perOutput: false,
    none: -1,
    marksNone: true,
    loss: plainCrossEntropy,
    hasLoss: true,
  },
  values: {
    arrayType: Float32Array,
    perOutput: true,
    none: NaN,
    marksNone: true,
    loss: squaredError,
    hasLoss: true,
  },
  gradient: {
    arrayType: Float32Array,
    perOutput: true,
    none: 0,
    marksNone: false,
    loss: givenGradient,
    hasLoss: false,
  },
  labels: {
    arrayType: Int32Array,
    perOutput: false,
    none: -1,
    marksNone: true,
    loss: undefined,
    hasLoss: true,
  },
};

export const targetKindNames = Object.keys(targetKinds) as readonly TargetKindName[];

/**
 * Holds checked targets of T steps and B sequences, without targets past a sequence's length. Rows are steps, [T, B], or, of
 * networks with one output a sequence, sequences, [B].
 */
export interface Targets {
  readonly kind: TargetKindName;
  readonly loss: LossDefinition;
  /** T and B. */
  readonly steps: number;
  readonly batch: number;
  /** One element a row, or several. */
  readonly array: Int32Array | Float32Array;
  /** One a row; undefined: all are 1. */
  readonly weights: Float32Array | undefined;
  /**
   * [B], of networks with one output a sequence: the number of steps after which each sequence has its target; undefined:
   * every step has its own.
   */
  readonly ends: Int32Array | undefined;
  /** Targets of whole sequences, whose labels `array` holds; undefined where rows have targets. */
  readonly whole: WholeTargets | undefined;
  /** Outputs that are compared with each target. */
  readonly repeat: number;
  /** Number of targets. */
  readonly count: number;
  /** Σ of the targets' weights, each counted as often as there are outputs for it: what a mean is divided by. */
  readonly weight: number;
}

/** Returns the definition of a kind. */
export function targetKind(kind: TargetKindName): TargetKind {
  return targetKinds[kind];
}

/** Holds targets that are yet to be counted. */
export type Uncounted = Omit<Targets, "count" | "weight">;

/** Returns the number of rows of outputs and targets: T·B, or B with one a sequence. */
function rowsOfTargets({ steps, batch, ends }: Uncounted): number {
  return ends === undefined ? steps * batch : batch;
}

/** Returns the targets with their number and weight; `lengths`, if any, are the sequences' in these steps. */
export function counted(targets: Uncounted, lengths: Int32Array | undefined): Targets {
  const { kind, loss, array, weights, batch, ends, repeat } = targets;
  const { none, marksNone } = targetKind(kind);
  const rows = rowsOfTargets(targets);
  const width = array.length / rows;
  const elements = loss.joint === true ? 1 : width;
  let count = 0;
  let weight = 0;
  for (let row = 0; row < rows; row++) {
    let found = 0;
    if (marksNone) {
      for (let i = row * width; i < row * width + elements; i++) if (!Object.is(array[i], none)) found++;
    } else if (ends !== undefined || lengths === undefined || row < lengths[row % batch] * batch)
      found = elements;
    count += found;
    weight += weights === undefined ? found : found * weights[row];
  }
  return { ...targets, count, weight: weight * repeat };
}

/** Returns a gradient of the caller's own for all outputs of some steps, as targets. */
export function gradientTargets(array: Float32Array, steps: number, batch: number): Targets {
  const rest = { weights: undefined, ends: undefined, whole: undefined, repeat: 1 };
  return {
    kind: "gradient",
    loss: givenGradient,
    steps,
    batch,
    array,
    ...rest,
    count: array.length,
    weight: array.length,
  };
}

/** Returns targets of one step, of which none is one. */
export function noTargets(batch: number): Targets {
  const rest = { weights: undefined, ends: undefined, whole: undefined, repeat: 1, count: 0, weight: 0 };
  const array = new Int32Array(batch).fill(-1);
  return { kind: "classes", loss: plainCrossEntropy, steps: 1, batch, array, ...rest };
}

/** Returns the arrays of steps [from, to): parts of the targets' own, or, with one target a sequence, those that end there. */
function arraysIn(targets: Targets, from: number, to: number): Pick<Targets, "array" | "weights" | "ends"> {
  const { kind, array, weights, ends, steps, batch } = targets;
  if (from === 0 && to === steps) return targets;
  if (ends === undefined) {
    const width = array.length / steps;
    return {
      array: array.subarray(from * width, to * width),
      weights: weights?.subarray(from * batch, to * batch),
      ends,
    };
  }
  const part = array.slice();
  const width = array.length / batch;
  for (let b = 0; b < batch; b++) {
    if (ends[b] <= from || ends[b] > to) part.fill(targetKind(kind).none, b * width, (b + 1) * width);
  }
  return { array: part, weights, ends: ends.map((end) => Math.min(to, Math.max(from, end)) - from) };
}

/** Returns the targets of steps [from, to), in which the sequences have these lengths. */
export function targetsIn(
  targets: Targets,
  from: number,
  to: number,
  lengths: Int32Array | undefined,
): Targets {
  return counted({ ...targets, ...arraysIn(targets, from, to), steps: to - from }, lengths);
}

/** Returns the targets with arrays of their own. */
export function copyTargets(targets: Targets): Targets {
  const { array, weights, ends } = targets;
  return { ...targets, array: array.slice(), weights: weights?.slice(), ends: ends?.slice() };
}

/** Removes all targets, in their own array. */
export function removeTargets(targets: Targets): Targets {
  targets.array.fill(targetKind(targets.kind).none);
  return { ...targets, count: 0, weight: 0 };
}

/**
 * Joins targets of the same kind, one after the other in time. Throws a RangeError where two would be of one sequence of a
 * network that has one output a sequence.
 */
export function joinTargets(parts: readonly Targets[]): Targets {
  const [first] = parts;
  if (parts.length === 1) return first;
  const sum = (of: (part: Targets) => number): number => parts.reduce((total, part) => total + of(part), 0);
  const steps = sum((part) => part.steps);
  const totals = { steps, count: sum(({ count }) => count), weight: sum(({ weight }) => weight) };
  if (first.ends !== undefined) return { ...first, ...totals, ...joinEnds(parts) };
  const { arrayType } = targetKind(first.kind);
  const array = new arrayType(sum((part) => part.array.length));
  const weighted = parts.some(({ weights }) => weights !== undefined);
  const weights = weighted ? new Float32Array(steps * first.batch).fill(1) : undefined;
  let [at, row] = [0, 0];
  for (const part of parts) {
    array.set(part.array, at);
    if (part.weights !== undefined) weights?.set(part.weights, row);
    at += part.array.length;
    row += part.steps * part.batch;
  }
  return { ...first, ...totals, array, weights };
}

/** Joins targets of which each sequence has one in one of the parts. */
function joinEnds(parts: readonly Targets[]): Pick<Targets, "array" | "weights" | "ends"> {
  const [{ kind, batch }] = parts;
  const { none } = targetKind(kind);
  const array = parts[0].array.slice().fill(none);
  const weights = parts.some((part) => part.weights !== undefined)
    ? new Float32Array(batch).fill(1)
    : undefined;
  const ends = new Int32Array(batch);
  const width = array.length / batch;
  const taken = new Uint8Array(batch);
  let before = 0;
  for (const part of parts) {
    for (let b = 0; b < batch; b++) {
      const own = part.array.subarray(b * width, (b + 1) * width);
      if (!own.some((value) => !Object.is(value, none))) continue;
      if (taken[b]++ > 0) {
        throw new RangeError(
          `"targets" expected one a sequence, got several: windows that carry are joined; use bptt()`,
        );
      }
      array.set(own, b * width);
      if (weights !== undefined && part.weights !== undefined) weights[b] = part.weights[b];
      ends[b] = before + (part.ends?.[b] ?? part.steps);
    }
    before += part.steps;
  }
  return { array, weights, ends };
}

/** Returns what Σ loss is divided by to give the loss of a reduction; the gradient's scale is its inverse. */
export function divisorOf(
  { kind, weight }: Pick<Targets, "kind" | "weight">,
  reduction: "mean" | "sum",
): number {
  return reduction === "mean" && targetKind(kind).hasLoss && weight > 0 ? weight : 1;
}

/** 2^50. */
const FAR = 0x4_0000_0000_0000;

/**
 * Returns a power of two that brings weights far from 1 nearer, and changes no digit: 1/Σw of weights around 1e-40, and w·loss of
 * weights around 1e38, are beyond single precision.
 */
function weightUnit(weights: Float32Array): number {
  const most = weights.reduce((largest, weight) => Math.max(largest, weight), 0);
  if (most < 1 / FAR) return FAR * FAR;
  return most > FAR ? 1 / FAR / FAR : 1;
}

/**
 * Replaces the outputs of the window's first `steps` steps by scale·w·dLoss/d(outputs) and returns the unscaled
 * Σ w·loss, NaN where the targets are a gradient. The targets are those of steps [first, first + steps).
 */
export function applyLoss(
  engine: Engine,
  window: Window,
  targets: Targets,
  first: number,
  steps: number,
  scale: number,
): number {
  const { array, weights } = arraysIn(targets, first, first + steps);
  const { regions } = window;
  const unit = weights === undefined ? 1 : weightUnit(weights);
  if (weights !== undefined) {
    const near = unit === 1 ? weights : weights.map((weight) => weight * unit);
    engine.arena.f32.set(near, elementAt(regions.weights.pointer));
  }
  const sum = targets.loss.apply({
    engine,
    window,
    kind: targets.kind,
    steps,
    batch: targets.batch,
    whole: targets.whole,
    outputs: rowsOf(regions.outputs, 0, rowsOfTargets({ ...targets, steps })),
    array,
    weights: weights === undefined ? 0 : regions.weights.pointer,
    scale: scale / unit,
  });
  return sum / unit;
}
