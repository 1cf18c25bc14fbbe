// h_t = f(z_t), z_t = W_ih x_t + b_ih + W_hh h_{t-1} + b_hh, f = tanh or max(0, ·) (Elman 1990).
//
// With a gain g, z_t = N(W_ih x_t + W_hh h_{t-1}; g) + b_ih + b_hh, N(a; g) = g ⊙ (a − mean(a))/√(var(a) + ε) over the units (Ba,
// Kiros & Hinton 2016, arXiv 1607.06450, eq. 4).
import { Check } from "../check";
import { gemm } from "../gemm/product";
import { Lanes } from "../lanes";
import { Constant, tanhRow, Vector } from "../math";
import { Norm, Pass } from "../norm";
import { OptionalPointer, Pointer } from "../pointer";
import { flushTiny } from "../rows";
import { Steps } from "./steps";

/** f and its derivative over rows; `bytes` is a multiple of 32. */
class ElmanRows {
  /** x ← f(x). */
  static forward(x: usize, constants: usize, relu: bool, bytes: usize): void {
    if (relu) ElmanRows.relu(x, constants, bytes);
    else tanhRow(x, x, constants, bytes);
  }

  /** dh ← dz: h = tanh z: dz = dh·(1 − h²); h = max(0, z): dz = dh where h > 0. The derivative is its own transpose. */
  static backward(dh: usize, h: usize, constants: usize, relu: bool, bytes: usize): void {
    if (relu) ElmanRows.reluBackward(dh, h, constants, bytes);
    else ElmanRows.tanhBackward(dh, h, constants, bytes);
  }

  @inline private static relu(x: usize, constants: usize, bytes: usize): void {
    const tiny = Vector.constant(constants, Constant.tiny);
    const zero = f32x4.splat(0);
    const end = x + bytes;
    for (; x < end; x += 32) {
      const h0 = Lanes.flush(Lanes.atLeast(v128.load(x), zero), tiny);
      const h1 = Lanes.flush(Lanes.atLeast(v128.load(x, 16), zero), tiny);
      v128.store(x, h0);
      v128.store(x, h1, 16);
    }
  }

  @inline private static tanhBackward(dh: usize, h: usize, constants: usize, bytes: usize): void {
    const tiny = Vector.constant(constants, Constant.tiny);
    const one = Vector.constant(constants, Constant.one);
    const end = dh + bytes;
    for (; dh < end; dh += 32, h += 32) {
      const h0 = v128.load(h);
      const h1 = v128.load(h, 16);
      const d0 = f32x4.mul(v128.load(dh), Lanes.nmadd(h0, h0, one));
      const d1 = f32x4.mul(v128.load(dh, 16), Lanes.nmadd(h1, h1, one));
      v128.store(dh, Lanes.flush(d0, tiny));
      v128.store(dh, Lanes.flush(d1, tiny), 16);
    }
  }

  @inline private static reluBackward(dh: usize, h: usize, constants: usize, bytes: usize): void {
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
}

/**
 * Runs a window of T steps forward. `h`: [T + 1, B, stride], one slot more than steps: forwards slot 0 holds the initial
 * state and slot t + 1 is that of step t; in reverse slot T holds the initial state and slot t is that of step t. A
 * step's slot comes in holding the input's part, W_ih x_t + b_ih + b_hh, and goes out holding h_t. `recurrent`: panels
 * of W_hhᵀ. `relu`: f = max(0, ·), else tanh. `lengths`: [B] or 0; past its length a sequence's state stays as it is.
 * `resets`: bytes, [T, B], or 0; 1: the state from which the step starts is dropped. `held`: [B + 2, stride], scratch with
 * `resets`.
 *
 * `gain`: [stride], or 0: nothing is normalised. With it a step's slot comes in holding W_ih x_t alone, `bias` is [stride], and
 * `normal`, [T, B, stride], becomes the normalised sums, zeros past a length, `scales`, [T, B, 8], their 1/σ.
 */
export function elmanForward(
  h: Pointer,
  normal: Pointer,
  scales: Pointer,
  recurrent: Pointer,
  gain: OptionalPointer,
  bias: Pointer,
  lengths: OptionalPointer,
  resets: OptionalPointer,
  held: Pointer,
  constants: Pointer,
  beat: OptionalPointer,
  relu: bool,
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
  assert(Check.vectors(recurrent, stride * K));
  assert(!gain || Norm.check(normal, scales, Check.slots(T, B, S), 1, units, stride, stride));
  assert(!gain || (Check.vectors(gain, stride) && Check.vectors(bias, stride)));
  const bytes = stride * 4;
  const slot = S * bytes;
  for (let i: usize = 0; i < T; i++) {
    Steps.beat(beat, i);
    const t = Steps.time(i, T, reverse);
    const from = h + Steps.before(t, reverse) * slot;
    const to = h + Steps.after(t, reverse) * slot;
    // z_t += h_{t-1} W_hhᵀ
    const start = Steps.start(from, held, resets, t, B, S, bytes);
    if (K) gemm(to, start, recurrent, B, stride, K, stride, stride, true);
    if (gain) {
      for (let b: usize = 0; b < B; b++) {
        const row = to + b * bytes;
        const kept = normal + t * slot + b * bytes;
        if (Steps.past(lengths, b, t)) {
          memory.fill(kept, 0, bytes);
          continue;
        }
        memory.copy(kept, row, bytes);
        memory.copy(row, bias, bytes);
        const scale = Norm.scale(scales, t * S + b);
        Norm.row(Pass.forward, row, kept, kept, scale, gain, constants, 1, units, bytes);
      }
    }
    ElmanRows.forward(to, constants, relu, B * bytes);
    if (lengths == 0) continue;
    for (let b: usize = 0; b < B; b++) {
      if (Steps.past(lengths, b, t)) memory.copy(to + b * bytes, from + b * bytes, bytes);
    }
  }
}

/**
 * Runs the same window backward; `h` as elmanForward left it. `dh`: [T + 1, B, stride], slots as h's; a step's slot comes in
 * holding what the layers above say, dLoss/dh_t, with the final state's gradient in the last, and goes out holding dz_t; the
 * initial state's slot comes in zeros and goes out holding its gradient. `recurrent`: panels of W_hh. With a gain `normal` and
 * `scales` are as elmanForward left them, and `dSums`, [T, B, stride], becomes the gradient of W_ih x_t + W_hh h_{t-1}.
 */
export function elmanBackward(
  dh: Pointer,
  dSums: Pointer,
  h: Pointer,
  normal: Pointer,
  scales: Pointer,
  recurrent: Pointer,
  gain: OptionalPointer,
  lengths: OptionalPointer,
  resets: OptionalPointer,
  held: Pointer,
  constants: Pointer,
  beat: OptionalPointer,
  relu: bool,
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
  assert(Check.vectors(dh, Check.slots(T + 1, B, S) * stride) && Check.vectors(recurrent, stride * K));
  assert(!gain || Norm.check(normal, scales, Check.slots(T, B, S), 1, units, stride, stride));
  assert(!gain || (Check.vectors(gain, stride) && Check.vectors(dSums, Check.slots(T, B, S) * stride)));
  const bytes = stride * 4;
  const slot = S * bytes;
  for (let i: usize = T; i > 0; i--) {
    Steps.beat(beat, i);
    const t = Steps.time(i - 1, T, reverse);
    const from = dh + Steps.before(t, reverse) * slot;
    const after = Steps.after(t, reverse) * slot;
    const to = dh + after;
    if (lengths != 0) {
      for (let b: usize = 0; b < B; b++) {
        if (Steps.past(lengths, b, t)) Steps.passBack(from + b * bytes, to + b * bytes, bytes);
      }
    }
    ElmanRows.backward(to, h + after, constants, relu, B * bytes);
    const sums = gain ? dSums + t * slot : to;
    if (gain) {
      for (let b: usize = 0; b < B; b++) {
        const row = b * bytes;
        if (Steps.past(lengths, b, t)) {
          memory.fill(sums + row, 0, bytes);
          continue;
        }
        const x = normal + t * slot + row;
        const scale = Norm.scale(scales, t * S + b);
        Norm.row(Pass.backward, to + row, sums + row, x, scale, gain, constants, 1, units, bytes);
      }
    }
    // z_t += h_{t-1} W_hhᵀ: dh_{t-1} += dz_t W_hh
    Steps.copyAnew(held, from, resets, t, B, S, bytes);
    gemm(from, sums, recurrent, B, stride, K, stride, stride, true);
    Steps.copyAnew(from, held, resets, t, B, S, bytes);
  }
  // The initial state's gradient, which no step's flush reached.
  flushTiny(dh + (reverse ? T : 0) * slot, constants, B * stride);
}

/**
 * Computes the same window's derivative along a tangent, dh_t = f'(z_t)·(W_ih dx_t + W_hh dh_{t-1}), forwards in time; `h` as
 * elmanForward left it. `dh`: [T + 1, B, stride], slots as h's: slot 0 holds the initial state's tangent, and a step's comes
 * in holding the input's part, W_ih dx_t, and goes out holding dh_t. `recurrent`: panels of W_hhᵀ. `gain`, `normal` and
 * `scales` as elmanBackward's.
 */
export function elmanTangent(
  dh: Pointer,
  h: Pointer,
  normal: Pointer,
  scales: Pointer,
  recurrent: Pointer,
  gain: OptionalPointer,
  lengths: OptionalPointer,
  resets: OptionalPointer,
  held: Pointer,
  constants: Pointer,
  beat: OptionalPointer,
  relu: bool,
  T: usize,
  B: usize,
  S: usize,
  K: usize,
  units: usize,
  stride: usize,
): void {
  assert(Check.window(h, lengths, beat, constants, T, B, S, stride) && Check.atLeast(stride, K));
  assert(Check.resets(resets, held, T, B, S, stride));
  assert(Check.vectors(dh, Check.slots(T + 1, B, S) * stride) && Check.vectors(recurrent, stride * K));
  assert(!gain || Norm.check(normal, scales, Check.slots(T, B, S), 1, units, stride, stride));
  assert(!gain || Check.vectors(gain, stride));
  const bytes = stride * 4;
  const slot = S * bytes;
  for (let t: usize = 0; t < T; t++) {
    Steps.beat(beat, t);
    const from = dh + t * slot;
    const to = from + slot;
    gemm(to, Steps.start(from, held, resets, t, B, S, bytes), recurrent, B, stride, K, stride, stride, true);
    if (gain) {
      for (let b: usize = 0; b < B; b++) {
        if (Steps.past(lengths, b, t)) continue;
        const row = to + b * bytes;
        const x = normal + t * slot + b * bytes;
        Norm.project(row, x, Norm.scale(scales, t * S + b), constants, 1, units, bytes);
        Norm.multiply(row, row, gain, bytes);
      }
    }
    ElmanRows.backward(to, h + (t + 1) * slot, constants, relu, B * bytes);
    if (lengths == 0) continue;
    for (let b: usize = 0; b < B; b++) {
      if (Steps.past(lengths, b, t)) memory.copy(to + b * bytes, from + b * bytes, bytes);
    }
  }
}
