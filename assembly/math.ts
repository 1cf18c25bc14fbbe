// exp and tanh on four lanes, ln on one.
//
// Both start from y = n·ln 2 + r, |r| ≤ ln 2 / 2, and expm1(r) = r + r²·P(r), P of degree 4 by a minimax fit of
// expm1's relative error (1.4e-8). n is found by adding 1.5·2^23, whose low mantissa bits are then n itself.
// tanh(x) = t / (t + 2) with t = expm1(2x) = 2ⁿ·expm1(r) + (2ⁿ − 1): accurate near 0 without a second branch.
// Largest errors over all of float32: exp 1.06 ulp; tanh 2.61 ulp, at 0.0624245; σ 2.481 ulp, at −16.6357.
//
// Constants come from a table that the host places: a v128 constant in a loop is built anew at each use by the engine.
import { Check } from "./check";
import { Lanes } from "./lanes";
import { Pointer } from "./pointer";

/** Where each constant stands, in bytes from the table's start; its value is in scripts/kernel-constants.ts. */
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
  /** Returns the constant at an offset of the table, in four lanes. */
  @inline static constant(table: usize, offset: usize): v128 {
    return v128.load32_splat(table + offset);
  }

  /** Computes exp(y), |y| ≤ 87, or exp(y) − 1: 2ⁿ·(1 + expm1(r)) or 2ⁿ·expm1(r) + (2ⁿ − 1). */
  @inline static power(
    y: v128,
    minusOne: bool,
    log2e: v128,
    magic: v128,
    ln2High: v128,
    ln2Low: v128,
    p0: v128,
    p1: v128,
    p2: v128,
    p3: v128,
    p4: v128,
    one: v128,
  ): v128 {
    const k = Lanes.madd(y, log2e, magic);
    const n = f32x4.sub(k, magic);
    // ln 2 in two parts, so that n times the first is exact.
    const r = Lanes.nmadd(n, ln2Low, Lanes.nmadd(n, ln2High, y));
    const p = Lanes.madd(Lanes.madd(Lanes.madd(Lanes.madd(p4, r, p3), r, p2), r, p1), r, p0);
    const expm1 = Lanes.madd(f32x4.mul(r, r), p, r);
    const scale = i32x4.add(i32x4.shl(k, 23), one); // 2ⁿ: n into the exponent of 1.0
    return Lanes.madd(expm1, scale, minusOne ? f32x4.sub(scale, one) : scale);
  }

  /** Computes the same with its constants from the table. */
  @inline static powerOf(y: v128, minusOne: bool, table: usize): v128 {
    return Vector.power(
      y,
      minusOne,
      Vector.constant(table, Constant.log2e),
      Vector.constant(table, Constant.magic),
      Vector.constant(table, Constant.ln2High),
      Vector.constant(table, Constant.ln2Low),
      Vector.constant(table, Constant.p0),
      Vector.constant(table, Constant.p1),
      Vector.constant(table, Constant.p2),
      Vector.constant(table, Constant.p3),
      Vector.constant(table, Constant.p4),
      Vector.constant(table, Constant.one),
    );
  }

  /** tanh(x), at most 2.61 ulp off; NaN stays NaN. */
  @inline static tanh(x: v128, table: usize): v128 {
    // Past ±9.02 tanh rounds to ±1.
    const most = Vector.constant(table, Constant.tanhMost);
    const held = Lanes.atLeast(Lanes.atMost(x, most), Vector.constant(table, Constant.tanhLeast));
    const t = Vector.powerOf(f32x4.add(held, held), true, table);
    return f32x4.div(t, f32x4.add(t, Vector.constant(table, Constant.two)));
  }

  /** Computes exp(x) for x ≤ 0, at most 1.1 ulp off; 0 below −87, where the result would be subnormal. */
  @inline static exp(x: v128, table: usize): v128 {
    const least = Vector.constant(table, Constant.expLeast);
    return v128.andnot(Vector.powerOf(Lanes.atLeast(x, least), false, table), f32x4.lt(x, least));
  }
}

// Rows of values: constants in registers, and two vectors at a time for engines that merge neighbours. `bytes` is a
// multiple of 32.

/** to ← tanh(from), tiny results 0; may be the same place. */
export function tanhRow(to: Pointer, from: Pointer, constants: Pointer, bytes: usize): void {
  assert(Check.multiple(bytes, 32) && Check.vectors(to, bytes / 4) && Check.vectors(from, bytes / 4));
  assert(Check.constants(constants));
  const most = Vector.constant(constants, Constant.tanhMost);
  const least = Vector.constant(constants, Constant.tanhLeast);
  const log2e = Vector.constant(constants, Constant.log2e);
  const magic = Vector.constant(constants, Constant.magic);
  const high = Vector.constant(constants, Constant.ln2High);
  const low = Vector.constant(constants, Constant.ln2Low);
  const p0 = Vector.constant(constants, Constant.p0);
  const p1 = Vector.constant(constants, Constant.p1);
  const p2 = Vector.constant(constants, Constant.p2);
  const p3 = Vector.constant(constants, Constant.p3);
  const p4 = Vector.constant(constants, Constant.p4);
  const one = Vector.constant(constants, Constant.one);
  const two = Vector.constant(constants, Constant.two);
  const tiny = Vector.constant(constants, Constant.tiny);
  const end = to + bytes;
  for (; to < end; to += 32, from += 32) {
    const x0 = Lanes.atLeast(Lanes.atMost(v128.load(from), most), least);
    const x1 = Lanes.atLeast(Lanes.atMost(v128.load(from, 16), most), least);
    const y0 = f32x4.add(x0, x0);
    const y1 = f32x4.add(x1, x1);
    const t0 = Vector.power(y0, true, log2e, magic, high, low, p0, p1, p2, p3, p4, one);
    const t1 = Vector.power(y1, true, log2e, magic, high, low, p0, p1, p2, p3, p4, one);
    v128.store(to, Lanes.flush(f32x4.div(t0, f32x4.add(t0, two)), tiny));
    v128.store(to, Lanes.flush(f32x4.div(t1, f32x4.add(t1, two)), tiny), 16);
  }
}

/** x ← σ(x) = 1/(1 + exp(−x)), at most 2.49 ulp off while |x| ≤ 87, past which it stays as there; NaN stays NaN. */
export function sigmoidRow(x: Pointer, constants: Pointer, bytes: usize): void {
  assert(Check.multiple(bytes, 32) && Check.vectors(x, bytes / 4) && Check.constants(constants));
  const most = Vector.constant(constants, Constant.expMost);
  const least = Vector.constant(constants, Constant.expLeast);
  const log2e = Vector.constant(constants, Constant.log2e);
  const magic = Vector.constant(constants, Constant.magic);
  const high = Vector.constant(constants, Constant.ln2High);
  const low = Vector.constant(constants, Constant.ln2Low);
  const p0 = Vector.constant(constants, Constant.p0);
  const p1 = Vector.constant(constants, Constant.p1);
  const p2 = Vector.constant(constants, Constant.p2);
  const p3 = Vector.constant(constants, Constant.p3);
  const p4 = Vector.constant(constants, Constant.p4);
  const one = Vector.constant(constants, Constant.one);
  const end = x + bytes;
  for (; x < end; x += 32) {
    const y0 = f32x4.neg(Lanes.atLeast(Lanes.atMost(v128.load(x), most), least));
    const y1 = f32x4.neg(Lanes.atLeast(Lanes.atMost(v128.load(x, 16), most), least));
    const e0 = Vector.power(y0, false, log2e, magic, high, low, p0, p1, p2, p3, p4, one);
    const e1 = Vector.power(y1, false, log2e, magic, high, low, p0, p1, p2, p3, p4, one);
    v128.store(x, f32x4.div(one, f32x4.add(one, e0)));
    v128.store(x, f32x4.div(one, f32x4.add(one, e1)), 16);
  }
}

export class Scalar {
  /**
   * Computes ln x for finite x ≥ 2^-1022, within 2 ulp of float64; from 2·artanh((m − 1)/(m + 1)), |argument| ≤ 0.172.
   * NaN for what is not finite.
   */
  static naturalLogarithm(x: f64): f64 {
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
    return <f64>exponent * 0.6931471805599453 + 2.0 * r * sum + (x - x);
  }
}
