/**
 * Defines the project's errors and checks. Each message names the argument, what was expected and what came.
 */

/** Signals a call at the wrong time: `backward` without a forward, an optimizer on another network, … */
export class InvalidStateError extends Error {
  override readonly name: string = "InvalidStateError";
}

/** Signals a call on something that was disposed of. */
export class DisposedError extends InvalidStateError {
  override readonly name: string = "DisposedError";
}

/**
 * Signals that a loss or gradient norm was not finite, which ended training. The parameters are the last that
 * gave finite ones.
 */
export class DivergenceError extends Error {
  override readonly name = "DivergenceError";
  /** Number of updates done before the one that diverged. */
  readonly step: number;
  /** Loss of the last update whose loss and gradient norm were finite; NaN when there was none. */
  readonly lastFiniteLoss: number;

  /** Builds the message of what was not finite, `what`, and what became of the parameters, `kept`. */
  constructor(
    step: number,
    lastFiniteLoss: number,
    what: string,
    kept = "The parameters are those that gave it",
  ) {
    super(
      `training diverged at step ${step}: ${what}; the last finite loss was ${lastFiniteLoss}. ` +
        `${kept}; try a lower learning rate or clipNorm`,
    );
    this.step = step;
    this.lastFiniteLoss = lastFiniteLoss;
  }
}

/** Signals that a file's contents are not in the expected format. */
export class FormatError extends Error {
  override readonly name = "FormatError";
}

/** Signals that the engine gave no more memory; nothing was changed. */
export class OutOfMemoryError extends RangeError {
  override readonly name = "OutOfMemoryError";
}

/** Describes a value in a few words, for a message: `NaN`, `"lstn"`, `Float64Array(3)`, `an object`. */
export function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (Object.is(value, -0)) return "-0";
  if (value === null || value === undefined || typeof value === "number" || typeof value === "boolean")
    return String(value);
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (ArrayBuffer.isView(value)) {
    const length = "length" in value && typeof value.length === "number" ? `(${value.length})` : "";
    return value.constructor.name + length;
  }
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/**
 * Returns an integer in [least, most]. Throws a TypeError for another type, a RangeError for another number.
 */
export function requireInteger(
  name: string,
  value: unknown,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): number {
  if (typeof value !== "number") throw new TypeError(`"${name}" expected an integer, got ${describe(value)}`);
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new RangeError(`"${name}" expected an integer ${range}, got ${describe(value)}`);
  }
  return value + 0; // -0 becomes 0
}

/** Bounds a number to `[least, most]`; `above` and `below` leave out an end. Default: no bounds. */
export interface Bounds {
  least?: number;
  above?: number;
  most?: number;
  below?: number;
}

/** Returns a finite number within the bounds. Throws a TypeError or, for another number, a RangeError. */
export function requireNumber(name: string, value: unknown, bounds: Bounds = {}): number {
  if (typeof value !== "number") throw new TypeError(`"${name}" expected a number, got ${describe(value)}`);
  const { least = -Infinity, above = -Infinity, most = Infinity, below = Infinity } = bounds;
  if (!Number.isFinite(value) || value < least || value <= above || value > most || value >= below) {
    const words = [
      bounds.least !== undefined ? `at least ${bounds.least}` : "",
      bounds.above !== undefined ? `above ${bounds.above}` : "",
      bounds.most !== undefined ? `at most ${bounds.most}` : "",
      bounds.below !== undefined ? `below ${bounds.below}` : "",
    ].filter((word) => word !== "");
    throw new RangeError(
      `"${name}" expected a finite number ${words.join(" and ")}`.trimEnd() + `, got ${describe(value)}`,
    );
  }
  return value + 0; // -0 becomes 0
}

/** Returns a boolean. Throws a TypeError for another type. */
export function requireBoolean(name: string, value: unknown): boolean {
  if (typeof value !== "boolean")
    throw new TypeError(`"${name}" expected true or false, got ${describe(value)}`);
  return value;
}

/** Returns one of the given words. Throws a TypeError for another type and a RangeError for another word. */
export function requireChoice<Word extends string>(
  name: string,
  value: unknown,
  choices: readonly Word[],
): Word {
  const list = choices.map((word) => JSON.stringify(word)).join(" or ");
  if (typeof value !== "string") throw new TypeError(`"${name}" expected ${list}, got ${describe(value)}`);
  const found = choices.find((word) => word === value);
  if (found === undefined) throw new RangeError(`"${name}" expected ${list}, got ${describe(value)}`);
  return found;
}

/** Returns an object that is no array. Throws a TypeError for others. */
export function requireObject<Shape extends object>(name: string, value: Shape | null | undefined): Shape {
  if (typeof value !== "object" || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
    throw new TypeError(`"${name}" expected an object, got ${describe(value)}`);
  }
  return value;
}

/** Names what `names` leaves out of the fields of `Options`, so that such a list does not compile. */
type Complete<Options, Names extends readonly string[]> = [Exclude<keyof Options, Names[number]>] extends [
  never,
]
  ? unknown
  : { readonly missing: Exclude<keyof Options, Names[number]> };

/**
 * Returns the distance from a word to a name, both in lower case: Levenshtein's, but that a letter to insert costs
 * little, since people abbreviate (`lr` is near `learningRate`).
 */
function distance(word: string, name: string): number {
  let row = Array.from(name, (_, i) => 0.2 * (i + 1));
  for (let i = 0; i < word.length; i++) {
    let diagonal = i;
    let left = i + 1;
    row = row.map((above, j) => {
      left = Math.min(left + 0.2, above + 1, diagonal + (word[i] === name[j] ? 0 : 1));
      diagonal = above;
      return left;
    });
  }
  return row[name.length - 1];
}

/** Throws a TypeError for a field that is none of `names`, and says which of them is nearest. */
export function requireKnown(name: string, given: object, names: readonly string[]): void {
  for (const key of Object.keys(given)) {
    if (names.includes(key)) continue;
    const came = `got ${describe(key)}`;
    if (names.length === 0) throw new TypeError(`"${name}" expected no options, ${came}`);
    const distances = names.map((known) => distance(key.toLowerCase(), known.toLowerCase()));
    const nearest = names[distances.indexOf(Math.min(...distances))];
    throw new TypeError(`"${name}" expected ${names.join(" or ")}, ${came}: did you mean "${nearest}"?`);
  }
}

/** Returns an object that has no other fields than `names`, all that its type has. Throws a TypeError for others. */
export function requireOptions<
  Options extends object,
  const Names extends readonly (keyof Options & string)[],
>(name: string, value: Options | null | undefined, names: Names & Complete<Options, Names>): Options {
  const given = requireObject(name, value);
  requireKnown(name, given, names);
  return given;
}

/** Throws a TypeError unless the value is an object with the given methods; `what` says what was expected. */
export function requireMethods(name: string, what: string, value: unknown, methods: readonly string[]): void {
  const has = (method: string): boolean =>
    typeof value === "object" && value !== null && typeof Reflect.get(value, method) === "function";
  if (!methods.every(has)) throw new TypeError(`"${name}" expected ${what}, got ${describe(value)}`);
}

/**
 * Returns a Float32Array of the given length, which `shape` explains in messages, like `[T=64, B=32]`. Throws
 * a TypeError for another type and a RangeError for another length.
 */
export function requireFloat32Array(
  name: string,
  value: unknown,
  length: number,
  shape: string,
): Float32Array {
  // A proxy, or an object made from the prototype, is an instance without being an array.
  if (!(value instanceof Float32Array && ArrayBuffer.isView(value)))
    throw new TypeError(`"${name}" expected a Float32Array, got ${describe(value)}`);
  requireLength(name, value.length, length, shape);
  return value;
}

/** Returns an Int32Array of the given length. Throws a TypeError or, for another length, a RangeError. */
export function requireInt32Array(name: string, value: unknown, length: number, shape: string): Int32Array {
  if (!(value instanceof Int32Array && ArrayBuffer.isView(value)))
    throw new TypeError(`"${name}" expected an Int32Array, got ${describe(value)}`);
  requireLength(name, value.length, length, shape);
  return value;
}

/** Throws a RangeError unless an array has the expected length. */
export function requireLength(name: string, came: number, expected: number, shape: string): void {
  if (came !== expected) {
    throw new RangeError(`"${name}" expected ${expected} values (${shape}), got ${came}`);
  }
}
