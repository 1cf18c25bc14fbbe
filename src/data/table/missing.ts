/** Fills values that a column lacks. */

import { describe } from "../../errors.js";
import { isArrayLike } from "../token-list.js";

/** What stands where a value is missing: nothing, so that it is refused; the last value before it; or the line to the next one. */
export type Fill = "refuse" | "previous" | "linear";

export const fills: readonly Fill[] = ["refuse", "previous", "linear"];

/** Returns a copy of a column's numbers, NaN where one is missing. Throws a TypeError or RangeError that names the row. */
export function readColumn(name: string, given: unknown, rows?: number): Float64Array {
  if (!isArrayLike(given))
    throw new TypeError(`"${name}" expected an array of numbers, got ${describe(given)}`);
  if (rows !== undefined && given.length !== rows) {
    throw new RangeError(`"${name}" expected ${rows} values, one a row, got ${given.length}`);
  }
  const values = new Float64Array(given.length);
  for (let row = 0; row < values.length; row++) {
    const value = given[row];
    if (typeof value !== "number") {
      throw new TypeError(`"${name}[${row}]" expected a number, got ${describe(value)}`);
    }
    if (Math.abs(value) > Number.MAX_VALUE) {
      throw new RangeError(
        `"${name}[${row}]" expected a finite number, or NaN where it is missing, got ${value}`,
      );
    }
    values[row] = value;
  }
  return values;
}

/** Returns the row of the next value that is there, or the number of rows. */
function nextPresent(values: Float64Array, row: number): number {
  while (row < values.length && Number.isNaN(values[row])) row++;
  return row;
}

/**
 * Throws a RangeError unless a column's missing values (NaN) can be filled: none may be with "refuse", and the first row must have a
 * value.
 */
export function requireFillable(name: string, values: Float64Array, fill: Fill): void {
  const row = values.findIndex((value) => Number.isNaN(value));
  if (row < 0) return;
  if (fill === "refuse") {
    throw new RangeError(
      `"${name}[${row}]" expected a number, got none: the fill "previous" or "linear" puts one where it is missing`,
    );
  }
  if (row === 0) {
    throw new RangeError(
      `"${name}[0]" expected a number, since there is none before it to fill it with, got none`,
    );
  }
}

/**
 * Fills in place what is missing (NaN) behind the first row; "linear" looks ahead to the next value, "previous" never does. Behind the
 * last value there is nothing to draw a line to, and it goes on as it is. Returns 1 for each row that was filled.
 */
export function fillInPlace(values: Float64Array, fill: Fill): Uint8Array {
  const filled = Uint8Array.from(values, (value) => (Number.isNaN(value) ? 1 : 0));
  for (let row = filled.indexOf(1); row > 0; row = filled.indexOf(1, row)) {
    const before = values[row - 1];
    const next = nextPresent(values, row);
    const drawn = fill === "linear" && next < values.length;
    for (let i = row; i < next; i++) {
      const share = (i - row + 1) / (next - row + 1);
      values[i] = drawn ? before * (1 - share) + values[next] * share : before;
    }
    row = next;
  }
  return filled;
}
