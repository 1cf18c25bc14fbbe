import { requireInteger, requireOptions } from "../errors.js";
import { requireLearner } from "../learn/learner.js";
import { requireCovered } from "../learn/online/online-learner.js";
import { requireOnline } from "../learn/online/online-learners.js";
import { requireSessionStart } from "../network/arguments.js";
import { requireNetwork } from "../network/network.js";
import { requireLoss } from "../network/losses/definition.js";
import type { Network } from "../network/types.js";
import { LearningSession } from "./learning-session.js";
import type { OnlineSession, OnlineSessionOptions } from "./online-session-types.js";
import { requireClipOption, requireFunction, requireOptimizer } from "./options.js";

/**
 * A session that learns from a stream, one step at a time, in constant memory. Throws a TypeError or RangeError for a bad
 * argument, a learner that is not online, and a network that it cannot train.
 */
export function onlineSession(network: Network, options: OnlineSessionOptions): OnlineSession {
  const given = requireNetwork(network);
  const { learner, optimizer, loss, clipNorm, clipValue, schedule, ...rest } = requireOptions(
    "options",
    options,
    [
      "learner",
      "optimizer",
      "loss",
      "clipNorm",
      "clipValue",
      "schedule",
      "updateEvery",
      "seed",
      "batch",
      "state",
    ],
  );
  requireLearner("learner", learner);
  const instead = `it needs several steps at a time, which train() takes`;
  const { plan: rule } = requireOnline(learner, "a session", instead);
  if (loss !== undefined) requireLoss("loss", loss);
  requireCovered(rule, { network: given, loss });
  requireOptimizer(optimizer);
  const { updateEvery = 1, seed = given.options.seed } = rest;
  requireInteger("updateEvery", updateEvery, 1);
  requireInteger("seed", seed, Number.MIN_SAFE_INTEGER);
  requireClipOption("clipNorm", clipNorm);
  requireClipOption("clipValue", clipValue);
  if (schedule !== undefined) requireFunction("schedule", schedule);
  const { batch, state } = requireSessionStart(rest, given.options);
  return new LearningSession({
    ...{ network: given, learner, rule, optimizer, loss, updateEvery, seed },
    ...{ clipNorm, clipValue, schedule, batch, state },
  });
}
