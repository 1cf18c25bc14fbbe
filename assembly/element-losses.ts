// Losses of single outputs with their gradients: [rows, stride] outputs against as many targets, in place. NaN is no target:
// its gradient is 0, as it is in the padding, where the targets are NaN. A row's loss and gradient are multiplied by its
// weight, of `weights` or 1. Each returns Σ w·loss. The squared error is here; losses/element-losses.ts has the others.
import { Check } from "./check";
import { Lanes } from "./lanes";
import { Constant, Vector } from "./math";
import { OptionalPointer, Pointer } from "./pointer";

/** The losses of one loop. With d = output − target and e = |d|: */
export class ElementLoss {
  /** d² and 2·d. */
  static readonly SQUARED: i32 = 0;
  /** e and sign(d), 0 at d = 0. */
  static readonly ABSOLUTE: i32 = 1;
  /** Huber 1964, "Robust estimation of a location parameter": c·(e − c/2) and the sign of d times c, with c = min(e, δ). */
  static readonly HUBER: i32 = 2;
  /** Koenker & Bassett 1978, "Regression quantiles", for the level q: max(−q·d, (1 − q)·d), and −q or 1 − q, 0 at d = 0. */
  static readonly QUANTILE: i32 = 3;
}

export class Elements {
  /** Returns the loss of four outputs, of one kind, which is a constant wherever this is called. `by` is δ, or the levels. */
  @inline static lossOf(kind: i32, d: v128, by: v128): v128 {
    if (kind == ElementLoss.SQUARED) return f32x4.mul(d, d);
    if (kind == ElementLoss.ABSOLUTE) return f32x4.abs(d);
    if (kind == ElementLoss.HUBER) {
      const e = f32x4.abs(d);
      const c = f32x4.min(e, by);
      return f32x4.mul(c, f32x4.sub(e, f32x4.mul(c, f32x4.splat(0.5))));
    }
    return f32x4.max(f32x4.neg(f32x4.mul(by, d)), f32x4.mul(f32x4.sub(f32x4.splat(1), by), d));
  }

  /** Returns the gradient of four outputs. */
  @inline static gradientOf(kind: i32, d: v128, by: v128): v128 {
    const zero = f32x4.splat(0);
    if (kind == ElementLoss.SQUARED) return f32x4.add(d, d);
    if (kind == ElementLoss.HUBER) return f32x4.max(f32x4.min(d, by), f32x4.neg(by));
    const below = kind == ElementLoss.ABSOLUTE ? f32x4.splat(1) : by;
    const above = kind == ElementLoss.ABSOLUTE ? below : f32x4.sub(f32x4.splat(1), by);
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
        const by = kind == ElementLoss.QUANTILE ? v128.load(levels + n) : f32x4.splat(delta);
        const target = v128.load(targets + n);
        const d = v128.and(f32x4.sub(v128.load(x + n), target), f32x4.eq(target, target));
        v128.store(x + n, Lanes.flush(f32x4.mul(Elements.gradientOf(kind, d, by), factor), tiny));
        if (kind == ElementLoss.SQUARED) {
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
  return Elements.loss(ElementLoss.SQUARED, x, targets, weights, 0, constants, scale, 0, rows, stride);
}
