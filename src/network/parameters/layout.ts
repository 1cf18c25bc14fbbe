/** Describes how a tensor lies in memory: rows and columns in padded blocks, perhaps in another order. */

import { elementAt, COLUMN_STEP, roundUp, type Region } from "../../memory/regions.js";

export interface Blocks {
  /** Elements of one block, without padding. */
  readonly size: number;
  /** Elements of one block, with padding. */
  readonly padded: number;
  /** The place in memory of each of the tensor's blocks. */
  readonly order: readonly number[];
}

/** Returns blocks that are padded so that each starts at a whole vector. */
export function padded(size: number, order: readonly number[] = [0]): Blocks {
  return { size, padded: roundUp(size, COLUMN_STEP), order };
}

/** Returns a single block without padding. */
export function plain(size: number): Blocks {
  return { size, padded: size, order: [0] };
}

/** Returns the length in memory of all blocks, padding included. */
export function storedLength({ padded: length, order }: Blocks): number {
  return length * order.length;
}

export interface Layout {
  readonly rows: Blocks;
  readonly columns: Blocks;
}

/** Visits the ranges that are contiguous both in memory and in a row-major array; offsets in elements. */
export function eachRange(
  { rows, columns }: Layout,
  visit: (stored: number, given: number, length: number) => void,
): void {
  const stride = storedLength(columns);
  let given = 0;
  for (const place of rows.order) {
    for (let r = 0; r < rows.size; r++) {
      const row = (place * rows.padded + r) * stride;
      for (const at of columns.order) {
        visit(row + at * columns.padded, given, columns.size);
        given += columns.size;
      }
    }
  }
}

/** Copies a tensor out of memory into a new row-major array. */
export function readTensor(memory: Float32Array, { pointer }: Region, layout: Layout): Float32Array {
  const { rows, columns } = layout;
  const out = new Float32Array(rows.size * rows.order.length * columns.size * columns.order.length);
  const start = elementAt(pointer);
  eachRange(layout, (stored, given, length) => {
    for (let i = 0; i < length; i++) out[given + i] = memory[start + stored + i];
  });
  return out;
}

/** Copies a row-major array to a tensor, and zeroes its padding, which a gradient of NaN may have filled. */
export function writeTensor(
  memory: Float32Array,
  { pointer, rows, stride }: Region,
  layout: Layout,
  values: ArrayLike<number>,
): void {
  const start = elementAt(pointer);
  memory.fill(0, start, start + rows * stride);
  eachRange(layout, (stored, given, length) => {
    for (let i = 0; i < length; i++) memory[start + stored + i] = values[given + i];
  });
}
