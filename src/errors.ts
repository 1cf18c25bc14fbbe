/** Errors of the project's own, and the checks at the public edge: each message names the argument, what was expected and what came. */

/** A call at the wrong time: `backward` without a forward, an optimizer on another network, … */
export class InvalidStateError extends Error {
  override readonly name: string = "InvalidStateError";
}

/** A call on something that was disposed of. */
export class DisposedError extends InvalidStateError {
  override readonly name: string = "DisposedError";
}

/** A loss or gradient norm that is not finite ended training; the parameters are the last that gave finite ones. */
export class DivergenceError extends Error {
  override readonly name = "DivergenceError";
  /** Updates done before the one that diverged. */
  readonly step: number;
  /** The loss of the last update whose loss and gradient norm were finite; NaN when there was none. */
  readonly lastFiniteLoss: number;

  /** `kept`: what became of the parameters. */
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

/** A file that is not what it should be. */
export class FormatError extends Error {
  override readonly name = "FormatError";
}

/** The engine gave no more memory; nothing was changed. */
export class OutOfMemoryError extends RangeError {
  override readonly name = "OutOfMemoryError";
}

/** What came, in a few words: `NaN`, `"lstn"`, `Float64Array(3)`, `an object`. */
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

/** An integer in [least, most]. */
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

/** Bounds of a number: `[least, most]`, either end left out where `above` or `below` stands instead. */
export interface Bounds {
  least?: number;
  above?: number;
  most?: number;
  below?: number;
}

/** A finite number within the bounds. */
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

export function requireBoolean(name: string, value: unknown): boolean {
  if (typeof value !== "boolean")
    throw new TypeError(`"${name}" expected true or false, got ${describe(value)}`);
  return value;
}

/** One of the given words. */
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

/** An object of options; `undefined` counts as an empty one when the options are optional. */
export function requireObject<Shape extends object>(name: string, value: Shape | null | undefined): Shape {
  if (typeof value !== "object" || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
    throw new TypeError(`"${name}" expected an object, got ${describe(value)}`);
  }
  return value;
}

/** An object with the given methods, said to be `what`. */
export function requireMethods(name: string, what: string, value: unknown, methods: readonly string[]): void {
  const has = (method: string): boolean =>
    typeof value === "object" && value !== null && typeof Reflect.get(value, method) === "function";
  if (!methods.every(has)) throw new TypeError(`"${name}" expected ${what}, got ${describe(value)}`);
}

/** A Float32Array with as many values as the shape says; `shape` is for the message, like `[T=64, B=32]`. */
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

/** An Int32Array with as many values as the shape says. */
export function requireInt32Array(name: string, value: unknown, length: number, shape: string): Int32Array {
  if (!(value instanceof Int32Array && ArrayBuffer.isView(value)))
    throw new TypeError(`"${name}" expected an Int32Array, got ${describe(value)}`);
  requireLength(name, value.length, length, shape);
  return value;
}

export function requireLength(name: string, came: number, expected: number, shape: string): void {
  if (came !== expected) {
    throw new RangeError(`"${name}" expected ${expected} values (${shape}), got ${came}`);
  }
}
