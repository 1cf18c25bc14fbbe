/** Measures how far two lists of labels are from each other. */

import { isArrayLike } from "../data/token-list.js";
import { describe, requireInteger } from "../errors.js";

/** Returns a copy of the numbers, each read once. Throws a TypeError for what is no number, a RangeError for NaN. */
function requireNumbers(name: string, value: unknown): number[] {
  if (!isArrayLike(value))
    throw new TypeError(`"${name}" expected an array of numbers, got ${describe(value)}`);
  const length = requireInteger(`${name}.length`, value.length, 0);
  // The array grows as numbers are read: a length alone may promise more than memory holds.
  const numbers: number[] = [];
  for (let i = 0; i < length; i++) {
    const number = value[i];
    if (typeof number !== "number")
      throw new TypeError(`"${name}" expected numbers, got ${describe(number)} at ${i}`);
    if (Number.isNaN(number)) throw new RangeError(`"${name}" expected numbers, got NaN at ${i}`);
    numbers.push(number);
  }
  return numbers;
}

/**
 * Returns the edit distance of two lists of numbers: the fewest insertions, deletions and substitutions of one element that make
 * the one of the other (Levenshtein 1966). Over the length of what is right it is the label error rate; over all sequences, the
 * sum of distances over the sum of lengths. Takes time proportional to the product of the lengths.
 *
 * Throws a TypeError for an argument that is no array of numbers, and a RangeError for NaN, which equals nothing.
 */
export function editDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const from = requireNumbers("a", a);
  const to = requireNumbers("b", b);
  // row[j]: the distance of what is read of `from` to the first j of `to`.
  const row = Float64Array.from({ length: to.length + 1 }, (_, j) => j);
  for (const [i, element] of from.entries()) {
    let diagonal = row[0];
    row[0] = i + 1;
    for (let j = 1; j < row.length; j++) {
      const substituted = diagonal + (element === to[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = Math.min(substituted, row[j] + 1, row[j - 1] + 1);
    }
  }
  return row[to.length];
}
