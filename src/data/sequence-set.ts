/** Batches whole sequences of different lengths, padded to the longest of each batch. */

import { describe, requireBoolean, requireInteger, requireNumber, requireOptions } from "../errors.js";
import { Random } from "../random.js";
import { copyItems, joinInputs, LARGEST, LARGEST_WEIGHT } from "./items.js";
import type { Item, SequenceItem, Widths } from "./items.js";
import { isArrayLike } from "./token-list.js";
import type { TrainingData, TrainingWindow } from "./training-data.js";

/** Configures `sequenceSet`. */
export interface SequenceSetOptions {
  /** Sequences in a batch; the last batch of an epoch may have fewer. */
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

/** Puts items side by side, [T, B, ·], T being the longest; elements past an item's length do not count. */
function joinItems(items: readonly Item[], shared: Shared): TrainingWindow {
  const { steps, batch, lengths, array } = joinInputs(items);
  const { target, classes } = shared.widths;
  const targets = classes ? new Int32Array(steps * batch) : new Float32Array(steps * batch * target);
  targets.fill(classes ? -1 : NaN);
  const weights = shared.weighted ? new Float32Array(steps * batch) : undefined;
  items.forEach((item, b) => {
    for (let t = 0; t < item.steps; t++) {
      const at = t * batch + b;
      targets.set(item.targets.subarray(t * target, (t + 1) * target), at * target);
      if (weights !== undefined) weights[at] = weightAt(item, t, shared);
    }
  });
  return {
    inputs: {
      steps,
      batch,
      lengths,
      ...(array instanceof Int32Array ? { tokens: array } : { values: array }),
    },
    targets: {
      ...(targets instanceof Int32Array ? { classes: targets } : { values: targets }),
      ...(weights !== undefined && { weights }),
    },
    carry: false,
  };
}

/** Returns the numbers from 0 to count − 1 in random order (Fisher–Yates shuffle). */
function shuffled(count: number, random: Random): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/**
 * Makes batches of whole sequences, for `train`, validation and `evaluate`: each sequence starts from a state
 * of zeros and is padded to the longest of its batch, and none is left out. All items have the same kinds and
 * widths. With `classWeights`, or where an item has a `weight`, all targets have `weights`, [T, B]: the product of
 * the two, 0 at steps without a class and past a sequence's end. The items are copied. Throws a TypeError or
 * RangeError that names the item or option.
 */
export function sequenceSet(items: Iterable<SequenceItem>, options: SequenceSetOptions): TrainingData {
  const given = requireOptions("options", options, ["batch", "shuffle", "seed", "classWeights"]);
  const batch = requireInteger("batch", given.batch, 1, LARGEST);
  const shuffle = requireBoolean("shuffle", given.shuffle ?? false);
  const seed = requireInteger("seed", given.seed ?? 0, Number.MIN_SAFE_INTEGER);
  const { items: copies, widths } = copyItems(items);
  const classWeights = copyClassWeights(given.classWeights, copies);
  const weighted = classWeights !== undefined || copies.some(({ weight }) => weight !== undefined);
  let epochs = 0;
  return {
    *[Symbol.iterator]() {
      const order = shuffle ? shuffled(copies.length, new Random(seed, epochs)) : copies.map((_, i) => i);
      epochs++;
      for (let first = 0; first < order.length; first += batch) {
        yield joinItems(
          order.slice(first, first + batch).map((i) => copies[i]),
          { widths, weighted, classWeights },
        );
      }
    },
  };
}
