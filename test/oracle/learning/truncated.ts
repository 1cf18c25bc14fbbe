/**
 * Implements rules that back-propagate over segments: the whole sequence, the last steps, or random lengths.
 */

import {
  backward,
  takeStep,
  takeSteps,
  type Draw,
  type Gradients,
  type Problem,
  type Taken,
} from "./problem.js";
import { zeros } from "./vectors.js";

/** Runs back-propagation through time over the whole sequence: exact. */
export function* bptt(problem: Problem): Gradients {
  const gradient = zeros(problem.parameters.length);
  backward(problem, takeSteps(problem, 0, problem.steps, problem.initial), gradient);
  yield gradient;
}

/**
 * Makes the rule of truncated BPTT (Williams & Peng 1990): every k1 steps, and at the end, the losses of the
 * steps since the last time go back over at most k2 steps. Each error travels between k2 − k1 + 1 and k2
 * steps.
 */
export function tbptt({ k1, k2 = k1 }: { k1: number; k2?: number }) {
  if (k2 < k1) throw new RangeError(`"k2" expected at least k1 = ${k1}, got ${k2}`);
  return function* (problem: Problem): Gradients {
    const tape: Taken[] = [];
    let s = problem.initial;
    let previousEnd = 0;
    for (let end = 1; end <= problem.steps; end++) {
      const taken = takeStep(problem, end - 1, s);
      tape.push(taken);
      if (tape.length > k2) tape.shift();
      s = taken.after;
      if (end % k1 !== 0 && end !== problem.steps) continue;
      const first = end - tape.length;
      const from = previousEnd - first;
      const gradient = zeros(problem.parameters.length);
      backward(problem, tape, gradient, { counts: (i) => i >= from });
      previousEnd = end;
      yield gradient;
    }
  };
}

export interface ArtbpOptions {
  /** L0, above 1: the mean length of a segment. */
  meanLength: number;
  /** α, above 1; default 4. */
  alpha?: number;
}

/** Returns the probability of a cut after the d-th step of a segment, d from 1: α / ((α − 1) L0 + d). */
export function cutProbability({ meanLength, alpha = 4 }: ArtbpOptions, d: number): number {
  return alpha / ((alpha - 1) * meanLength + d);
}

/**
 * Makes the rule of anticipated reweighted truncated BPTT (Tallec & Ollivier 2017): segments of random
 * length, within which an error grows by 1/(1 − c_t) wherever no cut was made, so that the gradient is
 * unbiased.
 */
export function artbp(options: ArtbpOptions) {
  return function* (problem: Problem, draw: Draw): Gradients {
    let s = problem.initial;
    let tape: Taken[] = [];
    for (let t = 0; t < problem.steps; t++) {
      const taken = takeStep(problem, t, s);
      tape.push(taken);
      s = taken.after;
      const ends = t === problem.steps - 1 || draw(cutProbability(options, tape.length));
      if (!ends) continue;
      const gradient = zeros(problem.parameters.length);
      backward(problem, tape, gradient, { carry: (i) => 1 / (1 - cutProbability(options, i + 1)) });
      tape = [];
      yield gradient;
    }
  };
}
