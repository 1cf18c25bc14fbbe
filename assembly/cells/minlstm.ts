// f = σ(W_f x_t + b_f), i = σ(W_i x_t + b_i), c = W_c x_t + b_c; u = i/(f + i); h_t = (1 − u)·h_{t-1} + u·c (Feng et al. 2024,
// minLSTM: forget and input gate normalised to a sum of 1). No unit sees another's state: there is no recurrent product.
import { Check } from "../check";
import { Lanes } from "../lanes";
import { Constant, sigmoidRow, Vector } from "../math";
import { OptionalPointer, Pointer } from "../pointer";
import { flushTiny } from "../rows";
import { Steps } from "./steps";

/**
 * Runs a window of T steps forward. `h`: [T + 1, B, stride]: forwards slot 0 holds the initial state and slot t + 1
 * becomes that of step t; in reverse slot T holds the initial state and slot t becomes that of step t. `gates`: [T, B,
 * 3·stride], blocks f, i, c, comes in holding the input's part and goes out holding f, i and c. `lengths`: [B] or 0;
 * past its length a sequence's state stays as it is. `resets`: bytes, [T, B], or 0; 1: the state from which the step
 * starts is dropped. `held`: [B + 2, stride], scratch with `resets`.
 */
export function minlstmForward(
  h: Pointer,
  gates: Pointer,
  lengths: OptionalPointer,
  resets: OptionalPointer,
  held: Pointer,
  constants: Pointer,
  beat: OptionalPointer,
  reverse: bool,
  T: usize,
  B: usize,
  S: usize,
  stride: usize,
): void {
  assert(
    Check.window(h, lengths, beat, constants, T, B, S, stride) &&
      Check.vectors(gates, Check.slots(T, B, S) * 3 * stride),
  );
  assert(Check.resets(resets, held, T, B, S, stride));
  const bytes = stride * 4;
  const slot = S * bytes;
  const zeros = Steps.zeros(held, resets, B, bytes);
  for (let i: usize = 0; i < T; i++) {
    Steps.beat(beat, i);
    const t = Steps.time(i, T, reverse);
    const from = h + Steps.before(t, reverse) * slot;
    const to = h + Steps.after(t, reverse) * slot;
    const now = gates + t * 3 * slot;
    for (let b: usize = 0; b < B; b++) {
      const row = b * bytes;
      if (Steps.past(lengths, b, t)) memory.copy(to + row, from + row, bytes);
      else {
        const start = Steps.anew(resets, b, t, S) ? zeros : from + row;
        rowForward(to + row, now + 3 * row, start, constants, bytes);
      }
    }
  }
}

function rowForward(h: usize, gates: usize, before: usize, constants: usize, bytes: usize): void {
  sigmoidRow(gates, constants, 2 * bytes);
  const tiny = Vector.constant(constants, Constant.tiny);
  for (let n: usize = 0; n < bytes; n += 32) {
    const f = gates + n;
    const i = f + bytes;
    const c = i + bytes;
    const i0 = v128.load(i);
    const i1 = v128.load(i, 16);
    const c0 = Lanes.flush(v128.load(c), tiny);
    const c1 = Lanes.flush(v128.load(c, 16), tiny);
    const b0 = v128.load(before + n);
    const b1 = v128.load(before + n, 16);
    // σ is at least e^-87, so that the sum is not 0.
    const u0 = f32x4.div(i0, f32x4.add(v128.load(f), i0));
    const u1 = f32x4.div(i1, f32x4.add(v128.load(f, 16), i1));
    // h_{t-1} + u·(c − h_{t-1})
    const h0 = Lanes.madd(u0, f32x4.sub(c0, b0), b0);
    const h1 = Lanes.madd(u1, f32x4.sub(c1, b1), b1);
    v128.store(c, c0);
    v128.store(c, c1, 16);
    v128.store(h + n, Lanes.flush(h0, tiny));
    v128.store(h + n, Lanes.flush(h1, tiny), 16);
  }
}

/**
 * Runs the same window backward; `gates` and `h` as minlstmForward left them. `dh`: [T + 1, B, stride], slots as h's; a
 * step's slot comes in holding what the layers above say, with the final state's gradient in the last, and the initial
 * state's slot zeros, which goes out holding dLoss/dh of the initial state. `gates` goes out holding the gradients of
 * the pre-activations.
 */
export function minlstmBackward(
  dh: Pointer,
  gates: Pointer,
  h: Pointer,
  lengths: OptionalPointer,
  resets: OptionalPointer,
  held: Pointer,
  constants: Pointer,
  beat: OptionalPointer,
  reverse: bool,
  T: usize,
  B: usize,
  S: usize,
  stride: usize,
): void {
  assert(
    Check.window(h, lengths, beat, constants, T, B, S, stride) &&
      Check.vectors(gates, Check.slots(T, B, S) * 3 * stride),
  );
  assert(Check.resets(resets, held, T, B, S, stride));
  assert(Check.vectors(dh, Check.slots(T + 1, B, S) * stride));
  const bytes = stride * 4;
  const slot = S * bytes;
  const zeros = Steps.zeros(held, resets, B, bytes);
  for (let i: usize = T; i > 0; i--) {
    Steps.beat(beat, i);
    const t = Steps.time(i - 1, T, reverse);
    const from = Steps.before(t, reverse) * slot;
    const to = Steps.after(t, reverse) * slot;
    const now = gates + t * 3 * slot;
    for (let b: usize = 0; b < B; b++) {
      const row = b * bytes;
      if (Steps.past(lengths, b, t)) {
        Steps.passBack(dh + from + row, dh + to + row, bytes);
        memory.fill(now + 3 * row, 0, 3 * bytes);
      } else {
        const anew = Steps.anew(resets, b, t, S);
        // What would pass back is added to a row that nobody reads.
        const dStart = anew ? zeros + bytes : dh + from + row;
        const start = anew ? zeros : h + from + row;
        rowBackward(dStart, now + 3 * row, dh + to + row, start, constants, bytes);
      }
    }
  }
  // The initial state's gradient, which no step's flush reached where all of a sequence is padding.
  if (lengths != 0) flushTiny(dh + (reverse ? T : 0) * slot, constants, B * stride);
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
  for (let n: usize = 0; n < bytes; n += 32) {
    const f = gates + n;
    const i = f + bytes;
    const c = i + bytes;
    const f0 = v128.load(f);
    const f1 = v128.load(f, 16);
    const i0 = v128.load(i);
    const i1 = v128.load(i, 16);
    const d0 = Lanes.flush(v128.load(dh + n), tiny);
    const d1 = Lanes.flush(v128.load(dh + n, 16), tiny);
    const u0 = f32x4.div(i0, f32x4.add(f0, i0));
    const u1 = f32x4.div(i1, f32x4.add(f1, i1));
    const keep0 = f32x4.sub(one, u0);
    const keep1 = f32x4.sub(one, u1);
    // h = h_{t-1} + u·(c − h_{t-1}): du = dh·(c − h_{t-1}), dc = dh·u, dh_{t-1} += dh·(1 − u); σ' = σ·(1 − σ), so that
    // ∂u/∂z_i = u·(1 − u)·(1 − i) and ∂u/∂z_f = −u·(1 − u)·(1 − f)
    const away0 = f32x4.sub(v128.load(c), v128.load(before + n));
    const away1 = f32x4.sub(v128.load(c, 16), v128.load(before + n, 16));
    const du0 = f32x4.mul(f32x4.mul(d0, away0), f32x4.mul(u0, keep0));
    const du1 = f32x4.mul(f32x4.mul(d1, away1), f32x4.mul(u1, keep1));
    const df0 = f32x4.mul(du0, f32x4.sub(f0, one));
    const df1 = f32x4.mul(du1, f32x4.sub(f1, one));
    const di0 = f32x4.mul(du0, f32x4.sub(one, i0));
    const di1 = f32x4.mul(du1, f32x4.sub(one, i1));
    const back0 = Lanes.madd(d0, keep0, v128.load(dBefore + n));
    const back1 = Lanes.madd(d1, keep1, v128.load(dBefore + n, 16));
    v128.store(f, Lanes.flush(df0, tiny));
    v128.store(f, Lanes.flush(df1, tiny), 16);
    v128.store(i, Lanes.flush(di0, tiny));
    v128.store(i, Lanes.flush(di1, tiny), 16);
    v128.store(c, Lanes.flush(f32x4.mul(d0, u0), tiny));
    v128.store(c, Lanes.flush(f32x4.mul(d1, u1), tiny), 16);
    v128.store(dBefore + n, Lanes.flush(back0, tiny));
    v128.store(dBefore + n, Lanes.flush(back1, tiny), 16);
  }
}

/**
 * Computes the same window's derivative along a tangent, forwards in time; `gates` and `h` as minlstmForward left them. `dh`:
 * [T + 1, B, stride], slots as h's: slot 0 holds the initial state's tangent, the others become those of the steps.
 * `dGates`: [T, B, 3·stride], comes in holding the input's part, W_ih dx_t, and goes out holding the tangents of f, i and c.
 */
export function minlstmTangent(
  dh: Pointer,
  dGates: Pointer,
  gates: Pointer,
  h: Pointer,
  lengths: OptionalPointer,
  resets: OptionalPointer,
  held: Pointer,
  constants: Pointer,
  beat: OptionalPointer,
  T: usize,
  B: usize,
  S: usize,
  stride: usize,
): void {
  assert(
    Check.window(h, lengths, beat, constants, T, B, S, stride) &&
      Check.vectors(gates, Check.slots(T, B, S) * 3 * stride),
  );
  assert(Check.resets(resets, held, T, B, S, stride));
  assert(
    Check.vectors(dh, Check.slots(T + 1, B, S) * stride) &&
      Check.vectors(dGates, Check.slots(T, B, S) * 3 * stride),
  );
  const bytes = stride * 4;
  const slot = S * bytes;
  const zeros = Steps.zeros(held, resets, B, bytes);
  for (let t: usize = 0; t < T; t++) {
    Steps.beat(beat, t);
    const from = t * slot;
    const to = from + slot;
    const now = t * 3 * slot;
    for (let b: usize = 0; b < B; b++) {
      const row = b * bytes;
      const anew = Steps.anew(resets, b, t, S);
      if (Steps.past(lengths, b, t)) memory.copy(dh + to + row, dh + from + row, bytes);
      else
        rowTangent(
          dh + to + row,
          dGates + now + 3 * row,
          anew ? zeros : dh + from + row,
          gates + now + 3 * row,
          anew ? zeros : h + from + row,
          constants,
          bytes,
        );
    }
  }
}

function rowTangent(
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
  for (let n: usize = 0; n < bytes; n += 16) {
    const f = v128.load(gates + n);
    const i = v128.load(gates + bytes + n);
    const u = f32x4.div(i, f32x4.add(f, i));
    const keep = f32x4.sub(one, u);
    const away = f32x4.sub(v128.load(gates + 2 * bytes + n), v128.load(before + n));
    const df = f32x4.mul(v128.load(dGates + n), f32x4.sub(one, f));
    const di = f32x4.mul(v128.load(dGates + bytes + n), f32x4.sub(one, i));
    const dc = v128.load(dGates + 2 * bytes + n);
    const du = f32x4.mul(f32x4.mul(u, keep), f32x4.sub(di, df));
    // h = h_{t-1} + u·(c − h_{t-1})
    const out = Lanes.madd(du, away, Lanes.madd(u, dc, f32x4.mul(keep, v128.load(dBefore + n))));
    v128.store(dGates + n, Lanes.flush(f32x4.mul(f, df), tiny));
    v128.store(dGates + bytes + n, Lanes.flush(f32x4.mul(i, di), tiny));
    v128.store(dGates + 2 * bytes + n, Lanes.flush(dc, tiny));
    v128.store(dh + n, Lanes.flush(out, tiny));
  }
}
