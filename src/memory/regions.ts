/** Describes matrices in linear memory: planned as shapes, then placed as regions. */

/** Bytes: a cache line, and two vectors of the widest build. */
export const ALIGNMENT = 64;

/** Columns are padded with zeros to a multiple of this, so that kernels load and store whole vectors. */
export const COLUMN_STEP = 8;

export function roundUp(n: number, step: number): number {
  return Math.ceil(n / step) * step;
}

/** Describes a matrix to be placed; `stride` is the distance from row to row in elements of 4 bytes. */
export interface Shape {
  readonly rows: number;
  readonly columns: number;
  readonly stride: number;
}

/** Returns the shape of a matrix whose rows are padded to whole vectors. */
export function matrix(rows: number, columns: number): Shape {
  return { rows, columns, stride: roundUp(columns, COLUMN_STEP) };
}

/** Returns the shape of a matrix of one padded row. */
export function vector(length: number): Shape {
  return matrix(1, length);
}

/** Describes a matrix that has its place in memory. */
export interface Region extends Shape {
  /** Address of the first element, in bytes. */
  readonly pointer: number;
}

/** Returns the elements of a matrix, padding included. */
export function sizeOf(shape: Shape): number {
  return shape.rows * shape.stride;
}

/** Returns the index of a pointer's element in the arena's views of 4-byte elements. */
export function elementAt(pointer: number): number {
  return pointer >>> 2;
}

/** Returns rows [first, first + rows) of a region. */
export function rowsOf({ pointer, columns, stride }: Region, first: number, rows: number): Region {
  // Members are copied one by one: a spread shows in steps of tens of microseconds.
  return { rows, columns, stride, pointer: pointer + first * stride * 4 };
}

/** Copies a region's values, without padding, into `out` (from its start) or a new array. */
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

/** Copies values into a region, and leaves its padding as it is. */
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
