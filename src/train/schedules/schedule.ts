/** What a schedule is, and what all schedules check and share. */

import { requireInteger, requireNumber } from "../../errors.js";
import { MOST } from "../../optimize/optimizer.js";

/** Gives the learning rate for the update after `step` updates, from 0. */
export type Schedule = (step: number) => number;

/** Returns a learning rate that optimizers take. Throws a TypeError or RangeError for others. */
export function requireRate(name: string, rate: unknown, most = MOST): number {
  return requireNumber(name, rate, { least: 0, most });
}

/** Returns a schedule that gives what `rateAt` does, for what can be a number of updates, and throws for the rest. */
export function checkedSchedule(rateAt: Schedule): Schedule {
  return (step) => rateAt(requireInteger("step", step, 0));
}

/**
 * Returns the share of the rate that the update after `step` has while `warmUp` updates rise in equal parts to a whole one,
 * (step + 1)/(warmUp + 1): the first moves something, and the one after the last has all.
 */
export function warmUpShare(step: number, warmUp: number): number {
  return (step + 1) / (warmUp + 1);
}

/** Returns base^n for a base from 0 to 1 and whole n, by squaring; rounds the same everywhere, which Math.pow does not. */
export function power(base: number, n: number): number {
  let result = 1;
  let square = base;
  for (let rest = n; rest > 0 && result > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result *= square;
    square *= square;
  }
  return result;
}
