import { requireBoolean, requireNumber, requireOptions } from "../errors.js";
import { adamStep } from "../wasm/generated/named-kernels.js";
import { createOptimizer, MOST, type Optimizer } from "./optimizer.js";

export interface AdamOptions {
  /** Default 1e-3. */
  learningRate?: number;
  /** How much of the mean is kept from step to step; default 0.9. */
  beta1?: number;
  /** How much of the mean square is kept; default 0.999. */
  beta2?: number;
  /** Default 1e-8. */
  epsilon?: number;
  /** Default 0; 0.01 for adamW. */
  weightDecay?: number;
  /** Divides by the largest mean square so far (Reddi et al. 2018); default false. */
  amsgrad?: boolean;
}

type Moment = "mean" | "square" | "most";

/** Returns xⁿ for n ≥ 1, by repeated squaring: engines disagree on powers. */
function integerPower(x: number, n: number): number {
  let result = 1;
  for (; n >= 1; n = Math.floor(n / 2), x *= x) if (n % 2 === 1) result *= x;
  return result;
}

function create(options: AdamOptions, defaultDecay: number, decoupled: boolean): Optimizer {
  const {
    learningRate = 1e-3,
    beta1 = 0.9,
    beta2 = 0.999,
    epsilon = 1e-8,
    weightDecay: decay = defaultDecay,
    amsgrad = false,
  } = requireOptions("options", options, [
    "learningRate",
    "beta1",
    "beta2",
    "epsilon",
    "weightDecay",
    "amsgrad",
  ]);
  requireNumber("beta1", beta1, { least: 0, below: 1 });
  requireNumber("beta2", beta2, { least: 0, below: 1 });
  requireNumber("epsilon", epsilon, { least: 0, most: MOST });
  requireNumber("weightDecay", decay, { least: 0, most: MOST });
  requireBoolean("amsgrad", amsgrad);
  const names: Moment[] = amsgrad ? ["mean", "square", "most"] : ["mean", "square"];
  return createOptimizer<Moment>(
    decoupled ? "adamW" : "adam",
    learningRate,
    names,
    { beta1, beta2, epsilon, weightDecay: decay, amsgrad },
    ({ engine, w, g, count, moments, ...at }) => {
      adamStep(engine.kernels, {
        w,
        m: moments.mean,
        v: moments.square,
        most: amsgrad ? moments.most : 0,
        g,
        constants: engine.constants,
        rate: at.learningRate / (1 - integerPower(beta1, at.step)),
        beta1,
        fresh1: 1 - beta1,
        beta2,
        fresh2: 1 - beta2,
        epsilon,
        correction: 1 / Math.sqrt(1 - integerPower(beta2, at.step)),
        keep: decoupled ? 1 - at.learningRate * decay : 1,
        decay: decoupled ? 0 : decay,
        count,
      });
    },
  );
}

/**
 * Makes Adam (Kingma & Ba 2015), as torch.optim.Adam: g ← g + weightDecay·w; m ← β1·m + (1 − β1)·g; v ← β2·v + (1 − β2)·g²;
 * w ← w − learningRate·m̂/(√v̂ + ε), m̂ = m/(1 − β1ᵗ), v̂ = v/(1 − β2ᵗ).
 */
export function adam(options: AdamOptions = {}): Optimizer {
  return create(options, 0, false);
}

/** Makes AdamW (Loshchilov & Hutter 2019), as torch.optim.AdamW: w ← w − learningRate·weightDecay·w apart from the moments; then as Adam. */
export function adamW(options: AdamOptions = {}): Optimizer {
  return create(options, 0.01, true);
}
