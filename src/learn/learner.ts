/** How a gradient is obtained, and what stands between the learning rules and the training loop. */

import { describe } from "../errors.js";
import type { TrainingWindow } from "../data/training-data.js";
import type { Network } from "../network/types.js";
import type { CheckedWindow } from "./checked-window.js";

/** A learning rule, made by `bptt()`, `tbptt()`, …; it keeps nothing, so that one serves any number of trainings. */
export interface Learner {
  readonly name: string;
}

/**
 * A loss of the caller's own, instead of the targets': from the outputs, [T, B, O], of a window to the loss and
 * dLoss/doutputs, [T, B, O]. Where a rule cuts or joins windows, the window is the stretch of steps that it learns from.
 */
export type LossFunction = (
  outputs: Float32Array,
  window: TrainingWindow,
) => { loss: number; gradient: Float32Array };

/** What a rule works with during one training. */
export interface LearnerContext {
  readonly network: Network;
  readonly loss?: LossFunction | undefined;
}

/** A gradient, which now stands in the network, added to what was there. */
export interface GradientEvent {
  /** What it is the gradient of; undefined where the targets were a gradient. */
  readonly loss: number | undefined;
  /** Targets that the loss is the mean over. */
  readonly count: number;
  /** T·B steps that this gradient was learned from. */
  readonly steps: number;
}

/**
 * A rule at work on one network. After each event, and before it asks for the next, the training loop may move the
 * parameters, and zeroes the gradients: a rule computes an event only when it is asked for.
 */
export interface LearnerRun {
  /** The gradients that one more window brings: none, one, or several. The arrays of the window are not kept. */
  window(window: CheckedWindow): Iterable<GradientEvent>;
  /** The epoch ended: the gradient of what was put off, if anything was; the carried state is dropped. */
  end(): Iterable<GradientEvent>;
}

export type BeginLearning = (context: LearnerContext) => LearnerRun;

/** How each learner begins: kept apart, so that a learner shows its name alone. */
const beginnings = new WeakMap<object, BeginLearning>();

export function createLearner(name: string, begin: BeginLearning): Learner {
  const learner = Object.freeze({ name });
  beginnings.set(learner, begin);
  return learner;
}

/** How a learner begins. TypeError for one that the library did not make. */
export function requireLearner(name: string, learner: unknown): BeginLearning {
  const begin = typeof learner === "object" && learner !== null ? beginnings.get(learner) : undefined;
  if (begin !== undefined) return begin;
  throw new TypeError(`"${name}" expected one made by bptt(), tbptt(), …, got ${describe(learner)}`);
}
