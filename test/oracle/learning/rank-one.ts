/** Implements the rules that carry a random product in place of the influence, which is its mean. */

import {
  backward,
  drawSign,
  jacobians,
  joined,
  takeStep,
  takeSteps,
  type Draw,
  type Gradients,
  type Problem,
  type Taken,
} from "./problem.js";
import type { Factor } from "./recurrence.js";
import { addScaled, combine, dot, matrixTimes, norm, rowTimes, zeros } from "./vectors.js";

/** Keeps the quotients of norms finite. */
const epsilon = 1e-7;

/** Returns sqrt((a + ε) / (b + ε)), which balances two factors of a product with the norms a and b. */
function balance(a: number, b: number): number {
  return Math.sqrt((a + epsilon) / (b + epsilon));
}

/** Returns the derivative of the tape's last state along a tangent of its first. */
function jvpThrough({ recurrence }: Problem, tape: readonly Taken[], ds: Float64Array): Float64Array {
  return tape.reduce((tangent, { before, x }) => recurrence.jvp(before, x, tangent), ds);
}

/**
 * Makes the rule of unbiased online recurrent optimization (Tallec & Ollivier 2017, arXiv 1702.05043), a
 * block at a time: the mean of s̃ ⊗ θ̃ over the signs is the influence. It draws S signs a block, none after
 * the last.
 */
export function uoro({ block = 1 }: { block?: number } = {}) {
  return function* (problem: Problem, draw: Draw): Gradients {
    const { recurrence, steps } = problem;
    const P = recurrence.parameters.length;
    let s = problem.initial;
    let tildeS = zeros(recurrence.stateSize);
    let tildeTheta = zeros(P);
    for (let from = 0; from < steps; from += block) {
      const tape = takeSteps(problem, from, Math.min(from + block, steps), s);
      s = tape[tape.length - 1].after;
      const gradient = zeros(problem.parameters.length);
      const start = backward(problem, tape, gradient);
      addScaled(gradient.subarray(0, P), dot(start, tildeS), tildeTheta);
      yield gradient;
      if (from + block >= steps) return;
      const nu = tildeS.map(() => drawSign(draw));
      const js = jvpThrough(problem, tape, tildeS);
      const back = zeros(problem.parameters.length);
      backward(problem, tape, back, { end: nu, counts: () => false });
      const immediate = back.subarray(0, P);
      const rho0 = balance(norm(tildeTheta), norm(js));
      const rho1 = balance(norm(immediate), norm(nu));
      tildeS = combine(rho0, js, rho1, nu);
      tildeTheta = combine(1 / rho0, tildeTheta, 1 / rho1, immediate);
    }
  };
}

/**
 * Runs NoBackTrack (Ollivier, Tallec & Charpiat 2015), which is UORO with a norm and a sign for each row of
 * I, and with the immediate term exact. It draws a sign for what is carried and S more, none after the last
 * step.
 */
export function* noBackTrack(problem: Problem, draw: Draw): Gradients {
  const { recurrence, steps } = problem;
  let s = problem.initial;
  let v = zeros(recurrence.stateSize);
  let w = zeros(recurrence.parameters.length);
  for (let t = 0; t < steps; t++) {
    const taken = takeStep(problem, t, s);
    s = taken.after;
    const { parameters: rows } = jacobians(problem, [taken]);
    const jv = recurrence.jvp(taken.before, taken.x, v);
    yield joined(combine(1, rowTimes(taken.q, rows), dot(taken.q, jv), w), taken.head);
    if (t === steps - 1) return;
    const carried = drawSign(draw);
    const rho0 = balance(norm(w), norm(jv));
    v = jv.map((value) => carried * rho0 * value);
    w = w.map((value) => (carried / rho0) * value);
    rows.forEach((row, i) => {
      const sign = drawSign(draw);
      const rho = Math.sqrt(norm(row));
      if (rho === 0) return;
      v[i] += rho * sign;
      addScaled(w, sign / rho, row);
    });
  }
}

/** Holds the influence of one factor's parameters, B ⊗ u. */
interface Kronecker {
  /** u, [A]. */
  u: Float64Array;
  /** B, S rows of K. */
  b: Float64Array[];
}

/** Adds (row ⊗ column) at the factor's parameters. */
function addProduct(gradient: Float64Array, factor: Factor, row: Float64Array, column: Float64Array): void {
  const { first, rows, columns } = factor;
  for (let p = 0; p < rows.length; p++) gradient[first + p] += row[rows[p]] * column[columns[p]];
}

/**
 * Runs KF-RTRL (Mujika, Meier & Steger 2018): a random Kronecker product B ⊗ u for each factor. Of its two
 * signs only the product matters, so it draws one sign a factor and step, none after the last.
 */
export function* kfRtrl(problem: Problem, draw: Draw): Gradients {
  const { recurrence, steps } = problem;
  const P = recurrence.parameters.length;
  let s = problem.initial;
  let carried: Kronecker[] | undefined;
  for (let t = 0; t < steps; t++) {
    const taken = takeStep(problem, t, s);
    s = taken.after;
    const { state: J } = jacobians(problem, [taken]);
    const factors = recurrence.factors(taken.before, taken.x);
    carried ??= factors.map(({ a, d }) => ({ u: zeros(a.length), b: d.map((row) => zeros(row.length)) }));
    const moved = carried.map(({ u, b }) => ({ u, b: matrixTimes(J, b) }));
    const gradient = zeros(P);
    factors.forEach((factor, f) => {
      addProduct(gradient, factor, rowTimes(taken.q, factor.d), factor.a);
      addProduct(gradient, factor, rowTimes(taken.q, moved[f].b), moved[f].u);
    });
    yield joined(gradient, taken.head);
    if (t === steps - 1) return;
    carried = moved.map(({ u, b }, f) => mixed(u, b, factors[f], drawSign(draw)));
  }
}

/** Mixes the carried product with the step's: u ← c p1 u + p2 a, B ← (c / p1) J B + (1 / p2) D. */
function mixed(u: Float64Array, jb: readonly Float64Array[], { a, d }: Factor, sign: number): Kronecker {
  const p1 = balance(norm(...jb), norm(u)); // 1 while both are zeros
  const p2 = balance(norm(...d), norm(a));
  return {
    u: combine(sign * p1, u, p2, a),
    b: jb.map((row, i) => combine(sign / p1, row, 1 / p2, d[i])),
  };
}
