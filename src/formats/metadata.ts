/** Checks the texts that a caller puts into a file: names of tensors, and metadata. */

import { describe, requireObject } from "../errors.js";
import { MOST_MEMBERS } from "./strict-json.js";

/** Half of a surrogate pair, which is no character, and which no UTF-8 holds. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Returns a text that UTF-8 can hold; throws a RangeError for another, by the name that the caller gives it. */
export function requireWellFormed(name: string, text: string): string {
  if (LONE_SURROGATE.test(text)) {
    throw new RangeError(`${name} expected Unicode text, got half of a surrogate pair in it`);
  }
  return text;
}

/**
 * Returns the caller's checked entries, each read once. `own`: what no key may begin with, and how many such entries come
 * on top. Throws a TypeError for what is no plain object of strings, and a RangeError for a text that a file cannot hold.
 */
export function requireMetadata(
  metadata: Readonly<Record<string, string>>,
  own?: { readonly prefix: string; readonly entries: number },
): Map<string, string> {
  const given = requireObject("metadata", metadata);
  // A Map would count as an object without entries, and be lost.
  if (Symbol.iterator in given)
    throw new TypeError(`"metadata" expected a plain object of strings, got an iterable`);
  const entries = Object.entries<unknown>(given);
  const room = MOST_MEMBERS - (own?.entries ?? 0);
  if (entries.length > room)
    throw new RangeError(`"metadata" expected at most ${room} entries, got ${entries.length}`);
  return new Map(
    entries.map(([key, value]) => {
      const name = `"metadata" key ${describe(key)}`;
      if (typeof value !== "string") throw new TypeError(`${name} expected a string, got ${describe(value)}`);
      if (own !== undefined && key.startsWith(own.prefix)) {
        throw new RangeError(
          `${name} expected not to begin with "${own.prefix}": such keys are the library's`,
        );
      }
      return [requireWellFormed(name, key), requireWellFormed(name, value)];
    }),
  );
}
