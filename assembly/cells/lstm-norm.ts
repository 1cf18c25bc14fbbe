// The LSTM of lstm.ts with its products and its cell state normalised (Ba, Kiros & Hinton 2016, arXiv 1607.06450, eqs. 20 to 22):
// z = N(W_ih x_t) + b_ih + N(W_hh h_{t-1}) + b_hh over all four gates together, c_t = f·c_{t-1} + i·g, and
// h_t = o·tanh(N(c_t) + b_c). What is carried is c_t itself.
import { Check } from "../check";
import { gemm } from "../gemm/product";
import { Lanes } from "../lanes";
import { Constant, tanhRow, Vector } from "../math";
import { Norm } from "../norm";
import { OptionalPointer, Pointer } from "../pointer";
import { flushTiny } from "../rows";
import { LstmRow } from "./lstm";
import { Steps } from "./steps";

/** Bytes into a row of scales, after the input's one: that of W_hh h_{t-1}, and that of c_t. */
const GATES: usize = 4;
const STATE: usize = 8;

/**
 * Runs a window of T steps forward; slots, `resets` and `held` as lstmForward's. `z` comes in holding the input's part, normalised and with all
 * biases, and goes out holding the gates. `products`: [T, B, 4·stride], becomes W_hh h_{t-1}, normalised, and `states`: [T, B,
 * stride], c_t, normalised; both zeros past a length. `scales`: [T, B, 8], their 1/σ at 1 and 2. `gain`: [4·stride]; `stateGain`,
 * `stateBias`: [stride].
 */
export function lstmNormForward(
  h: Pointer,
  c: Pointer,
  z: Pointer,
  products: Pointer,
  states: Pointer,
  scales: Pointer,
  recurrent: Pointer,
  gain: Pointer,
  stateGain: Pointer,
  stateBias: Pointer,
  lengths: OptionalPointer,
  resets: OptionalPointer,
  held: Pointer,
  constants: Pointer,
  reverse: bool,
  T: usize,
  B: usize,
  K: usize,
  units: usize,
  stride: usize,
): void {
  assert(Check.window(h, lengths, constants, T, B, stride) && Check.atLeast(stride, K));
  assert(Check.resets(resets, held, T, B, stride));
  assert(Check.vectors(c, (T + 1) * B * stride) && Check.vectors(z, T * B * 4 * stride));
  assert(Check.vectors(recurrent, 4 * stride * K) && Check.vectors(gain, 4 * stride));
  assert(Norm.check(products, scales, T * B, 4, units, stride, 4 * stride));
  assert(Check.vectors(states, T * B * stride) && Check.vectors(stateGain, stride));
  assert(Check.vectors(stateBias, stride));
  const bytes = stride * 4;
  const slot = B * bytes;
  const zeros = Steps.zeros(held, resets, B, bytes);
  for (let i: usize = 0; i < T; i++) {
    const t = Steps.time(i, T, reverse);
    const before = Steps.before(t, reverse) * slot;
    const after = Steps.after(t, reverse) * slot;
    const now = products + t * 4 * slot;
    const start = Steps.start(h + before, held, resets, t, B, bytes);
    gemm(now, start, recurrent, B, 4 * stride, K, 4 * stride, stride, false);
    for (let b: usize = 0; b < B; b++) {
      const row = b * bytes;
      const to = after + row;
      const x = now + 4 * row;
      const state = states + t * slot + row;
      if (Steps.past(lengths, b, t)) {
        memory.copy(h + to, h + before + row, bytes);
        memory.copy(c + to, c + before + row, bytes);
        memory.fill(x, 0, 4 * bytes);
        memory.fill(state, 0, bytes);
        continue;
      }
      const zt = z + t * 4 * slot + 4 * row;
      const scale = Norm.scale(scales, t * B + b);
      Norm.forward(zt, x, x, scale + GATES, gain, constants, 4, units, bytes);
      const cell = Steps.anew(resets, b, t, B) ? zeros : c + before + row;
      LstmRow.cell(c + to, zt, cell, constants, bytes);
      memory.copy(h + to, stateBias, bytes);
      Norm.forward(h + to, state, c + to, scale + STATE, stateGain, constants, 1, units, bytes);
      tanhRow(h + to, h + to, constants, bytes);
      LstmRow.output(h + to, zt + 3 * bytes, constants, bytes);
    }
  }
}

/**
 * Runs the same window backward; `c`, `z`, `products`, `states` and `scales` as lstmNormForward left them; `dh`, `dc` and `z` as
 * lstmBackward's. `dProducts`: [T, B, 4·stride], becomes the gradient of W_hh h_{t-1}, and `dStates`: [T, B, stride], that of what
 * the tanh is of, N(c_t) + b_c.
 */
export function lstmNormBackward(
  dh: Pointer,
  dc: Pointer,
  z: Pointer,
  dProducts: Pointer,
  dStates: Pointer,
  c: Pointer,
  products: Pointer,
  states: Pointer,
  scales: Pointer,
  recurrent: Pointer,
  gain: Pointer,
  stateGain: Pointer,
  stateBias: Pointer,
  lengths: OptionalPointer,
  resets: OptionalPointer,
  held: Pointer,
  constants: Pointer,
  reverse: bool,
  T: usize,
  B: usize,
  K: usize,
  units: usize,
  stride: usize,
): void {
  assert(Check.window(dh, lengths, constants, T, B, stride) && Check.atLeast(4 * stride, K));
  assert(Check.resets(resets, held, T, B, stride));
  assert(Check.vectors(c, (T + 1) * B * stride) && Check.vectors(z, T * B * 4 * stride));
  assert(Check.vectors(dc, B * stride) && Check.vectors(recurrent, stride * K));
  assert(Check.vectors(dProducts, T * B * 4 * stride) && Check.vectors(dStates, T * B * stride));
  assert(Norm.check(products, scales, T * B, 4, units, stride, 4 * stride));
  assert(Check.vectors(states, T * B * stride) && Check.vectors(gain, 4 * stride));
  assert(Check.vectors(stateGain, stride) && Check.vectors(stateBias, stride));
  const bytes = stride * 4;
  const slot = B * bytes;
  const zeros = Steps.zeros(held, resets, B, bytes);
  for (let i: usize = T; i > 0; i--) {
    const t = Steps.time(i - 1, T, reverse);
    const before = Steps.before(t, reverse) * slot;
    const to = dh + Steps.after(t, reverse) * slot;
    const now = t * 4 * slot;
    Steps.copyAnew(held, dh + before, resets, t, B, bytes);
    for (let b: usize = 0; b < B; b++) {
      const row = b * bytes;
      const dz = z + now + 4 * row;
      const d = dProducts + now + 4 * row;
      const dState = dStates + t * slot + row;
      if (Steps.past(lengths, b, t)) {
        Steps.passBack(dh + before + row, to + row, bytes);
        memory.fill(dz, 0, 4 * bytes);
        memory.fill(d, 0, 4 * bytes);
        memory.fill(dState, 0, bytes);
        continue;
      }
      const scale = Norm.scale(scales, t * B + b);
      const state = states + t * slot + row;
      outputBackward(dState, dz + 3 * bytes, to + row, state, stateGain, stateBias, constants, bytes);
      Norm.backward(dc + row, dState, state, scale + STATE, stateGain, constants, 1, units, bytes, true);
      const anew = Steps.anew(resets, b, t, B);
      LstmRow.cellBackward(dc + row, dz, anew ? zeros : c + before + row, constants, bytes);
      if (anew) memory.fill(dc + row, 0, bytes);
      Norm.backward(d, dz, products + now + 4 * row, scale + GATES, gain, constants, 4, units, bytes, false);
    }
    gemm(dh + before, dProducts + now, recurrent, B, stride, K, stride, 4 * stride, true);
    Steps.copyAnew(dh + before, held, resets, t, B, bytes);
  }
  // The initial state's gradient, which no step's flush reached.
  flushTiny(dh + (reverse ? T : 0) * slot, constants, B * stride);
}

/** h = o·tanh(y), y = g ⊙ x̂ + b: dy = dh·o·(1 − tanh²(y)), and o ← do = dh·tanh(y)·o·(1 − o). */
function outputBackward(
  dy: usize,
  o: usize,
  dh: usize,
  normal: usize,
  gain: usize,
  bias: usize,
  constants: usize,
  bytes: usize,
): void {
  Norm.affine(dy, normal, gain, bias, bytes);
  tanhRow(dy, dy, constants, bytes);
  const tiny = Vector.constant(constants, Constant.tiny);
  const one = Vector.constant(constants, Constant.one);
  for (let n: usize = 0; n < bytes; n += 32) {
    const s0 = v128.load(dy + n);
    const s1 = v128.load(dy + n, 16);
    const o0 = v128.load(o + n);
    const o1 = v128.load(o + n, 16);
    const d0 = v128.load(dh + n);
    const d1 = v128.load(dh + n, 16);
    const dy0 = f32x4.mul(f32x4.mul(d0, o0), Lanes.nmadd(s0, s0, one));
    const dy1 = f32x4.mul(f32x4.mul(d1, o1), Lanes.nmadd(s1, s1, one));
    const do0 = f32x4.mul(f32x4.mul(d0, s0), f32x4.mul(o0, f32x4.sub(one, o0)));
    const do1 = f32x4.mul(f32x4.mul(d1, s1), f32x4.mul(o1, f32x4.sub(one, o1)));
    v128.store(dy + n, Lanes.flush(dy0, tiny));
    v128.store(dy + n, Lanes.flush(dy1, tiny), 16);
    v128.store(o + n, Lanes.flush(do0, tiny));
    v128.store(o + n, Lanes.flush(do1, tiny), 16);
  }
}

/**
 * Computes the same window's derivative along a tangent, forwards in time; `c`, `z`, `products`, `states` and `scales` as
 * lstmNormForward left them, `dh`, `dc` and `dz` as lstmTangent's. `dProducts`: [B, 4·stride], working room.
 */
export function lstmNormTangent(
  dh: Pointer,
  dc: Pointer,
  dz: Pointer,
  dProducts: Pointer,
  c: Pointer,
  z: Pointer,
  products: Pointer,
  states: Pointer,
  scales: Pointer,
  recurrent: Pointer,
  gain: Pointer,
  stateGain: Pointer,
  stateBias: Pointer,
  lengths: OptionalPointer,
  resets: OptionalPointer,
  held: Pointer,
  constants: Pointer,
  T: usize,
  B: usize,
  K: usize,
  units: usize,
  stride: usize,
): void {
  assert(Check.window(dh, lengths, constants, T, B, stride) && Check.atLeast(stride, K));
  assert(Check.resets(resets, held, T, B, stride));
  assert(Check.vectors(c, (T + 1) * B * stride) && Check.vectors(z, T * B * 4 * stride));
  assert(Check.vectors(dc, B * stride) && Check.vectors(dz, T * B * 4 * stride));
  assert(Check.vectors(dProducts, B * 4 * stride) && Check.vectors(recurrent, 4 * stride * K));
  assert(Norm.check(products, scales, T * B, 4, units, stride, 4 * stride));
  assert(Check.vectors(states, T * B * stride) && Check.vectors(gain, 4 * stride));
  assert(Check.vectors(stateGain, stride) && Check.vectors(stateBias, stride));
  const bytes = stride * 4;
  const slot = B * bytes;
  const zeros = Steps.zeros(held, resets, B, bytes);
  for (let t: usize = 0; t < T; t++) {
    const from = dh + t * slot;
    const to = from + slot;
    const start = Steps.start(from, held, resets, t, B, bytes);
    gemm(dProducts, start, recurrent, B, 4 * stride, K, 4 * stride, stride, false);
    for (let b: usize = 0; b < B; b++) {
      const row = b * bytes;
      if (Steps.past(lengths, b, t)) {
        memory.copy(to + row, from + row, bytes);
        continue;
      }
      const at = t * 4 * slot + 4 * row;
      const d = dProducts + 4 * row;
      const state = states + t * slot + row;
      const scale = Norm.scale(scales, t * B + b);
      Norm.tangent(dz + at, d, products + at, scale + GATES, gain, constants, 4, units, bytes, true);
      const anew = Steps.anew(resets, b, t, B);
      if (anew) memory.fill(dc + row, 0, bytes);
      cellTangent(dc + row, dz + at, z + at, anew ? zeros : c + t * slot + row, constants, bytes);
      Norm.tangent(to + row, dc + row, state, scale + STATE, stateGain, constants, 1, units, bytes, false);
      const last = at + 3 * bytes;
      Norm.affine(d, state, stateGain, stateBias, bytes);
      tanhRow(d, d, constants, bytes);
      outputTangent(to + row, dz + last, z + last, d, constants, bytes);
    }
  }
}

/** Turns dc, of c_{t-1}, into that of c_t; dz into the gates' tangents. */
function cellTangent(dc: usize, dz: usize, z: usize, before: usize, constants: usize, bytes: usize): void {
  const tiny = Vector.constant(constants, Constant.tiny);
  const one = Vector.constant(constants, Constant.one);
  for (let n: usize = 0; n < bytes; n += 16) {
    const i = v128.load(z + n);
    const f = v128.load(z + bytes + n);
    const g = v128.load(z + 2 * bytes + n);
    const o = v128.load(z + 3 * bytes + n);
    const di = f32x4.mul(v128.load(dz + n), f32x4.mul(i, f32x4.sub(one, i)));
    const df = f32x4.mul(v128.load(dz + bytes + n), f32x4.mul(f, f32x4.sub(one, f)));
    const dg = f32x4.mul(v128.load(dz + 2 * bytes + n), Lanes.nmadd(g, g, one));
    const dO = f32x4.mul(v128.load(dz + 3 * bytes + n), f32x4.mul(o, f32x4.sub(one, o)));
    const input = Lanes.madd(di, g, f32x4.mul(i, dg));
    const kept = Lanes.madd(df, v128.load(before + n), f32x4.mul(f, v128.load(dc + n)));
    v128.store(dz + n, Lanes.flush(di, tiny));
    v128.store(dz + bytes + n, Lanes.flush(df, tiny));
    v128.store(dz + 2 * bytes + n, Lanes.flush(dg, tiny));
    v128.store(dz + 3 * bytes + n, Lanes.flush(dO, tiny));
    v128.store(dc + n, Lanes.flush(f32x4.add(kept, input), tiny));
  }
}

/** h = o·tanh(y), `s` = tanh(y), dh coming in as dy: dh ← do·s + o·(1 − s²)·dy. */
function outputTangent(dh: usize, dO: usize, o: usize, s: usize, constants: usize, bytes: usize): void {
  const tiny = Vector.constant(constants, Constant.tiny);
  const one = Vector.constant(constants, Constant.one);
  for (let n: usize = 0; n < bytes; n += 16) {
    const tanh = v128.load(s + n);
    const slope = f32x4.mul(v128.load(o + n), Lanes.nmadd(tanh, tanh, one));
    const out = Lanes.madd(v128.load(dO + n), tanh, f32x4.mul(slope, v128.load(dh + n)));
    v128.store(dh + n, Lanes.flush(out, tiny));
  }
}
