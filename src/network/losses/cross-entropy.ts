import { requireNumber, requireOptions } from "../../errors.js";
import { lossKernels } from "../../wasm/loss-kernels.js";
import type { Loss } from "../types.js";
import { applyToClasses } from "./class-cross-entropy.js";
import { createLoss, overStagedTargets, type LossDefinition, type LossPlace } from "./definition.js";

/** Configures `crossEntropy`. */
export interface CrossEntropyOptions {
  /** The share of each target that all O classes have in equal parts, from 0 to below 1; default 0. */
  labelSmoothing?: number;
}

/** Returns softmax cross-entropy with a share of label smoothing. */
function defineCrossEntropy(smoothing: number): LossDefinition {
  return {
    name: "crossEntropy",
    against: ["classes", "values"],
    range: (kind) =>
      kind === "values" ? { least: 0, most: 1, words: "probabilities, or NaN for none" } : undefined,
    joint: true,
    apply: (place) => (place.kind === "classes" ? applyToClasses(place, smoothing) : apply(place, smoothing)),
  };
}

function apply(place: LossPlace, smoothing: number): number {
  const { arena, constants } = place.engine;
  const kernels = lossKernels(arena.memory);
  return overStagedTargets(place, ({ pointer, rows, columns, stride }, targets, weights) =>
    kernels.softCrossEntropy(
      pointer,
      targets,
      weights,
      constants,
      place.scale,
      smoothing,
      rows,
      columns,
      stride,
    ),
  );
}

/**
 * Creates softmax cross-entropy, −Σ q·ln softmax(outputs) in nats, as `torch.nn.CrossEntropyLoss`; classes have it by default.
 * q is 1 at the target's class, or `targets.values`, [T, B, O], as probabilities, where a step with NaN everywhere has no
 * target. With label smoothing ε (Szegedy et al. 2016, "Rethinking the inception architecture") q is (1 − ε)·q + ε/O. "mean" is over
 * steps. Throws a TypeError or RangeError for a bad option.
 */
export function crossEntropy(options: CrossEntropyOptions = {}): Loss {
  const { labelSmoothing = 0 } = requireOptions("options", options, ["labelSmoothing"]);
  requireNumber("labelSmoothing", labelSmoothing, { least: 0, below: 1 });
  return createLoss({ labelSmoothing }, defineCrossEntropy(labelSmoothing));
}
