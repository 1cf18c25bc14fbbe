// i, f, o = σ(z_i), σ(z_f), σ(z_o); g = tanh(z_g); c_t = f·c_{t-1} + i·g; h_t = o·tanh(c_t),
// z = W_ih x_t + b_ih + W_hh h_{t-1} + b_hh (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000).
import { Check } from "../check";
import { gemm } from "../gemm/product";
import { Lanes } from "../lanes";
import { Constant, sigmoidRow, tanhRow, Vector } from "../math";
import { OptionalPointer, Pointer } from "../pointer";
import { flushTiny } from "../rows";
import { Steps } from "./steps";

/** One row of one step, after the products. */
export class LstmRow {
  /** Computes c_t from the sums of the gates, which become the gates. */
  static cell(c: usize, z: usize, before: usize, constants: usize, bytes: usize): void {
    sigmoidRow(z, constants, 2 * bytes);
    tanhRow(z + 2 * bytes, z + 2 * bytes, constants, bytes);
    sigmoidRow(z + 3 * bytes, constants, bytes);
    const tiny = Vector.constant(constants, Constant.tiny);
    for (let n: usize = 0; n < bytes; n += 32) {
      const i = z + n;
      const f = i + bytes;
      const g = i + 2 * bytes;
      const old = before + n;
      const c0 = Lanes.madd(v128.load(f), v128.load(old), f32x4.mul(v128.load(i), v128.load(g)));
      const c1 = Lanes.madd(
        v128.load(f, 16),
        v128.load(old, 16),
        f32x4.mul(v128.load(i, 16), v128.load(g, 16)),
      );
      v128.store(c + n, Lanes.flush(c0, tiny));
      v128.store(c + n, Lanes.flush(c1, tiny), 16);
    }
  }

  /** Computes h ← o·h, h coming in as what the output gate opens on. */
  static output(h: usize, o: usize, constants: usize, bytes: usize): void {
    const tiny = Vector.constant(constants, Constant.tiny);
    for (let n: usize = 0; n < bytes; n += 32) {
      const h0 = f32x4.mul(v128.load(o + n), v128.load(h + n));
      const h1 = f32x4.mul(v128.load(o + n, 16), v128.load(h + n, 16));
      v128.store(h + n, Lanes.flush(h0, tiny));
      v128.store(h + n, Lanes.flush(h1, tiny), 16);
    }
  }

  /** Turns dc, of c_t, into that of c_{t-1}; the gates i, f, g become the gradients of their sums. */
  static cellBackward(dc: usize, z: usize, before: usize, constants: usize, bytes: usize): void {
    const tiny = Vector.constant(constants, Constant.tiny);
    const one = Vector.constant(constants, Constant.one);
    // c = f·c_{t-1} + i·g
    for (let n: usize = 0; n < bytes; n += 32) {
      const i = z + n;
      const f = i + bytes;
      const g = i + 2 * bytes;
      const d0 = v128.load(dc + n);
      const d1 = v128.load(dc + n, 16);
      const i0 = v128.load(i);
      const i1 = v128.load(i, 16);
      const g0 = v128.load(g);
      const g1 = v128.load(g, 16);
      const f0 = v128.load(f);
      const f1 = v128.load(f, 16);
      const di0 = f32x4.mul(f32x4.mul(d0, g0), f32x4.mul(i0, f32x4.sub(one, i0)));
      const di1 = f32x4.mul(f32x4.mul(d1, g1), f32x4.mul(i1, f32x4.sub(one, i1)));
      const df0 = f32x4.mul(f32x4.mul(d0, v128.load(before + n)), f32x4.mul(f0, f32x4.sub(one, f0)));
      const df1 = f32x4.mul(f32x4.mul(d1, v128.load(before + n, 16)), f32x4.mul(f1, f32x4.sub(one, f1)));
      const dg0 = f32x4.mul(f32x4.mul(d0, i0), Lanes.nmadd(g0, g0, one));
      const dg1 = f32x4.mul(f32x4.mul(d1, i1), Lanes.nmadd(g1, g1, one));
      v128.store(i, Lanes.flush(di0, tiny));
      v128.store(i, Lanes.flush(di1, tiny), 16);
      v128.store(f, Lanes.flush(df0, tiny));
      v128.store(f, Lanes.flush(df1, tiny), 16);
      v128.store(g, Lanes.flush(dg0, tiny));
      v128.store(g, Lanes.flush(dg1, tiny), 16);
      v128.store(dc + n, Lanes.flush(f32x4.mul(d0, f0), tiny));
      v128.store(dc + n, Lanes.flush(f32x4.mul(d1, f1), tiny), 16);
    }
  }
}

/**
 * Runs a window of T steps forward. `h`, `c`: [T + 1, B, stride], one slot more than steps: forwards slot 0 holds the initial
 * state and slot t + 1 becomes that of step t; in reverse slot T holds the initial state and slot t becomes that of step t.
 * `z`: [T, B, 4·stride], gates i, f, g, o; comes in holding the input's part and goes out holding the gates.
 * `recurrent`: panels of W_hhᵀ. `lengths`: [B] or 0; past its length a sequence's state stays as it is. `resets`: bytes,
 * [T, B], or 0; 1: the state from which the step starts is dropped. `held`: [B + 2, stride], scratch with `resets`.
 */
export function lstmForward(
  h: Pointer,
  c: Pointer,
  z: Pointer,
  recurrent: Pointer,
  lengths: OptionalPointer,
  resets: OptionalPointer,
  held: Pointer,
  constants: Pointer,
  reverse: bool,
  T: usize,
  B: usize,
  K: usize,
  stride: usize,
): void {
  assert(Check.window(h, lengths, constants, T, B, stride) && Check.atLeast(stride, K));
  assert(Check.resets(resets, held, T, B, stride));
  assert(Check.vectors(c, (T + 1) * B * stride) && Check.vectors(z, T * B * 4 * stride));
  assert(Check.vectors(recurrent, 4 * stride * K));
  const bytes = stride * 4;
  const slot = B * bytes;
  const zeros = Steps.zeros(held, resets, B, bytes);
  for (let i: usize = 0; i < T; i++) {
    const t = Steps.time(i, T, reverse);
    const from = Steps.before(t, reverse) * slot;
    const to = Steps.after(t, reverse) * slot;
    const zt = z + t * 4 * slot;
    // z_t += h_{t-1} W_hhᵀ
    const start = Steps.start(h + from, held, resets, t, B, bytes);
    gemm(zt, start, recurrent, B, 4 * stride, K, 4 * stride, stride, true);
    for (let b: usize = 0; b < B; b++) {
      const row = b * bytes;
      const cell = Steps.anew(resets, b, t, B) ? zeros : c + from + row;
      if (Steps.past(lengths, b, t)) {
        memory.copy(h + to + row, h + from + row, bytes);
        memory.copy(c + to + row, c + from + row, bytes);
      } else rowForward(h + to + row, c + to + row, zt + 4 * row, cell, constants, bytes);
    }
  }
}

function rowForward(h: usize, c: usize, z: usize, before: usize, constants: usize, bytes: usize): void {
  LstmRow.cell(c, z, before, constants, bytes);
  tanhRow(h, c, constants, bytes);
  LstmRow.output(h, z + 3 * bytes, constants, bytes);
}

/**
 * Runs the same window backward; `c` and `z` as lstmForward left them. `dh`: [T + 1, B, stride], slots as h's; a step's slot
 * comes in holding what the layers above say, with the final state's gradient in the last, and the initial state's slot
 * zeros, which goes out holding dLoss/dh of the initial state. `dc`: [B, stride]: the final state's comes in, the initial
 * one's goes out. `z` goes out holding dz. `recurrent`: panels of W_hh.
 */
export function lstmBackward(
  dh: Pointer,
  dc: Pointer,
  z: Pointer,
  c: Pointer,
  recurrent: Pointer,
  lengths: OptionalPointer,
  resets: OptionalPointer,
  held: Pointer,
  constants: Pointer,
  reverse: bool,
  T: usize,
  B: usize,
  K: usize,
  stride: usize,
): void {
  assert(Check.window(dh, lengths, constants, T, B, stride) && Check.atLeast(4 * stride, K));
  assert(Check.resets(resets, held, T, B, stride));
  assert(Check.vectors(c, (T + 1) * B * stride) && Check.vectors(z, T * B * 4 * stride));
  assert(Check.vectors(dc, B * stride) && Check.vectors(recurrent, stride * K));
  const bytes = stride * 4;
  const slot = B * bytes;
  const zeros = Steps.zeros(held, resets, B, bytes);
  for (let i: usize = T; i > 0; i--) {
    const t = Steps.time(i - 1, T, reverse);
    const from = Steps.before(t, reverse) * slot;
    const to = Steps.after(t, reverse) * slot;
    const zt = z + t * 4 * slot;
    Steps.copyAnew(held, dh + from, resets, t, B, bytes);
    for (let b: usize = 0; b < B; b++) {
      const row = b * bytes;
      const anew = Steps.anew(resets, b, t, B);
      const cell = anew ? zeros : c + from + row;
      if (Steps.past(lengths, b, t)) {
        Steps.passBack(dh + from + row, dh + to + row, bytes);
        memory.fill(zt + 4 * row, 0, 4 * bytes);
      } else rowBackward(dc + row, zt + 4 * row, dh + to + row, c + to + row, cell, constants, bytes);
      if (anew) memory.fill(dc + row, 0, bytes);
    }
    // z_t += h_{t-1} W_hhᵀ: dh_{t-1} += dz_t W_hh
    gemm(dh + from, zt, recurrent, B, stride, K, stride, 4 * stride, true);
    Steps.copyAnew(dh + from, held, resets, t, B, bytes);
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
  // h = o·tanh(c): do = dh·tanh(c), dc += dh·o·(1 − tanh²(c)); σ' = σ·(1 − σ), tanh' = 1 − tanh²
  for (let n: usize = 0; n < bytes; n += 32) {
    const at = z + 3 * bytes + n;
    const s0 = Vector.tanh(v128.load(c + n), constants);
    const s1 = Vector.tanh(v128.load(c + n, 16), constants);
    const o0 = v128.load(at);
    const o1 = v128.load(at, 16);
    const dh0 = v128.load(dh + n);
    const dh1 = v128.load(dh + n, 16);
    const d0 = Lanes.madd(f32x4.mul(dh0, o0), Lanes.nmadd(s0, s0, one), v128.load(dc + n));
    const d1 = Lanes.madd(f32x4.mul(dh1, o1), Lanes.nmadd(s1, s1, one), v128.load(dc + n, 16));
    const do0 = f32x4.mul(f32x4.mul(dh0, s0), f32x4.mul(o0, f32x4.sub(one, o0)));
    const do1 = f32x4.mul(f32x4.mul(dh1, s1), f32x4.mul(o1, f32x4.sub(one, o1)));
    v128.store(dc + n, d0);
    v128.store(dc + n, d1, 16);
    v128.store(at, Lanes.flush(do0, tiny));
    v128.store(at, Lanes.flush(do1, tiny), 16);
  }
  LstmRow.cellBackward(dc, z, before, constants, bytes);
}

/**
 * Computes the same window's derivative along a tangent, forwards in time; `c` and `z` as lstmForward left them. `dh`:
 * [T + 1, B, stride], slots as h's: slot 0 holds the initial state's tangent, the others become those of the steps. `dc`:
 * [B, stride]: the initial state's comes in, the final one's goes out. `dz`: [T, B, 4·stride], comes in holding the input's
 * part, W_ih dx_t, and goes out holding the gates' tangents. `recurrent`: panels of W_hhᵀ.
 */
export function lstmTangent(
  dh: Pointer,
  dc: Pointer,
  dz: Pointer,
  c: Pointer,
  z: Pointer,
  recurrent: Pointer,
  lengths: OptionalPointer,
  resets: OptionalPointer,
  held: Pointer,
  constants: Pointer,
  T: usize,
  B: usize,
  K: usize,
  stride: usize,
): void {
  assert(Check.window(dh, lengths, constants, T, B, stride) && Check.atLeast(stride, K));
  assert(Check.resets(resets, held, T, B, stride));
  assert(Check.vectors(c, (T + 1) * B * stride) && Check.vectors(z, T * B * 4 * stride));
  assert(Check.vectors(dc, B * stride) && Check.vectors(dz, T * B * 4 * stride));
  assert(Check.vectors(recurrent, 4 * stride * K));
  const bytes = stride * 4;
  const slot = B * bytes;
  const zeros = Steps.zeros(held, resets, B, bytes);
  for (let t: usize = 0; t < T; t++) {
    const from = t * slot;
    const to = from + slot;
    const now = t * 4 * slot;
    gemm(
      dz + now,
      Steps.start(dh + from, held, resets, t, B, bytes),
      recurrent,
      B,
      4 * stride,
      K,
      4 * stride,
      stride,
      true,
    );
    for (let b: usize = 0; b < B; b++) {
      const row = b * bytes;
      const anew = Steps.anew(resets, b, t, B);
      if (anew) memory.fill(dc + row, 0, bytes);
      if (Steps.past(lengths, b, t)) memory.copy(dh + to + row, dh + from + row, bytes);
      else
        rowTangent(
          dh + to + row,
          dc + row,
          dz + now + 4 * row,
          z + now + 4 * row,
          c + to + row,
          anew ? zeros : c + from + row,
          constants,
          bytes,
        );
    }
  }
}

function rowTangent(
  dh: usize,
  dc: usize,
  dz: usize,
  z: usize,
  c: usize,
  before: usize,
  constants: usize,
  bytes: usize,
): void {
  const tiny = Vector.constant(constants, Constant.tiny);
  const one = Vector.constant(constants, Constant.one);
  for (let n: usize = 0; n < bytes; n += 16) {
    const i = v128.load(z + n);
    const f = v128.load(z + bytes + n);
    const g = v128.load(z + 2 * bytes + n);
    const o = v128.load(z + 3 * bytes + n);
    // σ' = σ·(1 − σ), tanh' = 1 − tanh²
    const di = f32x4.mul(v128.load(dz + n), f32x4.mul(i, f32x4.sub(one, i)));
    const df = f32x4.mul(v128.load(dz + bytes + n), f32x4.mul(f, f32x4.sub(one, f)));
    const dg = f32x4.mul(v128.load(dz + 2 * bytes + n), Lanes.nmadd(g, g, one));
    const dO = f32x4.mul(v128.load(dz + 3 * bytes + n), f32x4.mul(o, f32x4.sub(one, o)));
    // c = f·c_{t-1} + i·g, h = o·tanh(c)
    const input = Lanes.madd(di, g, f32x4.mul(i, dg));
    const kept = Lanes.madd(df, v128.load(before + n), f32x4.mul(f, v128.load(dc + n)));
    const change = f32x4.add(kept, input);
    const s = Vector.tanh(v128.load(c + n), constants);
    const out = Lanes.madd(dO, s, f32x4.mul(f32x4.mul(o, Lanes.nmadd(s, s, one)), change));
    v128.store(dz + n, Lanes.flush(di, tiny));
    v128.store(dz + bytes + n, Lanes.flush(df, tiny));
    v128.store(dz + 2 * bytes + n, Lanes.flush(dg, tiny));
    v128.store(dz + 3 * bytes + n, Lanes.flush(dO, tiny));
    v128.store(dc + n, Lanes.flush(change, tiny));
    v128.store(dh + n, Lanes.flush(out, tiny));
  }
}
