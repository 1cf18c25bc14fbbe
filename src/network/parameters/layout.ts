/** How a tensor's rows and columns lie in memory: in blocks, each padded with zeros, perhaps in another order. */

import { elementAt, COLUMN_STEP, roundUp, type Region } from "../../memory/regions.js";

export interface Blocks {
  /** Of one block: without and with padding. */
  readonly size: number;
  readonly padded: number;
  /** The place in memory of each block. */
  readonly order: readonly number[];
}

/** Blocks that start at whole vectors. */
export function padded(size: number, order: readonly number[] = [0]): Blocks {
  return { size, padded: roundUp(size, COLUMN_STEP), order };
}

/** Rows without padding. */
export function plain(size: number): Blocks {
  return { size, padded: size, order: [0] };
}

/** As many as there are in memory. */
export function storedLength({ padded: length, order }: Blocks): number {
  return length * order.length;
}

export interface Layout {
  readonly rows: Blocks;
  readonly columns: Blocks;
}

/** Visits the tensor's ranges that lie together both in memory and in a row-major array; offsets are in elements. */
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

/** The tensor, row-major. */
export function readTensor(memory: Float32Array, { pointer }: Region, layout: Layout): Float32Array {
  const { rows, columns } = layout;
  const out = new Float32Array(rows.size * rows.order.length * columns.size * columns.order.length);
  const start = elementAt(pointer);
  eachRange(layout, (stored, given, length) => {
    for (let i = 0; i < length; i++) out[given + i] = memory[start + stored + i];
  });
  return out;
}

/** The padding is zeroed too: after a gradient of NaN it may not be zeros. */
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
