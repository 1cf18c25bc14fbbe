/** Defines sequences that have a label each, and checks them. */

import { describe, requireInteger, requireNumber, requireObject } from "../errors.js";
import { LARGEST } from "./items.js";
import { isArrayLike } from "./token-list.js";

/** Describes what a sequence consists of: characters, symbols, or numbers. */
export type SequenceContent =
  /** A sequence of Unicode code points. */
  | { text: string }
  /** A sequence of symbols, such as words or codes. */
  | { tokens: readonly string[] }
  /** [T, I] numbers, I at each of T = `steps` steps. */
  | { steps: number; values: ArrayLike<number> };

/** Describes a sequence with its label. */
export type LabelledSequence = SequenceContent & { label: string };

/** Holds a sequence whose form was checked. */
export type Content =
  | { readonly kind: "text" | "tokens"; readonly symbols: readonly string[] }
  | {
      readonly kind: "values";
      readonly steps: number;
      /** I. */
      readonly width: number;
      /** [T, I]. */
      readonly values: Float64Array;
    };

/** The largest number, either way: sums of the squares of as many as there may be are then finite. */
export const LARGEST_VALUE = 1e100;

const LONE_SURROGATE = /\p{Surrogate}/u;

/** Returns text that can be saved. Throws a TypeError or RangeError. */
function requireText(name: string, value: unknown): string {
  if (typeof value !== "string") throw new TypeError(`"${name}" expected a string, got ${describe(value)}`);
  if (LONE_SURROGATE.test(value))
    throw new RangeError(`"${name}" expected Unicode text, got half of a surrogate pair in it`);
  return value;
}

function requireSymbols(name: string, value: unknown): readonly string[] {
  if (!Array.isArray(value))
    throw new TypeError(`"${name}" expected an array of strings, got ${describe(value)}`);
  if (value.length === 0) throw new RangeError(`"${name}" expected at least one token, got none`);
  return Array.from(value, (token, i) => requireText(`${name}[${i}]`, token));
}

function requireValues(name: string, givenSteps: unknown, value: unknown): Content {
  const steps = requireInteger(`${name}.steps`, givenSteps, 1, LARGEST);
  if (!isArrayLike(value))
    throw new TypeError(`"${name}.values" expected an array of numbers, got ${describe(value)}`);
  const length = requireInteger(`${name}.values.length`, value.length, 0, LARGEST);
  if (length === 0 || length % steps !== 0)
    throw new RangeError(`"${name}.values" expected as many values at each of ${steps} steps, got ${length}`);
  const bounds = { least: -LARGEST_VALUE, most: LARGEST_VALUE };
  const values = new Float64Array(length);
  for (let i = 0; i < length; i++) values[i] = requireNumber(`${name}.values[${i}]`, value[i], bounds);
  return { kind: "values", steps, width: length / steps, values };
}

/** Returns a checked copy of what a sequence consists of. Throws a TypeError or RangeError that calls it `name`. */
export function requireContent(name: string, given: SequenceContent): Content {
  const fields = requireObject(name, given);
  const text: unknown = "text" in fields ? fields.text : undefined;
  const tokens: unknown = "tokens" in fields ? fields.tokens : undefined;
  const values: unknown = "values" in fields ? fields.values : undefined;
  const kinds = Object.entries({ text, tokens, values }).filter(([, value]) => value !== undefined);
  if (kinds.length !== 1) {
    const came = kinds.map(([kind]) => kind).join(" and ") || "none";
    throw new TypeError(`"${name}" expected exactly one of text, tokens and values, got ${came}`);
  }
  if (text !== undefined) {
    const symbols = Array.from(requireText(`${name}.text`, text));
    if (symbols.length === 0) throw new RangeError(`"${name}.text" expected characters, got ""`);
    return { kind: "text", symbols };
  }
  if (tokens !== undefined) return { kind: "tokens", symbols: requireSymbols(`${name}.tokens`, tokens) };
  return requireValues(name, "steps" in fields ? fields.steps : undefined, values);
}

/** Returns a sequence's label. Throws a TypeError or RangeError that calls the sequence `name`. */
export function requireLabel(name: string, given: LabelledSequence): string {
  return requireText(`${name}.label`, requireObject(name, given).label);
}

/** Returns the words for what a step of a sequence is, by which sequences must not differ. */
export function kindOf(content: Content): string {
  return content.kind === "values" ? `${content.width} values a step` : content.kind;
}
