// The GRU of gru.ts with its products normalised (Ba, Kiros & Hinton 2016, arXiv 1607.06450, supplementary material), r and z
// together and the candidate apart: r, z = σ(N(W_i x_t) + b_i + N(W_h h_{t-1}) + b_h) and
// n = tanh(N(W_in x_t) + b_in + r·q), q = N(W_hn h_{t-1}) + b_hn.
import { Check } from "../check";
import { gemm } from "../gemm/product";
import { Norm } from "../norm";
import { OptionalPointer, Pointer } from "../pointer";
import { flushTiny } from "../rows";
import { GruRow } from "./gru";
import { Steps } from "./steps";

/** Bytes into a row of scales, after the input's two: those of r and z of W_hh h_{t-1}, and of q. */
const GATES: usize = 8;
const CANDIDATE: usize = 12;

/**
 * Runs a window of T steps forward; slots, `resets` and `held` as gruForward's. `gates` comes in holding the input's part, normalised and with all
 * biases, and goes out holding n, r, z and q. `products`: [T, B, 3·stride], becomes the normalised blocks r, z, q of W_hh h_{t-1},
 * zeros past a length; `scales`: [T, B, 8], their 1/σ at 2 and 3. `gain`: [3·stride].
 */
export function gruNormForward(
  h: Pointer,
  gates: Pointer,
  products: Pointer,
  scales: Pointer,
  recurrent: Pointer,
  gain: Pointer,
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
  assert(Check.vectors(gates, T * B * 4 * stride) && Check.vectors(recurrent, 3 * stride * K));
  assert(
    Norm.check(products, scales, T * B, 3, units, stride, 3 * stride) && Check.vectors(gain, 3 * stride),
  );
  const bytes = stride * 4;
  const slot = B * bytes;
  for (let i: usize = 0; i < T; i++) {
    const t = Steps.time(i, T, reverse);
    const from = h + Steps.before(t, reverse) * slot;
    const to = h + Steps.after(t, reverse) * slot;
    const now = products + t * 3 * slot;
    const start = Steps.start(from, held, resets, t, B, bytes);
    gemm(now, start, recurrent, B, 3 * stride, K, 3 * stride, stride, false);
    for (let b: usize = 0; b < B; b++) {
      const row = b * bytes;
      const rz = now + 3 * row;
      if (Steps.past(lengths, b, t)) {
        memory.copy(to + row, from + row, bytes);
        memory.fill(rz, 0, 3 * bytes);
        continue;
      }
      const z = gates + t * 4 * slot + 4 * row;
      const q = rz + 2 * bytes;
      const scale = Norm.scale(scales, t * B + b);
      Norm.forward(z + bytes, rz, rz, scale + GATES, gain, constants, 2, units, bytes);
      Norm.forward(z + 3 * bytes, q, q, scale + CANDIDATE, gain + 2 * bytes, constants, 1, units, bytes);
      GruRow.forward(to + row, z, start + row, constants, bytes);
    }
  }
}

/**
 * Runs the same window backward; `gates`, `h`, `products` and `scales` as gruNormForward left them; `dh` and `gates` as
 * gruBackward's. `dProducts`: [T, B, 3·stride], becomes the gradient of W_hh h_{t-1}.
 */
export function gruNormBackward(
  dh: Pointer,
  gates: Pointer,
  dProducts: Pointer,
  h: Pointer,
  products: Pointer,
  scales: Pointer,
  recurrent: Pointer,
  gain: Pointer,
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
  assert(Check.window(h, lengths, constants, T, B, stride) && Check.atLeast(3 * stride, K));
  assert(Check.resets(resets, held, T, B, stride));
  assert(Check.vectors(dh, (T + 1) * B * stride) && Check.vectors(gates, T * B * 4 * stride));
  assert(Check.vectors(dProducts, T * B * 3 * stride) && Check.vectors(recurrent, stride * K));
  assert(
    Norm.check(products, scales, T * B, 3, units, stride, 3 * stride) && Check.vectors(gain, 3 * stride),
  );
  const bytes = stride * 4;
  const slot = B * bytes;
  const zeros = Steps.zeros(held, resets, B, bytes);
  for (let i: usize = T; i > 0; i--) {
    const t = Steps.time(i - 1, T, reverse);
    const before = Steps.before(t, reverse) * slot;
    const to = dh + Steps.after(t, reverse) * slot;
    const now = t * 3 * slot;
    Steps.copyAnew(held, dh + before, resets, t, B, bytes);
    for (let b: usize = 0; b < B; b++) {
      const row = b * bytes;
      const dz = gates + t * 4 * slot + 4 * row;
      const d = dProducts + now + 3 * row;
      if (Steps.past(lengths, b, t)) {
        Steps.passBack(dh + before + row, to + row, bytes);
        memory.fill(dz, 0, 4 * bytes);
        memory.fill(d, 0, 3 * bytes);
        continue;
      }
      const start = Steps.anew(resets, b, t, B) ? zeros : h + before + row;
      GruRow.backward(dh + before + row, dz, to + row, start, constants, bytes);
      const x = products + now + 3 * row;
      const scale = Norm.scale(scales, t * B + b);
      Norm.backward(d, dz + bytes, x, scale + GATES, gain, constants, 2, units, bytes, false);
      const q: usize = 2 * bytes;
      Norm.backward(
        d + q,
        dz + 3 * bytes,
        x + q,
        scale + CANDIDATE,
        gain + q,
        constants,
        1,
        units,
        bytes,
        false,
      );
    }
    gemm(dh + before, dProducts + now, recurrent, B, stride, K, stride, 3 * stride, true);
    Steps.copyAnew(dh + before, held, resets, t, B, bytes);
  }
  // The initial state's gradient, which no step's flush reached.
  flushTiny(dh + (reverse ? T : 0) * slot, constants, B * stride);
}

/**
 * Computes the same window's derivative along a tangent, forwards in time; `gates`, `h`, `products` and `scales` as
 * gruNormForward left them, `dh` and `dGates` as gruTangent's. `dProducts`: [B, 3·stride], working room.
 */
export function gruNormTangent(
  dh: Pointer,
  dGates: Pointer,
  dProducts: Pointer,
  gates: Pointer,
  h: Pointer,
  products: Pointer,
  scales: Pointer,
  recurrent: Pointer,
  gain: Pointer,
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
  assert(Check.window(h, lengths, constants, T, B, stride) && Check.atLeast(stride, K));
  assert(Check.resets(resets, held, T, B, stride));
  assert(Check.vectors(dh, (T + 1) * B * stride) && Check.vectors(recurrent, 3 * stride * K));
  assert(Check.vectors(dGates, T * B * 4 * stride) && Check.vectors(gates, T * B * 4 * stride));
  assert(Check.vectors(dProducts, B * 3 * stride) && Check.vectors(gain, 3 * stride));
  assert(Norm.check(products, scales, T * B, 3, units, stride, 3 * stride));
  const bytes = stride * 4;
  const slot = B * bytes;
  const zeros = Steps.zeros(held, resets, B, bytes);
  for (let t: usize = 0; t < T; t++) {
    const from = dh + t * slot;
    const to = from + slot;
    const start = Steps.start(from, held, resets, t, B, bytes);
    gemm(dProducts, start, recurrent, B, 3 * stride, K, 3 * stride, stride, false);
    for (let b: usize = 0; b < B; b++) {
      const row = b * bytes;
      if (Steps.past(lengths, b, t)) {
        memory.copy(to + row, from + row, bytes);
        continue;
      }
      const at = t * 4 * slot + 4 * row;
      const dz = dGates + at;
      const d = dProducts + 3 * row;
      const x = products + t * 3 * slot + 3 * row;
      const scale = Norm.scale(scales, t * B + b);
      const q: usize = 2 * bytes;
      Norm.tangent(dz + bytes, d, x, scale + GATES, gain, constants, 2, units, bytes, true);
      Norm.tangent(
        dz + 3 * bytes,
        d + q,
        x + q,
        scale + CANDIDATE,
        gain + q,
        constants,
        1,
        units,
        bytes,
        true,
      );
      const before = Steps.anew(resets, b, t, B) ? zeros : h + t * slot + row;
      GruRow.tangent(to + row, dz, start + row, gates + at, before, constants, bytes);
    }
  }
}
