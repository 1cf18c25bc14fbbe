import { requireNumber, requireObject } from "../errors.js";
import { vector } from "../memory/regions.js";
import { createOptimizer, MOST, type Optimizer } from "./optimizer.js";

export interface AdagradOptions {
  learningRate: number;
  /** Default 1e-10. */
  epsilon?: number;
  /** The rate of update t, from 1, is learningRate/(1 + (t − 1)·learningRateDecay); default 0. */
  learningRateDecay?: number;
  /** What the sums of squares start from; default 0. */
  initialAccumulatorValue?: number;
  /** Default 0. */
  weightDecay?: number;
}

/** Adagrad (Duchi et al. 2011), as torch.optim.Adagrad: g ← g + weightDecay·w; s ← s + g²; w ← w − rate·g/(√s + ε). */
export function adagrad(options: AdagradOptions): Optimizer {
  const {
    learningRate: firstRate,
    epsilon = 1e-10,
    learningRateDecay: rateDecay = 0,
    initialAccumulatorValue: start = 0,
    weightDecay: decay = 0,
  } = requireObject("options", options);
  requireNumber("epsilon", epsilon, { least: 0, most: MOST });
  requireNumber("learningRateDecay", rateDecay, { least: 0, most: MOST });
  requireNumber("weightDecay", decay, { least: 0, most: MOST });
  requireNumber("initialAccumulatorValue", start, { least: 0, most: MOST });
  return createOptimizer(firstRate, ["sum"], ({ engine, w, g, count, moments, step, learningRate }) => {
    const { sum } = moments;
    if (step === 1) engine.arena.fill({ ...vector(count), pointer: sum }, start);
    const rate = learningRate / (1 + (step - 1) * rateDecay);
    engine.kernels.adagradStep(w, sum, g, engine.constants, rate, epsilon, decay, count);
  });
}
