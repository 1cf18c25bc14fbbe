// What parameters have done to the one unit that they belong to, moved on by a step (SnAp-1; of cells whose units do not see
// each other all there is): E ← J·E + D ⊗ a, then g += q·E, for every sample of the batch.
import { Check } from "./check";
import { Lanes } from "./lanes";
import { Constant, Vector } from "./math";
import { OptionalPointer, Pointer } from "./pointer";

/**
 * Moves the influence of a weight of G blocks of H rows of `width`, a gate each. `e`: influences on h, [B, ·], a
 * sample's weight `next` elements after that of the one before; `c`: on the cell state, where `e` is, or 0. `g`: the
 * weight's gradient, or 0. `a`: [B, width]. J, of each unit by itself, [B, H] each: of h by h (hh), of h by c (hc), of c
 * by h (ch), of c by c (cc); the last three are unused where `c` is 0. `dh`, `dc`: the derivatives of h, and of c, by
 * the gates, [B, G·H], rows `dStride` elements apart. `q`: dLoss/dh, [B, H]. H and width are multiples of 8. Tiny
 * influences become 0.
 */
export function moveInfluence(
  e: Pointer,
  c: OptionalPointer,
  g: OptionalPointer,
  a: Pointer,
  hh: Pointer,
  hc: Pointer,
  ch: Pointer,
  cc: Pointer,
  dh: Pointer,
  dc: Pointer,
  q: Pointer,
  constants: Pointer,
  B: usize,
  G: usize,
  H: usize,
  width: usize,
  next: usize,
  dStride: usize,
): void {
  assert(Check.multiple(H, 8) && Check.multiple(width, 8) && Check.constants(constants));
  assert(Check.rows(e, B, G * H * width, next) && (!c || Check.rows(c, B, G * H * width, next)));
  assert(Check.vectors(a, B * width) && Check.elements(hh, B * H) && Check.table(dh, B, G * H, dStride));
  assert(!g || (Check.vectors(g, G * H * width) && Check.elements(q, B * H)));
  assert(!c || (Check.elements(hc, B * H) && Check.elements(ch, B * H) && Check.elements(cc, B * H)));
  assert(!c || Check.table(dc, B, G * H, dStride));
  const bytes = width * 4;
  for (let r: usize = 0, gate: usize = 0; gate < G; gate++) {
    for (let i: usize = 0; i < H; i++, r++) {
      const row = r * bytes;
      const ofG = g ? g + row : 0;
      // A gradient's row is read and written by each sample in turn, while it is near; by two at once where they can.
      let b: usize = 0;
      for (; !c && g && b + 2 <= B; b += 2) {
        const unit = (b * H + i) * 4;
        const d = dh + (b * dStride + r) * 4;
        moveTwoAndAdd(
          e + b * next * 4 + row,
          next * 4,
          ofG,
          a + b * bytes,
          f32.load(hh + unit),
          f32.load(hh + unit + H * 4),
          f32.load(d),
          f32.load(d + dStride * 4),
          f32.load(q + unit),
          f32.load(q + unit + H * 4),
          constants,
          bytes,
        );
      }
      for (; b < B; b++) {
        const unit = (b * H + i) * 4;
        const at = b * next * 4 + row;
        const x = a + b * bytes;
        const d = f32.load(dh + (b * dStride + r) * 4);
        if (c) {
          moveBoth(
            e + at,
            c + at,
            x,
            f32.load(hh + unit),
            f32.load(hc + unit),
            f32.load(ch + unit),
            f32.load(cc + unit),
            d,
            f32.load(dc + (b * dStride + r) * 4),
            constants,
            bytes,
          );
          if (g) add(ofG, e + at, f32.load(q + unit), bytes);
        } else if (g)
          moveAndAdd(e + at, ofG, x, f32.load(hh + unit), d, f32.load(q + unit), constants, bytes);
        else move(e + at, x, f32.load(hh + unit), d, constants, bytes);
      }
    }
  }
}

/** Computes e ← keep·e + d·a. */
function move(e: usize, a: usize, keep: f32, d: f32, constants: usize, bytes: usize): void {
  const tiny = Vector.constant(constants, Constant.tiny);
  const keepV = f32x4.splat(keep);
  const dV = f32x4.splat(d);
  for (let i: usize = 0; i < bytes; i += 32) {
    const e0 = Lanes.madd(v128.load(a + i), dV, f32x4.mul(keepV, v128.load(e + i)));
    const e1 = Lanes.madd(v128.load(a + i, 16), dV, f32x4.mul(keepV, v128.load(e + i, 16)));
    v128.store(e + i, Lanes.flush(e0, tiny));
    v128.store(e + i, Lanes.flush(e1, tiny), 16);
  }
}

/** Computes g += q·e. */
function add(g: usize, e: usize, q: f32, bytes: usize): void {
  const qV = f32x4.splat(q);
  for (let i: usize = 0; i < bytes; i += 32) {
    const g0 = Lanes.madd(v128.load(e + i), qV, v128.load(g + i));
    const g1 = Lanes.madd(v128.load(e + i, 16), qV, v128.load(g + i, 16));
    v128.store(g + i, g0);
    v128.store(g + i, g1, 16);
  }
}

/** Computes both in one pass over memory. */
function moveAndAdd(
  e: usize,
  g: usize,
  a: usize,
  keep: f32,
  d: f32,
  q: f32,
  constants: usize,
  bytes: usize,
): void {
  const tiny = Vector.constant(constants, Constant.tiny);
  const keepV = f32x4.splat(keep);
  const dV = f32x4.splat(d);
  const qV = f32x4.splat(q);
  for (let i: usize = 0; i < bytes; i += 32) {
    const s0 = Lanes.madd(v128.load(a + i), dV, f32x4.mul(keepV, v128.load(e + i)));
    const s1 = Lanes.madd(v128.load(a + i, 16), dV, f32x4.mul(keepV, v128.load(e + i, 16)));
    const e0 = Lanes.flush(s0, tiny);
    const e1 = Lanes.flush(s1, tiny);
    const g0 = Lanes.madd(e0, qV, v128.load(g + i));
    const g1 = Lanes.madd(e1, qV, v128.load(g + i, 16));
    v128.store(e + i, e0);
    v128.store(e + i, e1, 16);
    v128.store(g + i, g0);
    v128.store(g + i, g1, 16);
  }
}

/** Computes both of two samples, whose influences lie `next` bytes apart. */
function moveTwoAndAdd(
  e: usize,
  next: usize,
  g: usize,
  a: usize,
  keep: f32,
  keepNext: f32,
  d: f32,
  dNext: f32,
  q: f32,
  qNext: f32,
  constants: usize,
  bytes: usize,
): void {
  const tiny = Vector.constant(constants, Constant.tiny);
  const keep0 = f32x4.splat(keep);
  const keep1 = f32x4.splat(keepNext);
  const d0 = f32x4.splat(d);
  const d1 = f32x4.splat(dNext);
  const q0 = f32x4.splat(q);
  const q1 = f32x4.splat(qNext);
  const end = e + bytes;
  let second = e + next;
  let aSecond = a + bytes;
  for (; e < end; e += 16, second += 16, g += 16, a += 16, aSecond += 16) {
    const s0 = Lanes.madd(v128.load(a), d0, f32x4.mul(keep0, v128.load(e)));
    const s1 = Lanes.madd(v128.load(aSecond), d1, f32x4.mul(keep1, v128.load(second)));
    const e0 = Lanes.flush(s0, tiny);
    const e1 = Lanes.flush(s1, tiny);
    v128.store(e, e0);
    v128.store(second, e1);
    v128.store(g, Lanes.madd(e1, q1, Lanes.madd(e0, q0, v128.load(g))));
  }
}

/** e ← hh·e + hc·c + dh·a, and c ← ch·e + cc·c + dc·a of e as it was. */
function moveBoth(
  e: usize,
  c: usize,
  a: usize,
  hh: f32,
  hc: f32,
  ch: f32,
  cc: f32,
  dh: f32,
  dc: f32,
  constants: usize,
  bytes: usize,
): void {
  const tiny = Vector.constant(constants, Constant.tiny);
  const hhV = f32x4.splat(hh);
  const hcV = f32x4.splat(hc);
  const chV = f32x4.splat(ch);
  const ccV = f32x4.splat(cc);
  const dhV = f32x4.splat(dh);
  const dcV = f32x4.splat(dc);
  for (let i: usize = 0; i < bytes; i += 16) {
    const e0 = v128.load(e + i);
    const c0 = v128.load(c + i);
    const a0 = v128.load(a + i);
    const e1 = Lanes.madd(a0, dhV, Lanes.madd(hcV, c0, f32x4.mul(hhV, e0)));
    const c1 = Lanes.madd(a0, dcV, Lanes.madd(chV, e0, f32x4.mul(ccV, c0)));
    v128.store(e + i, Lanes.flush(e1, tiny));
    v128.store(c + i, Lanes.flush(c1, tiny));
  }
}

/** Moves the influence of a bias of G·H elements, whose elements belong to the units, with 1 for a. */
export function moveBiasInfluence(
  e: Pointer,
  c: OptionalPointer,
  g: OptionalPointer,
  hh: Pointer,
  hc: Pointer,
  ch: Pointer,
  cc: Pointer,
  dh: Pointer,
  dc: Pointer,
  q: Pointer,
  constants: Pointer,
  B: usize,
  G: usize,
  H: usize,
  next: usize,
  dStride: usize,
): void {
  assert(Check.multiple(H, 8) && Check.constants(constants));
  assert(Check.rows(e, B, G * H, next) && (!c || Check.rows(c, B, G * H, next)));
  assert(Check.vectors(hh, B * H) && Check.rows(dh, B, G * H, dStride));
  assert(!g || (Check.vectors(g, G * H) && Check.vectors(q, B * H)));
  assert(!c || (Check.vectors(hc, B * H) && Check.vectors(ch, B * H) && Check.vectors(cc, B * H)));
  assert(!c || Check.rows(dc, B, G * H, dStride));
  const tiny = Vector.constant(constants, Constant.tiny);
  const bytes = H * 4;
  for (let b: usize = 0; b < B; b++) {
    for (let gate: usize = 0; gate < G; gate++) {
      const first = gate * bytes;
      for (let i: usize = 0; i < bytes; i += 16) {
        const unit = b * bytes + i;
        const at = first + i;
        const from = b * next * 4 + at;
        const d = b * dStride * 4 + at;
        const e0 = v128.load(e + from);
        let e1 = Lanes.madd(v128.load(hh + unit), e0, v128.load(dh + d));
        if (c) {
          const c0 = v128.load(c + from);
          e1 = Lanes.madd(v128.load(hc + unit), c0, e1);
          const c1 = Lanes.madd(v128.load(cc + unit), c0, v128.load(dc + d));
          v128.store(c + from, Lanes.flush(Lanes.madd(v128.load(ch + unit), e0, c1), tiny));
        }
        e1 = Lanes.flush(e1, tiny);
        v128.store(e + from, e1);
        if (g) v128.store(g + at, Lanes.madd(v128.load(q + unit), e1, v128.load(g + at)));
      }
    }
  }
}
