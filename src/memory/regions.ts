/** Matrices in linear memory: planned as sizes, then placed. */

/** Bytes; a cache line, and two vectors of the widest build. */
export const ALIGNMENT = 64;

/** Columns of every matrix are padded to this many, with zeros, so that kernels load and store whole vectors. */
export const COLUMN_STEP = 8;

export function roundUp(n: number, step: number): number {
  return Math.ceil(n / step) * step;
}

/** A matrix to be placed: `stride` elements of 4 bytes from row to row. */
export interface Shape {
  readonly rows: number;
  readonly columns: number;
  readonly stride: number;
}

/** Rows of padded columns. */
export function matrix(rows: number, columns: number): Shape {
  return { rows, columns, stride: roundUp(columns, COLUMN_STEP) };
}

/** One row. */
export function vector(length: number): Shape {
  return matrix(1, length);
}

/** A placed matrix. */
export interface Region extends Shape {
  /** Bytes. */
  readonly pointer: number;
}

/** Elements, padding included. */
export function sizeOf(shape: Shape): number {
  return shape.rows * shape.stride;
}

/** Where a pointer's element stands in the arena's views of elements of 4 bytes. */
export function elementAt(pointer: number): number {
  return pointer >>> 2;
}

/** Rows [first, first + rows) of a region. */
export function rowsOf({ pointer, columns, stride }: Region, first: number, rows: number): Region {
  // Member by member: spreads show in steps of tens of microseconds.
  return { rows, columns, stride, pointer: pointer + first * stride * 4 };
}

/** Copies a region's values out, without padding, into `out` (from its start) or a new array. */
export function readRegion(
  memory: Float32Array,
  { pointer, rows, columns, stride }: Region,
  out: Float32Array = new Float32Array(rows * columns),
): Float32Array {
  const start = elementAt(pointer);
  if (columns === stride) {
    out.set(memory.subarray(start, start + rows * columns));
    return out;
  }
  for (let r = 0, from = start, to = 0; r < rows; r++, from += stride, to += columns) {
    for (let i = 0; i < columns; i++) out[to + i] = memory[from + i];
  }
  return out;
}

/** Copies values into a region; the padding stays as it is. */
export function writeRegion(
  memory: Float32Array | Int32Array,
  { pointer, rows, columns, stride }: Region,
  values: ArrayLike<number>,
): void {
  const start = elementAt(pointer);
  if (columns === stride) {
    memory.set(values, start);
    return;
  }
  for (let r = 0, to = start, from = 0; r < rows; r++, to += stride, from += columns) {
    for (let i = 0; i < columns; i++) memory[to + i] = values[from + i];
  }
}
