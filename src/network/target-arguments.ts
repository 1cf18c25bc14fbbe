/** Checks targets that a caller hands in against the network and the loss that they are for. */

import { requireFloat32Array, requireInt32Array, requireObject } from "../errors.js";
import { requireOneOf, settled, withPadding } from "./arguments.js";
import type { LossDefinition, TargetRange } from "./losses/definition.js";
import type { Inputs } from "./model/batch.js";
import { counted, targetKind, targetKindNames, type TargetKindName, type Targets } from "./model/targets.js";
import { outputWidth } from "./sizes.js";
import type { CompleteOptions, Reduction, Target } from "./types.js";

/** Holds the sizes that targets must fit: T, B, and the sequences' lengths. */
type TargetSizes = Pick<Inputs, "steps" | "batch"> & { readonly lengths?: Int32Array | undefined };

/** Throws a RangeError unless all elements are in the range, or `none`. */
function requireRange(
  name: string,
  array: ArrayLike<number>,
  none: number,
  { least, most, words }: TargetRange,
): void {
  for (let i = 0; i < array.length; i++) {
    if (!((array[i] >= least && array[i] <= most) || Object.is(array[i], none)))
      throw new RangeError(`"${name}" expected ${words}, got ${array[i]} at ${i}`);
  }
}

/** Throws a RangeError for a step that has targets for some outputs alone, where they are one target together. */
function requireWholeRows(name: string, array: ArrayLike<number>, width: number): void {
  for (let i = 0; i < array.length; i++) {
    const first = i - (i % width);
    if (Number.isNaN(array[i]) !== Number.isNaN(array[first]))
      throw new RangeError(
        `"${name}" expected probabilities of all ${width} classes or NaN for all, got NaN at ${i}`,
      );
  }
}

/** Returns the loss that the targets are for. Throws a TypeError for targets of a kind that it does not take. */
function lossFor(name: string, kind: TargetKindName, asked: LossDefinition | undefined): LossDefinition {
  const loss = asked ?? targetKind(kind).loss;
  if (loss === undefined) throw new TypeError(`"loss" expected ctc() for "${name}.${kind}", got none`);
  if (loss.against.includes(kind)) return loss;
  throw new TypeError(`"${name}" expected ${loss.against.join(" or ")} for ${loss.name}(), got ${kind}`);
}

function requireWeights(
  name: string,
  value: unknown,
  length: number,
  shape: string,
): Float32Array | undefined {
  if (value === undefined) return undefined;
  return requireFloat32Array(name, settled(value), length, shape);
}

/**
 * Returns the checked targets of T steps and B sequences, for the loss that is asked for or the kind's own; throws a TypeError or
 * RangeError with `name`.
 */
export function requireTarget(
  target: Target,
  { steps: T, batch: B, lengths }: TargetSizes,
  options: CompleteOptions,
  name = "targets",
  asked?: LossDefinition,
  reduction: Reduction = "mean",
): Targets {
  const O = outputWidth(options);
  const given = requireObject(name, target);
  const kind = requireOneOf(name, given, targetKindNames);
  const loss = lossFor(name, kind, asked);
  if (loss.requireWhole !== undefined) {
    const sizes = { steps: T, batch: B, lengths, O, output: options.output, reduction };
    const labels = { labels: settled(given.labels), labelLengths: settled(given.labelLengths) };
    const whole = loss.requireWhole(name, { ...labels, weights: given.weights }, sizes);
    const { array, count, weight } = whole;
    const rest = { weights: undefined, ends: undefined, repeat: 1 };
    return { kind, loss, steps: T, batch: B, array, whole, count, weight, ...rest };
  }
  const { arrayType, perOutput, none } = targetKind(kind);
  const whole = options.output === "sequence";
  const [rows, rowShape] = whole ? [B, `B=${B}`] : [T * B, `T=${T}, B=${B}`];
  const width = kind === "values" && loss.width !== undefined ? loss.width(O) : O;
  const [length, shape] = perOutput
    ? [rows * width, `[${rowShape}, ${width === O ? "O" : "K"}=${width}]`]
    : [rows, `[${rowShape}]`];
  const require = arrayType === Int32Array ? requireInt32Array : requireFloat32Array;
  const values = require(`${name}.${kind}`, settled(given[kind]), length, shape);
  const givenWeights = requireWeights(`${name}.weights`, given.weights, rows, `[${rowShape}]`);
  if (givenWeights !== undefined && kind === "gradient")
    throw new TypeError(`"${name}.weights" expected none beside a gradient, which is taken as it is`);
  const padded = whole ? undefined : lengths;
  const array = withPadding(values, padded, T, none);
  const weights = givenWeights && withPadding(givenWeights, padded, T, 0);
  requireRange(`${name}.${kind}`, array, none, loss.range?.(kind, O) ?? rangeOf(kind, O));
  if (loss.joint === true && kind === "values") requireWholeRows(`${name}.${kind}`, array, width);
  if (weights !== undefined) requireRange(`${name}.weights`, weights, 0, WEIGHTS);
  const ends = whole ? (lengths?.slice() ?? new Int32Array(B).fill(T)) : undefined;
  const repeat = kind === "values" ? O / width : 1;
  return counted({ kind, loss, steps: T, batch: B, array, weights, ends, whole: undefined, repeat }, lengths);
}

/** The largest float32. */
const MOST = 3.4028234663852886e38;
const WEIGHTS = { least: 0, most: MOST, words: "finite weights of at least 0" };

/** Returns what targets of a kind may be, whatever their loss. */
function rangeOf(kind: TargetKindName, O: number): TargetRange {
  if (kind === "classes")
    return { least: -1, most: O - 1, words: `classes from 0 to ${O - 1}, or -1 for none` };
  const finite = { least: -MOST, most: MOST };
  return { ...finite, words: kind === "values" ? "finite numbers, or NaN for none" : "finite numbers" };
}
