// Softmax cross-entropy against probabilities, rows of `stride` elements, a multiple of 8.
import { Check } from "../check";
import { Lanes } from "../lanes";
import { LogitRow } from "../loss";
import { Constant, Scalar, Vector } from "../math";
import { OptionalPointer, Pointer } from "../pointer";

/**
 * Computes softmax cross-entropy against probabilities and its gradient, in place; as `crossEntropy`, with
 * q = (1 − s)·targets + s/columns, targets[rows, stride] with NaN in the padding. A row whose first target is NaN has none:
 * it becomes zeros.
 */
export function softCrossEntropy(
  x: Pointer,
  targets: Pointer,
  weights: OptionalPointer,
  constants: Pointer,
  scale: f32,
  smoothing: f32,
  rows: usize,
  columns: usize,
  stride: usize,
): f64 {
  assert(Check.multiple(stride, 8) && Check.atLeast(columns, 1) && Check.atLeast(stride, columns));
  assert(Check.vectors(x, rows * stride) && Check.vectors(targets, rows * stride));
  assert(Check.constants(constants) && (weights == 0 || Check.elements(weights, rows)));
  const bytes = stride * 4;
  const tiny = Vector.constant(constants, Constant.tiny);
  const kept = f32x4.splat(1 - smoothing);
  let loss: f64 = 0;
  for (let r: usize = 0; r < rows; r++, x += bytes, targets += bytes) {
    const first = f32.load(targets);
    if (first != first) {
      memory.fill(x, 0, bytes);
      continue;
    }
    LogitRow.pad(x, columns, stride);
    const most = LogitRow.maximum(x, bytes);
    const spread = smoothing / <f32>columns;
    const below = LogitRow.sumBelow(x, most, columns, stride);
    let under: f64 = smoothing > 0 ? <f64>spread * <f64>below : 0;
    let mass: f64 = <f64>smoothing;
    const top = f32x4.splat(most);
    for (let n: usize = 0; n < bytes; n += 16) {
      const q = v128.load(targets + n);
      const target = f32x4.mul(v128.and(q, f32x4.eq(q, q)), kept);
      mass += <f64>Lanes.sum(target);
      // A target of 0 adds nothing, be its logit −∞.
      const part = f32x4.mul(target, f32x4.sub(v128.load(x + n), top));
      under += <f64>Lanes.sum(v128.and(part, f32x4.ne(target, f32x4.splat(0))));
    }
    LogitRow.pad(x, columns, stride);
    const sum = LogitRow.exponentials(x, most, constants, bytes);
    const weight = LogitRow.weight(weights, r);
    loss += <f64>weight * (mass * Scalar.naturalLogarithm(<f64>sum) - under);
    const factor = scale * weight;
    LogitRow.scale(x, <f32>((<f64>factor * mass) / <f64>sum), factor * spread, constants, columns, stride);
    const by = f32x4.mul(kept, f32x4.splat(factor));
    for (let n: usize = 0; n < bytes; n += 16) {
      const q = v128.load(targets + n);
      const d = f32x4.sub(v128.load(x + n), f32x4.mul(v128.and(q, f32x4.eq(q, q)), by));
      v128.store(x + n, Lanes.flush(d, tiny));
    }
  }
  return loss;
}
