/** Holds rows of numbers that learning rules work with: joint states, cotangents, influences, gradients. */

import { requireInteger, requireLength } from "../../errors.js";
import type { Engine } from "../../memory/engine.js";
import { elementAt, type Region } from "../../memory/regions.js";

/** Columns that pass through scratch memory at a time in a product; a multiple of the widest panel's. */
export const PRODUCT_COLUMNS = 512;

/**
 * Holds [count, size] float32 values in linear memory. `size` is a multiple of 8 and includes a row's
 * padding, which is zeros, so that sums of products over whole rows are right. Tiny results become 0.
 */
export class Rows {
  readonly count: number;
  /** Elements of a row, padding included. */
  readonly size: number;
  /** The memory of the rows, for the library's own kernels. */
  readonly region: Region;
  private readonly engine: Engine;

  /** @internal */
  constructor(engine: Engine, region: Region) {
    this.engine = engine;
    this.region = region;
    this.count = region.rows;
    this.size = region.stride;
  }

  /** Returns the pointer to a row, in bytes. @internal */
  pointer(row: number): number {
    return this.region.pointer + row * this.size * 4;
  }

  /** Sets one row, or all rows, to 0. */
  zero(row?: number): void {
    const start = elementAt(this.pointer(row ?? 0));
    this.engine.arena.f32.fill(0, start, start + this.size * (row === undefined ? this.count : 1));
  }

  /** Returns a copy of one row, [size], or of all rows, [count, size]. */
  read(row?: number): Float32Array {
    const start = elementAt(this.pointer(row ?? 0));
    return this.engine.arena.f32.slice(start, start + this.size * (row === undefined ? this.count : 1));
  }

  /** Writes all rows, [count, size]. Throws a RangeError when the length differs. */
  write(values: Float32Array): void {
    requireLength("values", values.length, this.count * this.size, `[${this.count}, ${this.size}]`);
    this.engine.arena.f32.set(values, elementAt(this.pointer(0)));
  }

  /** Returns the element at column `at` of a row. */
  get(row: number, at: number): number {
    return this.engine.arena.f32[elementAt(this.pointer(row)) + at];
  }

  set(row: number, at: number, value: number): void {
    requireInteger("at", at, 0, this.size - 1);
    this.engine.arena.f32[elementAt(this.pointer(row)) + at] = value;
  }

  /** Copies a row of `other` to row `row`. */
  copy(row: number, other: Rows, otherRow: number): void {
    const from = other.pointer(otherRow);
    this.engine.arena.u8.copyWithin(this.pointer(row), from, from + this.size * 4);
  }

  /** Computes row ← keep · row + factor · (a row of `other`). */
  addScaled(row: number, factor: number, other: Rows, otherRow: number, keep = 1): void {
    const { kernels, constants } = this.engine;
    kernels.addScaled(this.pointer(row), other.pointer(otherRow), constants, keep, factor, this.size);
  }

  /**
   * Computes rows [first, first + K) ← matrix · (those rows), matrix [K, K]. `scratch`: K·PRODUCT_COLUMNS
   * elements.
   */
  multiply(first: number, matrix: Rows, scratch: Rows): void {
    const { kernels } = this.engine;
    const K = matrix.count;
    for (let n = 0; n < this.size; n += PRODUCT_COLUMNS) {
      const columns = Math.min(PRODUCT_COLUMNS, this.size - n);
      const at = this.pointer(first) + n * 4;
      const panels = scratch.pointer(0);
      kernels.packRows(panels, at, K, columns, this.size, K);
      kernels.gemm(at, matrix.pointer(0), panels, K, columns, K, this.size, matrix.size, false);
    }
  }

  /** Multiplies a row by a factor; as with `addScaled`, tiny results become 0. */
  scale(row: number, factor: number): void {
    this.addScaled(row, 0, this, row, factor);
  }

  /** Returns the dot product of a row with a row of `other`, summed in float64. */
  dot(row: number, other: Rows, otherRow: number): number {
    return this.engine.kernels.dot(this.pointer(row), other.pointer(otherRow), this.size);
  }

  /** Returns the Euclidean norm of a row. */
  norm(row: number): number {
    return Math.sqrt(this.engine.kernels.sumOfSquares(this.pointer(row), this.size));
  }
}
