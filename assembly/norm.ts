// Layer normalisation (Ba, Kiros & Hinton 2016, arXiv 1607.06450, eq. 4): x̂ = (x − μ)/σ, y += g ⊙ x̂, with the mean μ and
// σ² = mean((x − μ)²) + ε over all units of some blocks together. A block is `units` columns and zeros up to `stride`, which
// never enter μ and σ and stay zeros.
//
// x̂ and 1/σ are kept. Of w = dLoss/dx̂, dLoss/dx = (w − mean(w) − x̂·mean(w ⊙ x̂))/σ; this map is its own transpose, and so it
// also gives dx̂ along a tangent w = dx.
import { Check } from "./check";
import { Lanes } from "./lanes";
import { Constant, Vector } from "./math";
import { Pointer } from "./pointer";

/** ε as in torch.nn.LayerNorm. */
const EPSILON: f32 = 1e-5;

/** Bytes from one row's 1/σ to the next one's: a padded row of up to eight, of all that a step normalises. */
const SCALES: usize = 32;

/** The lanes of a pair that hold units where `rest`, 1 to 7, are left of a block. */
class Tail {
  @inline static first(rest: usize): v128 {
    return i32x4.gt_s(i32x4.splat(<i32>rest), i32x4(0, 1, 2, 3));
  }

  @inline static second(rest: usize): v128 {
    return i32x4.gt_s(i32x4.splat(<i32>rest), i32x4(4, 5, 6, 7));
  }
}

// Of one row; `bytes` is from one block to the next.
export class Norm {
  /** Computes to ← x̂ of `from`, which may be the same place, scale ← 1/σ, and y += gain ⊙ x̂. */
  static forward(
    y: usize,
    to: usize,
    from: usize,
    scale: usize,
    gain: usize,
    constants: usize,
    blocks: usize,
    units: usize,
    bytes: usize,
  ): void {
    const count = <f32>(blocks * units);
    const row = blocks * bytes;
    const mean = f32x4.splat(Norm.sum(from, row) / count);
    const variance = Norm.centre(to, from, mean, blocks, units, bytes) / count;
    f32.store(scale, 1 / sqrt<f32>(variance + EPSILON));
    const by = v128.load32_splat(scale);
    const tiny = Vector.constant(constants, Constant.tiny);
    for (let n: usize = 0; n < row; n += 32) {
      const x0 = Lanes.flush(f32x4.mul(v128.load(to + n), by), tiny);
      const x1 = Lanes.flush(f32x4.mul(v128.load(to + n, 16), by), tiny);
      const y0 = Lanes.madd(x0, v128.load(gain + n), v128.load(y + n));
      const y1 = Lanes.madd(x1, v128.load(gain + n, 16), v128.load(y + n, 16));
      v128.store(to + n, x0);
      v128.store(to + n, x1, 16);
      v128.store(y + n, y0);
      v128.store(y + n, y1, 16);
    }
  }

  /**
   * Computes dx (+)= dLoss/dx from dy = dLoss/dy, and from x̂ and 1/σ as `forward` left them; adds where `accumulate`.
   */
  static backward(
    dx: usize,
    dy: usize,
    normal: usize,
    scale: usize,
    gain: usize,
    constants: usize,
    blocks: usize,
    units: usize,
    bytes: usize,
    accumulate: bool,
  ): void {
    Norm.project(dx, dy, normal, scale, gain, constants, blocks, units, bytes, true, accumulate);
  }

  /** Computes the tangent of gain ⊙ x̂ along dx, dy (+)= gain ⊙ dx̂; dy may be dx where nothing is added. */
  static tangent(
    dy: usize,
    dx: usize,
    normal: usize,
    scale: usize,
    gain: usize,
    constants: usize,
    blocks: usize,
    units: usize,
    bytes: usize,
    accumulate: bool,
  ): void {
    Norm.project(dy, dx, normal, scale, gain, constants, blocks, units, bytes, false, accumulate);
  }

  /** Computes y ← gain ⊙ x̂ + bias, as `forward` does from y = bias. */
  static affine(y: usize, normal: usize, gain: usize, bias: usize, bytes: usize): void {
    for (let n: usize = 0; n < bytes; n += 32) {
      const y0 = Lanes.madd(v128.load(normal + n), v128.load(gain + n), v128.load(bias + n));
      const y1 = Lanes.madd(v128.load(normal + n, 16), v128.load(gain + n, 16), v128.load(bias + n, 16));
      v128.store(y + n, y0);
      v128.store(y + n, y1, 16);
    }
  }

  /** Returns Σ x over whole vectors. */
  @inline private static sum(x: usize, bytes: usize): f32 {
    // Two pairs of sums: an addition takes as long as four loads.
    let s0 = f32x4.splat(0);
    let s1 = f32x4.splat(0);
    let s2 = f32x4.splat(0);
    let s3 = f32x4.splat(0);
    let n: usize = 0;
    for (; n + 64 <= bytes; n += 64) {
      s0 = f32x4.add(s0, v128.load(x + n));
      s1 = f32x4.add(s1, v128.load(x + n, 16));
      s2 = f32x4.add(s2, v128.load(x + n, 32));
      s3 = f32x4.add(s3, v128.load(x + n, 48));
    }
    if (n < bytes) {
      s0 = f32x4.add(s0, v128.load(x + n));
      s1 = f32x4.add(s1, v128.load(x + n, 16));
    }
    return Lanes.sum(f32x4.add(f32x4.add(s0, s2), f32x4.add(s1, s3)));
  }

  /** Computes to ← from − mean, and returns the sum of its squares. */
  @inline private static centre(
    to: usize,
    from: usize,
    mean: v128,
    blocks: usize,
    units: usize,
    bytes: usize,
  ): f32 {
    const whole = (units & ~7) << 2;
    const rest = units & 7;
    let s0 = f32x4.splat(0);
    let s1 = f32x4.splat(0);
    for (let block: usize = 0; block < blocks; block++, to += bytes, from += bytes) {
      for (let n: usize = 0; n < whole; n += 32) {
        const x0 = f32x4.sub(v128.load(from + n), mean);
        const x1 = f32x4.sub(v128.load(from + n, 16), mean);
        s0 = Lanes.madd(x0, x0, s0);
        s1 = Lanes.madd(x1, x1, s1);
        v128.store(to + n, x0);
        v128.store(to + n, x1, 16);
      }
      if (rest == 0) continue;
      const x0 = v128.and(f32x4.sub(v128.load(from + whole), mean), Tail.first(rest));
      const x1 = v128.and(f32x4.sub(v128.load(from + whole, 16), mean), Tail.second(rest));
      s0 = Lanes.madd(x0, x0, s0);
      s1 = Lanes.madd(x1, x1, s1);
      v128.store(to + whole, x0);
      v128.store(to + whole, x1, 16);
    }
    return Lanes.sum(f32x4.add(s0, s1));
  }

  /**
   * Computes to (+)= (w − mean(w) − x̂·mean(w ⊙ x̂))/σ: `transposed` with w = gain ⊙ from, else with w = from and the result
   * times the gain. What is not added to counts as 0.
   */
  @inline private static project(
    to: usize,
    from: usize,
    normal: usize,
    scale: usize,
    gain: usize,
    constants: usize,
    blocks: usize,
    units: usize,
    bytes: usize,
    transposed: bool,
    accumulate: bool,
  ): void {
    const row = blocks * bytes;
    let s0 = f32x4.splat(0);
    let s1 = f32x4.splat(0);
    let p0 = f32x4.splat(0);
    let p1 = f32x4.splat(0);
    for (let n: usize = 0; n < row; n += 32) {
      let w0 = v128.load(from + n);
      let w1 = v128.load(from + n, 16);
      if (transposed) {
        w0 = f32x4.mul(w0, v128.load(gain + n));
        w1 = f32x4.mul(w1, v128.load(gain + n, 16));
      }
      s0 = f32x4.add(s0, w0);
      s1 = f32x4.add(s1, w1);
      p0 = Lanes.madd(w0, v128.load(normal + n), p0);
      p1 = Lanes.madd(w1, v128.load(normal + n, 16), p1);
    }
    const count = <f32>(blocks * units);
    const mean = f32x4.splat(Lanes.sum(f32x4.add(s0, s1)) / count);
    const along = f32x4.splat(Lanes.sum(f32x4.add(p0, p1)) / count);
    const by = v128.load32_splat(scale);
    const tiny = Vector.constant(constants, Constant.tiny);
    const kept = i32x4.splat(accumulate ? -1 : 0);
    for (let n: usize = 0; n < row; n += 32) {
      const g0 = v128.load(gain + n);
      const g1 = v128.load(gain + n, 16);
      const f0 = v128.load(from + n);
      const f1 = v128.load(from + n, 16);
      const w0 = f32x4.sub(transposed ? f32x4.mul(f0, g0) : f0, mean);
      const w1 = f32x4.sub(transposed ? f32x4.mul(f1, g1) : f1, mean);
      const x0 = f32x4.mul(Lanes.nmadd(v128.load(normal + n), along, w0), by);
      const x1 = f32x4.mul(Lanes.nmadd(v128.load(normal + n, 16), along, w1), by);
      const d0 = f32x4.add(transposed ? x0 : f32x4.mul(x0, g0), v128.and(v128.load(to + n), kept));
      const d1 = f32x4.add(transposed ? x1 : f32x4.mul(x1, g1), v128.and(v128.load(to + n, 16), kept));
      v128.store(to + n, Lanes.flush(d0, tiny));
      v128.store(to + n, Lanes.flush(d1, tiny), 16);
    }
    for (let block = to + units * 4; block < to + row; block += bytes) {
      for (let n: usize = 0; n < bytes - units * 4; n += 4) f32.store(block + n, 0);
    }
  }

  /** Whether `rows` rows of blocks and their scales are there. */
  @inline static check(
    normal: usize,
    scales: usize,
    rows: usize,
    blocks: usize,
    units: usize,
    stride: usize,
    ld: usize,
  ): bool {
    return (
      ASC_NO_ASSERT ||
      (units > 0 &&
        units <= stride &&
        stride - units < 8 &&
        stride % 8 == 0 &&
        Check.rows(normal, rows, blocks * stride, ld) &&
        Check.table(scales, rows, 1, SCALES / 4))
    );
  }

  /** Returns where the 1/σ of row r is. */
  @inline static scale(scales: usize, r: usize): usize {
    return scales + r * SCALES;
  }
}

/**
 * Normalises rows of `blocks` blocks of `units` columns, `stride` apart: x[r] ← x̂, scales[8·r] ← 1/σ, z[r] += gain ⊙ x̂.
 * `x`: rows of ldFrom; `z`: rows of ldTo; `gain`: [blocks·stride].
 */
export function normalizeRows(
  z: Pointer,
  x: Pointer,
  scales: Pointer,
  gain: Pointer,
  constants: Pointer,
  rows: usize,
  blocks: usize,
  units: usize,
  stride: usize,
  ldTo: usize,
  ldFrom: usize,
): void {
  assert(Norm.check(x, scales, rows, blocks, units, stride, ldFrom) && Check.constants(constants));
  assert(Check.rows(z, rows, blocks * stride, ldTo) && Check.vectors(gain, blocks * stride));
  const bytes = stride * 4;
  for (let r: usize = 0; r < rows; r++, z += ldTo * 4, x += ldFrom * 4) {
    Norm.forward(z, x, x, Norm.scale(scales, r), gain, constants, blocks, units, bytes);
  }
}

/**
 * Goes the same way back, dx[r] ← dLoss/dx from dz = dLoss/dz; `normal` and `scales` as normalizeRows left x and them. `dx`,
 * `normal`: rows of ldTo; `dz`: rows of ldFrom.
 */
export function normalizeRowsBackward(
  dx: Pointer,
  dz: Pointer,
  normal: Pointer,
  scales: Pointer,
  gain: Pointer,
  constants: Pointer,
  rows: usize,
  blocks: usize,
  units: usize,
  stride: usize,
  ldTo: usize,
  ldFrom: usize,
): void {
  assert(Norm.check(normal, scales, rows, blocks, units, stride, ldTo) && Check.constants(constants));
  assert(Check.rows(dx, rows, blocks * stride, ldTo) && Check.rows(dz, rows, blocks * stride, ldFrom));
  assert(Check.vectors(gain, blocks * stride));
  const bytes = stride * 4;
  for (let r: usize = 0; r < rows; r++, dx += ldTo * 4, normal += ldTo * 4, dz += ldFrom * 4) {
    Norm.backward(dx, dz, normal, Norm.scale(scales, r), gain, constants, blocks, units, bytes, false);
  }
}

/**
 * Computes the same rows' derivative along a tangent: dz[r] += gain ⊙ dx̂. `dz`: rows of ldTo; `dx`, `normal`: rows of ldFrom.
 */
export function normalizeRowsTangent(
  dz: Pointer,
  dx: Pointer,
  normal: Pointer,
  scales: Pointer,
  gain: Pointer,
  constants: Pointer,
  rows: usize,
  blocks: usize,
  units: usize,
  stride: usize,
  ldTo: usize,
  ldFrom: usize,
): void {
  assert(Norm.check(normal, scales, rows, blocks, units, stride, ldFrom) && Check.constants(constants));
  assert(Check.rows(dz, rows, blocks * stride, ldTo) && Check.rows(dx, rows, blocks * stride, ldFrom));
  assert(Check.vectors(gain, blocks * stride));
  const bytes = stride * 4;
  for (let r: usize = 0; r < rows; r++, dz += ldTo * 4, dx += ldFrom * 4, normal += ldFrom * 4) {
    Norm.tangent(dz, dx, normal, Norm.scale(scales, r), gain, constants, blocks, units, bytes, true);
  }
}
