/** Which learners are online: kept apart from how they work, so that a program without them does not carry that. */

import type { BeginLearning, Learner } from "../learner.js";
import type { OnlineRulePlan } from "./online-rule.js";

export interface OnlineLearner {
  readonly plan: OnlineRulePlan;
  /** As the learner begins, but with a gradient every so many steps. */
  readonly begin: (updateEvery: number) => BeginLearning;
}

const kept = new WeakMap<Learner, OnlineLearner>();

export function keepOnline(learner: Learner, online: OnlineLearner): void {
  kept.set(learner, online);
}

/**
 * Returns how an online rule works. `what`: what it is wanted for. Throws a RangeError for other learners, which says what to
 * do instead; undefined: bptt(), the default.
 */
export function requireOnline(learner: Learner | undefined, what: string, instead: string): OnlineLearner {
  const online = learner && kept.get(learner);
  if (online !== undefined) return online;
  throw new RangeError(
    `"learner" expected an online rule, one that learns forwards in time, for ${what}, ` +
      `got ${learner?.name ?? "bptt"}: ${instead}`,
  );
}
