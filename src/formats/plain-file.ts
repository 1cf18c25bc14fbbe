/** Keeps plain data in a safetensors file: its arrays as tensors, all else as JSON in the metadata. */

import { describe, FormatError } from "../errors.js";
import type { PlainArray, PlainData } from "../plain-data.js";
import {
  readArray,
  parseSafetensors,
  typeOfArray,
  encodeSafetensors,
  type TensorSource,
} from "./safetensors.js";
import { StrictJson, type JsonValue } from "./strict-json.js";

/** How deep lists and objects may be nested. */
const DEPTH = 32;
/** How many values there may be in the JSON, marks and lists included: they take up to 30 MB. Numbers by the million are arrays. */
const MOST_VALUES = 100_000;

/** Marks an object of one member that stands for what JSON has not; a caller's name that begins so gets one more. */
const MARK = "$";
const TENSOR = "$tensor";
const NUMBER = "$number";
const NUMBERS: ReadonlyMap<string, number> = new Map([
  ["NaN", NaN],
  ["Infinity", Infinity],
  ["-Infinity", -Infinity],
  ["-0", -0],
]);

/** Keys of the metadata of one kind of file. */
export interface PlainFormat {
  /** Holds the version. */
  readonly key: string;
  readonly version: string;
  /** Holds the JSON. */
  readonly data: string;
  /** What the file is, for the message about one that is none. */
  readonly what: string;
}

/** What becomes of plain data besides its JSON. */
interface Collected {
  readonly arrays: Map<string, PlainArray>;
  /** How many values the JSON has. */
  values: number;
}

/** Returns a mark's object, which is two values. */
function marked(mark: string, value: string, collected: Collected): unknown {
  collected.values++;
  return { [mark]: value };
}

/**
 * Returns the file's JSON, and collects the arrays. Throws a TypeError for what is no plain data, with its place, and a RangeError
 * for more values than a file may have.
 */
function toJson(place: string, value: PlainData, collected: Collected, depth = DEPTH): unknown {
  if (++collected.values > MOST_VALUES)
    throw new RangeError(
      `"${place}" expected at most ${MOST_VALUES} values outside of typed arrays, got more`,
    );
  const { arrays } = collected;
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") {
    return Number.isFinite(value) && !Object.is(value, -0)
      ? value
      : marked(NUMBER, Object.is(value, -0) ? "-0" : String(value), collected);
  }
  if (typeOfArray(value) !== undefined) {
    let name = place;
    for (let i = 2; arrays.has(name); i++) name = `${place} ${i}`;
    arrays.set(name, value as PlainArray);
    return marked(TENSOR, name, collected);
  }
  if (depth === 0) throw new TypeError(`"${place}" expected nothing nested deeper than ${DEPTH}`);
  if (Array.isArray(value)) {
    const items: readonly PlainData[] = value;
    return items.map((item, i) => toJson(`${place}.${i}`, item, collected, depth - 1));
  }
  const prototype: unknown = typeof value === "object" ? Object.getPrototypeOf(value) : undefined;
  if (typeof value !== "object" || (prototype !== null && prototype !== Object.prototype))
    throw new TypeError(
      `"${place}" expected numbers, texts, booleans, null, typed arrays, lists and plain objects, got ${describe(value)}`,
    );
  const members: [string, unknown][] = [];
  for (const [name, member] of Object.entries<PlainData>(value)) {
    if (member === undefined) continue;
    members.push([
      name.startsWith(MARK) ? MARK + name : name,
      toJson(`${place}.${name}`, member, collected, depth - 1),
    ]);
  }
  return Object.fromEntries(members);
}

/**
 * Returns the file. Throws a TypeError for what is no plain data, and a RangeError for more values than a file may have; `place` is
 * the value's name in these messages.
 */
export function writePlainFile(
  { key, version, data }: PlainFormat,
  place: string,
  value: PlainData,
): Uint8Array {
  const arrays = new Map<string, PlainArray>();
  const json = JSON.stringify(toJson(place, value, { arrays, values: 0 }));
  const tensors = [...arrays].map(([name, array]): TensorSource => ({
    name,
    shape: [array.length],
    dtype: typeOfArray(array) ?? "F32",
    read: () => array,
  }));
  return encodeSafetensors(
    tensors,
    new Map([
      [key, version],
      [data, json],
    ]),
  );
}

/** Returns what stands for the JSON. Throws a FormatError for a mark that means nothing. */
function fromJson(place: string, value: JsonValue, take: (name: string) => PlainArray): PlainData {
  if (Array.isArray(value)) {
    const items: readonly JsonValue[] = value;
    return items.map((item) => fromJson(place, item, take));
  }
  if (!(value instanceof Map)) return value as PlainData;
  const members: ReadonlyMap<string, JsonValue> = value;
  const [first] = members;
  if (members.size === 1 && first[0].startsWith(MARK) && !first[0].startsWith(MARK + MARK)) {
    const [mark, meaning] = first;
    if (mark === TENSOR && typeof meaning === "string") return take(meaning);
    const number = typeof meaning === "string" ? NUMBERS.get(meaning) : undefined;
    if (mark === NUMBER && number !== undefined) return number;
    throw new FormatError(`${place}: expected ${TENSOR} or ${NUMBER} with its value, got ${describe(mark)}`);
  }
  const entries = [...members].map(([name, member]): [string, PlainData] => [
    name.startsWith(MARK) ? name.slice(1) : name,
    fromJson(place, member, take),
  ]);
  return Object.fromEntries(entries);
}

/** Reads a file of `writePlainFile`; throws a FormatError for any other, and for one of another kind. */
export function readPlainFile(
  { key, version, data: dataKey, what }: PlainFormat,
  bytes: Uint8Array,
): PlainData {
  const { metadata, tensors, data } = parseSafetensors(bytes);
  const found = metadata.get(key);
  if (found !== version) {
    const came = found === undefined ? `none: not ${what}` : describe(found);
    throw new FormatError(`metadata "${key}" expected "${version}", the version understood, got ${came}`);
  }
  const place = `metadata "${dataKey}"`;
  const text = metadata.get(dataKey);
  if (text === undefined) throw new FormatError(`${place} expected JSON, got none`);
  const json = new StrictJson(new TextEncoder().encode(text), place);
  const value = json.readAny(2 * DEPTH, MOST_VALUES);
  json.finish();
  const left = new Map(tensors);
  const plain = fromJson(place, value, (name) => {
    const tensor = left.get(name);
    if (tensor === undefined)
      throw new FormatError(`${place}: expected a tensor ${describe(name)}, got none`);
    left.delete(name);
    const array = readArray(data, tensor);
    if (array !== undefined && tensor.shape.length === 1) return array;
    throw new FormatError(
      `tensor ${describe(name)} expected a list of numbers, got ${tensor.dtype} [${tensor.shape.join(", ")}]`,
    );
  });
  for (const name of left.keys())
    throw new FormatError(`tensor ${describe(name)} expected none of this name, got one`);
  return plain;
}
