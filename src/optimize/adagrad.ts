import { requireNumber, requireOptions } from "../errors.js";
import { vector } from "../memory/regions.js";
import { createOptimizer, MOST, type Optimizer } from "./optimizer.js";

/** Configures `adagrad`. */
export interface AdagradOptions {
  /** Learning rate of the first update, a finite number of at least 0. */
  learningRate: number;
  /** ε, added to √s, of at least 0; default 1e-10. */
  epsilon?: number;
  /** Update t, from 1, has the learning rate learningRate/(1 + (t − 1)·learningRateDecay); default 0. */
  learningRateDecay?: number;
  /** The value that the sums of squares s start from, of at least 0; default 0. */
  initialAccumulatorValue?: number;
  /** L2 penalty, of at least 0, which adds weightDecay·w to the gradient; default 0. */
  weightDecay?: number;
}

/**
 * Creates an Adagrad optimizer (Duchi et al. 2011), as torch.optim.Adagrad: g ← g + weightDecay·w;
 * s ← s + g²; w ← w − rate·g/(√s + ε). Throws a TypeError or RangeError for a bad option.
 */
export function adagrad(options: AdagradOptions): Optimizer {
  const {
    learningRate: firstRate,
    epsilon = 1e-10,
    learningRateDecay: rateDecay = 0,
    initialAccumulatorValue: start = 0,
    weightDecay: decay = 0,
  } = requireOptions("options", options, [
    "learningRate",
    "epsilon",
    "learningRateDecay",
    "initialAccumulatorValue",
    "weightDecay",
  ]);
  requireNumber("epsilon", epsilon, { least: 0, most: MOST });
  requireNumber("learningRateDecay", rateDecay, { least: 0, most: MOST });
  requireNumber("weightDecay", decay, { least: 0, most: MOST });
  requireNumber("initialAccumulatorValue", start, { least: 0, most: MOST });
  return createOptimizer(
    "adagrad",
    firstRate,
    ["sum"],
    { epsilon, learningRateDecay: rateDecay, initialAccumulatorValue: start, weightDecay: decay },
    ({ engine, w, g, count, moments, step, learningRate }) => {
      const { sum } = moments;
      if (step === 1) engine.arena.fill({ ...vector(count), pointer: sum }, start);
      const rate = learningRate / (1 + (step - 1) * rateDecay);
      engine.kernels.adagradStep(w, sum, g, engine.constants, rate, epsilon, decay, count);
    },
  );
}
