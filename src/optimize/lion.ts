import { requireNumber, requireOptions } from "../errors.js";
import { createOptimizer, MOST, type Optimizer } from "./optimizer.js";

export interface LionOptions {
  /** Default 1e-4: every weight moves by as much at each update, so that it is 3 to 10 times smaller than Adam's. */
  learningRate?: number;
  /** The share of the mean in the direction of a step; default 0.9. */
  beta1?: number;
  /** The share of the mean that is kept from step to step; default 0.99. */
  beta2?: number;
  /** Default 0. */
  weightDecay?: number;
}

/**
 * Makes Lion (Chen et al. 2023, "Symbolic discovery of optimization algorithms", arXiv 2302.06675):
 * w ← w − learningRate·(sign(β1·m + (1 − β1)·g) + weightDecay·w), then m ← β2·m + (1 − β2)·g, m = 0 at first. One moment, half
 * of Adam's memory. Throws a TypeError or RangeError that names the option.
 */
export function lion(options: LionOptions = {}): Optimizer {
  const {
    learningRate = 1e-4,
    beta1 = 0.9,
    beta2 = 0.99,
    weightDecay = 0,
  } = requireOptions("options", options, ["learningRate", "beta1", "beta2", "weightDecay"]);
  requireNumber("beta1", beta1, { least: 0, below: 1 });
  requireNumber("beta2", beta2, { least: 0, below: 1 });
  requireNumber("weightDecay", weightDecay, { least: 0, most: MOST });
  return createOptimizer(
    "lion",
    learningRate,
    ["mean"],
    { beta1, beta2, weightDecay },
    ({ engine, w, g, count, moments, learningRate: rate }) => {
      const keep = 1 - rate * weightDecay;
      const { kernels, constants } = engine;
      kernels.lionStep(w, moments.mean, g, constants, rate, beta1, 1 - beta1, beta2, 1 - beta2, keep, count);
    },
  );
}
