import type { Sequence, Target } from "../network/types.js";

/**
 * Holds one window to train on; `carry` says whether the state carries over from the window before it
 * (default false: zeros).
 */
export interface TrainingWindow {
  inputs: Sequence;
  targets: Target;
  /**
   * Targets of whole sequences, [B] classes or [B, O] values, which a network of one output a sequence takes in place of
   * `targets`; there they stand at each sequence's last step.
   */
  sequenceTargets?: Target;
  carry?: boolean;
}

/** Gives the windows to train on; it is iterated anew each epoch. */
export type TrainingData = Iterable<TrainingWindow> | AsyncIterable<TrainingWindow>;
