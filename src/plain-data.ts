/** Defines plain data, what checkpoints are made of, and reads it strictly. */

import { describe, FormatError } from "./errors.js";

export type PlainArray =
  Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array | Float32Array | Float64Array;

/**
 * Data that can be kept in a file and read again as it was: typed arrays, numbers (NaN and infinities too), texts, booleans, null,
 * and lists and plain objects of such. A field that is undefined is left out. A file has room for 100,000 values, a typed array
 * counting as two, however long it is.
 */
export type PlainData =
  | null
  | undefined
  | boolean
  | number
  | string
  | PlainArray
  | readonly PlainData[]
  | { readonly [name: string]: PlainData };

const made = new WeakMap<object, PlainData>();

/** Notes what an object that hides its options was made with, so that ranks of a cluster can compare theirs. */
export function keepOptions<Made extends object>(object: Made, options: PlainData): Made {
  made.set(object, options);
  return object;
}

/** Returns what an object was made with; undefined where nobody noted it. */
export function keptOptions(object: object): PlainData {
  return made.get(object);
}

/** Reads plain data that comes from a file: whatever is not as it must be is a FormatError that says where it stands. */
export class PlainReader {
  /** The path of the value, for messages. */
  readonly place: string;
  readonly value: unknown;

  constructor(place: string, value: unknown) {
    this.place = place;
    this.value = value;
  }

  /** Whether there is a value. */
  get given(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  fail(expected: string, came: unknown = this.value): never {
    throw new FormatError(`"${this.place}" expected ${expected}, got ${describe(came)}`);
  }

  /** Reads a member of an object; the member need not be there. */
  field(name: string): PlainReader {
    const { value } = this;
    if (typeof value !== "object" || value === null || Array.isArray(value) || ArrayBuffer.isView(value))
      this.fail("an object");
    const member: unknown = Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
    return new PlainReader(`${this.place}.${name}`, member);
  }

  list(): PlainReader[] {
    if (!Array.isArray(this.value)) this.fail("a list");
    return this.value.map((item: unknown, i) => new PlainReader(`${this.place}[${i}]`, item));
  }

  /** Reads an integer from `least` to `most`. */
  integer(least = 0, most = Number.MAX_SAFE_INTEGER): number {
    const { value } = this;
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most)
      return value;
    return this.fail(`an integer from ${least} to ${most}`);
  }

  /** Reads any number, NaN and infinities too. */
  number(): number {
    return typeof this.value === "number" ? this.value : this.fail("a number");
  }

  boolean(): boolean {
    return typeof this.value === "boolean" ? this.value : this.fail("true or false");
  }

  text(): string {
    return typeof this.value === "string" ? this.value : this.fail("a text");
  }

  floats(length: number): Float32Array {
    const { value } = this;
    if (value instanceof Float32Array && value.length === length) return value;
    return this.fail(`a Float32Array(${length})`);
  }

  ints(length: number): Int32Array {
    const { value } = this;
    if (value instanceof Int32Array && value.length === length) return value;
    return this.fail(`an Int32Array(${length})`);
  }

  doubles(length: number): Float64Array {
    const { value } = this;
    if (value instanceof Float64Array && value.length === length) return value;
    return this.fail(`a Float64Array(${length})`);
  }

  /** Reads the state of a random generator: four words of 32 bits, not all 0. */
  words(): readonly number[] {
    const { value } = this;
    if (value instanceof Uint32Array && value.length === 4 && value.some((word) => word > 0))
      return [...value];
    return this.fail("a Uint32Array(4), not all 0");
  }

  bytes(length?: number): Uint8Array {
    const { value } = this;
    if (value instanceof Uint8Array && (length === undefined || value.length === length)) return value;
    return this.fail(`a Uint8Array${length === undefined ? "" : `(${length})`}`);
  }
}
