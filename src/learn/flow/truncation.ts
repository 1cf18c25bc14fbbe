/** How far back errors must go for a gradient that is off by no more than is tolerated. */

import { bptt } from "../back/bptt.js";
import { askGradient, type Answer, type Question } from "../measure/estimate-gradient.js";
import { requireLearner } from "../learner.js";
import { tbptt } from "../back/tbptt.js";

/** `tbptt({ k1, k2 })` on the sequence. */
export interface Truncation {
  k1: number;
  k2: number;
  /** What the norms by lag say that its relative bias is, see `predictBias`. */
  predictedBias: number;
  /** ‖g − g*‖ / ‖g*‖ of the recurrent parameters' and the embedding's gradient g on the sequence, from the full g*. */
  relativeBias: number;
  /** The most memory at a time that it took: its window of k2 steps, packed weights. Without parameters and gradients. */
  bytes: number;
}

export interface TruncationSearch {
  /** Full back-propagation through time. */
  readonly full: Answer;
  /** All that were measured, the shortest first. */
  readonly measured: Truncation[];
  /** Undefined where none is within the tolerance. */
  readonly recommended: Truncation | undefined;
}

/**
 * The relative bias of tbptt(k1, k2), from norms by lag. A truncated gradient lacks, of the error of each step t, what travels
 * further than its reach, k2 − k1 + j for the j-th loss of a stretch, j = 0 … k1 − 1. ‖∂ℓ_t/∂s_{t−k}‖ stands for what lag k
 * adds to the gradient, ∂s/∂θ being about as large at one step as at another: Σ of what is lacking / Σ of all.
 *
 * After Aicher, Foti & Fox 2019, "Adaptively truncating backpropagation through time to control gradient bias",
 * arXiv 1905.07473, who bound the bias by Σ of what is lacking, over a lower bound of the gradient's norm. A ratio of sums
 * is no bound, but near: within a factor of 5 of the bias that is measured, where that is .01 to .5, on small networks of
 * every cell, of one and two layers, before and after training (test/learn/flow/truncation.test.ts).
 *
 * `weights`: by lag, how many losses are so far from the sequence's start that the lag exists for them.
 */
export function predictBias(norms: Float64Array, weights: Float64Array, k1: number, k2: number): number {
  let lacking = 0;
  let all = 0;
  norms.forEach((norm, lag) => {
    const weighted = norm * weights[lag];
    all += weighted;
    lacking += (weighted * Math.min(k1, Math.max(0, lag - (k2 - k1)))) / k1;
  });
  return all === 0 ? 0 : lacking / all;
}

/**
 * The shortest tbptt(n, 2n), n = 1, 2, 4, … and 2n < T, whose bias on the sequence is within the tolerance. It begins at the
 * one that the prediction says, and measures: usually two or three gradients.
 */
export function searchTruncation(
  question: Question,
  predict: (k1: number, k2: number) => number,
  tolerance: number,
): TruncationSearch {
  const T = question.window.inputs.steps;
  const { seed } = question.network.options;
  const full = askGradient(question, requireLearner("learner", bptt()), seed);
  const lengths: number[] = [];
  for (let n = 1; 2 * n < T; n *= 2) lengths.push(n);
  const found = new Map<number, Truncation>();
  const measure = (i: number): Truncation => {
    const known = found.get(i);
    if (known !== undefined) return known;
    const [k1, k2] = [lengths[i], 2 * lengths[i]];
    const answer = askGradient(question, requireLearner("learner", tbptt({ k1, k2 })), seed);
    const relativeBias = recurrentDifference(answer, full);
    const made = { k1, k2, predictedBias: predict(k1, k2), relativeBias, bytes: answer.bytes };
    found.set(i, made);
    return made;
  };
  const fits = (i: number): boolean => measure(i).relativeBias <= tolerance;
  let recommended: Truncation | undefined;
  if (lengths.length > 0) {
    const predicted = lengths.findIndex((n) => predict(n, 2 * n) <= tolerance);
    let i = predicted < 0 ? lengths.length - 1 : predicted;
    while (i < lengths.length && !fits(i)) i++;
    while (i > 0 && i < lengths.length && fits(i - 1)) i--;
    if (i < lengths.length) recommended = measure(i);
  }
  const measured = [...found].sort(([a], [b]) => a - b).map(([, each]) => each);
  return { full, measured, recommended };
}

/** ‖g − g*‖ / ‖g*‖ without the head, whose gradient is exact under every rule; 0 of nothing is 0. */
function recurrentDifference(given: Answer, full: Answer): number {
  let difference = 0;
  let all = 0;
  for (const [name, exact] of full.gradients) {
    if (name.startsWith("head.")) continue;
    const gradient = given.gradients.get(name) ?? exact;
    exact.forEach((value, i) => {
      const off = gradient[i] - value;
      difference += off * off;
      all += value * value;
    });
  }
  return difference === 0 ? 0 : Math.sqrt(difference / all);
}
