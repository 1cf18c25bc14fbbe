import type { Sequence, Target } from "../network/types.js";

/**
 * Holds one window to train on; `carry` says whether the state carries over from the window before it
 * (default false: zeros).
 */
export interface TrainingWindow {
  inputs: Sequence;
  targets: Target;
  carry?: boolean;
}

/** Gives the windows to train on; it is iterated anew each epoch. */
export type TrainingData = Iterable<TrainingWindow> | AsyncIterable<TrainingWindow>;
