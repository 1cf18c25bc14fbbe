import type { SgdOptions } from "../../../src/optimize/sgd.js";
import {
  atLeast0,
  decay,
  flag,
  learningRate,
  optimizer,
  pick,
  rate,
  weightDecay,
  type OptimizerSubject,
  type OracleOptimizer,
} from "./optimizer.js";

function float64(options: SgdOptions): OracleOptimizer {
  const { learningRate, momentum = 0, dampening = 0, nesterov = false, weightDecay = 0 } = options;
  return optimizer(learningRate, { buffer: 0 }, (value, gradient, memory, update, rate) => {
    const g = gradient + weightDecay * value;
    // The first buffer is the gradient itself, without dampening.
    memory["buffer"] = update === 1 ? g : momentum * memory["buffer"] + (1 - dampening) * g;
    if (momentum === 0) return value - rate * g;
    return value - rate * (nesterov ? g + momentum * memory["buffer"] : memory["buffer"]);
  });
}

export const sgd: OptimizerSubject<SgdOptions> = {
  float64,
  draw: (random) => {
    const nesterov = flag(random);
    const momentum = nesterov ? 0.9 : pick(random, 0, 0.5, 0.99);
    const dampening = nesterov ? 0 : pick(random, 0, 0.1, 0.9, -0.5);
    const chosen = { learningRate: learningRate(random), momentum, dampening, nesterov };
    return { ...chosen, weightDecay: weightDecay(random) };
  },
  defaultRate: undefined,
  numbers: [
    rate,
    { name: "momentum", ...atLeast0 },
    { name: "dampening", refused: [1e31, -1e31], accepted: [-1, 0, 0.9, 2] },
    decay,
  ],
  flags: [],
  extras: [
    { momentum: 0.9, nesterov: true },
    { momentum: 0.9, dampening: 0.5 },
  ],
};
