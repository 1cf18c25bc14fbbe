/**
 * Reads and writes the safetensors format (github.com/huggingface/safetensors): eight bytes N, an unsigned
 * little-endian integer; N bytes of JSON that name each tensor's type, shape and place; then the tensors'
 * values, row-major and little-endian, without holes.
 */

import { describe, FormatError, OutOfMemoryError } from "../errors.js";
import type { PlainArray } from "../plain-data.js";
import { createResult } from "../network/model/transfer.js";
import { requireBytes } from "./plain-bytes.js";
import { StrictJson } from "./strict-json.js";

/** The most bytes of a header, as in the reference implementation. */
const LONGEST_HEADER = 100_000_000;
/** The most sizes of a shape that are read. */
export const MOST_DIMENSIONS = 8;
const PREFIX = 8;
/** The name of the header's member that is no tensor. */
export const METADATA = "__metadata__";

/** The types of whose elements JavaScript has arrays. */
const ARRAYS = {
  I8: Int8Array,
  U8: Uint8Array,
  I16: Int16Array,
  U16: Uint16Array,
  I32: Int32Array,
  U32: Uint32Array,
  F32: Float32Array,
  F64: Float64Array,
} as const;

type ArrayType = keyof typeof ARRAYS;

/** Bytes of an element, by type: all types that the format has. */
export const DTYPES: ReadonlyMap<string, number> = new Map(
  Object.entries({ BOOL: 1, U8: 1, I8: 1, F8_E5M2: 1, F8_E4M3: 1, I16: 2, U16: 2, F16: 2, BF16: 2 }).concat(
    Object.entries({ I32: 4, U32: 4, F32: 4, F64: 8, I64: 8, U64: 8 }),
  ),
);

/** Holds the header's entry for a tensor, whose bytes are [begin, end) of the file's data. */
export interface StoredTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface Safetensors {
  readonly metadata: ReadonlyMap<string, string>;
  /** Tensors by name, in the header's order. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** The bytes behind the header: a view of the file. */
  readonly data: Uint8Array;
}

/** Splits a file into the header and the data behind it. */
function splitFile(file: Uint8Array): { header: Uint8Array; data: Uint8Array } {
  if (file.length < PREFIX)
    throw new FormatError(`safetensors file: expected at least ${PREFIX} bytes, got ${file.length}`);
  const view = new DataView(file.buffer, file.byteOffset, PREFIX);
  const length = view.getUint32(0, true) + view.getUint32(4, true) * 0x1_0000_0000;
  const most = Math.min(LONGEST_HEADER, file.length - PREFIX);
  if (length > most) {
    throw new FormatError(
      `safetensors file: expected a header of at most ${most} bytes in a file of ${file.length}, got ${length}`,
    );
  }
  const header = file.subarray(PREFIX, PREFIX + length);
  if (header[0] !== 0x7b) {
    const came = length === 0 ? "nothing" : `byte 0x${header[0].toString(16).padStart(2, "0")}`;
    throw new FormatError(`safetensors header: expected { at its start, got ${came}`);
  }
  return { header, data: file.subarray(PREFIX + length) };
}

function fail(name: string, expected: string, came: unknown): never {
  throw new FormatError(`safetensors tensor ${describe(name)}: expected ${expected}, got ${describe(came)}`);
}

/** Returns the bytes of a tensor whose elements have `width`; NaN where that, or a part of the product, is no whole number. */
export function countBytes(width: number, shape: readonly number[]): number {
  return shape.reduce((product, size) => {
    const next = product * size;
    return Number.isSafeInteger(next) ? next : NaN;
  }, width);
}

/** Returns the number of bytes that the type and shape need. */
function bytesOf(name: string, dtype: string, shape: readonly number[]): number {
  const width = DTYPES.get(dtype);
  if (width === undefined) fail(name, `"dtype" to be one of ${[...DTYPES.keys()].join(", ")}`, dtype);
  const bytes = countBytes(width, shape);
  if (Number.isNaN(bytes)) fail(name, `a "shape" of at most 2^53 − 1 bytes`, `[${shape.join(", ")}]`);
  return bytes;
}

function readTensor(json: StrictJson, name: string): StoredTensor {
  let dtype: string | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  json.readObject((field) => {
    if (field === "dtype") dtype = json.readString();
    else if (field === "shape") shape = json.readSizes(MOST_DIMENSIONS);
    else if (field === "data_offsets") offsets = json.readSizes(2);
    else fail(name, `the members "dtype", "shape" and "data_offsets"`, field);
  });
  if (dtype === undefined) fail(name, `a member "dtype"`, dtype);
  if (shape === undefined) fail(name, `a member "shape"`, shape);
  if (offsets?.length !== 2) fail(name, `a member "data_offsets" of two sizes`, offsets);
  const [begin, end] = offsets;
  const bytes = bytesOf(name, dtype, shape);
  if (end - begin !== bytes) {
    fail(name, `"data_offsets" ${bytes} bytes apart (${dtype} [${shape.join(", ")}])`, `${begin} to ${end}`);
  }
  return { name, dtype, shape, begin, end };
}

/** Throws a FormatError unless every byte of the data belongs to exactly one tensor. */
function requireCover(tensors: readonly StoredTensor[], bytes: number): void {
  let covered = 0;
  for (const { name, begin, end } of tensors.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== covered) fail(name, `its data at ${covered}, without holes or overlaps`, begin);
    if (end > bytes) fail(name, `its data within the file's ${bytes} bytes of data`, end);
    covered = end;
  }
  if (covered !== bytes) {
    throw new FormatError(`safetensors file: expected ${covered} bytes of data, got ${bytes}`);
  }
}

/**
 * Reads a safetensors file strictly: anything that the format does not allow is a FormatError that says what
 * and where. Values are not looked at. `data` is a view of `bytes`, or of a copy where those are shared with
 * other threads.
 */
export function parseSafetensors(bytes: Uint8Array): Safetensors {
  const { header, data } = splitFile(requireBytes(bytes));
  const json = new StrictJson(header, "safetensors header");
  let metadata = new Map<string, string>();
  const tensors = new Map<string, StoredTensor>();
  json.readObject((name) => {
    if (name === METADATA) metadata = json.readObject(() => json.readString());
    else tensors.set(name, readTensor(json, name));
  });
  json.finish();
  requireCover([...tensors.values()], data.length);
  return { metadata, tensors, data };
}

/** Returns the values of a tensor of type F32, bit for bit. */
export function readFloats(data: Uint8Array, { begin, end }: StoredTensor): Float32Array {
  const values = createResult("values", (end - begin) / 4);
  const bytes = new Uint8Array(values.buffer);
  bytes.set(data.subarray(begin, end));
  if (!LITTLE_ENDIAN) swapBytes(bytes, 4);
  return values;
}

/** Returns the values of a tensor as an array of its type, bit for bit; undefined for a type that JavaScript has no array of. */
export function readArray(data: Uint8Array, { dtype, begin, end }: StoredTensor): PlainArray | undefined {
  if (!Object.hasOwn(ARRAYS, dtype)) return undefined;
  const bytes = createFile(end - begin);
  bytes.set(data.subarray(begin, end));
  const width = DTYPES.get(dtype) ?? 1;
  if (!LITTLE_ENDIAN) swapBytes(bytes, width);
  const { buffer } = bytes;
  return new ARRAYS[dtype as ArrayType](buffer);
}

/** Returns the type of an array's elements; undefined for an array of another kind. */
export function typeOfArray(array: unknown): string | undefined {
  return Object.entries(ARRAYS).find(([, type]) => array instanceof type)?.[0];
}

export const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Turns around the bytes of each element of `width` bytes. */
export function swapBytes(bytes: Uint8Array, width: number): void {
  for (let at = 0; at < bytes.length; at += width) bytes.subarray(at, at + width).reverse();
}

/** Describes a tensor to be stored; `read` is called when its values are written. */
export interface TensorSource {
  readonly name: string;
  readonly shape: readonly number[];
  /** The type of its elements; default F32. */
  readonly dtype?: string;
  read(): PlainArray;
}

function bytesFor({ name, dtype = "F32", shape }: TensorSource): number {
  return bytesOf(name, dtype, shape);
}

/** Encodes the header, padded with spaces so that the data begins at a multiple of eight bytes. */
function encodeHeader(tensors: readonly TensorSource[], metadata: ReadonlyMap<string, string>): Uint8Array {
  const texts = [...metadata].map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
  const members = texts.length > 0 ? [`"${METADATA}":{${texts.join()}}`] : [];
  let begin = 0;
  for (const tensor of tensors) {
    const end = begin + bytesFor(tensor);
    const entry = { dtype: tensor.dtype ?? "F32", shape: tensor.shape, data_offsets: [begin, end] };
    members.push(`${JSON.stringify(tensor.name)}:${JSON.stringify(entry)}`);
    begin = end;
  }
  const header = new TextEncoder().encode(`{${members.join()}}`);
  const padded = new Uint8Array(Math.ceil(header.length / 8) * 8).fill(0x20);
  padded.set(header);
  if (padded.length > LONGEST_HEADER) {
    throw new RangeError(
      `names and "metadata" expected so short that the header has at most ${LONGEST_HEADER} bytes, got ${padded.length}`,
    );
  }
  return padded;
}

/** Allocates bytes of a file; throws an OutOfMemoryError. */
export function createFile(bytes: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(bytes);
  } catch {
    throw new OutOfMemoryError(`out of memory: no room for a file of ${bytes} bytes`);
  }
}

/** Returns a safetensors file of the tensors, in order; texts must be well-formed Unicode. */
export function encodeSafetensors(
  tensors: readonly TensorSource[],
  metadata: ReadonlyMap<string, string>,
): Uint8Array {
  const header = encodeHeader(tensors, metadata);
  const bytes = tensors.reduce((sum, tensor) => sum + bytesFor(tensor), 0);
  const file = createFile(PREFIX + header.length + bytes);
  const view = new DataView(file.buffer);
  view.setUint32(0, header.length, true); // far below 2^32: the upper half stays 0
  file.set(header, PREFIX);
  let at = PREFIX + header.length;
  for (const tensor of tensors) {
    const { buffer, byteOffset, byteLength, BYTES_PER_ELEMENT } = tensor.read();
    file.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    if (!LITTLE_ENDIAN) swapBytes(file.subarray(at, at + byteLength), BYTES_PER_ELEMENT);
    at += byteLength;
  }
  return file;
}
