// h_t = f(N(W_ih x_t + W_hh h_{t-1}; g) + b), N(a; g) = g ⊙ (a − mean(a))/√(var(a) + ε) over the units (Ba, Kiros & Hinton 2016,
// arXiv 1607.06450, eq. 4), f = tanh or max(0, ·).
import { Check } from "../check";
import { gemm } from "../gemm/product";
import { Norm } from "../norm";
import { OptionalPointer, Pointer } from "../pointer";
import { flushTiny } from "../rows";
import { ElmanRows } from "./elman";
import { Steps } from "./steps";

/**
 * Runs a window of T steps forward; slots, `resets` and `held` as elmanForward's. A step's slot of `h` comes in holding W_ih x_t and goes out holding
 * h_t. `normal`: [T, B, stride] becomes the normalised sums, zeros past a length; `scales`: [T, B, 8] their 1/σ. `bias`: [stride].
 */
export function elmanNormForward(
  h: Pointer,
  normal: Pointer,
  scales: Pointer,
  recurrent: Pointer,
  gain: Pointer,
  bias: Pointer,
  lengths: OptionalPointer,
  resets: OptionalPointer,
  held: Pointer,
  constants: Pointer,
  relu: bool,
  reverse: bool,
  T: usize,
  B: usize,
  K: usize,
  units: usize,
  stride: usize,
): void {
  assert(Check.window(h, lengths, constants, T, B, stride) && Check.atLeast(stride, K));
  assert(Check.resets(resets, held, T, B, stride));
  assert(Check.vectors(recurrent, stride * K) && Check.vectors(gain, stride) && Check.vectors(bias, stride));
  assert(Norm.check(normal, scales, T * B, 1, units, stride, stride));
  const bytes = stride * 4;
  const slot = B * bytes;
  for (let i: usize = 0; i < T; i++) {
    const t = Steps.time(i, T, reverse);
    const from = h + Steps.before(t, reverse) * slot;
    const to = h + Steps.after(t, reverse) * slot;
    gemm(to, Steps.start(from, held, resets, t, B, bytes), recurrent, B, stride, K, stride, stride, true);
    for (let b: usize = 0; b < B; b++) {
      const row = to + b * bytes;
      const kept = normal + t * slot + b * bytes;
      if (Steps.past(lengths, b, t)) {
        memory.copy(row, from + b * bytes, bytes);
        memory.fill(kept, 0, bytes);
        continue;
      }
      const scale = Norm.scale(scales, t * B + b);
      memory.copy(kept, row, bytes);
      memory.copy(row, bias, bytes);
      Norm.forward(row, kept, kept, scale, gain, constants, 1, units, bytes);
      ElmanRows.forward(row, constants, relu, bytes);
    }
  }
}

/**
 * Runs the same window backward; `h`, `normal` and `scales` as elmanNormForward left them. `dh` as elmanBackward's: a step's slot
 * goes out holding the gradient of what f is of. `dSums`: [T, B, stride], becomes that of W_ih x_t + W_hh h_{t-1}.
 */
export function elmanNormBackward(
  dh: Pointer,
  dSums: Pointer,
  h: Pointer,
  normal: Pointer,
  scales: Pointer,
  recurrent: Pointer,
  gain: Pointer,
  lengths: OptionalPointer,
  resets: OptionalPointer,
  held: Pointer,
  constants: Pointer,
  relu: bool,
  reverse: bool,
  T: usize,
  B: usize,
  K: usize,
  units: usize,
  stride: usize,
): void {
  assert(Check.window(h, lengths, constants, T, B, stride) && Check.atLeast(stride, K));
  assert(Check.resets(resets, held, T, B, stride));
  assert(Check.vectors(dh, (T + 1) * B * stride) && Check.vectors(dSums, T * B * stride));
  assert(Check.vectors(recurrent, stride * K) && Check.vectors(gain, stride));
  assert(Norm.check(normal, scales, T * B, 1, units, stride, stride));
  const bytes = stride * 4;
  const slot = B * bytes;
  for (let i: usize = T; i > 0; i--) {
    const t = Steps.time(i - 1, T, reverse);
    const from = dh + Steps.before(t, reverse) * slot;
    const after = Steps.after(t, reverse) * slot;
    const sums = dSums + t * slot;
    for (let b: usize = 0; b < B; b++) {
      const row = b * bytes;
      const dz = dh + after + row;
      if (Steps.past(lengths, b, t)) {
        Steps.passBack(from + row, dz, bytes);
        memory.fill(sums + row, 0, bytes);
        continue;
      }
      ElmanRows.backward(dz, h + after + row, constants, relu, bytes);
      const scale = Norm.scale(scales, t * B + b);
      Norm.backward(sums + row, dz, normal + t * slot + row, scale, gain, constants, 1, units, bytes, false);
    }
    Steps.copyAnew(held, from, resets, t, B, bytes);
    gemm(from, sums, recurrent, B, stride, K, stride, stride, true);
    Steps.copyAnew(from, held, resets, t, B, bytes);
  }
  // The initial state's gradient, which no step's flush reached.
  flushTiny(dh + (reverse ? T : 0) * slot, constants, B * stride);
}

/**
 * Computes the same window's derivative along a tangent, forwards in time; `h`, `normal` and `scales` as elmanNormForward left
 * them, `dh` as elmanTangent's.
 */
export function elmanNormTangent(
  dh: Pointer,
  h: Pointer,
  normal: Pointer,
  scales: Pointer,
  recurrent: Pointer,
  gain: Pointer,
  lengths: OptionalPointer,
  resets: OptionalPointer,
  held: Pointer,
  constants: Pointer,
  relu: bool,
  T: usize,
  B: usize,
  K: usize,
  units: usize,
  stride: usize,
): void {
  assert(Check.window(h, lengths, constants, T, B, stride) && Check.atLeast(stride, K));
  assert(Check.resets(resets, held, T, B, stride));
  assert(Check.vectors(dh, (T + 1) * B * stride) && Check.vectors(recurrent, stride * K));
  assert(Check.vectors(gain, stride) && Norm.check(normal, scales, T * B, 1, units, stride, stride));
  const bytes = stride * 4;
  const slot = B * bytes;
  for (let t: usize = 0; t < T; t++) {
    const from = dh + t * slot;
    const to = from + slot;
    gemm(to, Steps.start(from, held, resets, t, B, bytes), recurrent, B, stride, K, stride, stride, true);
    for (let b: usize = 0; b < B; b++) {
      const row = to + b * bytes;
      if (Steps.past(lengths, b, t)) {
        memory.copy(row, from + b * bytes, bytes);
        continue;
      }
      const scale = Norm.scale(scales, t * B + b);
      Norm.tangent(row, row, normal + t * slot + b * bytes, scale, gain, constants, 1, units, bytes, false);
      ElmanRows.backward(row, h + (t + 1) * slot + b * bytes, constants, relu, bytes);
    }
  }
}
