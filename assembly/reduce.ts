// Over flat memory; counts are multiples of 8.
import { Check } from "./check";
import { Lanes } from "./lanes";
import { Constant, Vector } from "./math";
import { OptionalPointer, Pointer } from "./pointer";

/** Returns Σ x², in float64, since squares of float32 overflow float32 from 1.8e19. */
export function sumOfSquares(x: Pointer, count: usize): f64 {
  assert(Check.multiple(count, 8) && Check.vectors(x, count));
  let s0 = f64x2.splat(0);
  let s1 = f64x2.splat(0);
  let s2 = f64x2.splat(0);
  let s3 = f64x2.splat(0);
  const end = x + count * 4;
  for (; x < end; x += 32) {
    const a = v128.load(x);
    const b = v128.load(x, 16);
    const a0 = f64x2.promote_low_f32x4(a);
    const a1 = f64x2.promote_low_f32x4(i32x4.shuffle(a, a, 2, 3, 2, 3));
    const b0 = f64x2.promote_low_f32x4(b);
    const b1 = f64x2.promote_low_f32x4(i32x4.shuffle(b, b, 2, 3, 2, 3));
    s0 = f64x2.add(s0, f64x2.mul(a0, a0));
    s1 = f64x2.add(s1, f64x2.mul(a1, a1));
    s2 = f64x2.add(s2, f64x2.mul(b0, b0));
    s3 = f64x2.add(s3, f64x2.mul(b1, b1));
  }
  const sum = f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3));
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** Returns Σ x·y, in float64. */
export function dot(x: Pointer, y: Pointer, count: usize): f64 {
  assert(Check.multiple(count, 8) && Check.vectors(x, count) && Check.vectors(y, count));
  let s0 = f64x2.splat(0);
  let s1 = f64x2.splat(0);
  const end = x + count * 4;
  for (; x < end; x += 16, y += 16) {
    const a = v128.load(x);
    const b = v128.load(y);
    const low = f64x2.mul(f64x2.promote_low_f32x4(a), f64x2.promote_low_f32x4(b));
    const high = f64x2.mul(
      f64x2.promote_low_f32x4(i32x4.shuffle(a, a, 2, 3, 2, 3)),
      f64x2.promote_low_f32x4(i32x4.shuffle(b, b, 2, 3, 2, 3)),
    );
    s0 = f64x2.add(s0, low);
    s1 = f64x2.add(s1, high);
  }
  const sum = f64x2.add(s0, s1);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** Computes to ← keep·to + factor·x, tiny results 0; `constants` as in math.ts. */
export function addScaled(
  to: Pointer,
  x: Pointer,
  constants: Pointer,
  keep: f32,
  factor: f32,
  count: usize,
): void {
  assert(Check.multiple(count, 8) && Check.vectors(to, count) && Check.vectors(x, count));
  assert(Check.constants(constants));
  const tiny = Vector.constant(constants, Constant.tiny);
  const keepV = f32x4.splat(keep);
  const by = f32x4.splat(factor);
  const end = to + count * 4;
  for (; to < end; to += 32, x += 32) {
    const s0 = Lanes.madd(v128.load(x), by, f32x4.mul(keepV, v128.load(to)));
    const s1 = Lanes.madd(v128.load(x, 16), by, f32x4.mul(keepV, v128.load(to, 16)));
    v128.store(to, Lanes.flush(s0, tiny));
    v128.store(to, Lanes.flush(s1, tiny), 16);
  }
}

/**
 * Computes to[r, :] ← keep[r]·to[r, :] + factors[r]·x[r, :]; `keep` or `x` 0: to[r, :] ← to[r, :] + …, or nothing is
 * added. Rows of `width` elements, one after the other, a multiple of 8.
 */
export function addScaledRows(
  to: Pointer,
  x: OptionalPointer,
  keep: OptionalPointer,
  factors: Pointer,
  constants: Pointer,
  rows: usize,
  width: usize,
): void {
  assert(Check.multiple(width, 8) && Check.vectors(to, rows * width) && Check.constants(constants));
  assert(!x || (Check.vectors(x, rows * width) && Check.elements(factors, rows)));
  assert(!keep || Check.elements(keep, rows));
  const bytes = width * 4;
  for (let r: usize = 0; r < rows; r++, to += bytes) {
    const kept: f32 = keep ? f32.load(keep + r * 4) : 1;
    if (x) addScaled(to, x + r * bytes, constants, kept, f32.load(factors + r * 4), width);
    else scale(to, kept, width);
  }
}

/** Computes x ← factor·x. */
export function scale(x: Pointer, factor: f32, count: usize): void {
  assert(Check.multiple(count, 8) && Check.vectors(x, count));
  const by = f32x4.splat(factor);
  const end = x + count * 4;
  for (; x < end; x += 16) v128.store(x, f32x4.mul(v128.load(x), by));
}

/** x ← x held within ±most; NaN stays NaN. */
export function clamp(x: Pointer, most: f32, count: usize): void {
  assert(Check.multiple(count, 8) && Check.vectors(x, count));
  const high = f32x4.splat(most);
  const low = f32x4.splat(-most);
  const end = x + count * 4;
  for (; x < end; x += 16) v128.store(x, Lanes.atLeast(Lanes.atMost(v128.load(x), high), low));
}
