/** Learning rates over a training whose end is given in minutes, updates or epochs. */

import { constantSchedule, cosineSchedule, linearSchedule, type Schedule } from "../../index.js";
import type { Clock } from "./limit.js";

/** Fine enough that every update of the longest training has a rate of its own. */
const PARTS = 1 << 30;

const schedules = {
  cosine: cosineSchedule,
  linear: linearSchedule,
  constant: ({ rate, warmUp }: { rate: number; warmUp: number }) => constantSchedule({ rate, warmUp }),
};

export type ScheduleName = keyof typeof schedules;

export const scheduleNames = Object.keys(schedules) as ScheduleName[];

export interface RatePlan {
  readonly schedule: ScheduleName;
  /** Where the warm-up ends. */
  readonly rate: number;
  /** The share of the training in which the rate rises from 0, below 1. */
  readonly warmUp: number;
}

/** Returns a schedule that is a function of the clock's share: of the time that is used, where time is the limit. */
export function rateAt({ schedule, rate, warmUp }: RatePlan, clock: Clock): Schedule {
  const at = schedules[schedule]({ rate, steps: PARTS, warmUp: Math.floor(warmUp * (PARTS - 1)) });
  // The middle of an update: the first one moves something, and so does the last.
  return (step) => at(Math.floor(clock.share(step + 0.5) * PARTS));
}
