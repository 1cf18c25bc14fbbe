// Updates over flat memory: w parameters, g their gradients, both [count], count a multiple of 8. Formulas are those of
// torch.optim. Moments and weights that decay below the normal range become 0: left alone they would stay subnormal for
// ever, and slow every product. Quotients of 0 are 0: with ε = 0 the padding would become NaN otherwise.
import { Check } from "./check";
import { Lanes } from "./lanes";
import { Constant, Vector } from "./math";
import { OptionalPointer, Pointer } from "./pointer";

/**
 * Makes a step of SGD: g ← g + decay·w; with momentum v ← momentum·v + (1 − dampening)·g (v = g at the first step), then
 * g ← g + momentum·v (Nesterov) or v; w ← w − rate·g. `velocity` 0: no momentum.
 */
export function sgdStep(
  w: Pointer,
  velocity: OptionalPointer,
  g: Pointer,
  constants: Pointer,
  rate: f32,
  momentum: f32,
  dampening: f32,
  decay: f32,
  nesterov: bool,
  first: bool,
  count: usize,
): void {
  assert(Check.multiple(count, 8) && Check.vectors(w, count) && Check.vectors(g, count));
  assert((!velocity || Check.vectors(velocity, count)) && Check.constants(constants));
  const tiny = Vector.constant(constants, Constant.leastNormal);
  const rateV = f32x4.splat(-rate);
  const momentumV = f32x4.splat(momentum);
  const freshV = f32x4.splat(1 - dampening);
  const decayV = f32x4.splat(decay);
  const bytes = count * 4;
  for (let i: usize = 0; i < bytes; i += 16) {
    const x = v128.load(w + i);
    let d = Lanes.madd(decayV, x, v128.load(g + i));
    if (velocity) {
      let v = d;
      if (!first) v = Lanes.madd(momentumV, v128.load(velocity + i), f32x4.mul(freshV, d));
      v = Lanes.flush(v, tiny);
      v128.store(velocity + i, v);
      d = nesterov ? Lanes.madd(momentumV, v, d) : v;
    }
    v128.store(w + i, Lanes.flush(Lanes.madd(rateV, d, x), tiny));
  }
}

/**
 * Makes a step of RMSprop: s ← α·s + (1 − α)·g²; centred: a ← α·a + (1 − α)·g, denominator √(s − a²) + ε, else √s + ε;
 * with momentum v ← momentum·v + g/denominator, w ← w − rate·v. `mean`, `velocity` 0: without.
 */
export function rmspropStep(
  w: Pointer,
  square: Pointer,
  mean: OptionalPointer,
  velocity: OptionalPointer,
  g: Pointer,
  constants: Pointer,
  rate: f32,
  alpha: f32,
  fresh: f32,
  epsilon: f32,
  momentum: f32,
  decay: f32,
  count: usize,
): void {
  assert(Check.multiple(count, 8) && Check.vectors(w, count) && Check.vectors(g, count));
  assert(Check.vectors(square, count) && (!mean || Check.vectors(mean, count)));
  assert((!velocity || Check.vectors(velocity, count)) && Check.constants(constants));
  const tiny = Vector.constant(constants, Constant.leastNormal);
  const zero = f32x4.splat(0);
  const rateV = f32x4.splat(-rate);
  const alphaV = f32x4.splat(alpha);
  const freshV = f32x4.splat(fresh);
  const epsilonV = f32x4.splat(epsilon);
  const momentumV = f32x4.splat(momentum);
  const decayV = f32x4.splat(decay);
  const bytes = count * 4;
  for (let i: usize = 0; i < bytes; i += 16) {
    const x = v128.load(w + i);
    const d = Lanes.madd(decayV, x, v128.load(g + i));
    const s = Lanes.flush(
      Lanes.madd(alphaV, v128.load(square + i), f32x4.mul(freshV, f32x4.mul(d, d))),
      tiny,
    );
    v128.store(square + i, s);
    let variance = s;
    if (mean) {
      const a = Lanes.flush(Lanes.madd(alphaV, v128.load(mean + i), f32x4.mul(freshV, d)), tiny);
      v128.store(mean + i, a);
      // s − a² ≥ 0 but for rounding.
      variance = Lanes.atLeast(Lanes.nmadd(a, a, s), zero);
    }
    let step = Lanes.quotient(d, f32x4.add(f32x4.sqrt(variance), epsilonV));
    if (velocity) {
      step = Lanes.flush(Lanes.madd(momentumV, v128.load(velocity + i), step), tiny);
      v128.store(velocity + i, step);
    }
    v128.store(w + i, Lanes.flush(Lanes.madd(rateV, step, x), tiny));
  }
}

/** Makes a step of Adagrad: s ← s + g²; w ← w − rate·g/(√s + ε); `rate` has its decay in it. */
export function adagradStep(
  w: Pointer,
  sum: Pointer,
  g: Pointer,
  constants: Pointer,
  rate: f32,
  epsilon: f32,
  decay: f32,
  count: usize,
): void {
  assert(Check.multiple(count, 8) && Check.vectors(w, count) && Check.vectors(g, count));
  assert(Check.vectors(sum, count) && Check.constants(constants));
  const tiny = Vector.constant(constants, Constant.leastNormal);
  const rateV = f32x4.splat(-rate);
  const epsilonV = f32x4.splat(epsilon);
  const decayV = f32x4.splat(decay);
  const bytes = count * 4;
  for (let i: usize = 0; i < bytes; i += 16) {
    const x = v128.load(w + i);
    const d = Lanes.madd(decayV, x, v128.load(g + i));
    const s = Lanes.flush(Lanes.madd(d, d, v128.load(sum + i)), tiny);
    v128.store(sum + i, s);
    const step = Lanes.quotient(d, f32x4.add(f32x4.sqrt(s), epsilonV));
    v128.store(w + i, Lanes.flush(Lanes.madd(rateV, step, x), tiny));
  }
}

/**
 * Makes a step of Adam (Kingma & Ba 2015) or AdamW (Loshchilov & Hutter 2019): m ← β1·m + (1 − β1)·g; v ← β2·v + (1 − β2)·g²;
 * w ← keep·w − rate·m/(√v̂/correction + ε), v̂ the largest v so far with `most` (AMSGrad). `rate` = lr/(1 − β1ᵗ),
 * `correction` = 1/√(1 − β2ᵗ), `keep` = 1 − lr·decay for AdamW else 1; `decay` is Adam's, added to g.
 */
export function adamStep(
  w: Pointer,
  m: Pointer,
  v: Pointer,
  most: OptionalPointer,
  g: Pointer,
  constants: Pointer,
  rate: f32,
  beta1: f32,
  fresh1: f32,
  beta2: f32,
  fresh2: f32,
  epsilon: f32,
  correction: f32,
  keep: f32,
  decay: f32,
  count: usize,
): void {
  assert(Check.multiple(count, 8) && Check.vectors(w, count) && Check.vectors(g, count));
  assert(Check.vectors(m, count) && Check.vectors(v, count));
  assert((!most || Check.vectors(most, count)) && Check.constants(constants));
  const tiny = Vector.constant(constants, Constant.leastNormal);
  const rateV = f32x4.splat(-rate);
  const beta1V = f32x4.splat(beta1);
  const fresh1V = f32x4.splat(fresh1);
  const beta2V = f32x4.splat(beta2);
  const fresh2V = f32x4.splat(fresh2);
  const epsilonV = f32x4.splat(epsilon);
  const correctionV = f32x4.splat(correction);
  const keepV = f32x4.splat(keep);
  const decayV = f32x4.splat(decay);
  const bytes = count * 4;
  for (let i: usize = 0; i < bytes; i += 32) {
    const x0 = v128.load(w + i);
    const x1 = v128.load(w + i, 16);
    const d0 = Lanes.madd(decayV, x0, v128.load(g + i));
    const d1 = Lanes.madd(decayV, x1, v128.load(g + i, 16));
    const m0 = Lanes.flush(Lanes.madd(beta1V, v128.load(m + i), f32x4.mul(fresh1V, d0)), tiny);
    const m1 = Lanes.flush(Lanes.madd(beta1V, v128.load(m + i, 16), f32x4.mul(fresh1V, d1)), tiny);
    const g0 = f32x4.mul(fresh2V, f32x4.mul(d0, d0));
    const g1 = f32x4.mul(fresh2V, f32x4.mul(d1, d1));
    let v0 = Lanes.flush(Lanes.madd(beta2V, v128.load(v + i), g0), tiny);
    let v1 = Lanes.flush(Lanes.madd(beta2V, v128.load(v + i, 16), g1), tiny);
    v128.store(m + i, m0);
    v128.store(m + i, m1, 16);
    v128.store(v + i, v0);
    v128.store(v + i, v1, 16);
    if (most) {
      v0 = Lanes.atLeast(v0, v128.load(most + i));
      v1 = Lanes.atLeast(v1, v128.load(most + i, 16));
      v128.store(most + i, v0);
      v128.store(most + i, v1, 16);
    }
    const step0 = Lanes.quotient(m0, Lanes.madd(f32x4.sqrt(v0), correctionV, epsilonV));
    const step1 = Lanes.quotient(m1, Lanes.madd(f32x4.sqrt(v1), correctionV, epsilonV));
    const w0 = Lanes.flush(Lanes.madd(rateV, step0, f32x4.mul(keepV, x0)), tiny);
    const w1 = Lanes.flush(Lanes.madd(rateV, step1, f32x4.mul(keepV, x1)), tiny);
    v128.store(w + i, w0);
    v128.store(w + i, w1, 16);
  }
}

/**
 * Makes a step of Lion (Chen et al. 2023): w ← keep·w − rate·sign(β1·m + (1 − β1)·g), then m ← β2·m + (1 − β2)·g; the
 * sign of 0 is 0. `keep` = 1 − rate·decay.
 */
export function lionStep(
  w: Pointer,
  m: Pointer,
  g: Pointer,
  constants: Pointer,
  rate: f32,
  beta1: f32,
  fresh1: f32,
  beta2: f32,
  fresh2: f32,
  keep: f32,
  count: usize,
): void {
  assert(Check.multiple(count, 8) && Check.vectors(w, count) && Check.vectors(m, count));
  assert(Check.vectors(g, count) && Check.constants(constants));
  const tiny = Vector.constant(constants, Constant.leastNormal);
  const zero = f32x4.splat(0);
  const up = f32x4.splat(-rate);
  const down = f32x4.splat(rate);
  const beta1V = f32x4.splat(beta1);
  const fresh1V = f32x4.splat(fresh1);
  const beta2V = f32x4.splat(beta2);
  const fresh2V = f32x4.splat(fresh2);
  const keepV = f32x4.splat(keep);
  const bytes = count * 4;
  for (let i: usize = 0; i < bytes; i += 16) {
    const d = v128.load(g + i);
    const old = v128.load(m + i);
    const mixed = Lanes.madd(beta1V, old, f32x4.mul(fresh1V, d));
    const step = v128.or(v128.and(f32x4.gt(mixed, zero), up), v128.and(f32x4.lt(mixed, zero), down));
    v128.store(m + i, Lanes.flush(Lanes.madd(beta2V, old, f32x4.mul(fresh2V, d)), tiny));
    v128.store(w + i, Lanes.flush(Lanes.madd(keepV, v128.load(w + i), step), tiny));
  }
}
