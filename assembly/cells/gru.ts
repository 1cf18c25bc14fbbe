// r, z = σ(·), σ(·); n = tanh(W_in x_t + b_in + r·q), q = W_hn h_{t-1} + b_hn; h_t = (1 − z)·n + z·h_{t-1}
// (Cho et al. 2014, with the reset gate after the recurrent product).
//
// With a gain the products are normalised (Ba, Kiros & Hinton 2016, arXiv 1607.06450, supplementary material), r and z together
// and the candidate apart: r, z = σ(N(W_i x_t) + b_i + N(W_h h_{t-1}) + b_h) and n = tanh(N(W_in x_t) + b_in + r·q),
// q = N(W_hn h_{t-1}) + b_hn.
import { Check } from "../check";
import { gemm } from "../gemm/product";
import { Lanes } from "../lanes";
import { Constant, sigmoidRow, tanhRow, Vector } from "../math";
import { Norm, Pass } from "../norm";
import { OptionalPointer, Pointer } from "../pointer";
import { flushTiny } from "../rows";
import { Steps } from "./steps";

/** Bytes into a row of scales, after the input's two: those of r and z of W_hh h_{t-1}, and of q. */
const GATES: usize = 8;
const CANDIDATE: usize = 12;

/** Norm.row for r and z of `gates`, n, r, z, q, and for q; `x` and `normal` have r, z, q. */
function normalize(
  pass: usize,
  gates: usize,
  x: usize,
  normal: usize,
  scale: usize,
  gain: usize,
  constants: usize,
  units: usize,
  bytes: usize,
): void {
  const q: usize = 2 * bytes;
  Norm.row(pass, gates + bytes, x, normal, scale + GATES, gain, constants, 2, units, bytes);
  scale += CANDIDATE;
  Norm.row(pass, gates + bytes + q, x + q, normal + q, scale, gain + q, constants, 1, units, bytes);
}

/** One row of one step, after the products. */
class GruRow {
  /** Computes h_t from the sums of n, r, z, q, which become n, r, z, q. */
  static forward(h: usize, gates: usize, before: usize, constants: usize, bytes: usize): void {
    sigmoidRow(gates + bytes, constants, 2 * bytes);
    const tiny = Vector.constant(constants, Constant.tiny);
    for (let i: usize = 0; i < bytes; i += 32) {
      const n = gates + i;
      const r = n + bytes;
      const q = n + 3 * bytes;
      const q0 = Lanes.flush(v128.load(q), tiny);
      const q1 = Lanes.flush(v128.load(q, 16), tiny);
      const n0 = Lanes.madd(v128.load(r), q0, v128.load(n));
      const n1 = Lanes.madd(v128.load(r, 16), q1, v128.load(n, 16));
      v128.store(q, q0);
      v128.store(q, q1, 16);
      v128.store(n, n0);
      v128.store(n, n1, 16);
    }
    tanhRow(gates, gates, constants, bytes);
    // n + z·(h_{t-1} − n)
    for (let i: usize = 0; i < bytes; i += 32) {
      const n = gates + i;
      const z = n + 2 * bytes;
      const n0 = v128.load(n);
      const n1 = v128.load(n, 16);
      const h0 = Lanes.madd(v128.load(z), f32x4.sub(v128.load(before + i), n0), n0);
      const h1 = Lanes.madd(v128.load(z, 16), f32x4.sub(v128.load(before + i, 16), n1), n1);
      v128.store(h + i, Lanes.flush(h0, tiny));
      v128.store(h + i, Lanes.flush(h1, tiny), 16);
    }
  }

  /** Adds dh_{t-1} but for what goes through the sums, whose gradients the gates become. */
  static backward(
    dBefore: usize,
    gates: usize,
    dh: usize,
    before: usize,
    constants: usize,
    bytes: usize,
  ): void {
    const tiny = Vector.constant(constants, Constant.tiny);
    const one = Vector.constant(constants, Constant.one);
    for (let i: usize = 0; i < bytes; i += 32) {
      const n = gates + i;
      const z = n + 2 * bytes;
      const n0 = v128.load(n);
      const n1 = v128.load(n, 16);
      const z0 = v128.load(z);
      const z1 = v128.load(z, 16);
      const d0 = Lanes.flush(v128.load(dh + i), tiny);
      const d1 = Lanes.flush(v128.load(dh + i, 16), tiny);
      // h = n + z·(h_{t-1} − n): dz = dh·(h_{t-1} − n), dn = dh·(1 − z), dh_{t-1} += dh·z
      const keep0 = f32x4.sub(one, z0);
      const keep1 = f32x4.sub(one, z1);
      const dz0 = f32x4.mul(f32x4.mul(d0, f32x4.sub(v128.load(before + i), n0)), f32x4.mul(z0, keep0));
      const dz1 = f32x4.mul(f32x4.mul(d1, f32x4.sub(v128.load(before + i, 16), n1)), f32x4.mul(z1, keep1));
      const back0 = Lanes.madd(d0, z0, v128.load(dBefore + i));
      const back1 = Lanes.madd(d1, z1, v128.load(dBefore + i, 16));
      const dn0 = f32x4.mul(f32x4.mul(d0, keep0), Lanes.nmadd(n0, n0, one));
      const dn1 = f32x4.mul(f32x4.mul(d1, keep1), Lanes.nmadd(n1, n1, one));
      v128.store(z, Lanes.flush(dz0, tiny));
      v128.store(z, Lanes.flush(dz1, tiny), 16);
      v128.store(dBefore + i, Lanes.flush(back0, tiny));
      v128.store(dBefore + i, Lanes.flush(back1, tiny), 16);
      v128.store(n, Lanes.flush(dn0, tiny));
      v128.store(n, Lanes.flush(dn1, tiny), 16);
    }
    // n = tanh(· + r·q): dr = dn·q, dq = dn·r
    for (let i: usize = 0; i < bytes; i += 32) {
      const n = gates + i;
      const r = n + bytes;
      const q = n + 3 * bytes;
      const dn0 = v128.load(n);
      const dn1 = v128.load(n, 16);
      const r0 = v128.load(r);
      const r1 = v128.load(r, 16);
      const dr0 = f32x4.mul(f32x4.mul(dn0, v128.load(q)), f32x4.mul(r0, f32x4.sub(one, r0)));
      const dr1 = f32x4.mul(f32x4.mul(dn1, v128.load(q, 16)), f32x4.mul(r1, f32x4.sub(one, r1)));
      v128.store(r, Lanes.flush(dr0, tiny));
      v128.store(r, Lanes.flush(dr1, tiny), 16);
      v128.store(q, Lanes.flush(f32x4.mul(dn0, r0), tiny));
      v128.store(q, Lanes.flush(f32x4.mul(dn1, r1), tiny), 16);
    }
  }

  /** Computes the tangent of h_t from the sums', which become the gates'. */
  static tangent(
    dh: usize,
    dGates: usize,
    dBefore: usize,
    gates: usize,
    before: usize,
    constants: usize,
    bytes: usize,
  ): void {
    const tiny = Vector.constant(constants, Constant.tiny);
    const one = Vector.constant(constants, Constant.one);
    for (let i: usize = 0; i < bytes; i += 16) {
      const n = v128.load(gates + i);
      const r = v128.load(gates + bytes + i);
      const z = v128.load(gates + 2 * bytes + i);
      const q = v128.load(gates + 3 * bytes + i);
      const dq = v128.load(dGates + 3 * bytes + i);
      // σ' = σ·(1 − σ); n = tanh(· + r·q)
      const dr = f32x4.mul(v128.load(dGates + bytes + i), f32x4.mul(r, f32x4.sub(one, r)));
      const dz = f32x4.mul(v128.load(dGates + 2 * bytes + i), f32x4.mul(z, f32x4.sub(one, z)));
      const sum = Lanes.madd(r, dq, Lanes.madd(dr, q, v128.load(dGates + i)));
      const dn = f32x4.mul(sum, Lanes.nmadd(n, n, one));
      // h = n + z·(h_{t-1} − n)
      const difference = f32x4.sub(v128.load(before + i), n);
      const out = Lanes.madd(dz, difference, Lanes.madd(z, f32x4.sub(v128.load(dBefore + i), dn), dn));
      v128.store(dGates + i, Lanes.flush(dn, tiny));
      v128.store(dGates + bytes + i, Lanes.flush(dr, tiny));
      v128.store(dGates + 2 * bytes + i, Lanes.flush(dz, tiny));
      v128.store(dGates + 3 * bytes + i, Lanes.flush(dq, tiny));
      v128.store(dh + i, Lanes.flush(out, tiny));
    }
  }
}

/**
 * Runs a window of T steps forward. `h`: [T + 1, B, stride]: forwards slot 0 holds the initial state and slot t + 1
 * becomes that of step t; in reverse slot T holds the initial state and slot t becomes that of step t. `gates`: [T, B,
 * 4·stride], blocks n, r, z, q: what the input touches is n, r, z, what the recurrent product touches r, z, q. Comes in
 * holding the input's part, and in q the bias b_hn; goes out holding n, r, z and q. `recurrent`: panels of W_hhᵀ.
 * `lengths`: [B] or 0; past its length a sequence's state stays as it is. `resets`: bytes, [T, B], or 0; 1: the state
 * from which the step starts is dropped. `held`: [B + 2, stride], scratch with `resets`.
 *
 * `gain`: [3·stride], or 0: nothing is normalised. With it the input's part comes in normalised, with all biases; `products`,
 * [T, B, 3·stride], becomes the normalised blocks r, z, q of W_hh h_{t-1}, zeros past a length, and `scales`, [T, B, 8], has their
 * 1/σ at 2 and 3.
 */
export function gruForward(
  h: Pointer,
  gates: Pointer,
  products: Pointer,
  scales: Pointer,
  recurrent: Pointer,
  gain: OptionalPointer,
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
  assert(Check.vectors(gates, Check.slots(T, B, S) * 4 * stride) && Check.vectors(recurrent, 3 * stride * K));
  assert(!gain || Norm.check(products, scales, Check.slots(T, B, S), 3, units, stride, 3 * stride));
  assert(!gain || Check.vectors(gain, 3 * stride));
  const slot = S * stride * 4;
  const bytes = stride * 4;
  for (let i: usize = 0; i < T; i++) {
    Steps.beat(beat, i);
    const t = Steps.time(i, T, reverse);
    const from = Steps.before(t, reverse) * slot;
    const to = Steps.after(t, reverse) * slot;
    const now = gates + t * 4 * slot;
    const start = Steps.start(h + from, held, resets, t, B, S, bytes);
    const sums = gain ? products + t * 3 * slot : now + bytes;
    // r, z, q += h_{t-1} W_hhᵀ
    if (K) gemm(sums, start, recurrent, B, 3 * stride, K, gain ? 3 * stride : 4 * stride, stride, !gain);
    for (let b: usize = 0; b < B; b++) {
      const row = b * bytes;
      const x = sums + 3 * row;
      if (Steps.past(lengths, b, t)) {
        memory.copy(h + to + row, h + from + row, bytes);
        if (gain) memory.fill(x, 0, 3 * bytes);
        continue;
      }
      const at = now + 4 * row;
      const scale = Norm.scale(scales, t * S + b);
      if (gain) normalize(Pass.forward, at, x, x, scale, gain, constants, units, bytes);
      GruRow.forward(h + to + row, at, start + row, constants, bytes);
    }
  }
}

/**
 * Runs the same window backward; `gates` and `h` as gruForward left them. `dh`: [T + 1, B, stride], slots as h's; a
 * step's slot comes in holding what the layers above say, with the final state's gradient in the last, and the initial
 * state's slot zeros, which goes out holding dLoss/dh of the initial state. `gates` goes out holding the gradients of n,
 * r, z (the input's) and q (with r and z the recurrent product's). `recurrent`: panels of W_hh. With a
 * gain `products` and `scales` are as gruForward left them, and `dProducts`, [T, B, 3·stride], becomes the gradient of
 * W_hh h_{t-1}.
 */
export function gruBackward(
  dh: Pointer,
  gates: Pointer,
  dProducts: Pointer,
  h: Pointer,
  products: Pointer,
  scales: Pointer,
  recurrent: Pointer,
  gain: OptionalPointer,
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
  assert(Check.window(h, lengths, beat, constants, T, B, S, stride) && Check.atLeast(3 * stride, K));
  assert(Check.resets(resets, held, T, B, S, stride));
  assert(
    Check.vectors(dh, Check.slots(T + 1, B, S) * stride) &&
      Check.vectors(gates, Check.slots(T, B, S) * 4 * stride),
  );
  assert(Check.vectors(recurrent, stride * K));
  assert(!gain || Norm.check(products, scales, Check.slots(T, B, S), 3, units, stride, 3 * stride));
  assert(
    !gain || (Check.vectors(gain, 3 * stride) && Check.vectors(dProducts, Check.slots(T, B, S) * 3 * stride)),
  );
  const slot = S * stride * 4;
  const bytes = stride * 4;
  const zeros = Steps.zeros(held, resets, B, bytes);
  for (let i: usize = T; i > 0; i--) {
    Steps.beat(beat, i);
    const t = Steps.time(i - 1, T, reverse);
    const from = Steps.before(t, reverse) * slot;
    const to = Steps.after(t, reverse) * slot;
    const now = gates + t * 4 * slot;
    const sums = gain ? dProducts + t * 3 * slot : now + bytes;
    Steps.copyAnew(held, dh + from, resets, t, B, S, bytes);
    for (let b: usize = 0; b < B; b++) {
      const row = b * bytes;
      const at = now + 4 * row;
      const d = sums + 3 * row;
      const start = Steps.anew(resets, b, t, S) ? zeros : h + from + row;
      if (Steps.past(lengths, b, t)) {
        Steps.passBack(dh + from + row, dh + to + row, bytes);
        memory.fill(at, 0, 4 * bytes);
        if (gain) memory.fill(d, 0, 3 * bytes);
        continue;
      }
      GruRow.backward(dh + from + row, at, dh + to + row, start, constants, bytes);
      const x = products + 3 * (t * slot + row);
      const scale = Norm.scale(scales, t * S + b);
      if (gain) normalize(Pass.backward, at, d, x, scale, gain, constants, units, bytes);
    }
    // r, z, q += h_{t-1} W_hhᵀ: dh_{t-1} += (dr, dz, dq) W_hh
    gemm(dh + from, sums, recurrent, B, stride, K, stride, gain ? 3 * stride : 4 * stride, true);
    Steps.copyAnew(dh + from, held, resets, t, B, S, bytes);
  }
  // The initial state's gradient, which no step's flush reached.
  flushTiny(dh + (reverse ? T : 0) * slot, constants, B * stride);
}

/**
 * Computes the same window's derivative along a tangent, forwards in time; `gates` and `h` as gruForward left them. `dh`:
 * [T + 1, B, stride], slots as h's: slot 0 holds the initial state's tangent, the others become those of the steps.
 * `dGates`: [T, B, 4·stride], comes in holding the input's part, W_ih dx_t, and zeros in q, and goes out holding the tangents
 * of n, r, z and q. `recurrent`: panels of W_hhᵀ. `gain`, `products` and `scales` as gruBackward's, with `dProducts`, [B, 3·stride],
 * as working room.
 */
export function gruTangent(
  dh: Pointer,
  dGates: Pointer,
  dProducts: Pointer,
  gates: Pointer,
  h: Pointer,
  products: Pointer,
  scales: Pointer,
  recurrent: Pointer,
  gain: OptionalPointer,
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
  assert(Check.window(h, lengths, beat, constants, T, B, S, stride) && Check.atLeast(stride, K));
  assert(Check.resets(resets, held, T, B, S, stride));
  assert(Check.vectors(dh, Check.slots(T + 1, B, S) * stride) && Check.vectors(recurrent, 3 * stride * K));
  assert(
    Check.vectors(dGates, Check.slots(T, B, S) * 4 * stride) &&
      Check.vectors(gates, Check.slots(T, B, S) * 4 * stride),
  );
  assert(!gain || Norm.check(products, scales, Check.slots(T, B, S), 3, units, stride, 3 * stride));
  assert(!gain || (Check.vectors(gain, 3 * stride) && Check.vectors(dProducts, B * 3 * stride)));
  const bytes = stride * 4;
  const slot = S * bytes;
  const zeros = Steps.zeros(held, resets, B, bytes);
  for (let t: usize = 0; t < T; t++) {
    Steps.beat(beat, t);
    const from = t * slot;
    const to = from + slot;
    const now = t * 4 * slot;
    const start = Steps.start(dh + from, held, resets, t, B, S, bytes);
    const sums = gain ? dProducts : dGates + now + bytes;
    gemm(sums, start, recurrent, B, 3 * stride, K, gain ? 3 * stride : 4 * stride, stride, !gain);
    for (let b: usize = 0; b < B; b++) {
      const row = b * bytes;
      if (Steps.past(lengths, b, t)) {
        memory.copy(dh + to + row, dh + from + row, bytes);
        continue;
      }
      const at = now + 4 * row;
      const dz = dGates + at;
      const x = products + 3 * (t * slot + row);
      const scale = Norm.scale(scales, t * S + b);
      if (gain) normalize(Pass.tangent, dz, sums + 3 * row, x, scale, gain, constants, units, bytes);
      const before = Steps.anew(resets, b, t, S) ? zeros : h + from + row;
      GruRow.tangent(dh + to + row, dz, start + row, gates + at, before, constants, bytes);
    }
  }
}
