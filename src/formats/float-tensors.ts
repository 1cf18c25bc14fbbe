/** Reads tensors of floating-point numbers of any size as float32. */

import { FormatError } from "../errors.js";
import { createResult } from "../network/model/transfer.js";
import { widenBrainFloats, widenHalves } from "./half.js";
import { readArray, readFloats, type StoredTensor } from "./safetensors.js";

/** The types of floating-point numbers that are read. */
export const floatTypes: readonly string[] = ["F32", "F64", "F16", "BF16"];

/** Names a tensor's type and shape, for messages. */
export function describeTensor(tensor: StoredTensor | undefined): string {
  return tensor === undefined ? "none" : `${tensor.dtype} [${tensor.shape.join(", ")}]`;
}

/** The most characters of a tensor's name in a message; names are paths through a model. */
const LONGEST_NAME = 200;

/** Quotes a tensor's name for a message. */
export function quoteName(name: string): string {
  return JSON.stringify(name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name);
}

/** Returns the nearest float32 numbers; throws a FormatError for a finite one that has none. */
function narrowDoubles(name: string, doubles: Float64Array): Float32Array {
  const values = createResult(name, doubles.length);
  values.set(doubles);
  const at = values.findIndex((value, i) => !Number.isFinite(value) && Number.isFinite(doubles[i]));
  if (at < 0) return values;
  throw new FormatError(
    `tensor ${quoteName(name)} expected numbers of float32's range, got ${doubles[at]} at ${at}`,
  );
}

/**
 * Returns the values of a tensor of one of `floatTypes`: bit for bit of F32, exactly of F16 and BF16, rounded of F64. NaN and
 * infinities stay what they are. Throws a FormatError for another type, and for a finite F64 beyond the range of float32.
 */
export function readAsFloats(data: Uint8Array, tensor: StoredTensor): Float32Array {
  const { name, dtype } = tensor;
  if (dtype === "F32") return readFloats(data, tensor);
  const array = dtype === "F64" ? readArray(data, tensor) : undefined;
  if (array instanceof Float64Array) return narrowDoubles(name, array);
  const halves = ["F16", "BF16"].includes(dtype) ? readArray(data, { ...tensor, dtype: "U16" }) : undefined;
  if (halves instanceof Uint16Array) return dtype === "F16" ? widenHalves(halves) : widenBrainFloats(halves);
  throw new FormatError(`tensor ${quoteName(name)} expected ${floatTypes.join(", ")}, got ${dtype}`);
}
