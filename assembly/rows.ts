// Rows between strides, tokens' rows, biases. Strides and widths are in elements.
import { Lanes } from "./lanes";
import { Constant, Vector } from "./math";

/** to[rows, columns] = from[rows, columns], each with its own stride; `to`'s padding is left alone. */
export function copyRows(to: usize, from: usize, rows: usize, columns: usize, ldTo: usize, ldFrom: usize): void {
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
  for (let r: usize = 0; r < rows; r++, to += ldTo * 4, from += ldFrom * 4) memory.copy(to, from, columns * 4);
}

/** Subnormal and tiny values of x[count] to 0; count a multiple of 4. */
export function flushTiny(x: usize, constants: usize, count: usize): void {
  const tiny = Vector.constant(constants, Constant.tiny);
  const end = x + count * 4;
  for (; x < end; x += 16) v128.store(x, Lanes.flush(v128.load(x), tiny));
}

/** to[r, :] = row for every r; width a multiple of 4. */
export function fillRows(to: usize, row: usize, rows: usize, width: usize): void {
  for (let r: usize = 0; r < rows; r++, to += width * 4) memory.copy(to, row, width * 4);
}

/** out = x + y; count a multiple of 4. */
export function add(out: usize, x: usize, y: usize, count: usize): void {
  const bytes = count * 4;
  for (let i: usize = 0; i < bytes; i += 16) {
    v128.store(out + i, f32x4.add(v128.load(x + i), v128.load(y + i)));
  }
}

/** out[i, h] = w[h, i] + bias[h]: a token's row of W_ih xₜ + b, for w[H, I]. */
export function tokenTable(out: usize, w: usize, bias: usize, H: usize, I: usize, ldOut: usize, ldw: usize): void {
  for (let i: usize = 0; i < I; i++, out += ldOut * 4, w += 4) {
    let from = w;
    for (let h: usize = 0; h < H; h++, from += ldw * 4) {
      f32.store(out + h * 4, f32.load(from) + f32.load(bias + h * 4));
    }
  }
}

/** dw[h, i] += table[i, h]: tokenTable's derivative. */
export function addTransposed(dw: usize, table: usize, H: usize, I: usize, ldw: usize, ldTable: usize): void {
  for (let h: usize = 0; h < H; h++, dw += ldw * 4, table += 4) {
    let from = table;
    for (let i: usize = 0; i < I; i++, from += ldTable * 4) {
      f32.store(dw + i * 4, f32.load(dw + i * 4) + f32.load(from));
    }
  }
}

/** to[r, :] = table[tokens[r], :]; width a multiple of 8. */
export function gather(to: usize, table: usize, tokens: usize, rows: usize, width: usize): void {
  const bytes = width * 4;
  const last = tokens + rows * 4;
  for (; tokens < last; tokens += 4) {
    let from = table + <usize>i32.load(tokens) * bytes;
    const end = to + bytes;
    for (; to < end; to += 32, from += 32) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
    }
  }
}

/** table[tokens[r], :] += rows[r, :]: gather's derivative; width a multiple of 8. */
export function scatterAdd(table: usize, from: usize, tokens: usize, rows: usize, width: usize): void {
  const bytes = width * 4;
  const last = tokens + rows * 4;
  for (; tokens < last; tokens += 4) {
    let to = table + <usize>i32.load(tokens) * bytes;
    const end = from + bytes;
    for (; from < end; to += 32, from += 32) {
      v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
      v128.store(to, f32x4.add(v128.load(to, 16), v128.load(from, 16)), 16);
    }
  }
}

/** out[:] += the sum of x's rows: a bias's gradient; width a multiple of 8, and x's stride. */
export function addColumnSums(out: usize, x: usize, rows: usize, width: usize): void {
  const stride = width * 4;
  for (let n: usize = 0; n < stride; n += 32) {
    let s0 = v128.load(out + n);
    let s1 = v128.load(out + n, 16);
    let from = x + n;
    for (let r: usize = 0; r < rows; r++, from += stride) {
      s0 = f32x4.add(s0, v128.load(from));
      s1 = f32x4.add(s1, v128.load(from, 16));
    }
    v128.store(out + n, s0);
    v128.store(out + n, s1, 16);
  }
}
