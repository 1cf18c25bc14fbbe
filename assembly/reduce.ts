// Over flat memory; counts are multiples of 8.
import { Lanes } from "./lanes";

/** Σ x², in float64, since squares of float32 overflow float32 from 1.8e19. */
export function sumOfSquares(x: usize, count: usize): f64 {
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

/** x ← factor·x. */
export function scale(x: usize, factor: f32, count: usize): void {
  const by = f32x4.splat(factor);
  const end = x + count * 4;
  for (; x < end; x += 16) v128.store(x, f32x4.mul(v128.load(x), by));
}

/** x ← x held within ±most; NaN stays NaN. */
export function clamp(x: usize, most: f32, count: usize): void {
  const high = f32x4.splat(most);
  const low = f32x4.splat(-most);
  const end = x + count * 4;
  for (; x < end; x += 16) v128.store(x, Lanes.atLeast(Lanes.atMost(v128.load(x), high), low));
}
