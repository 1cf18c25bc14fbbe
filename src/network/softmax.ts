import { describe, requireInteger, requireFloat32Array } from "../errors.js";
import type { Block } from "../memory/arena.js";
import { engineFor, type Engine } from "../memory/engine.js";
import { supportedBuilds } from "../wasm/load.js";
import { elementAt, matrix, readRegion, rowsOf, vector, writeRegion, type Shape } from "../memory/regions.js";
import { settled } from "./arguments.js";

/** The softmax of one row after the other, of the plain SIMD build, in memory that is kept until `release`. */
export class SoftmaxRow {
  private readonly engine = plainEngine();
  private readonly block: Block<{ row: Shape }>;

  /** Throws an OutOfMemoryError. */
  constructor(columns: number) {
    this.block = this.engine.arena.reserve({ row: vector(columns) });
  }

  /** Converts the row in place. */
  apply(values: Float32Array): void {
    const { arena, kernels, constants } = this.engine;
    const { pointer, columns, stride } = this.block.regions.row;
    const start = elementAt(pointer);
    arena.f32.set(values, start);
    kernels.softmaxRows(pointer, constants, 1, columns, stride);
    values.set(arena.f32.subarray(start, start + columns));
  }

  release(): void {
    this.engine.arena.release(this.block);
  }
}

/** Returns the engine of the plain build, which comes first: the same bits everywhere that its kernels are. */
function plainEngine(): Engine {
  return engineFor(supportedBuilds()[0] ?? "simd");
}

/** Rows that are converted at a time. */
const ROWS = 256;

/**
 * Converts rows of `width` logits, [rows, width], to probabilities of the same shape, exp(x − max x)/Σ,
 * stable for any finite logits; fills and returns `out` if given (it may be `logits` itself). Computed by the
 * plain SIMD build: the same bits everywhere. Throws a TypeError for logits or `out` that are no Float32Array
 * or a width that is no number, and a RangeError for a width below 1, logits that are not whole rows, or
 * `out` of another length.
 */
export function softmax(logits: Float32Array, width: number, out?: Float32Array): Float32Array {
  const values = settled(logits);
  if (!(values instanceof Float32Array && ArrayBuffer.isView(values))) {
    throw new TypeError(`"logits" expected a Float32Array, got ${describe(logits)}`);
  }
  const columns = requireInteger("width", width, 1);
  if (values.length % columns !== 0) {
    throw new RangeError(`"logits" expected rows of ${columns} values, got ${values.length} values`);
  }
  const result =
    out === undefined
      ? new Float32Array(values.length)
      : requireFloat32Array("out", out, values.length, `as many as logits`);
  if (values.length === 0) return result;
  // Rows written over logits that are still to be read would be converted twice.
  const shifted = result.buffer === values.buffer && result.byteOffset !== values.byteOffset;
  const source = shifted ? values.slice() : values;
  const { arena, kernels, constants } = plainEngine();
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
