// Losses of single outputs with their gradients: [rows, stride] outputs against as many targets, in place. NaN is no target:
// its gradient is 0, as it is in the padding, where the targets are NaN. A row's loss and gradient are multiplied by its
// weight, of `weights` or 1. Each returns Σ w·loss.
import { Check } from "./check";
import { Lanes } from "./lanes";
import { Constant, Scalar, Vector } from "./math";
import { OptionalPointer, Pointer } from "./pointer";

// With d = output − target and e = |d|:
/** d² and 2·d. */
const SQUARED = 0;
/** e and sign(d), 0 at d = 0. */
const ABSOLUTE = 1;
/** Huber 1964, "Robust estimation of a location parameter": c·(e − c/2) and the sign of d times c, with c = min(e, δ). */
const HUBER = 2;
/** Koenker & Bassett 1978, "Regression quantiles", for the level q: max(−q·d, (1 − q)·d), and −q or 1 − q, 0 at d = 0. */
const QUANTILE = 3;

class Elements {
  /** Returns the loss of four outputs, of one kind, which is a constant wherever this is called. `by` is δ, or the levels. */
  @inline static lossOf(kind: i32, d: v128, by: v128): v128 {
    if (kind == SQUARED) return f32x4.mul(d, d);
    if (kind == ABSOLUTE) return f32x4.abs(d);
    if (kind == HUBER) {
      const e = f32x4.abs(d);
      const c = f32x4.min(e, by);
      return f32x4.mul(c, f32x4.sub(e, f32x4.mul(c, f32x4.splat(0.5))));
    }
    return f32x4.max(f32x4.neg(f32x4.mul(by, d)), f32x4.mul(f32x4.sub(f32x4.splat(1), by), d));
  }

  /** Returns the gradient of four outputs. */
  @inline static gradientOf(kind: i32, d: v128, by: v128): v128 {
    const zero = f32x4.splat(0);
    if (kind == SQUARED) return f32x4.add(d, d);
    if (kind == HUBER) return f32x4.max(f32x4.min(d, by), f32x4.neg(by));
    const below = kind == ABSOLUTE ? f32x4.splat(1) : by;
    const above = kind == ABSOLUTE ? below : f32x4.sub(f32x4.splat(1), by);
    // NaN is neither above nor below: it stays in the loss, which tells.
    return v128.or(v128.and(above, f32x4.gt(d, zero)), v128.and(f32x4.neg(below), f32x4.lt(d, zero)));
  }

  @inline static loss(
    kind: i32,
    x: usize,
    targets: usize,
    weights: usize,
    levels: usize,
    constants: usize,
    scale: f32,
    delta: f32,
    rows: usize,
    stride: usize,
  ): f64 {
    const tiny = Vector.constant(constants, Constant.tiny);
    const bytes = stride * 4;
    let total: f64 = 0;
    for (let r: usize = 0; r < rows; r++, x += bytes, targets += bytes) {
      const weight: f32 = weights == 0 ? 1 : f32.load(weights + r * 4);
      const factor = f32x4.splat(scale * weight);
      let low = f64x2.splat(0);
      let high = f64x2.splat(0);
      for (let n: usize = 0; n < bytes; n += 16) {
        const by = kind == QUANTILE ? v128.load(levels + n) : f32x4.splat(delta);
        const target = v128.load(targets + n);
        const d = v128.and(f32x4.sub(v128.load(x + n), target), f32x4.eq(target, target));
        v128.store(x + n, Lanes.flush(f32x4.mul(Elements.gradientOf(kind, d, by), factor), tiny));
        if (kind == SQUARED) {
          // Squares may leave float32.
          const d0 = f64x2.promote_low_f32x4(d);
          const d1 = f64x2.promote_low_f32x4(i32x4.shuffle(d, d, 2, 3, 2, 3));
          low = f64x2.add(low, f64x2.mul(d0, d0));
          high = f64x2.add(high, f64x2.mul(d1, d1));
        } else {
          const loss = Elements.lossOf(kind, d, by);
          low = f64x2.add(low, f64x2.promote_low_f32x4(loss));
          high = f64x2.add(high, f64x2.promote_low_f32x4(i32x4.shuffle(loss, loss, 2, 3, 2, 3)));
        }
      }
      const sum = f64x2.add(low, high);
      total += <f64>weight * (f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1));
    }
    return total;
  }

  /** Whether the arguments that all losses share are right. */
  @inline static checked(
    x: usize,
    targets: usize,
    weights: usize,
    constants: usize,
    rows: usize,
    stride: usize,
  ): bool {
    return (
      ASC_NO_ASSERT ||
      (Check.multiple(stride, 8) &&
        Check.vectors(x, rows * stride) &&
        Check.vectors(targets, rows * stride) &&
        (weights == 0 || Check.elements(weights, rows)) &&
        Check.constants(constants))
    );
  }
}

/** Computes the squared error, no ½. */
export function squaredError(
  x: Pointer,
  targets: Pointer,
  weights: OptionalPointer,
  constants: Pointer,
  scale: f32,
  rows: usize,
  stride: usize,
): f64 {
  assert(Elements.checked(x, targets, weights, constants, rows, stride));
  return Elements.loss(SQUARED, x, targets, weights, 0, constants, scale, 0, rows, stride);
}

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
  return Elements.loss(ABSOLUTE, x, targets, weights, 0, constants, scale, 0, rows, stride);
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
  return Elements.loss(HUBER, x, targets, weights, 0, constants, scale, delta, rows, stride);
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
  return Elements.loss(QUANTILE, x, targets, weights, levels, constants, scale, 0, rows, stride);
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
