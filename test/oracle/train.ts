/** Trains in float64, to compare whole runs. */

import { clipNorm, clipValue } from "./clip.js";
import type { OracleTarget, Reduction } from "./loss.js";
import type { OracleModel } from "./model.js";
import { oracleBackward, oracleForward, type OracleSequence } from "./network.js";
import type { OracleOptimizer } from "./optimizers/optimizer.js";
import type { GivenState, OracleState } from "./state.js";

/** Declares the public `TrainingWindow` with arrays of any type. */
export interface OracleWindow {
  inputs: OracleSequence;
  targets: OracleTarget;
  /** Whether the state carries over from the window before it. */
  carry?: boolean;
}

export interface OracleUpdate {
  loss: number;
  /** Joint L2 norm of the gradients before clipping. */
  gradientNorm: number;
  /** State at the end of the window. */
  state: OracleState;
}

/**
 * Makes one update a window, which moves the model's own parameters: forward, backward truncated at the
 * window's start, clip, step. `options.state` is what a first window that carries starts from.
 */
export function* oracleTrain(
  model: OracleModel,
  windows: Iterable<OracleWindow>,
  options: {
    optimizer: OracleOptimizer;
    clipNorm?: number;
    clipValue?: number;
    reduction?: Reduction;
    state?: GivenState;
  },
): Generator<OracleUpdate, void, undefined> {
  let carried = options.state;
  for (const { inputs, targets, carry = false } of windows) {
    const { state, tape } = oracleForward(model, inputs, { state: carry ? carried : undefined });
    const { loss, gradients } = oracleBackward(model, tape, targets, { reduction: options.reduction });
    const gradientNorm = clipNorm(gradients, options.clipNorm ?? Infinity);
    if (options.clipValue !== undefined) clipValue(gradients, options.clipValue);
    options.optimizer.step(model.parameters, gradients);
    carried = state;
    yield { loss, gradientNorm, state };
  }
}
