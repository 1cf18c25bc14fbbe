/** Sequences, states and targets that a caller hands in, checked against the network they are for. */

import {
  describe,
  requireFloat32Array,
  requireInt32Array,
  requireInteger,
  requireLength,
  requireObject,
} from "../errors.js";
import type { CompleteOptions, Sequence, State, Target } from "./types.js";
import type { InputKind } from "./window.js";

export type Tokens = Uint8Array | Uint16Array | Int32Array;

/** A sequence. */
export interface Inputs {
  readonly steps: number;
  readonly batch: number;
  readonly kind: InputKind;
  /** [T, B] tokens, or [T, B, I] values. */
  readonly array: Tokens | Float32Array;
}

/** Targets. */
export interface Goal {
  readonly kind: "classes" | "values" | "gradient";
  /** [T, B] classes, or [T, B, O] values or gradients. */
  readonly array: Int32Array | Float32Array;
  /** Steps (classes) or elements that have a target. */
  readonly count: number;
}

/** Past it, sizes and counts would not be integers of 32 bits. */
export const LARGEST = 0x7fff_ffff;

export function requireTokens(
  name: string,
  value: unknown,
  length: number,
  shape: string,
  inputSize: number,
): Tokens {
  if (!(value instanceof Uint8Array || value instanceof Uint16Array || value instanceof Int32Array)) {
    throw new TypeError(`"${name}" expected a Uint8Array, Uint16Array or Int32Array, got ${describe(value)}`);
  }
  requireLength(name, value.length, length, shape);
  for (let i = 0; i < length; i++) {
    if (!(value[i] >= 0 && value[i] < inputSize)) {
      throw new RangeError(`"${name}" expected tokens from 0 to ${inputSize - 1}, got ${value[i]} at ${i}`);
    }
  }
  return value;
}

/** Exactly one of the named fields; a TypeError says what came otherwise. */
function requireOneOf<Field extends string>(
  name: string,
  given: Partial<Record<Field, unknown>>,
  fields: readonly Field[],
): Field {
  const present = fields.filter((field) => given[field] !== undefined);
  if (present.length === 1) return present[0];
  const came = present.length === 0 ? "none" : present.join(" and ");
  throw new TypeError(`"${name}" expected exactly one of ${fields.join(", ")}, got ${came}`);
}

export function requireSequence(sequence: Sequence, { inputSize: I }: CompleteOptions): Inputs {
  const given = requireObject("sequence", sequence);
  const T = requireInteger("sequence.steps", given.steps, 1, LARGEST);
  const B = requireInteger("sequence.batch", given.batch, 1, LARGEST);
  if (given.lengths !== undefined) {
    throw new RangeError(
      `"sequence.lengths" expected none, got ${describe(given.lengths)}: lengths are not available in this version`,
    );
  }
  const kind = requireOneOf("sequence", given, ["tokens", "values"]);
  const array =
    kind === "tokens"
      ? requireTokens("sequence.tokens", given.tokens, T * B, `[T=${T}, B=${B}]`, I)
      : requireFloat32Array("sequence.values", given.values, T * B * I, `[T=${T}, B=${B}, I=${I}]`);
  return { steps: T, batch: B, kind, array };
}

/** A state of [L*D, B, H] values, or undefined: zeros. */
export function requireState(
  name: string,
  state: State | undefined,
  batch: number,
  { hiddenSize: H }: CompleteOptions,
): Float32Array | undefined {
  if (state === undefined) return undefined;
  const { h, c } = requireObject(name, state);
  if (c !== undefined)
    throw new TypeError(`"${name}.c" expected none, got ${describe(c)}: it is for cell "lstm"`);
  return requireFloat32Array(`${name}.h`, h, batch * H, `[L*D=1, B=${batch}, H=${H}]`);
}

function requireClasses(value: unknown, T: number, B: number, O: number): Goal {
  const array = requireInt32Array("target.classes", value, T * B, `[T=${T}, B=${B}]`);
  let count = 0;
  for (let i = 0; i < array.length; i++) {
    if (!(array[i] >= -1 && array[i] < O)) {
      throw new RangeError(
        `"target.classes" expected classes from 0 to ${O - 1}, or -1 for none, got ${array[i]} at ${i}`,
      );
    }
    if (array[i] >= 0) count++;
  }
  return { kind: "classes", array, count };
}

/** The targets of a window of T steps and B sequences. */
export function requireTarget(
  target: Target,
  { steps: T, batch: B }: { steps: number; batch: number },
  { outputSize: O }: CompleteOptions,
): Goal {
  const given = requireObject("target", target);
  const kind = requireOneOf("target", given, ["classes", "values", "gradient"]);
  if (kind === "classes") return requireClasses(given.classes, T, B, O);
  const array = requireFloat32Array(`target.${kind}`, given[kind], T * B * O, `[T=${T}, B=${B}, O=${O}]`);
  if (kind === "gradient") return { kind, array, count: array.length };
  let count = 0;
  for (let i = 0; i < array.length; i++) if (!Number.isNaN(array[i])) count++;
  return { kind, array, count };
}
