/** Finds how far back errors must go for a gradient whose relative bias is tolerated. */

import { bptt } from "../back/bptt.js";
import { askGradient, type Answer, type Question } from "../measure/estimate-gradient.js";
import { requireLearner } from "../learner.js";
import { tbptt } from "../back/tbptt.js";

/** Describes what `tbptt({ k1, k2 })` does on the sequence. */
export interface Truncation {
  k1: number;
  k2: number;
  /** The relative bias that the norms by lag predict. */
  predictedBias: number;
  /**
   * Measured relative bias ‖g − g*‖ / ‖g*‖ of the gradient g of the recurrent parameters and the embedding,
   * g* being the full gradient.
   */
  relativeBias: number;
  /**
   * The most bytes at a time that it took: window of k2 steps, packed weights; no parameters, no gradients.
   */
  bytes: number;
}

/** Holds the outcome of `searchTruncation`. */
export interface TruncationSearch {
  /** Gradient and memory of full back-propagation through time. */
  readonly full: Answer;
  /** All truncations that were measured, the shortest first. */
  readonly measured: Truncation[];
  /** The shortest truncation within the tolerance; undefined where there is none. */
  readonly recommended: Truncation | undefined;
}

/**
 * Returns the relative bias of tbptt(k1, k2) that norms by lag predict. A truncated gradient lacks the part
 * of each step's error that travels further than its reach, k2 − k1 + j for the j-th loss of a stretch, j = 0
 * … k1 − 1. ‖∂ℓ_t/∂s_{t−k}‖ stands for what lag k adds to the gradient, ∂s/∂θ being about as large at one
 * step as at another: Σ of what is lacking / Σ of all.
 *
 * This follows Aicher, Foti & Fox 2019, "Adaptively truncating backpropagation through time to control
 * gradient bias", arXiv 1905.07473, who bound the bias by Σ of what is lacking, over a lower bound of the
 * gradient's norm. A ratio of sums is no bound, but near: within a factor of 5 of the measured bias, where
 * that is .01 to .5, on small networks of every cell, of one and two layers, before and after training
 * (test/learn/flow/truncation.test.ts).
 *
 * `weights`: by lag, the number of losses that are far enough from the sequence's start for the lag to exist.
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
 * Finds the shortest tbptt(n, 2n), n = 1, 2, 4, … and 2n < T, whose bias on the sequence is within the
 * tolerance. The search starts at the length that `predict` suggests and measures from there: usually two or
 * three gradients.
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
    const truncation = { k1, k2, predictedBias: predict(k1, k2), relativeBias, bytes: answer.bytes };
    found.set(i, truncation);
    return truncation;
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

/** Returns ‖g − g*‖ / ‖g*‖ without the head, whose gradient is exact under every rule; 0 where g = g*. */
function recurrentDifference(given: Answer, full: Answer): number {
  let difference = 0;
  let all = 0;
  for (const [name, exact] of full.gradients) {
    if (name.startsWith("head.")) continue;
    const gradient = given.gradients.get(name) ?? exact;
    exact.forEach((value, i) => {
      const error = gradient[i] - value;
      difference += error * error;
      all += value * value;
    });
  }
  return difference === 0 ? 0 : Math.sqrt(difference / all);
}
