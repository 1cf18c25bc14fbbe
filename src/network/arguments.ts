/** Checks sequences, states and targets that a caller hands in against the network they are for. */

import {
  describe,
  requireFloat32Array,
  requireInt32Array,
  requireInteger,
  requireLength,
  requireObject,
} from "../errors.js";
import { cells, quotedCells } from "./cells/by-name.js";
import { directionsOf } from "./sizes.js";
import type { CompleteOptions, Sequence, SessionOptions, State, StepInput } from "./types.js";
import { givenResets, type Inputs, type Tokens } from "./model/batch.js";

/** The largest size: beyond it, sizes and counts would not be 32-bit integers. */
export const LARGEST = 0x7fff_ffff;

/**
 * Returns the array itself, or a plain copy where another thread may write to it or a subclass misstate its
 * length: the values that are checked must be the values that are used.
 */
export function settled(value: unknown): unknown {
  if (!ArrayBuffer.isView(value)) return value;
  for (const type of [Float32Array, Int32Array, Uint16Array, Uint8Array]) {
    if (!(value instanceof type)) continue;
    const plain = Object.getPrototypeOf(value) === type.prototype && value.buffer instanceof ArrayBuffer;
    return plain ? value : new type(value);
  }
  return value;
}

export function isTokens(value: unknown): value is Tokens {
  return (
    ArrayBuffer.isView(value) &&
    (value instanceof Uint8Array || value instanceof Uint16Array || value instanceof Int32Array)
  );
}

function requireTokenArray(name: string, given: unknown, length: number, shape: string): Tokens {
  const value = settled(given);
  if (!isTokens(value)) {
    throw new TypeError(`"${name}" expected a Uint8Array, Uint16Array or Int32Array, got ${describe(given)}`);
  }
  requireLength(name, value.length, length, shape);
  return value;
}

function requireTokenRange(name: string, tokens: Tokens, inputSize: number): void {
  for (let i = 0; i < tokens.length; i++) {
    if (!(tokens[i] >= 0 && tokens[i] < inputSize)) {
      throw new RangeError(`"${name}" expected tokens from 0 to ${inputSize - 1}, got ${tokens[i]} at ${i}`);
    }
  }
}

export function requireTokens(
  name: string,
  value: unknown,
  length: number,
  shape: string,
  inputSize: number,
): Tokens {
  const tokens = requireTokenArray(name, value, length, shape);
  requireTokenRange(name, tokens, inputSize);
  return tokens;
}

/** Throws a RangeError, with the place, for an array in which a number is not finite. */
function requireFinite(name: string, array: Float32Array): void {
  // x − x is 0, or NaN where x is not finite; four sums, as one would wait for each addition.
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = array.length - (array.length % 4);
  for (let i = 0; i < whole; i += 4) {
    a += array[i] - array[i];
    b += array[i + 1] - array[i + 1];
    c += array[i + 2] - array[i + 2];
    d += array[i + 3] - array[i + 3];
  }
  for (let i = whole; i < array.length; i++) a += array[i] - array[i];
  if (a + b + c + d === 0) return;
  const at = array.findIndex((x) => !Number.isFinite(x));
  throw new RangeError(`"${name}" expected finite numbers, got ${array[at]} at ${at}`);
}

/** Returns the one field that is given; a TypeError names the fields if there are none or several. */
export function requireOneOf<Field extends string>(
  name: string,
  given: Partial<Record<Field, unknown>>,
  fields: readonly Field[],
): Field {
  const present = fields.filter((field) => given[field] !== undefined);
  if (present.length === 1) return present[0];
  const came = present.length === 0 ? "none" : present.join(" and ");
  throw new TypeError(`"${name}" expected exactly one of ${fields.join(", ")}, got ${came}`);
}

/** Returns a copy with `padding` past each sequence's length; without lengths, the values themselves. */
export function withPadding<Values extends Tokens | Float32Array | Int32Array>(
  values: Values,
  lengths: Int32Array | undefined,
  T: number,
  padding: number,
): Values {
  if (lengths === undefined) return values;
  const B = lengths.length;
  const width = values.length / (T * B);
  const copy = values.slice();
  for (let b = 0; b < B; b++) {
    for (let t = lengths[b]; t < T; t++) copy.fill(padding, (t * B + b) * width, (t * B + b + 1) * width);
  }
  return copy as Values;
}

export function requireLengths(
  name: string,
  value: unknown,
  T: number,
  B: number,
  least: 0 | 1,
): Int32Array | undefined {
  if (value === undefined) return undefined;
  const lengths = requireInt32Array(name, settled(value), B, `[B=${B}]`);
  for (let b = 0; b < B; b++) {
    if (!(lengths[b] >= least && lengths[b] <= T)) {
      throw new RangeError(`"${name}" expected lengths from ${least} to T=${T}, got ${lengths[b]} at ${b}`);
    }
  }
  // Lengths are copied, for they are read again when targets come; without padding there is nothing to mask.
  return lengths.some((length) => length < T) ? lengths.slice() : undefined;
}

/** Returns a checked array that says of each of `length` whether it begins anew, 1, or not, 0. */
export function requireResets(name: string, given: unknown, length: number, shape: string): Uint8Array {
  const value = settled(given);
  if (!(value instanceof Uint8Array && ArrayBuffer.isView(value)))
    throw new TypeError(`"${name}" expected a Uint8Array, got ${describe(given)}`);
  requireLength(name, value.length, length, shape);
  for (let i = 0; i < length; i++) {
    if (value[i] > 1) throw new RangeError(`"${name}" expected 0 or 1, got ${value[i]} at ${i}`);
  }
  return value;
}

/** Returns the checked resets of a sequence, [T, B], 0 past a length; undefined where all are 0. */
function sequenceResets(
  name: string,
  given: unknown,
  T: number,
  B: number,
  lengths: Int32Array | undefined,
): Uint8Array | undefined {
  if (given === undefined) return undefined;
  const resets = requireResets(name, given, T * B, `[T=${T}, B=${B}]`);
  return givenResets(withPadding(resets, lengths, T, 0));
}

/**
 * Returns the checked inputs; throws a TypeError or RangeError that calls the sequence `name`. `leastLength`
 * is 0 for steps that were cut out of a longer window.
 */
export function requireSequence(
  sequence: Sequence,
  options: CompleteOptions,
  name = "sequence",
  leastLength: 0 | 1 = 1,
): Inputs {
  const { inputSize: I, embeddingSize } = options;
  const given = requireObject(name, sequence);
  const T = requireInteger(`${name}.steps`, given.steps, 1, LARGEST);
  const B = requireInteger(`${name}.batch`, given.batch, 1, LARGEST);
  const kind = requireOneOf(name, given, ["tokens", "values"]);
  const lengths = requireLengths(`${name}.lengths`, given.lengths, T, B, leastLength);
  if (given.resets !== undefined && options.output === "sequence")
    throw new RangeError(`"${name}.resets" expected none for a network with one output a sequence`);
  const resets = sequenceResets(`${name}.resets`, given.resets, T, B, lengths);
  if (kind === "values") {
    if (embeddingSize > 0) {
      throw new RangeError(`"${name}" expected tokens, which the network's embedding is for, got values`);
    }
    const shape = `[T=${T}, B=${B}, I=${I}]`;
    const values = requireFloat32Array(`${name}.values`, settled(given.values), T * B * I, shape);
    const array = withPadding(values, lengths, T, 0);
    requireFinite(`${name}.values`, array);
    return { steps: T, batch: B, kind, array, lengths, resets };
  }
  const tokens = requireTokenArray(`${name}.tokens`, given.tokens, T * B, `[T=${T}, B=${B}]`);
  const array = withPadding(tokens, lengths, T, 0);
  requireTokenRange(`${name}.tokens`, array, I);
  return { steps: T, batch: B, kind, array, lengths, resets };
}

/** Returns the checked inputs of one step of a session; throws a TypeError or RangeError. */
export function requireStepInput(input: StepInput, batch: number, options: CompleteOptions): Inputs {
  const { inputSize: I, embeddingSize } = options;
  const step = { steps: 1, batch, lengths: undefined, resets: undefined };
  if (embeddingSize > 0 && input instanceof Float32Array) {
    throw new TypeError(
      `"input" expected tokens, which the network's embedding is for, got ${describe(input)}`,
    );
  }
  if (typeof input === "number") {
    if (batch !== 1)
      throw new RangeError(`"input" expected ${batch} tokens ([B=${batch}]), got the number ${input}`);
    return { ...step, kind: "tokens", array: Int32Array.of(requireInteger("input", input, 0, I - 1)) };
  }
  if (input instanceof Float32Array) {
    const array = requireFloat32Array("input", settled(input), batch * I, `[B=${batch}, I=${I}]`);
    requireFinite("input", array);
    return { ...step, kind: "values", array };
  }
  if (!isTokens(input)) {
    throw new TypeError(
      `"input" expected a token, a Uint8Array, Uint16Array or Int32Array of tokens, or a Float32Array of values, ` +
        `got ${describe(input)}`,
    );
  }
  return { ...step, kind: "tokens", array: requireTokens("input", input, batch, `[B=${batch}]`, I) };
}

/** Returns one checked part of a state, [L*D, B, H]. */
function requireStatePart(
  name: string,
  value: unknown,
  batch: number,
  options: CompleteOptions,
): Float32Array {
  const [LD, H] = [options.layers * directionsOf(options), options.hiddenSize];
  return requireFloat32Array(name, settled(value), LD * batch * H, `[L*D=${LD}, B=${batch}, H=${H}]`);
}

/** Returns a state of zeros for all layers and directions. */
export function zeroState(batch: number, options: CompleteOptions): State {
  const length = options.layers * directionsOf(options) * batch * options.hiddenSize;
  const h = new Float32Array(length);
  return cells[options.cell].hasCellState ? { h, c: new Float32Array(length) } : { h };
}

/** Returns the checked state; undefined stands for zeros. Throws a TypeError or RangeError with `name`. */
export function requireState(
  name: string,
  state: State | undefined,
  batch: number,
  options: CompleteOptions,
): State | undefined {
  if (state === undefined) return undefined;
  const given = requireObject(name, state);
  const h = requireStatePart(`${name}.h`, given.h, batch, options);
  if (cells[options.cell].hasCellState) {
    return { h, c: requireStatePart(`${name}.c`, given.c, batch, options) };
  }
  if (given.c !== undefined) {
    const others = quotedCells(({ hasCellState }) => hasCellState);
    throw new TypeError(`"${name}.c" expected none, got ${describe(given.c)}: it is for cell ${others}`);
  }
  return { h };
}

/** Returns a checked gradient of a state, in which all numbers are finite; undefined stands for zeros. */
export function requireStateGradient(
  name: string,
  gradient: State | undefined,
  batch: number,
  options: CompleteOptions,
): State | undefined {
  const checked = requireState(name, gradient, batch, options);
  if (checked !== undefined) requireFinite(`${name}.h`, checked.h);
  if (checked?.c !== undefined) requireFinite(`${name}.c`, checked.c);
  return checked;
}

/** Returns a session's batch size, which the state may imply, and its checked initial state. */
export function requireSessionStart(
  { batch, state }: SessionOptions,
  options: CompleteOptions,
): { batch: number; state: State | undefined } {
  const given: unknown = state?.h;
  const rowBytes = 4 * options.layers * options.hiddenSize;
  const implied = ArrayBuffer.isView(given) ? Math.max(1, Math.ceil(given.byteLength / rowBytes)) : 1;
  const B = requireInteger("options.batch", batch === undefined ? implied : batch, 1, LARGEST);
  return { batch: B, state: requireState("options.state", state, B, options) };
}
