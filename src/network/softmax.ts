import { describe, requireInteger, requireFloat32Array } from "../errors.js";
import { engineFor } from "../memory/engine.js";
import { supportedBuilds } from "../wasm/load.js";
import { matrix, readRegion, rowsOf, writeRegion } from "../memory/regions.js";
import { settled } from "./arguments.js";

/** Rows that are converted at a time. */
const ROWS = 256;

/**
 * Rows of `width` logits to probabilities, exp(x − max x)/Σ, stable for any finite logits; fills and returns `out` if given
 * (it may be `logits` itself). Computed by the plain SIMD build: the same bits everywhere.
 */
export function softmax(logits: Float32Array, width: number, out?: Float32Array): Float32Array {
  const given = settled(logits);
  if (!(given instanceof Float32Array && ArrayBuffer.isView(given))) {
    throw new TypeError(`"logits" expected a Float32Array, got ${describe(logits)}`);
  }
  const columns = requireInteger("width", width, 1);
  if (given.length % columns !== 0) {
    throw new RangeError(`"logits" expected rows of ${columns} values, got ${given.length} values`);
  }
  const result =
    out === undefined
      ? new Float32Array(given.length)
      : requireFloat32Array("out", out, given.length, `as many as logits`);
  if (given.length === 0) return result;
  // Rows written over logits that are still to be read would be converted twice.
  const shifted = result.buffer === given.buffer && result.byteOffset !== given.byteOffset;
  const source = shifted ? given.slice() : given;
  // The same bits everywhere, wherever these kernels are.
  const { arena, kernels, constants } = engineFor(supportedBuilds()[0] ?? "simd");
  const rows = source.length / columns;
  const block = arena.reserve({ staged: matrix(Math.min(rows, ROWS), columns) });
  const { staged } = block.regions;
  for (let first = 0; first < rows; first += staged.rows) {
    const part = rowsOf(staged, 0, Math.min(staged.rows, rows - first));
    const [from, to] = [first * columns, (first + part.rows) * columns];
    writeRegion(arena.f32, part, source.subarray(from, to));
    kernels.softmaxRows(part.pointer, constants, part.rows, columns, part.stride);
    readRegion(arena.f32, part, result.subarray(from, to));
  }
  arena.release(block);
  return result;
}
