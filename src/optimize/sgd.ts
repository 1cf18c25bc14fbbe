import { requireBoolean, requireNumber, requireOptions } from "../errors.js";
import { createOptimizer, MOST, type Optimizer } from "./optimizer.js";

/** Configures `sgd`. */
export interface SgdOptions {
  /** Learning rate, a finite number of at least 0. */
  learningRate: number;
  /** Share of the velocity that is kept from step to step, of at least 0; default 0, no momentum. */
  momentum?: number;
  /** Share of the gradient that the velocity leaves out; default 0. */
  dampening?: number;
  /** Whether to use Nesterov's momentum, which needs momentum above 0 and dampening 0; default false. */
  nesterov?: boolean;
  /** L2 penalty, of at least 0, which adds weightDecay·w to the gradient; default 0. */
  weightDecay?: number;
}

/**
 * Creates a stochastic gradient descent optimizer with momentum (Polyak 1964; Nesterov's as in Sutskever et
 * al. 2013), as torch.optim.SGD: g ← g + weightDecay·w; v ← momentum·v + (1 − dampening)·g, v = g at first;
 * w ← w − learningRate·v, or w − learningRate·(g + momentum·v) with `nesterov`. Throws a TypeError or
 * RangeError for a bad option.
 */
export function sgd(options: SgdOptions): Optimizer {
  const {
    learningRate,
    momentum = 0,
    dampening = 0,
    nesterov = false,
    weightDecay: decay = 0,
  } = requireOptions("options", options, [
    "learningRate",
    "momentum",
    "dampening",
    "nesterov",
    "weightDecay",
  ]);
  requireNumber("momentum", momentum, { least: 0, most: MOST });
  requireNumber("dampening", dampening, { least: -MOST, most: MOST });
  requireNumber("weightDecay", decay, { least: 0, most: MOST });
  requireBoolean("nesterov", nesterov);
  if (nesterov && (momentum === 0 || dampening !== 0)) {
    throw new RangeError(
      `"nesterov" expected momentum above 0 and dampening 0, got momentum ${momentum} and dampening ${dampening}`,
    );
  }
  const names = momentum > 0 ? (["velocity"] as const) : [];
  const kept = { momentum, dampening, nesterov, weightDecay: decay };
  return createOptimizer<"velocity">(
    "sgd",
    learningRate,
    names,
    kept,
    ({ engine, w, g, count, ...update }) => {
      const velocity = momentum > 0 ? update.moments.velocity : 0;
      const rate = update.learningRate;
      const first = update.step === 1;
      engine.kernels.sgdStep(
        w,
        velocity,
        g,
        engine.constants,
        rate,
        momentum,
        dampening,
        decay,
        nesterov,
        first,
        count,
      );
    },
  );
}
