import { requireInteger, requireNumber, requireOptions } from "../../errors.js";
import { naturalLogarithm } from "../../random.js";
import { exponential } from "../../elementary.js";
import { checkedSchedule, power, requireRate, type Schedule } from "./schedule.js";

/** Configures `exponentialSchedule`. */
export interface ExponentialScheduleOptions {
  /** Learning rate of the first update, of at least 0. */
  rate: number;
  /** What the rate is multiplied by in `every` updates, from 1e-300 to 1. */
  factor: number;
  /** At least 1; default 1. */
  every?: number;
}

/**
 * Creates a schedule that goes down smoothly: rate·factor^(step/every). With `every` 1 it is PyTorch's ExponentialLR
 * (`factor` is its gamma), counted in updates; with more, each update has its part of the way, where `stepSchedule` waits
 * and then takes all of it. Within 1e-12 of itself. Throws a TypeError or RangeError for a bad option; so does the schedule,
 * for a step that is no whole number of at least 0.
 */
export function exponentialSchedule(options: ExponentialScheduleOptions): Schedule {
  const given = requireOptions("options", options, ["rate", "factor", "every"]);
  const rate = requireRate("rate", given.rate);
  const factor = requireNumber("factor", given.factor, { least: 1e-300, most: 1 });
  const every = requireInteger("every", given.every ?? 1, 1);
  const logarithm = naturalLogarithm(factor);
  return checkedSchedule((step) => {
    const whole = rate * power(factor, Math.floor(step / every));
    const part = (step % every) / every;
    return part === 0 ? whole : whole * exponential(part * logarithm);
  });
}
