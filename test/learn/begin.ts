import {
  requireLearner,
  type Learner,
  type LearnerContext,
  type LearnerRun,
} from "../../src/learn/learner.js";
import type { Network } from "../../src/network/types.js";

/** A learner at work on a network as `train` begins it, but for what is given. */
export function begin(
  learner: Learner,
  network: Network,
  given: Partial<Omit<LearnerContext, "network">> = {},
): LearnerRun {
  return requireLearner("learner", learner)({ network, reduction: "mean", seed: 0, ...given });
}
