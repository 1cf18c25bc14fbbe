/** The gradients that a rule yields, with parameters that move in between. */

import { expect } from "vitest";
import type { TrainingWindow } from "../../src/data/training-data.js";
import { WindowChecks } from "../../src/learn/windows/checked-window.js";
import type { GradientEvent, Learner, LearnerContext } from "../../src/learn/learner.js";
import { createNetwork } from "../../src/network/create-network.js";
import type { Network, NetworkOptions } from "../../src/network/types.js";
import type { Optimizer } from "../../src/optimize/optimizer.js";
import { sgd, type SgdOptions } from "../../src/optimize/sgd.js";
import { relativeError } from "../oracle/compare.js";
import { begin } from "./begin.js";
import { WIDTH } from "./recompute/plans.js";

export const createLearning = (options: Partial<NetworkOptions> = {}): Network =>
  createNetwork({ inputSize: WIDTH, hiddenSize: 5, outputSize: WIDTH, seed: 1, ...options });
/** Small enough that a loss without a bound does not drive a ReLU network to infinity. */
export const rate: SgdOptions = { learningRate: 0.01 };

export interface Taken extends GradientEvent {
  gradients: number[];
}

/** Moves the parameters too, so that a gradient taken too early would be another. */
export function take(network: Network, optimizer: Optimizer, event: GradientEvent): Taken {
  const gradients = network.parameters.flatMap((parameter) => [...parameter.readGradient()]);
  optimizer.step(network);
  network.zeroGradients();
  return { ...event, gradients };
}

/** Fills the window's arrays with something else, as a caller may who uses them anew. */
function spoil({ inputs, targets }: TrainingWindow): void {
  for (const array of [inputs.tokens, inputs.values, targets.classes, targets.values, targets.gradient])
    array?.fill(2);
}

export function learn(
  network: Network,
  learner: Learner,
  windows: readonly TrainingWindow[],
  given: Partial<Omit<LearnerContext, "network">> = {},
  optimizer: Optimizer = sgd(rate),
): Taken[] {
  const run = begin(learner, network, given);
  const checks = new WindowChecks(network, given.loss);
  const taken: Taken[] = [];
  for (const given of windows) {
    const window = structuredClone(given);
    for (const event of run.window(checks.check(window))) {
      taken.push(take(network, optimizer, event));
      spoil(window);
    }
    spoil(window);
  }
  for (const event of run.end()) taken.push(take(network, optimizer, event));
  network.dispose();
  return taken;
}

// Sums of products over up to 20 steps in float32, in another order: some 1e-7 of the largest number for each addition.
export const TOLERANCE = 2e-5;

/** For gradients that are compared at fixed parameters. */
export const still = { ...sgd(rate), step: () => undefined };

export const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, x) => sum + x, 0);

export function sumGradients(taken: readonly Taken[]): number[] {
  return taken[0].gradients.map((_, i) => taken.reduce((sum, { gradients }) => sum + gradients[i], 0));
}

export function expectSame(actual: readonly Taken[], expected: readonly Taken[]): void {
  expect(actual.map(({ count, steps }) => [count, steps])).toEqual(
    expected.map(({ count, steps }) => [count, steps]),
  );
  actual.forEach(({ loss, gradients }, i) => {
    expect(relativeError(gradients, expected[i].gradients)).toBeLessThan(TOLERANCE);
    if (expected[i].loss === undefined) expect(loss).toBeUndefined();
    else expect(loss).toBeCloseTo(expected[i].loss, 5);
  });
}
