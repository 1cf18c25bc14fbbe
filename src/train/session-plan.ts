/** Defines what a learning session is to do. */

import type { Learner } from "../learn/learner.js";
import type { OnlineRulePlan } from "../learn/online/online-rule.js";
import type { RecurrentNetwork } from "../network/network.js";
import type { Loss, State } from "../network/types.js";
import type { Optimizer } from "../optimize/optimizer.js";
import type { Schedule } from "./schedules/schedule.js";

/** Holds the checked and completed options of a session. */
export interface SessionPlan {
  readonly network: RecurrentNetwork;
  readonly learner: Learner;
  readonly rule: OnlineRulePlan;
  readonly loss: Loss | undefined;
  readonly optimizer: Optimizer;
  readonly updateEvery: number;
  readonly seed: number;
  readonly batch: number;
  readonly state: State | undefined;
  readonly clipNorm: number | undefined;
  readonly clipValue: number | undefined;
  readonly schedule: Schedule | undefined;
}
