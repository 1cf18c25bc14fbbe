// z = σ(W_z x_t + b_z), c = W_c x_t + b_c; h_t = (1 − z)·h_{t-1} + z·c (Feng et al. 2024, minGRU). No unit sees another's
// state: there is no recurrent product.
import { Check } from "../check";
import { Lanes } from "../lanes";
import { Constant, sigmoidRow, Vector } from "../math";
import { OptionalPointer, Pointer } from "../pointer";
import { flushTiny } from "../rows";
import { Steps } from "./steps";

/**
 * Runs a window of T steps forward. `h`: [T + 1, B, stride]: forwards slot 0 holds the initial state and slot t + 1
 * becomes that of step t; in reverse slot T holds the initial state and slot t becomes that of step t. `gates`: [T, B,
 * 2·stride], blocks z, c, comes in holding the input's part and goes out holding z and c. `lengths`: [B] or 0; past its
 * length a sequence's state stays as it is. `resets`: bytes, [T, B], or 0; 1: the state from which the step starts is
 * dropped. `held`: [B + 2, stride], scratch with `resets`.
 */
export function mingruForward(
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
      Check.vectors(gates, Check.slots(T, B, S) * 2 * stride),
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
    const now = gates + t * 2 * slot;
    for (let b: usize = 0; b < B; b++) {
      const row = b * bytes;
      if (Steps.past(lengths, b, t)) memory.copy(to + row, from + row, bytes);
      else {
        const start = Steps.anew(resets, b, t, S) ? zeros : from + row;
        rowForward(to + row, now + 2 * row, start, constants, bytes);
      }
    }
  }
}

function rowForward(h: usize, gates: usize, before: usize, constants: usize, bytes: usize): void {
  sigmoidRow(gates, constants, bytes);
  const tiny = Vector.constant(constants, Constant.tiny);
  for (let i: usize = 0; i < bytes; i += 32) {
    const z = gates + i;
    const c = z + bytes;
    const c0 = Lanes.flush(v128.load(c), tiny);
    const c1 = Lanes.flush(v128.load(c, 16), tiny);
    const b0 = v128.load(before + i);
    const b1 = v128.load(before + i, 16);
    // h_{t-1} + z·(c − h_{t-1})
    const h0 = Lanes.madd(v128.load(z), f32x4.sub(c0, b0), b0);
    const h1 = Lanes.madd(v128.load(z, 16), f32x4.sub(c1, b1), b1);
    v128.store(c, c0);
    v128.store(c, c1, 16);
    v128.store(h + i, Lanes.flush(h0, tiny));
    v128.store(h + i, Lanes.flush(h1, tiny), 16);
  }
}

/**
 * Runs the same window backward; `gates` and `h` as mingruForward left them. `dh`: [T + 1, B, stride], slots as h's; a step's
 * slot comes in holding what the layers above say, with the final state's gradient in the last, and the initial state's slot
 * zeros, which goes out holding dLoss/dh of the initial state. `gates` goes out holding the gradients of z and c.
 */
export function mingruBackward(
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
      Check.vectors(gates, Check.slots(T, B, S) * 2 * stride),
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
    const now = gates + t * 2 * slot;
    for (let b: usize = 0; b < B; b++) {
      const row = b * bytes;
      if (Steps.past(lengths, b, t)) {
        Steps.passBack(dh + from + row, dh + to + row, bytes);
        memory.fill(now + 2 * row, 0, 2 * bytes);
      } else {
        const anew = Steps.anew(resets, b, t, S);
        // What would pass back is added to a row that nobody reads.
        const dStart = anew ? zeros + bytes : dh + from + row;
        const start = anew ? zeros : h + from + row;
        rowBackward(dStart, now + 2 * row, dh + to + row, start, constants, bytes);
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
  for (let i: usize = 0; i < bytes; i += 32) {
    const z = gates + i;
    const c = z + bytes;
    const z0 = v128.load(z);
    const z1 = v128.load(z, 16);
    const d0 = Lanes.flush(v128.load(dh + i), tiny);
    const d1 = Lanes.flush(v128.load(dh + i, 16), tiny);
    const keep0 = f32x4.sub(one, z0);
    const keep1 = f32x4.sub(one, z1);
    // h = h_{t-1} + z·(c − h_{t-1}): dz = dh·(c − h_{t-1}), dc = dh·z, dh_{t-1} += dh·(1 − z)
    const difference0 = f32x4.sub(v128.load(c), v128.load(before + i));
    const difference1 = f32x4.sub(v128.load(c, 16), v128.load(before + i, 16));
    const dz0 = f32x4.mul(f32x4.mul(d0, difference0), f32x4.mul(z0, keep0));
    const dz1 = f32x4.mul(f32x4.mul(d1, difference1), f32x4.mul(z1, keep1));
    const back0 = Lanes.madd(d0, keep0, v128.load(dBefore + i));
    const back1 = Lanes.madd(d1, keep1, v128.load(dBefore + i, 16));
    v128.store(z, Lanes.flush(dz0, tiny));
    v128.store(z, Lanes.flush(dz1, tiny), 16);
    v128.store(c, Lanes.flush(f32x4.mul(d0, z0), tiny));
    v128.store(c, Lanes.flush(f32x4.mul(d1, z1), tiny), 16);
    v128.store(dBefore + i, Lanes.flush(back0, tiny));
    v128.store(dBefore + i, Lanes.flush(back1, tiny), 16);
  }
}

/**
 * Computes the same window's derivative along a tangent, forwards in time; `gates` and `h` as mingruForward left them. `dh`:
 * [T + 1, B, stride], slots as h's: slot 0 holds the initial state's tangent, the others become those of the steps.
 * `dGates`: [T, B, 2·stride], comes in holding the input's part, W_ih dx_t, and goes out holding the tangents of z and c.
 */
export function mingruTangent(
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
      Check.vectors(gates, Check.slots(T, B, S) * 2 * stride),
  );
  assert(Check.resets(resets, held, T, B, S, stride));
  assert(
    Check.vectors(dh, Check.slots(T + 1, B, S) * stride) &&
      Check.vectors(dGates, Check.slots(T, B, S) * 2 * stride),
  );
  const bytes = stride * 4;
  const slot = S * bytes;
  const zeros = Steps.zeros(held, resets, B, bytes);
  for (let t: usize = 0; t < T; t++) {
    Steps.beat(beat, t);
    const from = t * slot;
    const to = from + slot;
    const now = t * 2 * slot;
    for (let b: usize = 0; b < B; b++) {
      const row = b * bytes;
      const anew = Steps.anew(resets, b, t, S);
      if (Steps.past(lengths, b, t)) memory.copy(dh + to + row, dh + from + row, bytes);
      else
        rowTangent(
          dh + to + row,
          dGates + now + 2 * row,
          anew ? zeros : dh + from + row,
          gates + now + 2 * row,
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
  for (let i: usize = 0; i < bytes; i += 16) {
    const z = v128.load(gates + i);
    const keep = f32x4.sub(one, z);
    const difference = f32x4.sub(v128.load(gates + bytes + i), v128.load(before + i));
    const dz = f32x4.mul(v128.load(dGates + i), f32x4.mul(z, keep));
    const dc = v128.load(dGates + bytes + i);
    // h = h_{t-1} + z·(c − h_{t-1})
    const out = Lanes.madd(dz, difference, Lanes.madd(z, dc, f32x4.mul(keep, v128.load(dBefore + i))));
    v128.store(dGates + i, Lanes.flush(dz, tiny));
    v128.store(dGates + bytes + i, Lanes.flush(dc, tiny));
    v128.store(dh + i, Lanes.flush(out, tiny));
  }
}
