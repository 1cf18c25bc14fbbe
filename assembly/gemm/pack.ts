// Operands of products laid out in the order the tiles read them. Strides are in elements.
import { Check } from "../check";
import { Pointer } from "../pointer";

const PANEL: usize = PANEL_COLUMNS;
/** Bytes from one row of a panel to the next. */
const STEP: usize = PANEL * 4;
/** The depth of packed columns is a multiple of this. */
export const DEPTH_STEP: usize = 4;

/**
 * Panels of B[rows, columns], row-major: panel j = B[:, j·P .. (j+1)·P − 1] as [depth, P], P = PANEL_COLUMNS, rows past
 * `rows` and columns past `columns` zeros. `columns` a multiple of 8 (padding in B is zeros), depth ≥ rows.
 */
export function packRows(
  panels: Pointer,
  b: Pointer,
  rows: usize,
  columns: usize,
  ldb: usize,
  depth: usize,
): void {
  assert(Check.multiple(columns, 8) && Check.atLeast(depth, rows));
  assert(Check.vectors(panels, columns * depth) && Check.rows(b, rows, columns, ldb));
  const panelBytes = depth * STEP;
  for (let n: usize = 0; n < columns; n += PANEL, panels += panelBytes) {
    let from = b + n * 4;
    let to = panels;
    const whole = PANEL == 8 || n + PANEL <= columns;
    for (let k: usize = 0; k < rows; k++, from += ldb * 4, to += STEP) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
      if (PANEL == 8) continue;
      v128.store(to, whole ? v128.load(from, 32) : f32x4.splat(0), 32);
      v128.store(to, whole ? v128.load(from, 48) : f32x4.splat(0), 48);
    }
    memory.fill(to, 0, (depth - rows) * STEP);
  }
}

/**
 * Panels of Bᵀ for B[rows, columns], row-major: panel j = B[j·P .. (j+1)·P − 1, :]ᵀ as [depth, P]. `depth`, the columns of
 * B rounded up to DEPTH_STEP, lies within ldb, and B's padding is zeros; rows past the last become zero columns.
 */
export function packColumns(panels: Pointer, b: Pointer, rows: usize, depth: usize, ldb: usize): void {
  assert(Check.multiple(depth, DEPTH_STEP));
  assert(Check.vectors(panels, rows * depth) && Check.rows(b, rows, depth, ldb));
  const panelBytes = depth * STEP;
  for (let n: usize = 0; n < rows; n += PANEL, panels += panelBytes) {
    const held = min<usize>(PANEL, rows - n);
    if (held < PANEL) memory.fill(panels, 0, panelBytes);
    let r: usize = 0;
    for (; r + 4 <= held; r += 4) packFour(panels + r * 4, b + (n + r) * ldb * 4, depth, ldb * 4);
    for (; r < held; r++) {
      const from = b + (n + r) * ldb * 4;
      for (let k: usize = 0; k < depth; k++) f32.store(panels + k * STEP + r * 4, f32.load(from + k * 4));
    }
  }
}

/** Packs four rows of B as four columns of a panel, by 4 × 4 transposes. */
function packFour(to: usize, from: usize, depth: usize, rowBytes: usize): void {
  for (let k: usize = 0; k < depth; k += DEPTH_STEP, from += 16, to += 4 * STEP) {
    const r0 = v128.load(from);
    const r1 = v128.load(from + rowBytes);
    const r2 = v128.load(from + 2 * rowBytes);
    const r3 = v128.load(from + 3 * rowBytes);
    const low01 = i32x4.shuffle(r0, r1, 0, 4, 1, 5);
    const high01 = i32x4.shuffle(r0, r1, 2, 6, 3, 7);
    const low23 = i32x4.shuffle(r2, r3, 0, 4, 1, 5);
    const high23 = i32x4.shuffle(r2, r3, 2, 6, 3, 7);
    v128.store(to, i32x4.shuffle(low01, low23, 0, 1, 4, 5));
    v128.store(to, i32x4.shuffle(low01, low23, 2, 3, 6, 7), STEP);
    v128.store(to, i32x4.shuffle(high01, high23, 0, 1, 4, 5), 2 * STEP);
    v128.store(to, i32x4.shuffle(high01, high23, 2, 3, 6, 7), 3 * STEP);
  }
}

export class Tiles {
  /**
   * Packs A[rows of K, columns] in tiles of `width` columns, each as [rows, width]; `columns` a multiple of the width, 1
   * to 6. Four rows are read through all tiles before the next: column by column, a stride of 4 KiB would go through one
   * set of the cache.
   */
  static pack(to: usize, a: usize, rows: usize, columns: usize, width: usize, lda: usize): void {
    const step = width * 4;
    const tile = rows * step;
    // The last two columns, whether the first four hold them or not; a store of integers takes no turn of the vectors'.
    const rest = step - 8;
    for (let k: usize = 0; k < rows; k += 4, a += lda * 16, to += step * 4) {
      const held = min<usize>(4, rows - k);
      let at = to;
      for (let n: usize = 0; n < columns; n += width, at += tile) {
        let f = a + n * 4;
        let t = at;
        const end = t + held * step;
        if (width < 4) {
          for (; t < end; f += lda * 4, t += step) {
            for (let w: usize = 0; w < step; w += 4) f32.store(t + w, f32.load(f + w));
          }
        } else {
          for (; t < end; f += lda * 4, t += step) {
            v128.store(t, v128.load(f));
            i64.store(t + rest, i64.load(f + rest));
          }
        }
      }
    }
  }
}
