/** Losses of single outputs and of one number each, but for the squared error: absolute, Huber's, and binary cross-entropy. */

import { requireNumber, requireOptions } from "../../errors.js";
import type { Region } from "../../memory/regions.js";
import { lossKernels } from "../../wasm/loss-kernels.js";
import type { Loss } from "../types.js";
import { createLoss, overStagedTargets, type LossDefinition, type TargetRange } from "./definition.js";

/** The kernels that take outputs, targets, weights, constants and a scale, and no more. */
type ElementKernel = "absoluteError" | "binaryCrossEntropy";

function defineElementLoss(name: string, kernel: ElementKernel, range?: TargetRange): LossDefinition {
  return {
    name,
    against: ["values"],
    range: () => range,
    apply: (place) => {
      const { arena, constants } = place.engine;
      const kernels = lossKernels(arena.memory);
      return overStagedTargets(place, ({ pointer, rows, stride }, targets, weights) =>
        kernels[kernel](pointer, targets, weights, constants, place.scale, rows, stride),
      );
    },
  };
}

/** Creates the absolute error, |output − target|, as `torch.nn.L1Loss`; its gradient is 0 where they are equal. */
export function meanAbsoluteError(): Loss {
  return createLoss({}, defineElementLoss("meanAbsoluteError", "absoluteError"));
}

/**
 * Creates binary cross-entropy of each output by itself, through a sigmoid, as `torch.nn.BCEWithLogitsLoss`:
 * −t·ln σ(x) − (1 − t)·ln(1 − σ(x)) for `targets.values` t in [0, 1]. The outputs x stay logits.
 */
export function binaryCrossEntropy(): Loss {
  const range = { least: 0, most: 1, words: "values from 0 to 1, or NaN for none" };
  return createLoss({}, defineElementLoss("binaryCrossEntropy", "binaryCrossEntropy", range));
}

/** Configures `huber`. */
export interface HuberOptions {
  /** The distance up to which the loss is ½·d², above 0; default 1. From there on it is δ·(|d| − ½·δ). */
  delta?: number;
}

/**
 * Creates Huber's loss, as `torch.nn.HuberLoss`: squared, with a ½, near the target and linear far from it (Huber 1964,
 * "Robust estimation of a location parameter"). Throws a TypeError or RangeError for a bad option.
 */
export function huber(options: HuberOptions = {}): Loss {
  const { delta = 1 } = requireOptions("options", options, ["delta"]);
  requireNumber("delta", delta, { above: 0 });
  return createLoss(
    { delta },
    {
      name: "huber",
      against: ["values"],
      apply: (place) => {
        const { arena, constants } = place.engine;
        const kernels = lossKernels(arena.memory);
        const kernel = ({ pointer, rows, stride }: Region, targets: number, weights: number): number =>
          kernels.huberLoss(pointer, targets, weights, constants, place.scale, delta, rows, stride);
        return overStagedTargets(place, kernel);
      },
    },
  );
}
