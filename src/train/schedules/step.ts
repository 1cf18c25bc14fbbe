import { requireInteger, requireNumber, requireOptions } from "../../errors.js";
import { checkedSchedule, power, requireRate, type Schedule } from "./schedule.js";

/** Configures `stepSchedule`. */
export interface StepScheduleOptions {
  /** Learning rate of the first `every` updates, of at least 0. */
  rate: number;
  /** Updates from one step down to the next, at least 1. */
  every: number;
  /** What the rate is multiplied by at each, from 0 to 1; default 0.1. */
  factor?: number;
}

/**
 * Creates a schedule that goes down in steps: rate·factor^⌊step/every⌋, as PyTorch's StepLR (`every` is its step_size,
 * `factor` its gamma), but counted in updates, where people commonly call StepLR once an epoch. Throws a TypeError or
 * RangeError for a bad option; so does the schedule, for a step that is no whole number of at least 0.
 */
export function stepSchedule(options: StepScheduleOptions): Schedule {
  const given = requireOptions("options", options, ["rate", "every", "factor"]);
  const rate = requireRate("rate", given.rate);
  const every = requireInteger("every", given.every, 1);
  const factor = requireNumber("factor", given.factor ?? 0.1, { least: 0, most: 1 });
  return checkedSchedule((step) => rate * power(factor, Math.floor(step / every)));
}
