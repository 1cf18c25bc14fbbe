import { requireBoolean, requireNumber, requireObject } from "../errors.js";
import { createOptimizer, MOST, type Optimizer } from "./optimizer.js";

export interface SgdOptions {
  learningRate: number;
  /** Default 0. */
  momentum?: number;
  /** Of the momentum; default 0. */
  dampening?: number;
  /** Needs momentum, and no dampening; default false. */
  nesterov?: boolean;
  /** Default 0. */
  weightDecay?: number;
}

/**
 * Stochastic gradient descent with momentum (Polyak 1964; Nesterov's as in Sutskever et al. 2013), as torch.optim.SGD:
 * g ← g + weightDecay·w; v ← momentum·v + (1 − dampening)·g, v = g at first; w ← w − learningRate·v, or
 * w − learningRate·(g + momentum·v) with `nesterov`.
 */
export function sgd(options: SgdOptions): Optimizer {
  const {
    learningRate,
    momentum = 0,
    dampening = 0,
    nesterov = false,
    weightDecay: decay = 0,
  } = requireObject("options", options);
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
  return createOptimizer<"velocity">(learningRate, names, ({ engine, w, g, count, ...update }) => {
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
  });
}
