/** Implements the optimizers in float64, with PyTorch's formulas and defaults. */

import { tensor, type Tensors } from "./model.js";

export interface OracleOptimizer {
  learningRate: number;
  step(parameters: Tensors, gradients: Tensors): void;
}

export interface SgdOptions {
  learningRate: number;
  momentum?: number;
  dampening?: number;
  nesterov?: boolean;
  weightDecay?: number;
}

export interface RmspropOptions {
  learningRate: number;
  alpha?: number;
  epsilon?: number;
  momentum?: number;
  centered?: boolean;
  weightDecay?: number;
}

export interface AdagradOptions {
  learningRate: number;
  epsilon?: number;
  learningRateDecay?: number;
  initialAccumulatorValue?: number;
  weightDecay?: number;
}

export interface AdamOptions {
  learningRate?: number;
  beta1?: number;
  beta2?: number;
  epsilon?: number;
  weightDecay?: number;
  amsgrad?: boolean;
}

/** Makes optimizers of each kind from this project's options, in the oracle or in the library. */
export interface OptimizerFactories<Optimizer> {
  sgd: (options: SgdOptions) => Optimizer;
  rmsprop: (options: RmspropOptions) => Optimizer;
  adagrad: (options: AdagradOptions) => Optimizer;
  adam: (options: AdamOptions) => Optimizer;
  adamW: (options: AdamOptions) => Optimizer;
}

/** Holds what an optimizer keeps for one number of the parameters, by name; 0 at first. */
type Memory = Record<string, number>;

/** Returns the value to put in place of `value`, at the given update counted from 1. */
type Rule = (value: number, gradient: number, memory: Memory, update: number, learningRate: number) => number;

function optimizer(learningRate: number, first: Memory, rule: Rule): OracleOptimizer {
  const memories = new Map<string, Memory[]>();
  let update = 0;
  return {
    learningRate,
    step(parameters, gradients) {
      update += 1;
      for (const [name, values] of parameters) {
        const gradient = tensor(gradients, name);
        const kept = memories.get(name) ?? Array.from(values, () => ({ ...first }));
        memories.set(name, kept);
        for (let i = 0; i < values.length; i++)
          values[i] = rule(values[i], gradient[i], kept[i], update, this.learningRate);
      }
    },
  };
}

function sgd(options: SgdOptions): OracleOptimizer {
  const { learningRate, momentum = 0, dampening = 0, nesterov = false, weightDecay = 0 } = options;
  return optimizer(learningRate, { buffer: 0 }, (value, gradient, memory, update, rate) => {
    const g = gradient + weightDecay * value;
    // The first buffer is the gradient itself, without dampening.
    memory["buffer"] = update === 1 ? g : momentum * memory["buffer"] + (1 - dampening) * g;
    if (momentum === 0) return value - rate * g;
    return value - rate * (nesterov ? g + momentum * memory["buffer"] : memory["buffer"]);
  });
}

/** Makes the optimizer of Hinton's lecture 6e; `centered` as in Graves 2013. */
function rmsprop(options: RmspropOptions): OracleOptimizer {
  const {
    learningRate,
    alpha = 0.99,
    epsilon = 1e-8,
    momentum = 0,
    centered = false,
    weightDecay = 0,
  } = options;
  const first = { square: 0, mean: 0, buffer: 0 };
  return optimizer(learningRate, first, (value, gradient, memory, _, rate) => {
    const g = gradient + weightDecay * value;
    memory["square"] = alpha * memory["square"] + (1 - alpha) * g * g;
    memory["mean"] = alpha * memory["mean"] + (1 - alpha) * g;
    const variance = centered ? memory["square"] - memory["mean"] * memory["mean"] : memory["square"];
    memory["buffer"] = momentum * memory["buffer"] + g / (Math.sqrt(variance) + epsilon);
    return value - rate * memory["buffer"];
  });
}

/** Makes the optimizer of Duchi et al. 2011. */
function adagrad(options: AdagradOptions): OracleOptimizer {
  const {
    learningRate,
    epsilon = 1e-10,
    learningRateDecay = 0,
    initialAccumulatorValue = 0,
    weightDecay = 0,
  } = options;
  return optimizer(
    learningRate,
    { sum: initialAccumulatorValue },
    (value, gradient, memory, update, rate) => {
      const g = gradient + weightDecay * value;
      memory["sum"] += g * g;
      return (
        value - ((rate / (1 + (update - 1) * learningRateDecay)) * g) / (Math.sqrt(memory["sum"]) + epsilon)
      );
    },
  );
}

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

export const oracleOptimizers: OptimizerFactories<OracleOptimizer> = {
  sgd,
  rmsprop,
  adagrad,
  adam: (options) => adamLike(options, false),
  adamW: (options) => adamLike(options, true),
};
