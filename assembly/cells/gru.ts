// r, z = σ(·), σ(·); n = tanh(W_in x_t + b_in + r·q), q = W_hn h_{t-1} + b_hn; h_t = (1 − z)·n + z·h_{t-1}
// (Cho et al. 2014, with the reset gate after the recurrent product).
import { gemm } from "../gemm/product";
import { Lanes } from "../lanes";
import { Constant, Vector } from "../math";
import { flushTiny } from "../rows";
import { Steps } from "./steps";

/**
 * A window of T steps, forward. `h`: [T + 1, B, stride]: forwards slot 0 holds the initial state and slot t + 1 becomes that
 * of step t; in reverse slot T holds the initial state and slot t becomes that of step t.
 * `gates`: [T, B, 4·stride], blocks n, r, z, q: what the input touches is n, r, z, what the recurrent product touches r, z, q.
 * Comes in holding the input's part, and in q the bias b_hn; goes out holding n, r, z and q.
 * `recurrent`: panels of W_hhᵀ. `lengths`: [B] or 0; past its length a sequence's state stays as it is.
 */
export function gruForward(
  h: usize,
  gates: usize,
  recurrent: usize,
  lengths: usize,
  constants: usize,
  reverse: bool,
  T: usize,
  B: usize,
  K: usize,
  stride: usize,
): void {
  const slot = B * stride * 4;
  const bytes = stride * 4;
  for (let i: usize = 0; i < T; i++) {
    const t = Steps.time(i, T, reverse);
    const from = Steps.before(t, reverse) * slot;
    const to = Steps.after(t, reverse) * slot;
    const now = gates + t * 4 * slot;
    // r, z, q += h_{t-1} W_hhᵀ
    gemm(now + bytes, h + from, recurrent, B, 3 * stride, K, 4 * stride, stride, true);
    for (let b: usize = 0; b < B; b++) {
      const row = b * bytes;
      if (Steps.past(lengths, b, t)) memory.copy(h + to + row, h + from + row, bytes);
      else rowForward(h + to + row, now + 4 * row, h + from + row, constants, bytes);
    }
  }
}

function rowForward(h: usize, gates: usize, before: usize, constants: usize, bytes: usize): void {
  const tiny = Vector.constant(constants, Constant.tiny);
  for (let i: usize = 0; i < bytes; i += 16) {
    const at = gates + i;
    const r = Vector.sigmoid(v128.load(at + bytes), constants);
    const z = Vector.sigmoid(v128.load(at + 2 * bytes), constants);
    const q = Lanes.flush(v128.load(at + 3 * bytes), tiny);
    const n = Lanes.flush(Vector.tanh(Lanes.madd(r, q, v128.load(at)), constants), tiny);
    v128.store(at, n);
    v128.store(at + bytes, r);
    v128.store(at + 2 * bytes, z);
    v128.store(at + 3 * bytes, q);
    // n + z·(h_{t-1} − n)
    v128.store(h + i, Lanes.flush(Lanes.madd(z, f32x4.sub(v128.load(before + i), n), n), tiny));
  }
}

/**
 * The same window, backward; `gates` and `h` as gruForward left them. `dh`: [T + 1, B, stride], slots as h's; a step's slot
 * comes in holding what the layers above say, with the final state's gradient in the last, and the initial state's slot
 * zeros, which goes out holding dLoss/dh of the initial state. `gates` goes out holding the gradients of n, r, z (the
 * input's) and q (with r and z the recurrent product's). `recurrent`: panels of W_hh.
 */
export function gruBackward(
  dh: usize,
  gates: usize,
  h: usize,
  recurrent: usize,
  lengths: usize,
  constants: usize,
  reverse: bool,
  T: usize,
  B: usize,
  K: usize,
  stride: usize,
): void {
  const slot = B * stride * 4;
  const bytes = stride * 4;
  for (let i: usize = T; i > 0; i--) {
    const t = Steps.time(i - 1, T, reverse);
    const from = Steps.before(t, reverse) * slot;
    const to = Steps.after(t, reverse) * slot;
    const now = gates + t * 4 * slot;
    for (let b: usize = 0; b < B; b++) {
      const row = b * bytes;
      if (Steps.past(lengths, b, t)) {
        Steps.passBack(dh + from + row, dh + to + row, bytes);
        memory.fill(now + 4 * row, 0, 4 * bytes);
      } else rowBackward(dh + from + row, now + 4 * row, dh + to + row, h + from + row, constants, bytes);
    }
    // r, z, q += h_{t-1} W_hhᵀ: dh_{t-1} += (dr, dz, dq) W_hh
    gemm(dh + from, now + bytes, recurrent, B, stride, K, stride, 4 * stride, true);
  }
  // The initial state's gradient, which no step's flush reached.
  flushTiny(dh + (reverse ? T : 0) * slot, constants, B * stride);
}

function rowBackward(
  dBefore: usize,
  gates: usize,
  dh: usize,
  before: usize,
  constants: usize,
  bytes: usize,
): void {
  const tiny = Vector.constant(constants, Constant.tiny);
  const one = Vector.constant(constants, Constant.one);
  for (let i: usize = 0; i < bytes; i += 16) {
    const at = gates + i;
    const n = v128.load(at);
    const r = v128.load(at + bytes);
    const z = v128.load(at + 2 * bytes);
    const q = v128.load(at + 3 * bytes);
    const d = Lanes.flush(v128.load(dh + i), tiny);
    // h = n + z·(h_{t-1} − n): dz = dh·(h_{t-1} − n), dn = dh·(1 − z), dh_{t-1} += dh·z
    const dz = f32x4.mul(f32x4.mul(d, f32x4.sub(v128.load(before + i), n)), f32x4.mul(z, f32x4.sub(one, z)));
    v128.store(dBefore + i, Lanes.flush(Lanes.madd(d, z, v128.load(dBefore + i)), tiny));
    // n = tanh(· + r·q): dr = dn·q, dq = dn·r
    const dn = Lanes.flush(f32x4.mul(f32x4.mul(d, f32x4.sub(one, z)), Lanes.nmadd(n, n, one)), tiny);
    const dr = f32x4.mul(f32x4.mul(dn, q), f32x4.mul(r, f32x4.sub(one, r)));
    v128.store(at, dn);
    v128.store(at + bytes, Lanes.flush(dr, tiny));
    v128.store(at + 2 * bytes, Lanes.flush(dz, tiny));
    v128.store(at + 3 * bytes, Lanes.flush(f32x4.mul(dn, r), tiny));
  }
}
