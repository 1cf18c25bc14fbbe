import type { LionOptions } from "../../../src/optimize/lion.js";
import {
  decay,
  learningRate as drawRate,
  optimizer,
  pick,
  rate,
  share,
  weightDecay as drawDecay,
  type OptimizerSubject,
} from "./optimizer.js";

/** Makes the optimizer of Chen et al. 2023, algorithm 2. */
export const lion: OptimizerSubject<LionOptions> = {
  float64: ({ learningRate = 1e-4, beta1 = 0.9, beta2 = 0.99, weightDecay = 0 }) =>
    optimizer(learningRate, { mean: 0 }, (value, gradient, memory, _, lr) => {
      const direction = Math.sign(beta1 * memory["mean"] + (1 - beta1) * gradient);
      memory["mean"] = beta2 * memory["mean"] + (1 - beta2) * gradient;
      return value - lr * (direction + weightDecay * value);
    }),
  draw: (random) => ({
    learningRate: drawRate(random),
    beta1: pick(random, 0, 0.5, 0.9),
    beta2: pick(random, 0.5, 0.99),
    weightDecay: drawDecay(random),
  }),
  defaultRate: 1e-4,
  numbers: [rate, { name: "beta1", ...share }, { name: "beta2", ...share }, decay],
  flags: [],
  extras: [{ beta1: 0.95, beta2: 0.98 }],
};
