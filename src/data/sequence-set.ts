/** Batches whole sequences of different lengths, padded to the longest of each batch, or several in a row. */

import { describe, requireBoolean, requireInteger, requireNumber, requireOptions } from "../errors.js";
import type { Target } from "../network/types.js";
import { copyItems, joinInputs, LARGEST, LARGEST_WEIGHT } from "./items.js";
import type { Item, ItemInputs, SequenceItem, Widths } from "./items.js";
import { isArrayLike } from "./token-list.js";
import { planWindows, type PlannedPadding } from "./plan.js";
import { makeSeekable, type Seekable } from "./seekable.js";
import type { TrainingWindow } from "./training-data.js";

/** Configures `sequenceSet`. */
export interface SequenceSetOptions {
  /** Sequences in a batch; the last batch of an epoch, or with buckets any one, may have fewer. */
  batch: number;
  /** Whether each epoch has a new order; default false. */
  shuffle?: boolean;
  /** Seed of the orders, any safe integer; default 0. */
  seed?: number;
  /**
   * [classes], each at least 0: how much a target of each class counts, as `classWeights` counts them out;
   * default 1 for each. Items with classes for targets alone.
   */
  classWeights?: ArrayLike<number>;
  /**
   * Whether short sequences lie one after another in a row, so that less of a window is padding; default false. A batch is
   * then of rows, each as long as the set's longest sequence at most, and has more sequences.
   */
  pack?: boolean;
  /**
   * Whether batches are of sequences of like length, so that less of a window is padding, and never more; default false. A number
   * says how many batches' worth of sequences, one after another in the epoch's order, are sorted together: more leave less
   * padding, and fewer leave more to chance. `true`: all of them, with `shuffle` about the square root of the number of
   * batches. With `shuffle` the batches then come in random order, otherwise from short to long. Not with `pack`.
   */
  bucket?: boolean | number;
}

/** Gives the batches of a set of sequences, each epoch anew. */
export interface SequenceSet extends Iterable<TrainingWindow> {
  /**
   * Steps of padding in an epoch's windows, all sequences together: packed as with `pack`, in batches as they come, and, where
   * there is a `bucket`, in these; of the items in the order given.
   */
  readonly padding: PlannedPadding;
}

/** Holds what all windows of a set share. */
interface Shared {
  readonly widths: Widths;
  /** Whether windows have weights. */
  readonly weighted: boolean;
  /** Undefined: every class counts the same. */
  readonly classWeights: Float64Array | undefined;
}

/** Copies the weights of classes. Throws a TypeError or RangeError unless every class of the items has one. */
function copyClassWeights(given: unknown, items: readonly Item[]): Float64Array | undefined {
  if (given === undefined) return undefined;
  if (!isArrayLike(given))
    throw new TypeError(`"classWeights" expected an array of weights, got ${describe(given)}`);
  const weights = Float64Array.from(given, (weight, i) =>
    requireNumber(`classWeights[${i}]`, weight, { least: 0, most: LARGEST_WEIGHT }),
  );
  items.forEach(({ targets }, i) => {
    if (!(targets instanceof Int32Array))
      throw new RangeError(`"classWeights" expected items with classes for targets, got items with values`);
    const unknown = targets.find((target) => target >= weights.length);
    if (unknown !== undefined) {
      throw new RangeError(
        `"items[${i}].targets" expected classes below ${weights.length}, for which classWeights has weights, got ${unknown}`,
      );
    }
  });
  return weights;
}

/** Returns how much the target at a step counts, 0 where there is none. */
function weightAt(
  { targets, weight = 1 }: Item,
  t: number,
  { widths, classWeights }: Pick<Shared, "widths" | "classWeights">,
): number {
  if (!widths.classes) return weight;
  const target = targets[t];
  return target < 0 ? 0 : weight * (classWeights === undefined ? 1 : classWeights[target]);
}

/** Returns the inputs of items that lie one after another in a row. */
function rowInputs(items: readonly Item[]): ItemInputs {
  if (items.length === 1) return items[0];
  const length = items.reduce((sum, { array }) => sum + array.length, 0);
  const array = items[0].array instanceof Float32Array ? new Float32Array(length) : new Int32Array(length);
  let at = 0;
  for (const item of items) {
    array.set(item.array, at);
    at += item.array.length;
  }
  return { steps: items.reduce((sum, { steps }) => sum + steps, 0), array };
}

/** Returns targets without any, and their weights of 0 where the set has weights. */
function emptyTargets(
  rows: number,
  { widths, weighted }: Shared,
): Required<Pick<Target, "weights">> & Target {
  const length = rows * widths.target;
  return {
    ...(widths.classes
      ? { classes: new Int32Array(rows).fill(-1) }
      : { values: new Float32Array(length).fill(NaN) }),
    weights: new Float32Array(weighted ? rows : 0),
  };
}

/** Copies an item's target at a step to a row of targets. */
function setTarget(to: Target, row: number, item: Item, t: number, shared: Shared): void {
  const { target, classes } = shared.widths;
  const from = item.targets.subarray(t * target, (t + 1) * target);
  (classes ? to.classes : to.values)?.set(from, row * target);
  if (shared.weighted && to.weights !== undefined) to.weights[row] = weightAt(item, t, shared);
}

/** Leaves out weights where the set has none. */
function finished({ weights, ...targets }: Target): Target {
  return weights === undefined || weights.length === 0 ? targets : { ...targets, weights };
}

/**
 * Puts rows of items side by side, [T, B, ·], T being the longest row; elements past a row's length do not count. Items in a
 * row begin anew.
 */
function joinRows(rows: readonly (readonly Item[])[], shared: Shared): TrainingWindow {
  const { steps, batch, lengths, array } = joinInputs(rows.map(rowInputs));
  const targets = emptyTargets(steps * batch, shared);
  const whole = emptyTargets(batch, shared);
  const resets = new Uint8Array(steps * batch);
  rows.forEach((items, b) => {
    let at = b;
    for (const item of items) {
      if (at > b) resets[at] = 1;
      for (let t = 0; t < item.steps; t++, at += batch) setTarget(targets, at, item, t, shared);
      if (item.whole) setTarget(whole, b, item, item.steps - 1, shared);
    }
  });
  return {
    inputs: {
      steps,
      batch,
      lengths,
      ...(resets.includes(1) && { resets }),
      ...(array instanceof Int32Array ? { tokens: array } : { values: array }),
    },
    targets: finished(targets),
    ...(rows.some((items) => items.some((item) => item.whole)) && { sequenceTargets: finished(whole) }),
    carry: false,
  };
}

/** Returns how many batches are sorted together, or whether any are. Throws a TypeError or RangeError. */
function requirePool(bucket: unknown, pack: boolean): number | boolean {
  if (typeof bucket !== "boolean" && typeof bucket !== "number")
    throw new TypeError(`"bucket" expected true, false or a number of batches, got ${describe(bucket)}`);
  if (pack && bucket !== false)
    throw new RangeError(`"bucket" expected false with pack, which fills rows, got ${describe(bucket)}`);
  return typeof bucket === "boolean" ? bucket : requireInteger("bucket", bucket, 1, LARGEST);
}

/**
 * Makes batches of whole sequences, for `train`, validation and `evaluate`: each sequence starts from a state
 * of zeros and is padded to the longest of its batch, and none is left out. With `pack` each goes into the first row of
 * the batch that has room left for the whole of it, and begins anew there (`inputs.resets`): the same losses and
 * gradients, from fewer steps. With `bucket` a batch is of sequences of like length. All items have the same kinds and widths.
 *
 * An item's one target, `class` or `value`, stands at its last step, and in `sequenceTargets` for a network with one output a
 * sequence. With `classWeights`, or where an item has a `weight`, all targets have `weights`, [T, B]: the product of the two, 0
 * at steps without a class and past a sequence's end. The items are copied. Throws a TypeError or RangeError that names the item
 * or option.
 */
export function sequenceSet(items: Iterable<SequenceItem>, options: SequenceSetOptions): SequenceSet {
  const given = requireOptions("options", options, [
    "batch",
    "shuffle",
    "seed",
    "classWeights",
    "pack",
    "bucket",
  ]);
  const batch = requireInteger("batch", given.batch, 1, LARGEST);
  const shuffle = requireBoolean("shuffle", given.shuffle ?? false);
  const seed = requireInteger("seed", given.seed ?? 0, Number.MIN_SAFE_INTEGER);
  const pack = requireBoolean("pack", given.pack ?? false);
  const { items: copies, widths } = copyItems(items);
  const pool = requirePool(given.bucket ?? false, pack);
  const classWeights = copyClassWeights(given.classWeights, copies);
  const weighted = classWeights !== undefined || copies.some(({ weight }) => weight !== undefined);
  const shared = { widths, weighted, classWeights };
  const lengths = copies.map(({ steps }) => steps);
  const { rowsOf, padding } = planWindows(lengths, { batch, shuffle, seed, pack, pool });
  function* from(order: number, first: number): Generator<TrainingWindow, void> {
    let index = 0;
    for (const rows of rowsOf(order)) {
      if (index++ < first) continue;
      yield joinRows(
        rows.map((row) => row.map((i) => copies[i])),
        shared,
      );
    }
  }
  const place: Seekable = { order: 0, windows: (order) => [...rowsOf(order)].length, from };
  const set: SequenceSet = {
    get padding() {
      return padding();
    },
    // An order is used up as an iterator is asked for, so that an epoch can be passed over without its windows.
    [Symbol.iterator]: () => from(place.order++, 0),
  };
  makeSeekable(set, place);
  return set;
}
