/** Checks lists of tokens that a caller hands in. */

import { describe, requireInteger } from "../errors.js";

export function isArrayLike(value: unknown): value is ArrayLike<unknown> {
  return typeof value === "object" && value !== null && "length" in value && typeof value.length === "number";
}

/**
 * Returns a copy of the tokens, each read once and in [0, size). Throws a TypeError for an element that is no
 * number, and a RangeError for one out of range.
 */
export function requireTokenList(name: string, value: unknown, size: number): Int32Array {
  if (!isArrayLike(value))
    throw new TypeError(`"${name}" expected an array of tokens, got ${describe(value)}`);
  const length = requireInteger(`${name}.length`, value.length, 0);
  // The array grows as tokens are read: a length alone may promise more than memory holds.
  const tokens: number[] = [];
  for (let i = 0; i < length; i++) {
    const token = value[i];
    if (typeof token !== "number") {
      throw new TypeError(`"${name}" expected numbers, got ${describe(token)} at ${i}`);
    }
    if (!(Number.isInteger(token) && token >= 0 && token < size)) {
      throw new RangeError(`"${name}" expected tokens from 0 to ${size - 1}, got ${describe(token)} at ${i}`);
    }
    tokens.push(token);
  }
  return new Int32Array(tokens);
}
