import type { AdagradOptions } from "../../../src/optimize/adagrad.js";
import {
  atLeast0,
  decay,
  epsilon as drawEpsilon,
  learningRate,
  optimizer,
  pick,
  rate,
  smallest,
  weightDecay,
  type OptimizerSubject,
  type OracleOptimizer,
} from "./optimizer.js";

/** Makes the optimizer of Duchi et al. 2011. */
function float64(options: AdagradOptions): OracleOptimizer {
  const {
    learningRate: firstRate,
    epsilon = 1e-10,
    learningRateDecay = 0,
    initialAccumulatorValue = 0,
    weightDecay: decayFactor = 0,
  } = options;
  return optimizer(firstRate, { sum: initialAccumulatorValue }, (value, gradient, memory, update, rate) => {
    const g = gradient + decayFactor * value;
    memory["sum"] += g * g;
    return (
      value - ((rate / (1 + (update - 1) * learningRateDecay)) * g) / (Math.sqrt(memory["sum"]) + epsilon)
    );
  });
}

export const adagrad: OptimizerSubject<AdagradOptions> = {
  float64,
  draw: (random) => ({
    learningRate: learningRate(random),
    epsilon: drawEpsilon(random),
    learningRateDecay: pick(random, 0, 0.01, 1),
    initialAccumulatorValue: pick(random, 0, 0.1, 10),
    weightDecay: weightDecay(random),
  }),
  defaultRate: undefined,
  numbers: [
    rate,
    smallest,
    { name: "learningRateDecay", ...atLeast0 },
    { name: "initialAccumulatorValue", ...atLeast0 },
    decay,
  ],
  flags: [],
  extras: [{ learningRateDecay: 0.1, initialAccumulatorValue: 0.1 }],
};
