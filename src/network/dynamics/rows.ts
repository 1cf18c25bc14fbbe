/** Rows of numbers in linear memory that learning rules work with: joint states, cotangents, influences, gradients. */

import { requireInteger, requireLength } from "../../errors.js";
import type { Engine } from "../../memory/engine.js";
import { elementAt, type Region } from "../../memory/regions.js";

/** Columns of a product of rows that go through scratch memory at a time; a whole number of the widest panels. */
export const PRODUCT_COLUMNS = 512;

/**
 * [count, size], float32. `size` is a multiple of 8: the padding of what a row holds is in it, as zeros, so that sums of
 * products over whole rows are those of what they hold. Tiny results become 0.
 */
export class Rows {
  readonly count: number;
  /** Elements of a row, padding included. */
  readonly size: number;
  /** Where they lie; for the library's own kernels. */
  readonly region: Region;
  private readonly engine: Engine;

  /** @internal */
  constructor(engine: Engine, region: Region) {
    this.engine = engine;
    this.region = region;
    this.count = region.rows;
    this.size = region.stride;
  }

  /** Bytes. @internal */
  pointer(row: number): number {
    return this.region.pointer + row * this.size * 4;
  }

  /** Of one row, or of all. */
  zero(row?: number): void {
    const start = elementAt(this.pointer(row ?? 0));
    this.engine.arena.f32.fill(0, start, start + this.size * (row === undefined ? this.count : 1));
  }

  /** A copy: [size], or all rows, [count, size]. */
  read(row?: number): Float32Array {
    const start = elementAt(this.pointer(row ?? 0));
    return this.engine.arena.f32.slice(start, start + this.size * (row === undefined ? this.count : 1));
  }

  /** All rows. RangeError when the length differs. */
  write(values: Float32Array): void {
    requireLength("values", values.length, this.count * this.size, `[${this.count}, ${this.size}]`);
    this.engine.arena.f32.set(values, elementAt(this.pointer(0)));
  }

  /** One number. */
  get(row: number, at: number): number {
    return this.engine.arena.f32[elementAt(this.pointer(row)) + at];
  }

  set(row: number, at: number, value: number): void {
    requireInteger("at", at, 0, this.size - 1);
    this.engine.arena.f32[elementAt(this.pointer(row)) + at] = value;
  }

  /** row ← other's row. */
  copy(row: number, other: Rows, otherRow: number): void {
    const from = other.pointer(otherRow);
    this.engine.arena.u8.copyWithin(this.pointer(row), from, from + this.size * 4);
  }

  /** row ← keep·row + factor·(other's row). */
  addScaled(row: number, factor: number, other: Rows, otherRow: number, keep = 1): void {
    const { kernels, constants } = this.engine;
    kernels.addScaled(this.pointer(row), other.pointer(otherRow), constants, keep, factor, this.size);
  }

  /**
   * rows [first, first + K) ← matrix · those rows, for a matrix of K rows and columns. `scratch`: K·PRODUCT_COLUMNS floats.
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

  /** As `addScaled`, tiny results become 0. */
  scale(row: number, factor: number): void {
    this.addScaled(row, 0, this, row, factor);
  }

  /** Σ over a row of the products with another's, in float64. */
  dot(row: number, other: Rows, otherRow: number): number {
    return this.engine.kernels.dot(this.pointer(row), other.pointer(otherRow), this.size);
  }

  /** The Euclidean norm of a row. */
  norm(row: number): number {
    return Math.sqrt(this.engine.kernels.sumOfSquares(this.pointer(row), this.size));
  }
}
