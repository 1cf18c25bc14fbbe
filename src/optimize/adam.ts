import { requireBoolean, requireNumber, requireObject } from "../errors.js";
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

function create(options: AdamOptions, defaultDecay: number, decoupled: boolean): Optimizer {
  const given = requireObject("options", options);
  const beta1 = requireNumber("beta1", given.beta1 ?? 0.9, { least: 0, below: 1 });
  const beta2 = requireNumber("beta2", given.beta2 ?? 0.999, { least: 0, below: 1 });
  const epsilon = requireNumber("epsilon", given.epsilon ?? 1e-8, { least: 0, most: MOST });
  const decay = requireNumber("weightDecay", given.weightDecay ?? defaultDecay, { least: 0, most: MOST });
  const amsgrad = requireBoolean("amsgrad", given.amsgrad ?? false);
  const names: Moment[] = amsgrad ? ["mean", "square", "most"] : ["mean", "square"];
  // βᵗ as running products: engines disagree on powers.
  let power1 = 1;
  let power2 = 1;
  return createOptimizer<Moment>(
    given.learningRate ?? 1e-3,
    names,
    ({ engine, w, g, count, moments, ...at }) => {
      power1 = (at.step === 1 ? 1 : power1) * beta1;
      power2 = (at.step === 1 ? 1 : power2) * beta2;
      engine.kernels.adamStep(
        w,
        moments.mean,
        moments.square,
        amsgrad ? moments.most : 0,
        g,
        engine.constants,
        at.learningRate / (1 - power1),
        beta1,
        1 - beta1,
        beta2,
        1 - beta2,
        epsilon,
        1 / Math.sqrt(1 - power2),
        decoupled ? 1 - at.learningRate * decay : 1,
        decoupled ? 0 : decay,
        count,
      );
    },
  );
}

/**
 * Adam (Kingma & Ba 2015), as torch.optim.Adam: g ← g + weightDecay·w; m ← β1·m + (1 − β1)·g; v ← β2·v + (1 − β2)·g²;
 * w ← w − learningRate·m̂/(√v̂ + ε), m̂ = m/(1 − β1ᵗ), v̂ = v/(1 − β2ᵗ).
 */
export function adam(options: AdamOptions = {}): Optimizer {
  return create(options, 0, false);
}

/** AdamW (Loshchilov & Hutter 2019), as torch.optim.AdamW: w ← w − learningRate·weightDecay·w apart from the moments; then as Adam. */
export function adamW(options: AdamOptions = {}): Optimizer {
  return create(options, 0.01, true);
}
