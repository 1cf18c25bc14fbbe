// Losses with their gradients, rows of `stride` elements, a multiple of 8.
import { Check } from "./check";
import { Lanes } from "./lanes";
import { Constant, Scalar, Vector } from "./math";
import { OptionalPointer, Pointer } from "./pointer";

/** A row of logits. */
export class LogitRow {
  /** Returns a row's factor of its loss and gradient; 1 where there are no weights. */
  static weight(weights: usize, row: usize): f32 {
    return weights == 0 ? 1 : f32.load(weights + row * 4);
  }

  /** Writes −∞ into a row's padding: it then adds nothing to the maximum or the sum, and its gradient is 0. */
  static pad(row: usize, columns: usize, stride: usize): void {
    for (let n = columns; n < stride; n++) f32.store(row + n * 4, -Infinity);
  }

  static maximum(row: usize, bytes: usize): f32 {
    let most = v128.load(row);
    for (let n: usize = 16; n < bytes; n += 16) most = f32x4.pmax(most, v128.load(row + n));
    return Lanes.maximum(most);
  }

  /** row ← exp(row − shift); returns the sum. */
  static exponentials(row: usize, shift: f32, constants: usize, bytes: usize): f32 {
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

  /** Returns Σ (x − most) over the columns; the row's padding becomes `most`, which adds nothing. */
  static sumBelow(row: usize, most: f32, columns: usize, stride: usize): f32 {
    for (let n = columns; n < stride; n++) f32.store(row + n * 4, most);
    const top = f32x4.splat(most);
    let sum = f32x4.splat(0);
    for (let n: usize = 0; n < stride * 4; n += 16) sum = f32x4.add(sum, f32x4.sub(v128.load(row + n), top));
    return Lanes.sum(sum);
  }

  /** row ← flush(row·factor − less) in the columns, 0 in the padding. */
  static scale(row: usize, factor: f32, less: f32, constants: usize, columns: usize, stride: usize): void {
    const tiny = Vector.constant(constants, Constant.tiny);
    const by = f32x4.splat(factor);
    const lower = f32x4.splat(less);
    for (let n: usize = 0; n < stride * 4; n += 32) {
      const d0 = f32x4.sub(f32x4.mul(v128.load(row + n), by), lower);
      const d1 = f32x4.sub(f32x4.mul(v128.load(row + n, 16), by), lower);
      v128.store(row + n, Lanes.flush(d0, tiny));
      v128.store(row + n, Lanes.flush(d1, tiny), 16);
    }
    if (less != 0) memory.fill(row + columns * 4, 0, (stride - columns) * 4);
  }
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
    LogitRow.pad(x, columns, stride);
    const sum = f32x4.splat(LogitRow.exponentials(x, LogitRow.maximum(x, bytes), constants, bytes));
    for (let n: usize = 0; n < bytes; n += 16) v128.store(x + n, f32x4.div(v128.load(x + n), sum));
  }
}

/**
 * Computes softmax cross-entropy and its gradient, in place. x[rows, stride]: logits come in, scale·w·(p − q) goes out, with
 * q = (1 − s)·onehot(class) + s/columns for the label smoothing s (Szegedy et al. 2016) and the row's weight w, of `weights`
 * or 1; a class of −1 is no target: its row becomes zeros. Returns Σ w·(−Σ q·ln p), in nats.
 */
export function crossEntropy(
  x: Pointer,
  classes: Pointer,
  weights: OptionalPointer,
  constants: Pointer,
  scale: f32,
  smoothing: f32,
  rows: usize,
  columns: usize,
  stride: usize,
): f64 {
  assert(Check.multiple(stride, 8) && Check.atLeast(columns, 1) && Check.atLeast(stride, columns));
  assert(Check.vectors(x, rows * stride) && Check.elements(classes, rows) && Check.constants(constants));
  assert(weights == 0 || Check.elements(weights, rows));
  const bytes = stride * 4;
  let loss: f64 = 0;
  for (let r: usize = 0; r < rows; r++, x += bytes) {
    const target = i32.load(classes + r * 4);
    if (target < 0) {
      memory.fill(x, 0, bytes);
      continue;
    }
    assert(Check.atLeast(columns, <usize>target + 1));
    const weight = LogitRow.weight(weights, r);
    LogitRow.pad(x, columns, stride);
    const most = LogitRow.maximum(x, bytes);
    const below: f64 = smoothing > 0 ? <f64>LogitRow.sumBelow(x, most, columns, stride) / <f64>columns : 0;
    if (smoothing > 0) LogitRow.pad(x, columns, stride);
    const logit = f32.load(x + ((<usize>target) << 2));
    const sum = LogitRow.exponentials(x, most, constants, bytes);
    // ln Σ exp(x − max) − (1 − s)·(x[class] − max) − s·mean(x − max)
    const under =
      smoothing > 0
        ? (1 - <f64>smoothing) * (<f64>most - <f64>logit) - <f64>smoothing * below
        : <f64>most - <f64>logit;
    loss += <f64>weight * (under + Scalar.naturalLogarithm(<f64>sum));
    const factor = scale * weight;
    LogitRow.scale(x, factor / sum, (factor * smoothing) / <f32>columns, constants, columns, stride);
    const at = x + ((<usize>target) << 2);
    f32.store(at, f32.load(at) - factor * (1 - smoothing));
  }
  return loss;
}
