/**
 * Implements the rules that carry the influence G_t = ∂s_t/∂θ forward: whole, by blocks, or within each unit.
 */

import { backward, jacobians, joined, takeStep, takeSteps, type Gradients, type Problem } from "./problem.js";
import { addScaled, combine, matrixTimes, rowTimes, zeros } from "./vectors.js";

/** Returns an influence of zeros, S rows of P. */
function noInfluence({ recurrence }: Problem): Float64Array[] {
  return Array.from({ length: recurrence.stateSize }, () => zeros(recurrence.parameters.length));
}

/** Returns a·b + c for matrices. */
function multiplyAdd(
  a: readonly Float64Array[],
  b: readonly Float64Array[],
  c: readonly Float64Array[],
): Float64Array[] {
  return matrixTimes(a, b).map((row, i) => combine(1, row, 1, c[i]));
}

/** Runs RTRL (Williams & Zipser 1989), G ← J G + I, g += q G, which is exact at fixed parameters. */
export function* rtrl(problem: Problem): Gradients {
  let influence = noInfluence(problem);
  let s = problem.initial;
  for (let t = 0; t < problem.steps; t++) {
    const taken = takeStep(problem, t, s);
    s = taken.after;
    const { state, parameters } = jacobians(problem, [taken]);
    influence = multiplyAdd(state, influence, parameters);
    yield joined(rowTimes(taken.q, influence), taken.head);
  }
}

/** Makes the rule of RTRL a block at a time (Schmidhuber 1992), which is exact at fixed parameters. */
export function blockRtrl({ block }: { block: number }) {
  return function* (problem: Problem): Gradients {
    let influence = noInfluence(problem);
    let s = problem.initial;
    for (let from = 0; from < problem.steps; from += block) {
      const tape = takeSteps(problem, from, Math.min(from + block, problem.steps), s);
      s = tape[tape.length - 1].after;
      const gradient = zeros(problem.parameters.length);
      const start = backward(problem, tape, gradient);
      addScaled(gradient.subarray(0, influence[0].length), 1, rowTimes(start, influence));
      const { state, parameters } = jacobians(problem, tape);
      influence = multiplyAdd(state, influence, parameters);
      yield gradient;
    }
  };
}

/**
 * Runs SnAp-1 (Menick et al. 2020). It keeps of the influence only what a parameter reaches within one step
 * of its own layer, E ← J E + I on these elements; an error comes down to a layer through the layers above at
 * the same step. It is biased, but exact where a unit's past acts on itself alone, as in one layer of a
 * minGRU.
 */
export function* snap1(problem: Problem): Gradients {
  const { recurrence } = problem;
  const reach = Array.from(recurrence.parameters, (_, p) => recurrence.reach(p));
  let influence = noInfluence(problem);
  let s = problem.initial;
  for (let t = 0; t < problem.steps; t++) {
    const taken = takeStep(problem, t, s);
    s = taken.after;
    const { state, parameters } = jacobians(problem, [taken]);
    const next = noInfluence(problem);
    const { through } = recurrence.vjp(taken.before, taken.x, taken.q);
    const gradient = Float64Array.from(reach, (elements, p) => {
      for (const k of elements) {
        next[k][p] = parameters[k][p];
        for (const from of elements) next[k][p] += state[k][from] * influence[from][p];
      }
      return elements.reduce((sum, k) => sum + through[k] * next[k][p], 0);
    });
    influence = next;
    yield joined(gradient, taken.head);
  }
}
