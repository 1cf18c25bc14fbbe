// Four float32 lanes. The only file that names relaxed operations.

export class Lanes {
  /** Computes a·b + c: fused (one rounding) in the relaxed build, two roundings in the plain one. */
  @inline static madd(a: v128, b: v128, c: v128): v128 {
    if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
    return f32x4.add(f32x4.mul(a, b), c);
  }

  /** Computes c − a·b. */
  @inline static nmadd(a: v128, b: v128, c: v128): v128 {
    if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_nmadd(a, b, c);
    return f32x4.sub(c, f32x4.mul(a, b));
  }

  /**
   * Replaces values below `least` in magnitude by 0, so that subnormal numbers never reach a product (47 GFLOP/s fall to
   * 0.2 on subnormal operands). NaN stays NaN.
   */
  @inline static flush(x: v128, least: v128): v128 {
    return v128.andnot(x, f32x4.lt(f32x4.abs(x), least));
  }

  /** The lesser, or greater, of the two; x where it is NaN. One instruction, where f32x4.min and max take seven. */
  @inline static atMost(x: v128, most: v128): v128 {
    return f32x4.pmin(x, most);
  }

  @inline static atLeast(x: v128, least: v128): v128 {
    return f32x4.pmax(x, least);
  }

  /** x / y, and 0 for x = 0 whatever y is. */
  @inline static quotient(x: v128, y: v128): v128 {
    return v128.andnot(f32x4.div(x, y), f32x4.eq(x, f32x4.splat(0)));
  }

  /** Maps 32 bits to 32 bits, every input bit changing every output bit about half the time (MurmurHash3's finalizer). */
  @inline static hash(x: v128): v128 {
    const a = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 16)), i32x4.splat(0x85ebca6b));
    const b = i32x4.mul(v128.xor(a, i32x4.shr_u(a, 13)), i32x4.splat(0xc2b2ae35));
    return v128.xor(b, i32x4.shr_u(b, 16));
  }

  /** The largest of the four lanes, of those that are not NaN if one is. */
  @inline static maximum(x: v128): f32 {
    const pair = f32x4.pmax(x, i32x4.shuffle(x, x, 2, 3, 0, 1));
    return f32x4.extract_lane(f32x4.pmax(pair, i32x4.shuffle(pair, pair, 1, 0, 3, 2)), 0);
  }

  /** Returns (x0 + x2) + (x1 + x3). */
  @inline static sum(x: v128): f32 {
    const pair = f32x4.add(x, i32x4.shuffle(x, x, 2, 3, 0, 1));
    return f32x4.extract_lane(f32x4.add(pair, i32x4.shuffle(pair, pair, 1, 0, 3, 2)), 0);
  }
}
