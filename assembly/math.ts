// exp and tanh on four lanes, ln on one.
//
// Both start from y = n·ln 2 + r, |r| ≤ ln 2 / 2, and expm1(r) = r + r²·P(r), P of degree 4 by a minimax fit of
// expm1's relative error (1.4e-8). n is found by adding 1.5·2^23, whose low mantissa bits are then n itself.
// tanh(x) = t / (t + 2) with t = expm1(2x) = 2ⁿ·expm1(r) + (2ⁿ − 1): accurate near 0 without a second branch.
// Largest errors over all of float32: exp 1.06 ulp; tanh 2.61 ulp, at 0.0624245; σ 2.481 ulp, at −16.6357.
//
// Constants come from a table that the host places: a v128 constant in a loop is built anew at each use by the engine.
import { Lanes } from "./lanes";

/** Float offsets into the table; src/wasm/constants.ts fills it. */
export namespace Constant {
  export const log2e: usize = 0;
  export const magic: usize = 4;
  export const ln2High: usize = 8;
  export const ln2Low: usize = 12;
  export const p0: usize = 16;
  export const p1: usize = 20;
  export const p2: usize = 24;
  export const p3: usize = 28;
  export const p4: usize = 32;
  export const one: usize = 36;
  export const two: usize = 40;
  export const tanhMost: usize = 44;
  export const tanhLeast: usize = 48;
  export const expLeast: usize = 52;
  export const tiny: usize = 56;
  export const leastNormal: usize = 60;
  export const expMost: usize = 64;
}

export class Vector {
  /** The constant at an offset of the table, in four lanes. */
  @inline static constant(table: usize, offset: usize): v128 {
    return v128.load32_splat(table + offset);
  }

  /** tanh(x), at most 2.61 ulp off; NaN stays NaN. */
  @inline static tanh(x: v128, table: usize): v128 {
    const one = Vector.constant(table, Constant.one);
    // Past ±9.02 tanh rounds to ±1.
    const held = f32x4.max(
      f32x4.min(x, Vector.constant(table, Constant.tanhMost)),
      Vector.constant(table, Constant.tanhLeast),
    );
    const y = f32x4.add(held, held);
    const magic = Vector.constant(table, Constant.magic);
    const k = Lanes.madd(y, Vector.constant(table, Constant.log2e), magic);
    const r = Vector.reduce(y, f32x4.sub(k, magic), table);
    const scale = i32x4.add(i32x4.shl(k, 23), one); // 2ⁿ: n into the exponent of 1.0
    const t = Lanes.madd(Vector.expm1(r, table), scale, f32x4.sub(scale, one));
    return f32x4.div(t, f32x4.add(t, Vector.constant(table, Constant.two)));
  }

  /** σ(x) = 1/(1 + exp(−x)), at most 2.49 ulp off while |x| ≤ 87, past which it stays as there; NaN stays NaN. */
  @inline static sigmoid(x: v128, table: usize): v128 {
    const held = f32x4.max(
      f32x4.min(x, Vector.constant(table, Constant.expMost)),
      Vector.constant(table, Constant.expLeast),
    );
    const one = Vector.constant(table, Constant.one);
    return f32x4.div(one, f32x4.add(one, Vector.power(f32x4.neg(held), table)));
  }

  /** exp(x) for x ≤ 0, at most 1.1 ulp off; 0 below −87, where the result would be subnormal. */
  @inline static exp(x: v128, table: usize): v128 {
    const least = Vector.constant(table, Constant.expLeast);
    return v128.andnot(Vector.power(f32x4.max(x, least), table), f32x4.lt(x, least));
  }

  /** exp(y), |y| ≤ 87: 2ⁿ·(1 + expm1(r)). */
  @inline static power(y: v128, table: usize): v128 {
    const magic = Vector.constant(table, Constant.magic);
    const k = Lanes.madd(y, Vector.constant(table, Constant.log2e), magic);
    const r = Vector.reduce(y, f32x4.sub(k, magic), table);
    const scale = i32x4.add(i32x4.shl(k, 23), Vector.constant(table, Constant.one));
    return Lanes.madd(Vector.expm1(r, table), scale, scale);
  }

  /** r = y − n·ln 2, ln 2 in two parts so that n times the first is exact. */
  @inline static reduce(y: v128, n: v128, table: usize): v128 {
    const r = Lanes.nmadd(n, Vector.constant(table, Constant.ln2High), y);
    return Lanes.nmadd(n, Vector.constant(table, Constant.ln2Low), r);
  }

  /** expm1(r) = r + r²·P(r). */
  @inline static expm1(r: v128, table: usize): v128 {
    let p = Vector.constant(table, Constant.p4);
    p = Lanes.madd(p, r, Vector.constant(table, Constant.p3));
    p = Lanes.madd(p, r, Vector.constant(table, Constant.p2));
    p = Lanes.madd(p, r, Vector.constant(table, Constant.p1));
    p = Lanes.madd(p, r, Vector.constant(table, Constant.p0));
    return Lanes.madd(f32x4.mul(r, r), p, r);
  }
}

/** ln x for finite x ≥ 2^-1022, within 2 ulp of float64; from 2·artanh((m − 1)/(m + 1)), |argument| ≤ 0.172. */
export function naturalLogarithm(x: f64): f64 {
  const bits = reinterpret<u64>(x);
  let exponent = <i32>(bits >> 52) - 1023;
  let m = reinterpret<f64>((bits & 0xfffffffffffff) | 0x3ff0000000000000);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    exponent++;
  }
  const r = (m - 1) / (m + 1);
  const s = r * r;
  let sum: f64 = 0;
  for (let k = 23; k >= 1; k -= 2) sum = sum * s + 1.0 / <f64>k;
  return <f64>exponent * 0.6931471805599453 + 2.0 * r * sum;
}
