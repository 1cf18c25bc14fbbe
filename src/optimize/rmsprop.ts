import { requireBoolean, requireNumber, requireOptions } from "../errors.js";
import { rmspropStep } from "../wasm/generated/named-kernels.js";
import { createOptimizer, MOST, type Optimizer } from "./optimizer.js";

export interface RmspropOptions {
  learningRate: number;
  /** How much of the mean square is kept from step to step; default 0.99. */
  alpha?: number;
  /** Default 1e-8. */
  epsilon?: number;
  /** Default 0. */
  momentum?: number;
  /** Subtracts the squared mean; default false. */
  centered?: boolean;
  /** Default 0. */
  weightDecay?: number;
}

type Moment = "square" | "mean" | "velocity";

/**
 * Makes RMSprop (Tieleman & Hinton 2012; centred as in Graves 2013), as torch.optim.RMSprop: g ← g + weightDecay·w;
 * s ← α·s + (1 − α)·g²; d = √s + ε, or √(s − a²) + ε with a ← α·a + (1 − α)·g when `centered`;
 * v ← momentum·v + g/d; w ← w − learningRate·v.
 */
export function rmsprop(options: RmspropOptions): Optimizer {
  const {
    learningRate,
    alpha = 0.99,
    epsilon = 1e-8,
    momentum = 0,
    centered = false,
    weightDecay: decay = 0,
  } = requireOptions("options", options, [
    "learningRate",
    "alpha",
    "epsilon",
    "momentum",
    "centered",
    "weightDecay",
  ]);
  requireNumber("alpha", alpha, { least: 0, most: 1 });
  requireNumber("epsilon", epsilon, { least: 0, most: MOST });
  requireNumber("momentum", momentum, { least: 0, most: MOST });
  requireNumber("weightDecay", decay, { least: 0, most: MOST });
  requireBoolean("centered", centered);
  const names: Moment[] = ["square"];
  if (centered) names.push("mean");
  if (momentum > 0) names.push("velocity");
  return createOptimizer<Moment>(
    "rmsprop",
    learningRate,
    names,
    { alpha, epsilon, momentum, centered, weightDecay: decay },
    ({ engine, w, g, count, moments, ...update }) => {
      rmspropStep(engine.kernels, {
        w,
        square: moments.square,
        mean: centered ? moments.mean : 0,
        velocity: momentum > 0 ? moments.velocity : 0,
        g,
        constants: engine.constants,
        rate: update.learningRate,
        alpha,
        fresh: 1 - alpha,
        epsilon,
        momentum,
        decay,
        count,
      });
    },
  );
}
