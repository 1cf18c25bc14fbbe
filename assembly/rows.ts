// Rows between strides, tokens' rows, biases. Strides and widths are in elements.
import { Check } from "./check";
import { Lanes } from "./lanes";
import { Constant, Vector } from "./math";
import { OptionalPointer, Pointer } from "./pointer";

/** to[rows, columns] = from[rows, columns], each with its own stride; `to`'s padding is left alone. */
export function copyRows(
  to: Pointer,
  from: Pointer,
  rows: usize,
  columns: usize,
  ldTo: usize,
  ldFrom: usize,
): void {
  assert(Check.table(to, rows, columns, ldTo) && Check.table(from, rows, columns, ldFrom));
  if (columns == ldTo && columns == ldFrom) {
    memory.copy(to, from, rows * columns * 4);
    return;
  }
  if (columns < 8) {
    for (let r: usize = 0; r < rows; r++, to += ldTo * 4, from += ldFrom * 4) {
      for (let i: usize = 0; i < columns; i++) f32.store(to + i * 4, f32.load(from + i * 4));
    }
    return;
  }
  for (let r: usize = 0; r < rows; r++, to += ldTo * 4, from += ldFrom * 4)
    memory.copy(to, from, columns * 4);
}

/** Sets subnormal and tiny values of x[count] to 0; count a multiple of 4. */
export function flushTiny(x: Pointer, constants: Pointer, count: usize): void {
  assert(Check.vectors(x, count) && Check.constants(constants));
  const tiny = Vector.constant(constants, Constant.tiny);
  const end = x + count * 4;
  for (; x < end; x += 16) v128.store(x, Lanes.flush(v128.load(x), tiny));
}

/** Sets x[count] to 0: engines fill shared memory from JavaScript element by element. */
export function zero(x: Pointer, count: usize): void {
  assert(Check.elements(x, count));
  memory.fill(x, 0, count * 4);
}

/** Sets to[r, :] = row for every r; width a multiple of 8. */
export function fillRows(to: Pointer, row: Pointer, rows: usize, width: usize): void {
  assert(Check.multiple(width, 8) && Check.vectors(to, rows * width) && Check.vectors(row, width));
  const bytes = width * 4;
  for (let r: usize = 0; r < rows; r++, to += bytes) {
    for (let n: usize = 0; n < bytes; n += 32) {
      v128.store(to + n, v128.load(row + n));
      v128.store(to + n, v128.load(row + n, 16), 16);
    }
  }
}

/** Computes out = x + y; count a multiple of 8. */
export function add(out: Pointer, x: Pointer, y: Pointer, count: usize): void {
  assert(Check.multiple(count, 8) && Check.vectors(x, count) && Check.vectors(y, count));
  assert(Check.vectors(out, count));
  const bytes = count * 4;
  for (let i: usize = 0; i < bytes; i += 32) {
    const s0 = f32x4.add(v128.load(x + i), v128.load(y + i));
    const s1 = f32x4.add(v128.load(x + i, 16), v128.load(y + i, 16));
    v128.store(out + i, s0);
    v128.store(out + i, s1, 16);
  }
}

/** Adds to[r, c] += from[c, r], for to[rows, columns]. */
export function addTransposed(
  to: Pointer,
  from: Pointer,
  rows: usize,
  columns: usize,
  ldTo: usize,
  ldFrom: usize,
): void {
  assert(Check.table(to, rows, columns, ldTo) && Check.table(from, columns, rows, ldFrom));
  ldTo <<= 2;
  ldFrom <<= 2;
  const blockRows = rows & ~3;
  const blockColumns = columns & ~3;
  for (let r: usize = 0; r < blockRows; r += 4) {
    for (let c: usize = 0; c < blockColumns; c += 4)
      addFourTransposed(to + r * ldTo + c * 4, from + c * ldFrom + r * 4, ldTo, ldFrom);
  }
  for (let r: usize = 0; r < rows; r++) {
    for (let c = r < blockRows ? blockColumns : 0; c < columns; c++) {
      const at = to + r * ldTo + c * 4;
      f32.store(at, f32.load(at) + f32.load(from + c * ldFrom + r * 4));
    }
  }
}

/** Adds the same for four rows of four; leading dimensions in bytes. */
function addFourTransposed(to: usize, from: usize, ldTo: usize, ldFrom: usize): void {
  const r0 = v128.load(from);
  const r1 = v128.load(from + ldFrom);
  const r2 = v128.load(from + 2 * ldFrom);
  const r3 = v128.load(from + 3 * ldFrom);
  const low01 = i32x4.shuffle(r0, r1, 0, 4, 1, 5);
  const high01 = i32x4.shuffle(r0, r1, 2, 6, 3, 7);
  const low23 = i32x4.shuffle(r2, r3, 0, 4, 1, 5);
  const high23 = i32x4.shuffle(r2, r3, 2, 6, 3, 7);
  addFour(to, i32x4.shuffle(low01, low23, 0, 1, 4, 5));
  addFour(to + ldTo, i32x4.shuffle(low01, low23, 2, 3, 6, 7));
  addFour(to + 2 * ldTo, i32x4.shuffle(high01, high23, 0, 1, 4, 5));
  addFour(to + 3 * ldTo, i32x4.shuffle(high01, high23, 2, 3, 6, 7));
}

function addFour(to: usize, x: v128): void {
  v128.store(to, f32x4.add(v128.load(to), x));
}

/** Sets to[r, :] = table[tokens[r], :]; width a multiple of 8. */
export function gather(to: Pointer, table: Pointer, tokens: Pointer, rows: usize, width: usize): void {
  assert(Check.multiple(width, 8) && Check.vectors(to, rows * width) && Check.elements(tokens, rows));
  assert(Check.vectors(table, width));
  const bytes = width * 4;
  const last = tokens + rows * 4;
  for (; tokens < last; tokens += 4) {
    let from = table + <usize>i32.load(tokens) * bytes;
    assert(Check.vectors(from, width));
    const end = to + bytes;
    for (; to < end; to += 32, from += 32) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
    }
  }
}

/** Adds table[tokens[r], :] += rows[r, :]: gather's derivative; width a multiple of 8. */
export function scatterAdd(table: Pointer, from: Pointer, tokens: Pointer, rows: usize, width: usize): void {
  assert(Check.multiple(width, 8) && Check.vectors(from, rows * width) && Check.elements(tokens, rows));
  assert(Check.vectors(table, width));
  const bytes = width * 4;
  const last = tokens + rows * 4;
  for (; tokens < last; tokens += 4) {
    let to = table + <usize>i32.load(tokens) * bytes;
    assert(Check.vectors(to, width));
    const end = from + bytes;
    for (; from < end; to += 32, from += 32) {
      v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
      v128.store(to, f32x4.add(v128.load(to, 16), v128.load(from, 16)), 16);
    }
  }
}

/**
 * Applies inverted dropout: to[i] = from[i]·mask, mask = 1/(1 − p) with probability 1 − p, else 0, for elements `first`
 * + i of a tensor; count a multiple of 4, `to` may be `from`. The mask is a hash of the element's number and the key:
 * the same for a window that is computed again. `threshold` = p·2^32.
 */
export function dropout(
  to: Pointer,
  from: Pointer,
  key: u32,
  first: u32,
  threshold: u32,
  factor: f32,
  count: usize,
): void {
  assert(Check.vectors(to, count) && Check.vectors(from, count));
  const by = f32x4.splat(factor);
  const least = i32x4.splat(threshold);
  const four = i32x4.splat(4);
  const keys = i32x4.splat(key);
  let number = i32x4.add(i32x4.splat(first), i32x4(0, 1, 2, 3));
  const end = from + count * 4;
  for (; from < end; from += 16, to += 16) {
    const kept = i32x4.ge_u(Lanes.hash(v128.xor(Lanes.hash(number), keys)), least);
    v128.store(to, v128.and(f32x4.mul(v128.load(from), by), kept));
    number = i32x4.add(number, four);
  }
}

/**
 * Adds the sum of x's rows to out[:]: a bias's gradient; width a multiple of 8, and x's stride. Eight rows at a time, since a
 * column's elements lie a stride apart, of 4 KiB for instance: all in one set of the cache.
 */
export function addColumnSums(out: Pointer, x: Pointer, rows: usize, width: usize): void {
  assert(Check.multiple(width, 8) && Check.vectors(out, width) && Check.vectors(x, rows * width));
  const stride = width * 4;
  const ends = x + rows * stride;
  const eights = x + (rows & ~7) * stride;
  for (; x < eights; x += 8 * stride) {
    for (let n: usize = 0; n < stride; n += 32) {
      let s0 = v128.load(out + n);
      let s1 = v128.load(out + n, 16);
      let from = x + n;
      for (const end = from + 8 * stride; from < end; from += stride) {
        s0 = f32x4.add(s0, v128.load(from));
        s1 = f32x4.add(s1, v128.load(from, 16));
      }
      v128.store(out + n, s0);
      v128.store(out + n, s1, 16);
    }
  }
  for (; x < ends; x += stride) add(out, out, x, width);
}

/**
 * Adds Σ_r x[r, :]·y[r, :] to out[:], a gain's gradient; with y 0, Σ_r x[r, :]. Rows of ldFrom and ldTable elements; width a
 * multiple of 8.
 */
export function addColumnProducts(
  out: Pointer,
  x: Pointer,
  y: OptionalPointer,
  rows: usize,
  width: usize,
  ldFrom: usize,
  ldTable: usize,
): void {
  assert(Check.multiple(width, 8) && Check.vectors(out, width) && Check.rows(x, rows, width, ldFrom));
  assert(!y || Check.rows(y, rows, width, ldTable));
  const bytes = width * 4;
  // A few rows at a time, as in addColumnSums.
  for (let r: usize = 0; r < rows; r += 8) {
    const count = min<usize>(8, rows - r);
    const xs = x + r * ldFrom * 4;
    const ys = y + r * ldTable * 4;
    for (let n: usize = 0; n < bytes; n += 32) {
      let s0 = v128.load(out + n);
      let s1 = v128.load(out + n, 16);
      for (let k: usize = 0; k < count; k++) {
        const from = xs + k * ldFrom * 4 + n;
        const by = ys + k * ldTable * 4 + n;
        if (y) {
          s0 = Lanes.madd(v128.load(from), v128.load(by), s0);
          s1 = Lanes.madd(v128.load(from, 16), v128.load(by, 16), s1);
        } else {
          s0 = f32x4.add(s0, v128.load(from));
          s1 = f32x4.add(s1, v128.load(from, 16));
        }
      }
      v128.store(out + n, s0);
      v128.store(out + n, s1, 16);
    }
  }
}

/**
 * Adds table[:, tokens[r]] += from[r, :] for table[width, ldTable] and from[rows, ldFrom]: scatterAdd for a table that
 * has tokens in its columns, of few rows.
 */
export function scatterAddColumns(
  table: Pointer,
  from: Pointer,
  tokens: Pointer,
  rows: usize,
  width: usize,
  ldTable: usize,
  ldFrom: usize,
): void {
  assert(Check.elements(tokens, rows) && Check.table(from, rows, width, ldFrom));
  assert(Check.table(table, width, 1, ldTable));
  for (let r: usize = 0; r < rows; r++, from += ldFrom * 4) {
    let at = table + <usize>i32.load(tokens + r * 4) * 4;
    assert(Check.table(at, width, 1, ldTable));
    for (let n: usize = 0; n < width; n++, at += ldTable * 4) {
      f32.store(at, f32.load(at) + f32.load(from + n * 4));
    }
  }
}
