/** Reads the code points of strings. */

import { describe } from "../errors.js";

export function requireText(text: unknown): string {
  if (typeof text !== "string") throw new TypeError(`"text" expected a string, got ${describe(text)}`);
  return text;
}

/** Returns the code point's name, such as `U+00E9`. */
export function codeName(code: number): string {
  return `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}

export function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code < 0xe000;
}

/** Returns the number of 16-bit units that a code point takes in a string. */
export function unitsOf(code: number): number {
  return code < 0x1_0000 ? 1 : 2;
}

/** Returns the code point that begins at index `at`; a surrogate without its other half stands for itself. */
export function codeAt(text: string, at: number): number {
  return text.codePointAt(at) ?? 0;
}

const LONE_SURROGATE = /\p{Surrogate}/u;

/** Throws a RangeError for half of a surrogate pair, at an index that counts from `before`. */
export function requireWhole(text: string, before = 0): void {
  const at = text.search(LONE_SURROGATE);
  if (at === -1) return;
  throw new RangeError(
    `"text" expected Unicode text, got half of a surrogate pair, ${codeName(codeAt(text, at))}, at index ${before + at}`,
  );
}
