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

/** What a row is normalised for. */
export class Pass {
  static readonly forward: usize = 0;
  static readonly backward: usize = 1;
  static readonly tangent: usize = 2;
}

// Of one row; `bytes` is from one block to the next.
export class Norm {
  /**
   * Forward, turns x into x̂, scale into 1/σ, and adds z += gain ⊙ x̂. Backward, computes x = dLoss/dx from z = dLoss/dz. Along
   * a tangent, adds z += gain ⊙ dx̂, where x comes in as dx and goes out as dx̂. `normal`, x̂, and `scale` are what forward left,
   * where `normal` is not read.
   */
  static row(
    pass: usize,
    z: usize,
    x: usize,
    normal: usize,
    scale: usize,
    gain: usize,
    constants: usize,
    blocks: usize,
    units: usize,
    bytes: usize,
  ): void {
    const row = blocks * bytes;
    if (pass == Pass.forward) {
      Norm.forward(z, x, scale, gain, constants, blocks, units, bytes);
    } else if (pass == Pass.backward) {
      Norm.multiply(x, z, gain, row);
      Norm.project(x, normal, scale, constants, blocks, units, bytes);
    } else {
      Norm.project(x, normal, scale, constants, blocks, units, bytes);
      Norm.addProducts(z, x, gain, row);
    }
  }

  private static forward(
    z: usize,
    x: usize,
    scale: usize,
    gain: usize,
    constants: usize,
    blocks: usize,
    units: usize,
    bytes: usize,
  ): void {
    const row = blocks * bytes;
    const count = blocks * units;
    const tiny = Vector.constant(constants, Constant.tiny);
    const mean = Norm.first(Norm.means(x, x, row, count));
    Norm.map(x, x, mean, f32x4.splat(0), f32x4.splat(1), tiny, blocks, units, bytes);
    const variance = f32x4.extract_lane(Norm.means(x, x, row, count), 1);
    f32.store(scale, 1 / sqrt<f32>(variance + EPSILON));
    const by = v128.load32_splat(scale);
    // Not in pairs, and nor is `map`: V8 ends the process as it merges such pairs around calls with vectors (Node 24, 26).
    for (let n: usize = 0; n < row; n += 16) {
      const normal = Lanes.flush(f32x4.mul(v128.load(x + n), by), tiny);
      v128.store(z + n, Lanes.madd(normal, v128.load(gain + n), v128.load(z + n)));
      v128.store(x + n, normal);
    }
  }

  /** Computes x ← (x − mean(x) − x̂·mean(x ⊙ x̂))/σ, x̂ = `normal`. */
  static project(
    x: usize,
    normal: usize,
    scale: usize,
    constants: usize,
    blocks: usize,
    units: usize,
    bytes: usize,
  ): void {
    const means = Norm.means(x, normal, blocks * bytes, blocks * units);
    const along = i32x4.shuffle(means, means, 1, 1, 1, 1);
    const tiny = Vector.constant(constants, Constant.tiny);
    const by = v128.load32_splat(scale);
    Norm.map(x, normal, Norm.first(means), along, by, tiny, blocks, units, bytes);
  }

  /** Computes y ← gain ⊙ x̂ + bias, as forward does from z = bias. */
  static affine(y: usize, normal: usize, gain: usize, bias: usize, bytes: usize): void {
    memory.copy(y, bias, bytes);
    Norm.addProducts(y, normal, gain, bytes);
  }

  /** Computes to ← x ⊙ y; `to` may be x. */
  static multiply(to: usize, x: usize, y: usize, bytes: usize): void {
    for (let n: usize = 0; n < bytes; n += 32) {
      const p0 = f32x4.mul(v128.load(x + n), v128.load(y + n));
      const p1 = f32x4.mul(v128.load(x + n, 16), v128.load(y + n, 16));
      v128.store(to + n, p0);
      v128.store(to + n, p1, 16);
    }
  }

  private static addProducts(to: usize, x: usize, y: usize, bytes: usize): void {
    for (let n: usize = 0; n < bytes; n += 32) {
      const s0 = Lanes.madd(v128.load(x + n), v128.load(y + n), v128.load(to + n));
      const s1 = Lanes.madd(v128.load(x + n, 16), v128.load(y + n, 16), v128.load(to + n, 16));
      v128.store(to + n, s0);
      v128.store(to + n, s1, 16);
    }
  }

  /** Returns Σ x/count and Σ x·y/count, in the first two lanes. */
  private static means(x: usize, y: usize, bytes: usize, count: usize): v128 {
    let s0 = f32x4.splat(0);
    let s1 = f32x4.splat(0);
    let p0 = f32x4.splat(0);
    let p1 = f32x4.splat(0);
    for (let n: usize = 0; n < bytes; n += 32) {
      const x0 = v128.load(x + n);
      const x1 = v128.load(x + n, 16);
      s0 = f32x4.add(s0, x0);
      s1 = f32x4.add(s1, x1);
      p0 = Lanes.madd(x0, v128.load(y + n), p0);
      p1 = Lanes.madd(x1, v128.load(y + n, 16), p1);
    }
    s0 = f32x4.add(s0, s1);
    p0 = f32x4.add(p0, p1);
    const pairs = f32x4.add(i32x4.shuffle(s0, p0, 0, 4, 1, 5), i32x4.shuffle(s0, p0, 2, 6, 3, 7));
    return f32x4.div(f32x4.add(pairs, i32x4.shuffle(pairs, pairs, 2, 3, 0, 1)), f32x4.splat(<f32>count));
  }

  @inline private static first(x: v128): v128 {
    return i32x4.shuffle(x, x, 0, 0, 0, 0);
  }

  /** Computes x ← (x − mean − y·along)·by, and zeros in the padding. */
  private static map(
    x: usize,
    y: usize,
    mean: v128,
    along: v128,
    by: v128,
    tiny: v128,
    blocks: usize,
    units: usize,
    bytes: usize,
  ): void {
    const end = x + blocks * bytes;
    for (let block = x + units * 4; x < end; block += bytes) {
      for (const next = x + bytes; x < next; x += 16, y += 16) {
        const d = Lanes.nmadd(v128.load(y), along, f32x4.sub(v128.load(x), mean));
        v128.store(x, Lanes.flush(f32x4.mul(d, by), tiny));
      }
      for (let padding = block; padding < x; padding += 4) f32.store(padding, 0);
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
 * Normalises rows of `blocks` blocks of `units` columns, `stride` apart, for a pass: 0, forward, x[r] ← x̂, scales[8·r] ← 1/σ,
 * z[r] += gain ⊙ x̂; 1, backward, x[r] ← dLoss/dx from z = dLoss/dz; 2, along a tangent, z[r] += gain ⊙ dx̂, x coming in as dx
 * and going out as dx̂. `normal` and `scales` are what forward left as x and them; forward `normal` is not read. `z`: rows of
 * ldTo; `x`, `normal`: rows of ldFrom; `gain`: [blocks·stride].
 */
export function normalizeRows(
  z: Pointer,
  x: Pointer,
  normal: Pointer,
  scales: Pointer,
  gain: Pointer,
  constants: Pointer,
  pass: usize,
  rows: usize,
  blocks: usize,
  units: usize,
  stride: usize,
  ldTo: usize,
  ldFrom: usize,
): void {
  assert(Norm.check(normal, scales, rows, blocks, units, stride, ldFrom) && Check.constants(constants));
  assert(Check.rows(z, rows, blocks * stride, ldTo) && Check.rows(x, rows, blocks * stride, ldFrom));
  assert(Check.vectors(gain, blocks * stride) && pass <= Pass.tangent);
  const bytes = stride * 4;
  for (let r: usize = 0; r < rows; r++, z += ldTo * 4, x += ldFrom * 4, normal += ldFrom * 4) {
    Norm.row(pass, z, x, normal, Norm.scale(scales, r), gain, constants, blocks, units, bytes);
  }
}
