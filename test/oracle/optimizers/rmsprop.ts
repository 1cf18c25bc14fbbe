import type { RmspropOptions } from "../../../src/optimize/rmsprop.js";
import {
  atLeast0,
  decay,
  epsilon as drawEpsilon,
  flag,
  learningRate,
  optimizer,
  pick,
  rate,
  smallest,
  weightDecay,
  type OptimizerSubject,
  type OracleOptimizer,
} from "./optimizer.js";

/** Makes the optimizer of Hinton's lecture 6e; `centered` as in Graves 2013. */
function float64(options: RmspropOptions): OracleOptimizer {
  const {
    learningRate: firstRate,
    alpha = 0.99,
    epsilon = 1e-8,
    momentum = 0,
    centered = false,
    weightDecay: decayFactor = 0,
  } = options;
  const first = { square: 0, mean: 0, buffer: 0 };
  return optimizer(firstRate, first, (value, gradient, memory, _, rate) => {
    const g = gradient + decayFactor * value;
    memory["square"] = alpha * memory["square"] + (1 - alpha) * g * g;
    memory["mean"] = alpha * memory["mean"] + (1 - alpha) * g;
    const variance = centered ? memory["square"] - memory["mean"] * memory["mean"] : memory["square"];
    memory["buffer"] = momentum * memory["buffer"] + g / (Math.sqrt(variance) + epsilon);
    return value - rate * memory["buffer"];
  });
}

export const rmsprop: OptimizerSubject<RmspropOptions> = {
  float64,
  draw: (random) => {
    const centered = flag(random);
    // With little memory, the centred variance is the difference of numbers that are nearly the same.
    const alpha = centered ? pick(random, 0.5, 0.9, 0.99) : pick(random, 0, 0.5, 0.99);
    return {
      learningRate: learningRate(random),
      alpha,
      epsilon: drawEpsilon(random),
      momentum: pick(random, 0, 0.9),
      centered,
      weightDecay: weightDecay(random),
    };
  },
  defaultRate: undefined,
  numbers: [
    rate,
    { name: "alpha", refused: [-0.1, 1.1], accepted: [0, 0.5, 1] },
    smallest,
    { name: "momentum", ...atLeast0 },
    decay,
  ],
  flags: ["centered"],
  extras: [{ momentum: 0.9, centered: true }],
};
