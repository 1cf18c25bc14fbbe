import { describe, requireInteger, requireFloat32Array } from "../errors.js";
import { engineFor } from "../memory/engine.js";
import { matrix, readRegion, rowsOf, writeRegion } from "../memory/regions.js";

/** Rows that are converted at a time. */
const ROWS = 256;

/**
 * Rows of `width` logits to probabilities, exp(x − max x)/Σ, stable for any finite logits; fills and returns `out` if given
 * (it may be `logits` itself). Computed by the plain SIMD build: the same bits everywhere.
 */
export function softmax(logits: Float32Array, width: number, out?: Float32Array): Float32Array {
  if (!(logits instanceof Float32Array)) {
    throw new TypeError(`"logits" expected a Float32Array, got ${describe(logits)}`);
  }
  const columns = requireInteger("width", width, 1);
  if (logits.length % columns !== 0) {
    throw new RangeError(`"logits" expected rows of ${columns} values, got ${logits.length} values`);
  }
  const result =
    out === undefined
      ? new Float32Array(logits.length)
      : requireFloat32Array("out", out, logits.length, `as many as logits`);
  if (logits.length === 0) return result;
  const { arena, kernels, constants } = engineFor("simd");
  const rows = logits.length / columns;
  const block = arena.reserve({ staged: matrix(Math.min(rows, ROWS), columns) });
  const { staged } = block.regions;
  for (let first = 0; first < rows; first += staged.rows) {
    const part = rowsOf(staged, 0, Math.min(staged.rows, rows - first));
    const [from, to] = [first * columns, (first + part.rows) * columns];
    writeRegion(arena.f32, part, logits.subarray(from, to));
    kernels.softmaxRows(part.pointer, constants, part.rows, columns, part.stride);
    readRegion(arena.f32, part, result.subarray(from, to));
  }
  arena.release(block);
  return result;
}
