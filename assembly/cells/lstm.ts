// i, f, o = σ(z_i), σ(z_f), σ(z_o); g = tanh(z_g); c_t = f·c_{t-1} + i·g; h_t = o·tanh(c_t),
// z = W_ih x_t + b_ih + W_hh h_{t-1} + b_hh (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000).
import { gemm } from "../gemm/product";
import { Lanes } from "../lanes";
import { Constant, Vector } from "../math";
import { flushTiny } from "../rows";
import { Steps } from "./steps";

/**
 * A window of T steps, forward. `h`, `c`: [T + 1, B, stride], one slot more than steps: forwards slot 0 holds the initial
 * state and slot t + 1 becomes that of step t; in reverse slot T holds the initial state and slot t becomes that of step t.
 * `z`: [T, B, 4·stride], gates i, f, g, o; comes in holding the input's part and goes out holding the gates.
 * `recurrent`: panels of W_hhᵀ. `lengths`: [B] or 0; past its length a sequence's state stays as it is.
 */
export function lstmForward(
  h: usize,
  c: usize,
  z: usize,
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
  for (let i: usize = 0; i < T; i++) {
    const t = Steps.time(i, T, reverse);
    const from = Steps.before(t, reverse) * slot;
    const to = Steps.after(t, reverse) * slot;
    const zt = z + t * 4 * slot;
    // z_t += h_{t-1} W_hhᵀ
    gemm(zt, h + from, recurrent, B, 4 * stride, K, 4 * stride, stride, true);
    const bytes = stride * 4;
    for (let b: usize = 0; b < B; b++) {
      const row = b * bytes;
      if (Steps.past(lengths, b, t)) {
        memory.copy(h + to + row, h + from + row, bytes);
        memory.copy(c + to + row, c + from + row, bytes);
      } else rowForward(h + to + row, c + to + row, zt + 4 * row, c + from + row, constants, bytes);
    }
  }
}

function rowForward(h: usize, c: usize, z: usize, before: usize, constants: usize, bytes: usize): void {
  const tiny = Vector.constant(constants, Constant.tiny);
  for (let n: usize = 0; n < bytes; n += 16) {
    const at = z + n;
    const i = Vector.sigmoid(v128.load(at), constants);
    const f = Vector.sigmoid(v128.load(at + bytes), constants);
    const g = Vector.tanh(v128.load(at + 2 * bytes), constants);
    const o = Vector.sigmoid(v128.load(at + 3 * bytes), constants);
    v128.store(at, i);
    v128.store(at + bytes, f);
    v128.store(at + 2 * bytes, Lanes.flush(g, tiny));
    v128.store(at + 3 * bytes, o);
    const cell = Lanes.flush(Lanes.madd(f, v128.load(before + n), f32x4.mul(i, g)), tiny);
    v128.store(c + n, cell);
    v128.store(h + n, Lanes.flush(f32x4.mul(o, Vector.tanh(cell, constants)), tiny));
  }
}

/**
 * The same window, backward; `c` and `z` as lstmForward left them. `dh`: [T + 1, B, stride], slots as h's; a step's slot
 * comes in holding what the layers above say, with the final state's gradient in the last, and the initial state's slot
 * zeros, which goes out holding dLoss/dh of the initial state. `dc`: [B, stride]: the final state's comes in, the initial
 * one's goes out. `z` goes out holding dz. `recurrent`: panels of W_hh.
 */
export function lstmBackward(
  dh: usize,
  dc: usize,
  z: usize,
  c: usize,
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
  for (let i: usize = T; i > 0; i--) {
    const t = Steps.time(i - 1, T, reverse);
    const from = Steps.before(t, reverse) * slot;
    const to = Steps.after(t, reverse) * slot;
    const zt = z + t * 4 * slot;
    const bytes = stride * 4;
    for (let b: usize = 0; b < B; b++) {
      const row = b * bytes;
      if (Steps.past(lengths, b, t)) {
        Steps.passBack(dh + from + row, dh + to + row, bytes);
        memory.fill(zt + 4 * row, 0, 4 * bytes);
      } else
        rowBackward(dc + row, zt + 4 * row, dh + to + row, c + to + row, c + from + row, constants, bytes);
    }
    // z_t += h_{t-1} W_hhᵀ: dh_{t-1} += dz_t W_hh
    gemm(dh + from, zt, recurrent, B, stride, K, stride, 4 * stride, true);
  }
  // The initial state's gradient, which no step's flush reached.
  flushTiny(dh + (reverse ? T : 0) * slot, constants, B * stride);
}

function rowBackward(
  dc: usize,
  z: usize,
  dh: usize,
  c: usize,
  before: usize,
  constants: usize,
  bytes: usize,
): void {
  const tiny = Vector.constant(constants, Constant.tiny);
  const one = Vector.constant(constants, Constant.one);
  for (let n: usize = 0; n < bytes; n += 16) {
    const at = z + n;
    const i = v128.load(at);
    const f = v128.load(at + bytes);
    const g = v128.load(at + 2 * bytes);
    const o = v128.load(at + 3 * bytes);
    // h = o·tanh(c): do = dh·tanh(c), dc += dh·o·(1 − tanh²(c))
    const squashed = Vector.tanh(v128.load(c + n), constants);
    const dhn = v128.load(dh + n);
    const dO = f32x4.mul(dhn, squashed);
    const d = Lanes.madd(f32x4.mul(dhn, o), Lanes.nmadd(squashed, squashed, one), v128.load(dc + n));
    // c = f·c_{t-1} + i·g; σ' = σ·(1 − σ), tanh' = 1 − tanh²
    const di = f32x4.mul(f32x4.mul(d, g), f32x4.mul(i, f32x4.sub(one, i)));
    const df = f32x4.mul(f32x4.mul(d, v128.load(before + n)), f32x4.mul(f, f32x4.sub(one, f)));
    const dg = f32x4.mul(f32x4.mul(d, i), Lanes.nmadd(g, g, one));
    v128.store(at, Lanes.flush(di, tiny));
    v128.store(at + bytes, Lanes.flush(df, tiny));
    v128.store(at + 2 * bytes, Lanes.flush(dg, tiny));
    v128.store(at + 3 * bytes, Lanes.flush(f32x4.mul(dO, f32x4.mul(o, f32x4.sub(one, o))), tiny));
    v128.store(dc + n, Lanes.flush(f32x4.mul(d, f), tiny));
  }
}
