// i, f, o = σ(z_i), σ(z_f), σ(z_o); g = tanh(z_g); c_t = f·c_{t-1} + i·g; h_t = o·tanh(c_t),
// z = W_ih x_t + b_ih + W_hh h_{t-1} + b_hh (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000).
//
// With a gain the products and the cell state are normalised (Ba, Kiros & Hinton 2016, arXiv 1607.06450, eqs. 20 to 22):
// z = N(W_ih x_t) + b_ih + N(W_hh h_{t-1}) + b_hh over all four gates together, and h_t = o·tanh(y_t), y_t = N(c_t) + b_c. What is
// carried is c_t itself.
import { Check } from "../check";
import { gemm } from "../gemm/product";
import { Lanes } from "../lanes";
import { Constant, sigmoidRow, tanhRow, Vector } from "../math";
import { Norm, Pass } from "../norm";
import { OptionalPointer, Pointer } from "../pointer";
import { add, flushTiny } from "../rows";
import { Steps } from "./steps";

/** Bytes into a row of scales, after the input's one: that of W_hh h_{t-1}, and that of c_t. */
const GATES: usize = 4;
const STATE: usize = 8;

/** One row of one step, after the products. */
class LstmRow {
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

  /** h = o·tanh(y): acc += dy = dh·o·(1 − tanh²(y)), and o becomes do = dh·tanh(y)·o·(1 − o). */
  static outputBackward(acc: usize, o: usize, dh: usize, y: usize, constants: usize, bytes: usize): void {
    const tiny = Vector.constant(constants, Constant.tiny);
    const one = Vector.constant(constants, Constant.one);
    // σ' = σ·(1 − σ), tanh' = 1 − tanh²
    for (let n: usize = 0; n < bytes; n += 32) {
      const at = o + n;
      const s0 = Vector.tanh(v128.load(y + n), constants);
      const s1 = Vector.tanh(v128.load(y + n, 16), constants);
      const o0 = v128.load(at);
      const o1 = v128.load(at, 16);
      const dh0 = v128.load(dh + n);
      const dh1 = v128.load(dh + n, 16);
      const d0 = Lanes.madd(f32x4.mul(dh0, o0), Lanes.nmadd(s0, s0, one), v128.load(acc + n));
      const d1 = Lanes.madd(f32x4.mul(dh1, o1), Lanes.nmadd(s1, s1, one), v128.load(acc + n, 16));
      const do0 = f32x4.mul(f32x4.mul(dh0, s0), f32x4.mul(o0, f32x4.sub(one, o0)));
      const do1 = f32x4.mul(f32x4.mul(dh1, s1), f32x4.mul(o1, f32x4.sub(one, o1)));
      v128.store(acc + n, d0);
      v128.store(acc + n, d1, 16);
      v128.store(at, Lanes.flush(do0, tiny));
      v128.store(at, Lanes.flush(do1, tiny), 16);
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

  /** Turns dc, of c_{t-1}, into that of c_t, tiny values and all; dz of i, f, g into these gates' tangents. */
  static cellTangent(dc: usize, dz: usize, z: usize, before: usize, constants: usize, bytes: usize): void {
    const tiny = Vector.constant(constants, Constant.tiny);
    const one = Vector.constant(constants, Constant.one);
    for (let n: usize = 0; n < bytes; n += 16) {
      const i = v128.load(z + n);
      const f = v128.load(z + bytes + n);
      const g = v128.load(z + 2 * bytes + n);
      const di = f32x4.mul(v128.load(dz + n), f32x4.mul(i, f32x4.sub(one, i)));
      const df = f32x4.mul(v128.load(dz + bytes + n), f32x4.mul(f, f32x4.sub(one, f)));
      const dg = f32x4.mul(v128.load(dz + 2 * bytes + n), Lanes.nmadd(g, g, one));
      // c = f·c_{t-1} + i·g
      const input = Lanes.madd(di, g, f32x4.mul(i, dg));
      const kept = Lanes.madd(df, v128.load(before + n), f32x4.mul(f, v128.load(dc + n)));
      v128.store(dz + n, Lanes.flush(di, tiny));
      v128.store(dz + bytes + n, Lanes.flush(df, tiny));
      v128.store(dz + 2 * bytes + n, Lanes.flush(dg, tiny));
      v128.store(dc + n, f32x4.add(kept, input));
    }
  }

  /** h = o·tanh(y): dh from dy and from dO, of the sum of o, which becomes the gate's; dy may lie where dh will. */
  static outputTangent(
    dh: usize,
    dy: usize,
    dO: usize,
    o: usize,
    y: usize,
    constants: usize,
    bytes: usize,
  ): void {
    const tiny = Vector.constant(constants, Constant.tiny);
    const one = Vector.constant(constants, Constant.one);
    for (let n: usize = 0; n < bytes; n += 16) {
      const gate = v128.load(o + n);
      const change = v128.load(dy + n);
      const opens = f32x4.mul(v128.load(dO + n), f32x4.mul(gate, f32x4.sub(one, gate)));
      const s = Vector.tanh(v128.load(y + n), constants);
      const out = Lanes.madd(opens, s, f32x4.mul(f32x4.mul(gate, Lanes.nmadd(s, s, one)), change));
      v128.store(dO + n, Lanes.flush(opens, tiny));
      v128.store(dy + n, Lanes.flush(change, tiny));
      v128.store(dh + n, Lanes.flush(out, tiny));
    }
  }
}

/**
 * Runs a window of T steps forward. `h`, `c`: [T + 1, B, stride], one slot more than steps: forwards slot 0 holds the initial
 * state and slot t + 1 becomes that of step t; in reverse slot T holds the initial state and slot t becomes that of step t.
 * `z`: [T, B, 4·stride], gates i, f, g, o; comes in holding the input's part and goes out holding the gates.
 * `recurrent`: panels of W_hhᵀ. `lengths`: [B] or 0; past its length a sequence's state stays as it is. `resets`: bytes,
 * [T, B], or 0; 1: the state from which the step starts is dropped. `held`: [B + 2, stride], scratch with `resets`. `K` 0: the
 * recurrent product is part of what comes in.
 *
 * `gain`: [4·stride], or 0: nothing is normalised. With it the input's part comes in normalised, with all biases; `products`,
 * [T, B, 4·stride], becomes W_hh h_{t-1}, normalised, and `states`, [T, B, stride], c_t, normalised, both zeros past a length;
 * `scales`, [T, B, 8], has their 1/σ at 1 and 2. `stateGain`, `stateBias`: [stride].
 */
export function lstmForward(
  h: Pointer,
  c: Pointer,
  z: Pointer,
  products: Pointer,
  states: Pointer,
  scales: Pointer,
  recurrent: Pointer,
  gain: OptionalPointer,
  stateGain: Pointer,
  stateBias: Pointer,
  lengths: OptionalPointer,
  resets: OptionalPointer,
  held: Pointer,
  constants: Pointer,
  beat: OptionalPointer,
  reverse: bool,
  T: usize,
  B: usize,
  S: usize,
  K: usize,
  units: usize,
  stride: usize,
): void {
  assert(Check.window(h, lengths, beat, constants, T, B, S, stride) && Check.atLeast(stride, K));
  assert(Check.resets(resets, held, T, B, S, stride));
  assert(
    Check.vectors(c, Check.slots(T + 1, B, S) * stride) &&
      Check.vectors(z, Check.slots(T, B, S) * 4 * stride),
  );
  assert(Check.vectors(recurrent, 4 * stride * K));
  assert(!gain || Norm.check(products, scales, Check.slots(T, B, S), 4, units, stride, 4 * stride));
  assert(!gain || (Check.vectors(gain, 4 * stride) && Check.vectors(states, Check.slots(T, B, S) * stride)));
  assert(!gain || (Check.vectors(stateGain, stride) && Check.vectors(stateBias, stride)));
  const bytes = stride * 4;
  const slot = S * bytes;
  const zeros = Steps.zeros(held, resets, B, bytes);
  for (let i: usize = 0; i < T; i++) {
    Steps.beat(beat, i);
    const t = Steps.time(i, T, reverse);
    const from = Steps.before(t, reverse) * slot;
    const to = Steps.after(t, reverse) * slot;
    const zt = z + t * 4 * slot;
    const sums = gain ? products + t * 4 * slot : zt;
    // z_t += h_{t-1} W_hhᵀ
    const start = Steps.start(h + from, held, resets, t, B, S, bytes);
    if (K) gemm(sums, start, recurrent, B, 4 * stride, K, 4 * stride, stride, !gain);
    for (let b: usize = 0; b < B; b++) {
      const row = b * bytes;
      const cell = Steps.anew(resets, b, t, S) ? zeros : c + from + row;
      const toH = h + to + row;
      const toC = c + to + row;
      const x = sums + 4 * row;
      const state = states + t * slot + row;
      if (Steps.past(lengths, b, t)) {
        memory.copy(toH, h + from + row, bytes);
        memory.copy(toC, c + from + row, bytes);
        if (gain) {
          memory.fill(x, 0, 4 * bytes);
          memory.fill(state, 0, bytes);
        }
        continue;
      }
      const at = zt + 4 * row;
      const scale = Norm.scale(scales, t * S + b);
      if (gain) Norm.row(Pass.forward, at, x, x, scale + GATES, gain, constants, 4, units, bytes);
      LstmRow.cell(toC, at, cell, constants, bytes);
      let y = toC;
      if (gain) {
        y = toH;
        memory.copy(y, stateBias, bytes);
        memory.copy(state, toC, bytes);
        Norm.row(Pass.forward, y, state, state, scale + STATE, stateGain, constants, 1, units, bytes);
      }
      tanhRow(toH, y, constants, bytes);
      LstmRow.output(toH, at + 3 * bytes, constants, bytes);
    }
  }
}

/**
 * Runs the same window backward; `c` and `z` as lstmForward left them. `dh`: [T + 1, B, stride], slots as h's; a step's slot
 * comes in holding what the layers above say, with the final state's gradient in the last, and the initial state's slot
 * zeros, which goes out holding dLoss/dh of the initial state. `dc`: [B, stride]: the final state's comes in, the initial
 * one's goes out. `z` goes out holding dz. `recurrent`: panels of W_hh. With a gain `products`, `states` and
 * `scales` are as lstmForward left them, and `dProducts`, [T, B, 4·stride], becomes the gradient of W_hh h_{t-1}, `dStates`,
 * [T, B, stride], that of y_t.
 */
export function lstmBackward(
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
  gain: OptionalPointer,
  stateGain: Pointer,
  stateBias: Pointer,
  lengths: OptionalPointer,
  resets: OptionalPointer,
  held: Pointer,
  constants: Pointer,
  beat: OptionalPointer,
  reverse: bool,
  T: usize,
  B: usize,
  S: usize,
  K: usize,
  units: usize,
  stride: usize,
): void {
  assert(Check.window(dh, lengths, beat, constants, T, B, S, stride) && Check.atLeast(4 * stride, K));
  assert(Check.resets(resets, held, T, B, S, stride));
  assert(
    Check.vectors(c, Check.slots(T + 1, B, S) * stride) &&
      Check.vectors(z, Check.slots(T, B, S) * 4 * stride),
  );
  assert(Check.vectors(dc, B * stride) && Check.vectors(recurrent, stride * K));
  assert(!gain || Norm.check(products, scales, Check.slots(T, B, S), 4, units, stride, 4 * stride));
  assert(!gain || (Check.vectors(gain, 4 * stride) && Check.vectors(states, Check.slots(T, B, S) * stride)));
  assert(!gain || (Check.vectors(stateGain, stride) && Check.vectors(stateBias, stride)));
  assert(
    !gain ||
      (Check.vectors(dProducts, Check.slots(T, B, S) * 4 * stride) &&
        Check.vectors(dStates, Check.slots(T, B, S) * stride)),
  );
  const bytes = stride * 4;
  const slot = S * bytes;
  const zeros = Steps.zeros(held, resets, B, bytes);
  for (let i: usize = T; i > 0; i--) {
    Steps.beat(beat, i);
    const t = Steps.time(i - 1, T, reverse);
    const from = Steps.before(t, reverse) * slot;
    const to = Steps.after(t, reverse) * slot;
    const zt = z + t * 4 * slot;
    const sums = gain ? dProducts + t * 4 * slot : zt;
    Steps.copyAnew(held, dh + from, resets, t, B, S, bytes);
    for (let b: usize = 0; b < B; b++) {
      const row = b * bytes;
      const anew = Steps.anew(resets, b, t, S);
      const cell = anew ? zeros : c + from + row;
      const at = zt + 4 * row;
      const d = sums + 4 * row;
      let acc = dc + row;
      let y = c + to + row;
      const dState = dStates + t * slot + row;
      if (Steps.past(lengths, b, t)) {
        Steps.passBack(dh + from + row, dh + to + row, bytes);
        memory.fill(at, 0, 4 * bytes);
        if (gain) {
          memory.fill(d, 0, 4 * bytes);
          memory.fill(dState, 0, bytes);
        }
      } else {
        const state = states + t * slot + row;
        const scale = Norm.scale(scales, t * S + b);
        if (gain) {
          acc = dState;
          y = d;
          Norm.affine(y, state, stateGain, stateBias, bytes);
          memory.fill(acc, 0, bytes);
        }
        LstmRow.outputBackward(acc, at + 3 * bytes, dh + to + row, y, constants, bytes);
        if (gain) {
          flushTiny(acc, constants, stride);
          Norm.row(Pass.backward, acc, d, state, scale + STATE, stateGain, constants, 1, units, bytes);
          add(dc + row, dc + row, d, stride);
        }
        LstmRow.cellBackward(dc + row, at, cell, constants, bytes);
        const x = products + 4 * (t * slot + row);
        if (gain) Norm.row(Pass.backward, at, d, x, scale + GATES, gain, constants, 4, units, bytes);
      }
      if (anew) memory.fill(dc + row, 0, bytes);
    }
    // z_t += h_{t-1} W_hhᵀ: dh_{t-1} += dz_t W_hh
    gemm(dh + from, sums, recurrent, B, stride, K, stride, 4 * stride, true);
    Steps.copyAnew(dh + from, held, resets, t, B, S, bytes);
  }
  // The initial state's gradient, which no step's flush reached.
  flushTiny(dh + (reverse ? T : 0) * slot, constants, B * stride);
}

/**
 * Computes the same window's derivative along a tangent, forwards in time; `c` and `z` as lstmForward left them. `dh`:
 * [T + 1, B, stride], slots as h's: slot 0 holds the initial state's tangent, the others become those of the steps. `dc`:
 * [B, stride]: the initial state's comes in, the final one's goes out. `dz`: [T, B, 4·stride], comes in holding the input's
 * part, W_ih dx_t, and goes out holding the gates' tangents. `recurrent`: panels of W_hhᵀ. `gain`, `products`,
 * `states` and `scales` as lstmBackward's, with `dProducts`, [B, 4·stride], as working room.
 */
export function lstmTangent(
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
  gain: OptionalPointer,
  stateGain: Pointer,
  stateBias: Pointer,
  lengths: OptionalPointer,
  resets: OptionalPointer,
  held: Pointer,
  constants: Pointer,
  beat: OptionalPointer,
  T: usize,
  B: usize,
  S: usize,
  K: usize,
  units: usize,
  stride: usize,
): void {
  assert(Check.window(dh, lengths, beat, constants, T, B, S, stride) && Check.atLeast(stride, K));
  assert(Check.resets(resets, held, T, B, S, stride));
  assert(
    Check.vectors(c, Check.slots(T + 1, B, S) * stride) &&
      Check.vectors(z, Check.slots(T, B, S) * 4 * stride),
  );
  assert(Check.vectors(dc, B * stride) && Check.vectors(dz, Check.slots(T, B, S) * 4 * stride));
  assert(Check.vectors(recurrent, 4 * stride * K));
  assert(!gain || Norm.check(products, scales, Check.slots(T, B, S), 4, units, stride, 4 * stride));
  assert(!gain || (Check.vectors(gain, 4 * stride) && Check.vectors(states, Check.slots(T, B, S) * stride)));
  assert(!gain || (Check.vectors(stateGain, stride) && Check.vectors(stateBias, stride)));
  assert(!gain || Check.vectors(dProducts, B * 4 * stride));
  const bytes = stride * 4;
  const slot = S * bytes;
  const zeros = Steps.zeros(held, resets, B, bytes);
  for (let t: usize = 0; t < T; t++) {
    Steps.beat(beat, t);
    const from = t * slot;
    const to = from + slot;
    const now = t * 4 * slot;
    const sums = gain ? dProducts : dz + now;
    const start = Steps.start(dh + from, held, resets, t, B, S, bytes);
    gemm(sums, start, recurrent, B, 4 * stride, K, 4 * stride, stride, !gain);
    for (let b: usize = 0; b < B; b++) {
      const row = b * bytes;
      const anew = Steps.anew(resets, b, t, S);
      const dState = dc + row;
      if (anew) memory.fill(dState, 0, bytes);
      const toH = dh + to + row;
      if (Steps.past(lengths, b, t)) {
        memory.copy(toH, dh + from + row, bytes);
        continue;
      }
      const at = now + 4 * row;
      const d = sums + 4 * row;
      const x = products + at;
      const scale = Norm.scale(scales, t * S + b);
      if (gain) Norm.row(Pass.tangent, dz + at, d, x, scale + GATES, gain, constants, 4, units, bytes);
      LstmRow.cellTangent(dState, dz + at, z + at, anew ? zeros : c + from + row, constants, bytes);
      let dy = dState;
      let y = c + to + row;
      if (gain) {
        const state = states + t * slot + row;
        flushTiny(dState, constants, stride);
        dy = toH;
        memory.copy(dy, dState, bytes);
        Norm.project(dy, state, scale + STATE, constants, 1, units, bytes);
        Norm.multiply(dy, dy, stateGain, bytes);
        y = d;
        Norm.affine(y, state, stateGain, stateBias, bytes);
      }
      const last = at + 3 * bytes;
      LstmRow.outputTangent(toH, dy, dz + last, z + last, y, constants, bytes);
    }
  }
}
