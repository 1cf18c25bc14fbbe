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
  const given = requireObject("options", options);
  const momentum = requireNumber("momentum", given.momentum ?? 0, { least: 0, most: MOST });
  const dampening = requireNumber("dampening", given.dampening ?? 0, { least: -MOST, most: MOST });
  const decay = requireNumber("weightDecay", given.weightDecay ?? 0, { least: 0, most: MOST });
  const nesterov = requireBoolean("nesterov", given.nesterov ?? false);
  if (nesterov && (momentum === 0 || dampening !== 0)) {
    throw new RangeError(
      `"nesterov" expected momentum above 0 and dampening 0, got momentum ${momentum} and dampening ${dampening}`,
    );
  }
  const names = momentum > 0 ? (["velocity"] as const) : [];
  return createOptimizer<"velocity">(given.learningRate, names, ({ engine, w, g, count, ...update }) => {
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
