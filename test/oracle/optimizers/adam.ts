import type { AdamOptions } from "../../../src/optimize/adam.js";
import {
  decay,
  epsilon as drawEpsilon,
  flag,
  learningRate as drawRate,
  optimizer,
  pick,
  rate,
  share,
  smallest,
  weightDecay as drawDecay,
  type OptimizerSubject,
  type OracleOptimizer,
} from "./optimizer.js";

/**
 * Makes the optimizer of Kingma & Ba 2015; `decoupled` weight decay as in Loshchilov & Hutter 2019, `amsgrad`
 * as in Reddi et al. 2018.
 */
function adamLike(options: AdamOptions, decoupled: boolean): OracleOptimizer {
  const { learningRate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, amsgrad = false } = options;
  const { weightDecay = decoupled ? 0.01 : 0 } = options;
  const first = { mean: 0, square: 0, largest: 0 };
  return optimizer(learningRate, first, (given, gradient, memory, update, rate) => {
    const value = decoupled ? given * (1 - rate * weightDecay) : given;
    const g = decoupled ? gradient : gradient + weightDecay * value;
    memory["mean"] = beta1 * memory["mean"] + (1 - beta1) * g;
    memory["square"] = beta2 * memory["square"] + (1 - beta2) * g * g;
    memory["largest"] = Math.max(memory["largest"], memory["square"]);
    const square = amsgrad ? memory["largest"] : memory["square"];
    const mean = memory["mean"] / (1 - beta1 ** update);
    return value - (rate * mean) / (Math.sqrt(square / (1 - beta2 ** update)) + epsilon);
  });
}

function subject(decoupled: boolean, extras: readonly AdamOptions[]): OptimizerSubject<AdamOptions> {
  return {
    float64: (options) => adamLike(options, decoupled),
    draw: (random) => ({
      learningRate: drawRate(random),
      beta1: pick(random, 0, 0.5, 0.9),
      beta2: pick(random, 0.5, 0.99, 0.999),
      epsilon: drawEpsilon(random),
      weightDecay: drawDecay(random),
      amsgrad: flag(random),
    }),
    defaultRate: 1e-3,
    numbers: [rate, { name: "beta1", ...share }, { name: "beta2", ...share }, smallest, decay],
    flags: ["amsgrad"],
    extras,
  };
}

export const adam = subject(false, [{ amsgrad: true }]);
export const adamW = subject(true, []);
