// h_t = f(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh), f = tanh or max(0, ·).
import { gemm } from "../gemm/product";
import { Lanes } from "../lanes";
import { Constant, Vector } from "../math";

/**
 * A window of T steps, forward. `h`: [T + 1, B, stride]; slot 0 holds the initial state, slots 1..T come in holding the
 * input's part, z_t = W_ih x_t + b_ih + b_hh, and go out holding h_t.
 * `recurrent`: panels of W_hhᵀ. `relu`: f = max(0, ·), else tanh. Columns past H are zeros and stay so.
 */
export function elmanForward(
  h: usize,
  recurrent: usize,
  constants: usize,
  relu: bool,
  T: usize,
  B: usize,
  K: usize,
  stride: usize,
): void {
  const slot = B * stride * 4;
  for (let t: usize = 0; t < T; t++, h += slot) {
    // z_t += h_{t-1} W_hhᵀ
    gemm(h + slot, h, recurrent, B, stride, K, stride, stride, true);
    if (relu) reluForward(h + slot, constants, slot);
    else tanhForward(h + slot, constants, slot);
  }
}

/** x ← tanh x over `bytes` bytes, a multiple of 32. */
export function tanhForward(x: usize, constants: usize, bytes: usize): void {
  const tiny = Vector.constant(constants, Constant.tiny);
  const end = x + bytes;
  for (; x < end; x += 32) {
    const low = Vector.tanh(v128.load(x), constants);
    const high = Vector.tanh(v128.load(x, 16), constants);
    v128.store(x, Lanes.flush(low, tiny));
    v128.store(x, Lanes.flush(high, tiny), 16);
  }
}

function reluForward(x: usize, constants: usize, bytes: usize): void {
  const tiny = Vector.constant(constants, Constant.tiny);
  const zero = f32x4.splat(0);
  const end = x + bytes;
  for (; x < end; x += 32) {
    v128.store(x, Lanes.flush(f32x4.max(v128.load(x), zero), tiny));
    v128.store(x, Lanes.flush(f32x4.max(v128.load(x, 16), zero), tiny), 16);
  }
}

/**
 * The same window, backward. `h` as elmanForward left it. `dh`: [T + 1, B, stride]; slots 1..T come in holding what the
 * layers above say, dLoss/dh_t (slot T with the final state's gradient added), slot 0 zeros; slots 1..T go out holding
 * dz_t, slot 0 dLoss/dh_0. `recurrent`: panels of W_hh.
 */
export function elmanBackward(
  dh: usize,
  h: usize,
  recurrent: usize,
  constants: usize,
  relu: bool,
  T: usize,
  B: usize,
  K: usize,
  stride: usize,
): void {
  const slot = B * stride * 4;
  dh += T * slot;
  h += T * slot;
  for (let t: usize = 0; t < T; t++, dh -= slot, h -= slot) {
    // h = tanh z: dz = dh·(1 − h²); h = max(0, z): dz = dh where h > 0
    if (relu) reluBackward(dh, h, constants, slot);
    else tanhBackward(dh, h, constants, slot);
    // z_t += h_{t-1} W_hhᵀ: dh_{t-1} += dz_t W_hh
    gemm(dh - slot, dh, recurrent, B, stride, K, stride, stride, true);
  }
}

function tanhBackward(dh: usize, h: usize, constants: usize, bytes: usize): void {
  const tiny = Vector.constant(constants, Constant.tiny);
  const one = Vector.constant(constants, Constant.one);
  const end = dh + bytes;
  for (; dh < end; dh += 32, h += 32) {
    const h0 = v128.load(h);
    const h1 = v128.load(h, 16);
    v128.store(dh, Lanes.flush(f32x4.mul(v128.load(dh), Lanes.nmadd(h0, h0, one)), tiny));
    v128.store(dh, Lanes.flush(f32x4.mul(v128.load(dh, 16), Lanes.nmadd(h1, h1, one)), tiny), 16);
  }
}

function reluBackward(dh: usize, h: usize, constants: usize, bytes: usize): void {
  const tiny = Vector.constant(constants, Constant.tiny);
  const zero = f32x4.splat(0);
  const end = dh + bytes;
  for (; dh < end; dh += 32, h += 32) {
    const d0 = v128.and(v128.load(dh), f32x4.gt(v128.load(h), zero));
    const d1 = v128.and(v128.load(dh, 16), f32x4.gt(v128.load(h, 16), zero));
    v128.store(dh, Lanes.flush(d0, tiny));
    v128.store(dh, Lanes.flush(d1, tiny), 16);
  }
}
