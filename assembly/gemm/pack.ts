// Operands of products laid out in the order the tiles read them. Strides are in elements.

/**
 * Panels of B[rows, columns], row-major: panel j = B[:, 8j .. 8j+7] as [depth, 8], rows past `rows` zeros.
 * `columns` a multiple of 8 (padding in B is zeros), depth ≥ rows.
 */
export function packRows(
  panels: usize,
  b: usize,
  rows: usize,
  columns: usize,
  ldb: usize,
  depth: usize,
): void {
  const panelBytes = depth * 32;
  for (let n: usize = 0; n < columns; n += 8, panels += panelBytes) {
    let from = b + n * 4;
    let to = panels;
    for (let k: usize = 0; k < rows; k++, from += ldb * 4, to += 32) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
    }
    memory.fill(to, 0, (depth - rows) * 32);
  }
}

/**
 * Panels of Bᵀ for B[rows, columns], row-major: panel j = B[8j .. 8j+7, :]ᵀ as [depth, 8]. `depth`, the columns of B
 * rounded up to 4, lies within ldb, and B's padding is zeros; rows past the last become zero columns.
 */
export function packColumns(panels: usize, b: usize, rows: usize, depth: usize, ldb: usize): void {
  const panelBytes = depth * 32;
  for (let n: usize = 0; n < rows; n += 8, panels += panelBytes) {
    const held = min<usize>(8, rows - n);
    if (held < 8) memory.fill(panels, 0, panelBytes);
    let r: usize = 0;
    for (; r + 4 <= held; r += 4) packFour(panels + r * 4, b + (n + r) * ldb * 4, depth, ldb * 4);
    for (; r < held; r++) {
      const from = b + (n + r) * ldb * 4;
      for (let k: usize = 0; k < depth; k++) f32.store(panels + k * 32 + r * 4, f32.load(from + k * 4));
    }
  }
}

/** Four rows of B as four columns of a panel, by 4 × 4 transposes. */
function packFour(to: usize, from: usize, depth: usize, rowBytes: usize): void {
  for (let k: usize = 0; k < depth; k += 4, from += 16, to += 128) {
    const r0 = v128.load(from);
    const r1 = v128.load(from + rowBytes);
    const r2 = v128.load(from + 2 * rowBytes);
    const r3 = v128.load(from + 3 * rowBytes);
    const low01 = i32x4.shuffle(r0, r1, 0, 4, 1, 5);
    const high01 = i32x4.shuffle(r0, r1, 2, 6, 3, 7);
    const low23 = i32x4.shuffle(r2, r3, 0, 4, 1, 5);
    const high23 = i32x4.shuffle(r2, r3, 2, 6, 3, 7);
    v128.store(to, i32x4.shuffle(low01, low23, 0, 1, 4, 5));
    v128.store(to, i32x4.shuffle(low01, low23, 2, 3, 6, 7), 32);
    v128.store(to, i32x4.shuffle(high01, high23, 0, 1, 4, 5), 64);
    v128.store(to, i32x4.shuffle(high01, high23, 2, 3, 6, 7), 96);
  }
}

/** A[rows of K, `width` neighbouring columns] as [depth, width], width 1, 2, 4 or 6; rows past `rows` zeros. */
export function packTile(to: usize, a: usize, rows: usize, width: usize, lda: usize, depth: usize): void {
  lda <<= 2;
  let from = a;
  if (width >= 4) {
    const step = width * 4;
    for (let k: usize = 0; k < rows; k++, from += lda, to += step) {
      v128.store(to, v128.load(from));
      if (width == 6) i64.store(to, i64.load(from, 16), 16);
    }
  } else {
    for (let k: usize = 0; k < rows; k++, from += lda) {
      for (let w: usize = 0; w < width; w++, to += 4) f32.store(to, f32.load(from + w * 4));
    }
  }
  memory.fill(to, 0, (depth - rows) * width * 4);
}
