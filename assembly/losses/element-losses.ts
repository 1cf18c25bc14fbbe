// Losses of single outputs as in ../element-losses.ts, which says what comes in and goes out: those that few programs use.
import { Check } from "../check";
import { ElementLoss, Elements } from "../element-losses";
import { Lanes } from "../lanes";
import { Constant, Scalar, Vector } from "../math";
import { OptionalPointer, Pointer } from "../pointer";

/** Computes the absolute error. */
export function absoluteError(
  x: Pointer,
  targets: Pointer,
  weights: OptionalPointer,
  constants: Pointer,
  scale: f32,
  rows: usize,
  stride: usize,
): f64 {
  assert(Elements.checked(x, targets, weights, constants, rows, stride));
  return Elements.loss(ElementLoss.ABSOLUTE, x, targets, weights, 0, constants, scale, 0, rows, stride);
}

/** Computes Huber's loss: squared, with ½, up to |d| = delta, and linear from there. */
export function huberLoss(
  x: Pointer,
  targets: Pointer,
  weights: OptionalPointer,
  constants: Pointer,
  scale: f32,
  delta: f32,
  rows: usize,
  stride: usize,
): f64 {
  assert(Elements.checked(x, targets, weights, constants, rows, stride));
  return Elements.loss(ElementLoss.HUBER, x, targets, weights, 0, constants, scale, delta, rows, stride);
}

/** Computes the quantile (pinball) loss; `levels`: a row, the level of each column. */
export function quantileLoss(
  x: Pointer,
  targets: Pointer,
  weights: OptionalPointer,
  levels: Pointer,
  constants: Pointer,
  scale: f32,
  rows: usize,
  stride: usize,
): f64 {
  assert(Elements.checked(x, targets, weights, constants, rows, stride) && Check.vectors(levels, stride));
  return Elements.loss(ElementLoss.QUANTILE, x, targets, weights, levels, constants, scale, 0, rows, stride);
}

/**
 * Computes binary cross-entropy of logits: max(x, 0) − x·t + ln(1 + exp(−|x|)) and σ(x) − t, exact however large |x| is.
 * A logarithm is taken of the product over the row, some hundred factors of 1 to 2 at a time.
 */
export function binaryCrossEntropy(
  x: Pointer,
  targets: Pointer,
  weights: OptionalPointer,
  constants: Pointer,
  scale: f32,
  rows: usize,
  stride: usize,
): f64 {
  assert(Elements.checked(x, targets, weights, constants, rows, stride));
  const tiny = Vector.constant(constants, Constant.tiny);
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  const ones = f64x2.splat(1);
  const bytes = stride * 4;
  let total: f64 = 0;
  for (let r: usize = 0; r < rows; r++, x += bytes, targets += bytes) {
    const weight: f32 = weights == 0 ? 1 : f32.load(weights + r * 4);
    const factor = f32x4.splat(scale * weight);
    let linear = f64x2.splat(0);
    let loss: f64 = 0;
    for (let from: usize = 0; from < bytes; from += CHUNK) {
      let product = ones;
      const to = min(from + CHUNK, bytes);
      for (let n = from; n < to; n += 16) {
        const logit = v128.load(x + n);
        const target = v128.load(targets + n);
        const is = f32x4.eq(target, target);
        const e = Vector.exp(f32x4.neg(f32x4.abs(logit)), constants);
        const up = f32x4.div(v128.bitselect(one, e, f32x4.ge(logit, zero)), f32x4.add(one, e));
        // f32x4.max keeps NaN.
        const part = v128.and(f32x4.sub(f32x4.max(logit, zero), f32x4.mul(logit, target)), is);
        const d = v128.and(f32x4.sub(up, target), is);
        const grown = v128.and(e, is);
        v128.store(x + n, Lanes.flush(f32x4.mul(d, factor), tiny));
        linear = f64x2.add(linear, f64x2.promote_low_f32x4(part));
        linear = f64x2.add(linear, f64x2.promote_low_f32x4(i32x4.shuffle(part, part, 2, 3, 2, 3)));
        product = f64x2.mul(product, f64x2.add(ones, f64x2.promote_low_f32x4(grown)));
        const upper = f64x2.promote_low_f32x4(i32x4.shuffle(grown, grown, 2, 3, 2, 3));
        product = f64x2.mul(product, f64x2.add(ones, upper));
      }
      loss += Scalar.naturalLogarithm(f64x2.extract_lane(product, 0) * f64x2.extract_lane(product, 1));
    }
    loss += f64x2.extract_lane(linear, 0) + f64x2.extract_lane(linear, 1);
    total += <f64>weight * loss;
  }
  return total;
}

/** Bytes of a row whose factors are multiplied: 2^512 at most. */
const CHUNK: usize = 512 * 4;
