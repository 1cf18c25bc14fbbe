// Losses with their gradients, rows of `stride` elements, a multiple of 8.
import { Check } from "./check";
import { Lanes } from "./lanes";
import { Constant, Scalar, Vector } from "./math";
import { Pointer } from "./pointer";

/** Writes −∞ into a row's padding: it then adds nothing to the maximum or the sum, and its gradient is 0. */
function padRow(row: usize, columns: usize, stride: usize): void {
  for (let n = columns; n < stride; n++) f32.store(row + n * 4, -Infinity);
}

function rowMaximum(row: usize, bytes: usize): f32 {
  let most = v128.load(row);
  for (let n: usize = 16; n < bytes; n += 16) most = f32x4.pmax(most, v128.load(row + n));
  return Lanes.maximum(most);
}

/** row ← exp(row − shift); returns the sum. */
function exponentials(row: usize, shift: f32, constants: usize, bytes: usize): f32 {
  const most = f32x4.splat(shift);
  let sum = f32x4.splat(0);
  for (let n: usize = 0; n < bytes; n += 32) {
    const e0 = Vector.exp(f32x4.sub(v128.load(row + n), most), constants);
    const e1 = Vector.exp(f32x4.sub(v128.load(row + n, 16), most), constants);
    v128.store(row + n, e0);
    v128.store(row + n, e1, 16);
    sum = f32x4.add(f32x4.add(sum, e0), e1);
  }
  return Lanes.sum(sum);
}

/** Turns rows of logits into probabilities, in place: p = exp(x − max x) / Σ. */
export function softmaxRows(
  x: Pointer,
  constants: Pointer,
  rows: usize,
  columns: usize,
  stride: usize,
): void {
  assert(Check.multiple(stride, 8) && Check.atLeast(columns, 1) && Check.atLeast(stride, columns));
  assert(Check.vectors(x, rows * stride) && Check.constants(constants));
  const bytes = stride * 4;
  for (let r: usize = 0; r < rows; r++, x += bytes) {
    padRow(x, columns, stride);
    const sum = f32x4.splat(exponentials(x, rowMaximum(x, bytes), constants, bytes));
    for (let n: usize = 0; n < bytes; n += 16) v128.store(x + n, f32x4.div(v128.load(x + n), sum));
  }
}

/**
 * Computes softmax cross-entropy and its gradient, in place. x[rows, stride]: logits come in, scale·(p − onehot(class))
 * goes out; a class of −1 is no target: its row becomes zeros. Returns Σ −ln p[class], in nats.
 */
export function crossEntropy(
  x: Pointer,
  classes: Pointer,
  constants: Pointer,
  scale: f32,
  rows: usize,
  columns: usize,
  stride: usize,
): f64 {
  assert(Check.multiple(stride, 8) && Check.atLeast(columns, 1) && Check.atLeast(stride, columns));
  assert(Check.vectors(x, rows * stride) && Check.elements(classes, rows) && Check.constants(constants));
  const bytes = stride * 4;
  const tiny = Vector.constant(constants, Constant.tiny);
  let loss: f64 = 0;
  for (let r: usize = 0; r < rows; r++, x += bytes) {
    const target = i32.load(classes + r * 4);
    if (target < 0) {
      memory.fill(x, 0, bytes);
      continue;
    }
    assert(Check.atLeast(columns, <usize>target + 1));
    padRow(x, columns, stride);
    const most = rowMaximum(x, bytes);
    const logit = f32.load(x + ((<usize>target) << 2));
    const sum = exponentials(x, most, constants, bytes);
    loss += <f64>most - <f64>logit + Scalar.naturalLogarithm(<f64>sum);
    const factor = f32x4.splat(scale / sum);
    for (let n: usize = 0; n < bytes; n += 32) {
      const d0 = Lanes.flush(f32x4.mul(v128.load(x + n), factor), tiny);
      const d1 = Lanes.flush(f32x4.mul(v128.load(x + n, 16), factor), tiny);
      v128.store(x + n, d0);
      v128.store(x + n, d1, 16);
    }
    const at = x + ((<usize>target) << 2);
    f32.store(at, f32.load(at) - scale);
  }
  return loss;
}

/** Rows whose largest logit, the first of equals, is the class; rows of class −1 do not count, nor does a logit of NaN. */
export function countCorrect(x: Pointer, classes: Pointer, rows: usize, columns: usize, stride: usize): i32 {
  assert(Check.table(x, rows, columns, stride) && Check.elements(classes, rows));
  let correct = 0;
  for (let r: usize = 0; r < rows; r++, x += stride * 4) {
    const target = i32.load(classes + r * 4);
    if (target < 0) continue;
    let best = -1;
    let most: f32 = -Infinity;
    for (let n: usize = 0; n < columns; n++) {
      const value = f32.load(x + n * 4);
      if (value > most || (best < 0 && value == most)) {
        most = value;
        best = <i32>n;
      }
    }
    if (best == target) correct++;
  }
  return correct;
}

/**
 * Computes the squared error and its gradient, in place. x[count]: outputs come in, 2·scale·(x − target) goes out; a NaN
 * target is none: 0. Returns Σ (x − target)². count a multiple of 4; padding in targets is NaN.
 */
export function squaredError(
  x: Pointer,
  targets: Pointer,
  constants: Pointer,
  scale: f32,
  count: usize,
): f64 {
  assert(Check.vectors(x, count) && Check.vectors(targets, count));
  assert(Check.constants(constants));
  const tiny = Vector.constant(constants, Constant.tiny);
  const factor = f32x4.splat(2 * scale);
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  const end = x + count * 4;
  for (; x < end; x += 16, targets += 16) {
    const target = v128.load(targets);
    const d = v128.and(f32x4.sub(v128.load(x), target), f32x4.eq(target, target));
    v128.store(x, Lanes.flush(f32x4.mul(d, factor), tiny));
    const d0 = f64x2.promote_low_f32x4(d);
    const d1 = f64x2.promote_low_f32x4(i32x4.shuffle(d, d, 2, 3, 2, 3));
    low = f64x2.add(low, f64x2.mul(d0, d0));
    high = f64x2.add(high, f64x2.mul(d1, d1));
  }
  const sum = f64x2.add(low, high);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}
