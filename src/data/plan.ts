/** Says which sequences each window of a set has, an order after another. */

import { Random } from "../random.js";
import { bucketRows } from "./bucket.js";
import { oneARow, packRows, paddingOf, type Padding } from "./pack.js";

/** Counts padding as `Padding` does, in buckets also. */
export interface PlannedPadding extends Padding {
  readonly bucketed?: number;
}

export interface PlanOptions {
  readonly batch: number;
  readonly shuffle: boolean;
  readonly seed: number;
  readonly pack: boolean;
  /** How many batches are sorted by length together; true for the usual number, false for none. */
  readonly pool: number | boolean;
}

export interface Plan {
  /** Returns the windows of an order: rows of sequences' numbers. */
  readonly rowsOf: (order: number) => Iterable<(readonly number[])[]>;
  /** Returns the padding of the order without a shuffle. */
  readonly padding: () => PlannedPadding;
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

/** Returns how many batches to sort together: with a shuffle as many as there are sets of them to draw from, otherwise all. */
function usualPool(batches: number, shuffle: boolean): number {
  return shuffle ? Math.max(1, Math.round(Math.sqrt(batches))) : Infinity;
}

/** Plans the windows of sequences of these lengths. */
export function planWindows(lengths: readonly number[], options: PlanOptions): Plan {
  const { batch, shuffle, seed, pack } = options;
  const pool = options.pool === true ? usualPool(lengths.length / batch, shuffle) : options.pool;
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0);
  const inOrder = [...lengths.keys()];
  const lengthOf = (sequence: number): number => lengths[sequence];
  const packed = (order: readonly number[]) => packRows(order, lengthOf, batch, longest);
  const bucketed = (order: readonly number[], most: number) => bucketRows(order, lengthOf, batch, most);
  return {
    rowsOf(number) {
      const random = new Random(seed, number);
      const order = shuffle ? shuffled(lengths.length, random) : inOrder;
      if (pack) return packed(order);
      if (pool === false) return oneARow(order, batch);
      const batches = bucketed(order, pool);
      return shuffle ? shuffled(batches.length, random).map((i) => batches[i]) : batches;
    },
    padding: () => ({
      packed: paddingOf(packed(inOrder), lengthOf),
      unpacked: paddingOf(oneARow(inOrder, batch), lengthOf),
      ...(pool !== false && { bucketed: paddingOf(bucketed(inOrder, pool), lengthOf) }),
    }),
  };
}
