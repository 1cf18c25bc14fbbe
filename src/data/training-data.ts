import type { Sequence, Target } from "../network/types.js";

/** One window to train on, and whether the state carries over from the window before it (default false: zeros). */
export interface TrainingWindow {
  inputs: Sequence;
  targets: Target;
  carry?: boolean;
}

/** Iterated anew each epoch. */
export type TrainingData = Iterable<TrainingWindow> | AsyncIterable<TrainingWindow>;
