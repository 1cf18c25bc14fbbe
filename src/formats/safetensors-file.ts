/** Reads and writes safetensors files of any program's, as plain tensors: the public face of `safetensors.ts`. */

import { describe, requireInteger, requireOptions } from "../errors.js";
import { requireMetadata, requireWellFormed } from "./metadata.js";
import {
  countBytes,
  createFile,
  DTYPES,
  encodeSafetensors,
  METADATA,
  MOST_DIMENSIONS,
  parseSafetensors,
  type TensorSource,
} from "./safetensors.js";
import { MOST_MEMBERS } from "./strict-json.js";

/** A tensor of a safetensors file. */
export interface SafetensorsTensor {
  /** The type of its elements: BOOL, U8, I8, F8_E5M2, F8_E4M3, I16, U16, F16, BF16, I32, U32, F32, I64, U64 or F64. */
  dtype: string;
  /** At most 8 sizes; none of a scalar. */
  shape: number[];
  /** The elements' bytes as they stand in the file: row-major, little-endian. */
  data: Uint8Array;
}

/** What a safetensors file holds. */
export interface SafetensorsFile {
  /** Tensors by name, in the order of the file's header. */
  tensors: Map<string, SafetensorsTensor>;
  metadata: Record<string, string>;
}

/**
 * Reads a safetensors file (github.com/huggingface/safetensors) strictly. Each `data` is a copy with a buffer of its own, so that
 * `new Float32Array(data.buffer)` has the values of an F32 tensor (on a little-endian machine, as nearly all are). Values are not
 * looked at. Throws a TypeError for bytes that are no Uint8Array; a FormatError that says what and where for anything that the
 * format does not allow, more than 8 sizes of a shape and more than 100,000 members of the header; an OutOfMemoryError.
 */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  const { metadata, tensors, data } = parseSafetensors(bytes);
  const copies = new Map<string, SafetensorsTensor>();
  for (const [name, { dtype, shape, begin, end }] of tensors) {
    const copy = createFile(end - begin);
    copy.set(data.subarray(begin, end));
    copies.set(name, { dtype, shape: [...shape], data: copy });
  }
  return { tensors: copies, metadata: Object.fromEntries(metadata) };
}

/** Has the getter of an array's true length, whatever a subclass says of it. */
const typedArray: object = Object.getPrototypeOf(Uint8Array.prototype) as object;

/** Returns a shape, each size read once; throws a TypeError or RangeError. */
function requireShape(name: string, shape: unknown): number[] {
  if (!Array.isArray(shape))
    throw new TypeError(`"${name}" expected an array of sizes, got ${describe(shape)}`);
  const sizes: readonly unknown[] = shape;
  if (sizes.length > MOST_DIMENSIONS)
    throw new RangeError(`"${name}" expected at most ${MOST_DIMENSIONS} sizes, got ${sizes.length}`);
  return Array.from(sizes, (size, i) => requireInteger(`${name}[${i}]`, size, 0));
}

function requireTensor(
  key: unknown,
  tensor: { readonly dtype: string; readonly shape: readonly number[]; readonly data: Uint8Array },
): TensorSource {
  if (typeof key !== "string") throw new TypeError(`"tensors" expected names of text, got ${describe(key)}`);
  requireWellFormed(`"tensors" name ${describe(key)}`, key);
  if (key === METADATA)
    throw new RangeError(
      `"tensors" name "${METADATA}" expected another: the format keeps it for the metadata`,
    );
  const place = `tensors.${key}`;
  const given = requireOptions(place, tensor, ["dtype", "shape", "data"]);
  const dtype: unknown = given.dtype;
  const data: unknown = given.data;
  const known = [...DTYPES.keys()].join(", ");
  if (typeof dtype !== "string")
    throw new TypeError(`"${place}.dtype" expected one of ${known}, got ${describe(dtype)}`);
  const width = DTYPES.get(dtype);
  if (width === undefined)
    throw new RangeError(`"${place}.dtype" expected one of ${known}, got ${describe(dtype)}`);
  const shape = requireShape(`${place}.shape`, given.shape);
  const bytes = countBytes(width, shape);
  const sizes = `${dtype} [${shape.join(", ")}]`;
  if (Number.isNaN(bytes))
    throw new RangeError(`"${place}.shape" expected at most 2^53 − 1 bytes, got ${sizes}`);
  if (!(data instanceof Uint8Array && ArrayBuffer.isView(data)))
    throw new TypeError(`"${place}.data" expected a Uint8Array, got ${describe(data)}`);
  const length: unknown = Reflect.get(typedArray, "length", data);
  if (length !== bytes)
    throw new RangeError(`"${place}.data" expected ${bytes} bytes (${sizes}), got ${describe(length)}`);
  // Of a detached buffer there is no view, and none is needed.
  return { name: key, dtype, shape, read: () => (bytes === 0 ? new Uint8Array() : new Uint8Array(data)) };
}

/**
 * Returns a safetensors file of the tensors, in order; `readSafetensors` gives back what it was given, and so does Python's
 * `safetensors`. Throws a TypeError or RangeError that names the tensor and field for another type than the format's, for `data` of
 * another length than type and shape need, and for a name that is not well-formed Unicode or is "__metadata__"; the same of texts
 * in `metadata`; a RangeError for more than 100,000 tensors; an OutOfMemoryError.
 */
export function writeSafetensors(
  tensors: ReadonlyMap<
    string,
    { readonly dtype: string; readonly shape: readonly number[]; readonly data: Uint8Array }
  >,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const given: unknown = tensors;
  if (!(given instanceof Map)) throw new TypeError(`"tensors" expected a Map, got ${describe(given)}`);
  const texts = requireMetadata(metadata);
  const room = MOST_MEMBERS - (texts.size > 0 ? 1 : 0);
  if (tensors.size > room)
    throw new RangeError(`"tensors" expected at most ${room} tensors, got ${tensors.size}`);
  return encodeSafetensors(
    Array.from(tensors, ([name, tensor]) => requireTensor(name, tensor)),
    texts,
  );
}
