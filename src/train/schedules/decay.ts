/** Schedules that have an end: the rate warms up, falls to the least, and stays there. */

import { requireInteger, requireOptions } from "../../errors.js";
import { checkedSchedule, requireRate, warmUpShare, type Schedule } from "./schedule.js";

/** Configures `cosineSchedule` and `linearSchedule`. */
export interface DecayScheduleOptions {
  /** Learning rate where the warm-up ends, of at least 0. */
  rate: number;
  /** Updates until the rate is `least`, those of the warm-up among them; commonly all that will be made. */
  steps: number;
  /** Updates before `rate` is reached, which rise to it in equal parts, fewer than `steps`; default 0. */
  warmUp?: number;
  /** Learning rate from update `steps` on, from 0 to `rate`; default 0. */
  least?: number;
}

/** Returns the schedule whose decay leaves `shareAt(t)` of the rate at t, which goes from 0 to 1. */
function decaySchedule(options: DecayScheduleOptions, shareAt: (t: number) => number): Schedule {
  const given = requireOptions("options", options, ["rate", "steps", "warmUp", "least"]);
  const rate = requireRate("rate", given.rate);
  const steps = requireInteger("steps", given.steps, 1);
  const warmUp = requireInteger("warmUp", given.warmUp ?? 0, 0, steps - 1);
  const least = requireRate("least", given.least ?? 0, rate);
  return checkedSchedule((step) => {
    if (step < warmUp) return rate * warmUpShare(step, warmUp);
    if (step >= steps) return least;
    const share = shareAt((step - warmUp) / (steps - warmUp));
    return rate * share + least * (1 - share);
  });
}

/** Returns sin x for x from 0 to π/4 by its series up to the 17th power, whose rest is below 1e-19. */
function sine(x: number): number {
  let sum = 1;
  for (let k = 17; k >= 3; k -= 2) sum = 1 - (x * x * sum) / (k * (k - 1));
  return x * sum;
}

/**
 * Returns (1 + cos πt)/2 for t from 0 to 1, within 4e-16, and exactly 1 and 0 at its ends: 1 − sin²(πt/2), or
 * sin²(π(1 − t)/2) past the middle. Rounds the same everywhere, which Math.cos does not.
 */
export function halfCosine(t: number): number {
  const s = sine((Math.PI / 2) * Math.min(t, 1 - t));
  return t <= 0.5 ? 1 - s * s : s * s;
}

/**
 * Creates a schedule that warms up along a line and falls along half a cosine (Loshchilov & Hutter 2017, "SGDR: stochastic
 * gradient descent with warm restarts", without restarts): rate·(step + 1)/(warmUp + 1) for updates 0 to warmUp − 1, then
 * least + (rate − least)·(1 + cos πt)/2 with t = (step − warmUp)/(steps − warmUp), then `least`.
 *
 * The decay is PyTorch's CosineAnnealingLR with T_max = steps − warmUp and eta_min = least, counted in updates. There the
 * rate rises again past T_max; here it stays.
 *
 * Throws a TypeError or RangeError for a bad option; so does the schedule, for a step that is no whole number of at least 0.
 */
export function cosineSchedule(options: DecayScheduleOptions): Schedule {
  return decaySchedule(options, halfCosine);
}

/**
 * Creates a schedule that warms up and falls along lines: rate·(step + 1)/(warmUp + 1) for updates 0 to warmUp − 1, then
 * rate + (least − rate)·(step − warmUp)/(steps − warmUp), then `least`. The decay is PyTorch's LinearLR with start_factor
 * 1, end_factor least/rate and total_iters steps − warmUp, counted in updates.
 *
 * Throws a TypeError or RangeError for a bad option; so does the schedule, for a step that is no whole number of at least 0.
 */
export function linearSchedule(options: DecayScheduleOptions): Schedule {
  return decaySchedule(options, (t) => 1 - t);
}
