import { describe, requireNumber, requireOptions } from "../../errors.js";
import { elementAt } from "../../memory/regions.js";
import { lossKernels } from "../../wasm/loss-kernels.js";
import type { Loss } from "../types.js";
import { createLoss, overStagedTargets } from "./definition.js";

/** Configures `quantile`. */
export interface QuantileOptions {
  /** Q levels, each above 0 and below 1: 0.1, 0.5 and 0.9 give the median and an interval that holds four in five. */
  levels: readonly number[];
}

function requireLevels(levels: unknown): readonly number[] {
  if (!Array.isArray(levels)) throw new TypeError(`"levels" expected an array, got ${describe(levels)}`);
  if (levels.length === 0) throw new RangeError(`"levels" expected at least one level, got none`);
  return Array.from(levels, (level: unknown, i) =>
    requireNumber(`levels[${i}]`, level, { above: 0, below: 1 }),
  );
}

/**
 * Creates the quantile loss, max(q·e, (q − 1)·e) with e = target − output, which is least where outputs are the targets'
 * quantiles of level q (Koenker & Bassett 1978, "Regression quantiles"). `targets.values` are [T, B, K] for outputs
 * [T, B, K·Q]: target k's level q is output k·Q + q. "mean" is over all outputs that have a target.
 *
 * Throws a TypeError or RangeError for bad levels. A network whose `outputSize` is no multiple of Q is refused.
 */
export function quantile(options: QuantileOptions): Loss {
  const levels = requireLevels(requireOptions("options", options, ["levels"]).levels);
  const Q = levels.length;
  return createLoss(
    { levels: Object.freeze(levels) },
    {
      name: "quantile",
      against: ["values"],
      width: (O) => {
        if (O % Q === 0) return O / Q;
        throw new RangeError(
          `"loss" expected a network with outputs in groups of ${Q} levels, got ${O} outputs`,
        );
      },
      apply: (place) => {
        const { constants, arena } = place.engine;
        const kernels = lossKernels(arena.memory);
        const { levelRow } = place.window.regions;
        const row = Float32Array.from({ length: place.outputs.columns }, (_, i) => levels[i % Q]);
        arena.f32.set(row, elementAt(levelRow.pointer));
        return overStagedTargets(
          place,
          ({ pointer, rows, stride }, targets, weights) =>
            kernels.quantileLoss(
              pointer,
              targets,
              weights,
              levelRow.pointer,
              constants,
              place.scale,
              rows,
              stride,
            ),
          Q,
        );
      },
    },
  );
}
