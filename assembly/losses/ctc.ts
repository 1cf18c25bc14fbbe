// Connectionist temporal classification (Graves, Fernández, Gomez & Schmidhuber 2006): the loss of a sequence of labels is
// −ln Σ Π p_t over all ways to lay it out over the steps, a class each, such that merging repeats and then leaving blanks out
// gives the labels. A layout walks through 2L + 1 states, the labels with a blank before, between and behind them:
//   α_t(s) = y_t(s)·(α_{t−1}(s) + α_{t−1}(s−1) + α_{t−1}(s−2)), the last only for a label that differs from the one before.
// β_t is the same from the other end, each with y_t in it, so that α_t(s)·β_t(s)/y_t(s) over the whole sum is the share of the
// layouts that are in s at t.
//
// y_t is exp(logit − the row's largest): what all states of a step share, Σ exp, cancels in the shares, and only its ln goes
// to the loss. α and β span far more than float64 does: two classes 1e4 apart are 1e-4343 of each other, at each step, and
// even common ones (a hundred labels of 1e-5 each) fall below 1e-308 of the largest state, so scaling each step by its sum
// is no help. Logarithms would be, in float64 (the float32 ulp of −3000 is 2.4e-4), but then each sum takes an exp of every
// term and a ln. So a variable is m·2^e, m and e both float64 and e an integer: a product adds the e, a sum aligns the m by
// a power of two that is made from bits, and nothing underflows. exp is taken once a step and distinct label, for y. An
// operation rounds by 2^-53; what T steps come to is T times a few of these.
import { Check } from "../check";
import { LogitRow } from "../loss";
import { Constant, Scalar } from "../math";
import { OptionalPointer, Pointer } from "../pointer";

/** e of what is not there: no sum with it changes, and no T of them together leave float64. */
const NOTHING: f64 = -1e200;
/** What e is above if there is anything: logits are within 2^128 of each other, and there are fewer than 2^32 steps. */
const ANYTHING: f64 = -1e150;

const LOG2E: f64 = 1.4426950408889634;
const LN2: f64 = 0.6931471805599453;

/** Bytes of a variable. */
const VARIABLE: usize = 16;
/** Bytes of a slot: y (m, e), Σ α·β of the states that have it, and its class. */
const SLOT: usize = 32;
/** Bytes before each row of variables: two states that are nothing. */
const GUARDS: usize = 2 * VARIABLE;

/** A number m·2^e in memory: m, then e, both float64. */
class Variable {
  /** Returns 2^d for an integer d ≤ 1023, 0 below −1022: 1.5·2^52 more has d + 1023 in the low bits of its mantissa. */
  @inline static powerOfTwo(d: f64): f64 {
    return reinterpret<f64>(reinterpret<u64>(max<f64>(d, -1023) + 6755399441056767) << 52);
  }

  @inline static store(to: usize, m: f64, e: f64): void {
    f64.store(to, m);
    f64.store(to, e, 8);
  }

  /** to ← y·(a + b + c), with m in [1, 2). */
  @inline static storeSum(to: usize, a: usize, b: usize, c: usize, y: usize): void {
    const ea = f64.load(a, 8);
    const eb = f64.load(b, 8);
    const ec = f64.load(c, 8);
    const most = max<f64>(max<f64>(ea, eb), ec);
    const sum =
      f64.load(a) * Variable.powerOfTwo(ea - most) +
      f64.load(b) * Variable.powerOfTwo(eb - most) +
      f64.load(c) * Variable.powerOfTwo(ec - most);
    const bits = reinterpret<u64>(sum * f64.load(y));
    const exponent = <i64>(bits >> 52) - 1023;
    Variable.store(to, reinterpret<f64>(bits - (exponent << 52)), most + f64.load(y, 8) + <f64>exponent);
  }

  /** to ← exp(d), d ≤ 0: m = 2^r, |r| ≤ 1/2, of which 11 terms of the series of exp(r·ln 2) leave out 2.2e-13. */
  static storeExponential(to: usize, d: f64): void {
    const y = max<f64>(d * LOG2E, NOTHING);
    const e = nearest<f64>(y);
    const r = (y - e) * LN2;
    let p: f64 = 1.0 / 3628800;
    p = p * r + 1.0 / 362880;
    p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + 0.5;
    p = p * r + 1;
    Variable.store(to, p * r + 1, e);
  }
}

/**
 * Takes the variables on by a step, to ← y·(…) of `from`, which may be the same place: states are written last to first.
 * Both begin at the first state; the next is `step` bytes on, and its label's slot `next` bytes on in `labels`.
 */
function advance(
  to: usize,
  from: usize,
  labels: usize,
  blank: usize,
  states: usize,
  step: usize,
  next: usize,
): void {
  const nothing = from - step;
  for (let s = states; s-- > 0;) {
    const at = s * step;
    let slot = blank;
    let skipped = nothing;
    if (s & 1) {
      const label = labels + (s >> 1) * next;
      slot = load<usize>(label);
      if (s > 1 && load<usize>(label - next) != slot) skipped = from + at - 2 * step;
    }
    Variable.storeSum(to + at, from + at, from + at - step, skipped, slot);
  }
}

/** Writes a slot for each distinct class, the blank's first, and for each label the address of its slot; returns the slots' end. */
function makeSlots(slots: usize, slotOf: usize, labels: usize, L: usize, blank: usize): usize {
  let end = slots + SLOT;
  store<usize>(slots, blank, 24);
  for (let i: usize = 0; i < L; i++) {
    const label = <usize>i32.load(labels + i * 4);
    let slot = slots;
    while (slot < end && load<usize>(slot, 24) != label) slot += SLOT;
    if (slot == end) {
      store<usize>(slot, label, 24);
      end += SLOT;
    }
    store<usize>(slotOf + i * 4, slot);
  }
  return end;
}

/** Puts y of a row's logits into the slots; NaN where the largest is not finite, as softmax is. */
function readRow(row: usize, most: f32, slots: usize, end: usize): void {
  const shift = <f64>most + (<f64>most - <f64>most);
  for (let slot = slots; slot < end; slot += SLOT) {
    const logit = f32.load(row + (load<usize>(slot, 24) << 2));
    Variable.storeExponential(slot, <f64>logit - shift);
    f64.store(slot, 0, 16);
  }
}

/** Σ of a row in float64, so that a sum of 1 and little is as good as that little. */
function sumOf(row: usize, bytes: usize): f64 {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  for (let n: usize = 0; n < bytes; n += 16) {
    const v = v128.load(row + n);
    low = f64x2.add(low, f64x2.promote_low_f32x4(v));
    high = f64x2.add(high, f64x2.promote_low_f32x4(i32x4.shuffle(v, v, 2, 3, 2, 3)));
  }
  const sum = f64x2.add(low, high);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** Replaces a row of logits by scale·(softmax − share), the share being the slot's Σ α·β / (y·total); returns Σ exp. */
function writeGradient(
  row: usize,
  most: f32,
  slots: usize,
  end: usize,
  total: f64,
  scale: f32,
  constants: usize,
  bytes: usize,
): f64 {
  LogitRow.exponentials(row, most, constants, bytes);
  const sum = sumOf(row, bytes);
  LogitRow.scale(row, <f32>(<f64>scale / sum), 0, constants, bytes / 4, bytes / 4);
  // In float64, where the two are nearly the same: as the network becomes sure of its labels.
  for (let slot = slots; slot < end; slot += SLOT) {
    const m = f64.load(slot);
    const share = f64.load(slot, 16) / (m * total);
    const d = <f32>(<f64>scale * ((m * Variable.powerOfTwo(f64.load(slot, 8))) / sum - share));
    const keep = !(abs<f32>(d) < f32.load(constants + Constant.tiny));
    f32.store(row + (load<usize>(slot, 24) << 2), keep ? d : 0);
  }
  return sum;
}

/**
 * Takes one sequence of `steps` rows, `next` bytes apart, through the kernel; returns its loss. Behind the rows of
 * variables (before the first step, of each step's α, and of β) stand two guards, the slots, and the labels' slots.
 */
function ctcSequence(
  x: usize,
  variables: usize,
  labels: usize,
  constants: usize,
  scale: f32,
  blank: usize,
  L: usize,
  steps: usize,
  next: usize,
  columns: usize,
  bytes: usize,
): f64 {
  const states: usize = 2 * L + 1;
  const row = GUARDS + states * VARIABLE;
  const slots = variables + (steps + 2) * row + GUARDS;
  const slotOf = slots + (L + 1) * SLOT;
  const end = makeSlots(slots, slotOf, labels, L, blank);

  // α of a step before the first, all of it in the first state, whence one may go on to the second; guards of all rows.
  for (let at = variables; at < variables + row; at += VARIABLE) Variable.store(at, 1, NOTHING);
  let alpha = variables + GUARDS;
  f64.store(alpha, 0, 8);
  for (let t: usize = 0; t < steps; t++, x += next) {
    LogitRow.pad(x, columns, bytes / 4);
    readRow(x, LogitRow.maximum(x, bytes), slots, end);
    Variable.store(alpha + row - GUARDS, 1, NOTHING);
    Variable.store(alpha + row - VARIABLE, 1, NOTHING);
    advance(alpha + row, alpha, slotOf, slots, states, VARIABLE, 4);
    alpha += row;
  }

  const last = alpha + (states - 1) * VARIABLE;
  const eLast = f64.load(last, 8);
  const eBefore = f64.load(last - VARIABLE, 8);
  const eTotal = max<f64>(eLast, eBefore);
  if (eTotal < ANYTHING) {
    for (let t: usize = 0; t < steps; t++) memory.fill((x -= next), 0, bytes);
    return Infinity;
  }
  const total =
    f64.load(last) * Variable.powerOfTwo(eLast - eTotal) +
    f64.load(last - VARIABLE) * Variable.powerOfTwo(eBefore - eTotal);

  // β is one row: the step after the last, all of it in the last state; then taken back, in place.
  const beta = alpha + row;
  for (let at = beta; at < slots; at += VARIABLE) Variable.store(at, 1, NOTHING);
  f64.store(beta + (states - 1) * VARIABLE, 0, 8);
  let loss = -(eTotal * LN2 + Scalar.naturalLogarithm(total));
  for (let t: usize = 0; t < steps; t++, alpha -= row) {
    x -= next;
    const most = LogitRow.maximum(x, bytes);
    readRow(x, most, slots, end);
    const from = beta + (states - 1) * VARIABLE;
    advance(from, from, slotOf + L * 4 - 4, slots, states, <usize>-VARIABLE, <usize>-4);
    for (let s: usize = 0; s < states; s++) {
      const a = alpha + s * VARIABLE;
      const b = beta + s * VARIABLE;
      const slot = s & 1 ? load<usize>(slotOf + (s >> 1) * 4) : slots;
      // A share is at most 1, so e at most 2; the bound is for logits of 1e16 and more, whose e are no exact integers.
      const e = min<f64>(f64.load(a, 8) + f64.load(b, 8) - (eTotal + f64.load(slot, 8)), 2);
      f64.store(slot, f64.load(slot, 16) + f64.load(a) * f64.load(b) * Variable.powerOfTwo(e), 16);
    }
    loss += Scalar.naturalLogarithm(writeGradient(x, most, slots, end, total, scale, constants, bytes));
  }
  return loss;
}

/**
 * Computes the loss of connectionist temporal classification and its gradient, in place, as torch.nn.CTCLoss of a
 * log-softmax. x[T·B, stride]: logits come in, scales[b]·dLoss_b/dx goes out, 0 past a sequence's length. losses[B]:
 * −ln of the probability of each sequence's labels, in nats, unscaled; Infinity, with a gradient of 0, where they do not
 * fit into the steps. labels: the sequences' labels one after another, none of them `blank`, labelLengths[b] of each.
 * variables: scratch for float64, as much as `ctcScratch` of src/wasm/ctc-sizes.ts says of T and the most labels.
 */
export function ctcLoss(
  x: Pointer,
  losses: Pointer,
  labels: Pointer,
  labelLengths: Pointer,
  lengths: OptionalPointer,
  scales: Pointer,
  variables: Pointer,
  constants: Pointer,
  blank: usize,
  T: usize,
  B: usize,
  columns: usize,
  stride: usize,
): void {
  assert(Check.multiple(stride, 8) && Check.atLeast(columns, blank + 1) && Check.atLeast(stride, columns));
  assert(Check.vectors(x, T * B * stride) && Check.elements(losses, B) && Check.elements(labelLengths, B));
  assert(Check.elements(scales, B) && (!lengths || Check.elements(lengths, B)) && Check.constants(constants));
  const bytes = stride * 4;
  for (let b: usize = 0; b < B; b++, x += bytes) {
    const L = <usize>i32.load(labelLengths + b * 4);
    const steps = lengths ? min<usize>(T, <usize>i32.load(lengths + b * 4)) : T;
    assert(Check.elements(labels, L) && Check.vectors(variables, scratchOf(steps, L)));
    for (let i: usize = 0; i < L; i++) assert(Check.atLeast(columns, <usize>i32.load(labels + i * 4) + 1));
    const scale = f32.load(scales + b * 4);
    const loss = ctcSequence(
      x,
      variables,
      labels,
      constants,
      scale,
      blank,
      L,
      steps,
      B * bytes,
      columns,
      bytes,
    );
    f32.store(losses + b * 4, <f32>loss);
    for (let t = steps; t < T; t++) memory.fill(x + t * B * bytes, 0, bytes);
    labels += L * 4;
  }
}

/** Elements of 4 bytes that a sequence needs of `variables`, as whole vectors. */
function scratchOf(steps: usize, L: usize): usize {
  return 4 * ((steps + 2) * (2 * L + 3) + 2) + 8 * (L + 1) + ((L + 3) & ~3);
}
