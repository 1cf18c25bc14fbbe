import { requireInteger, requireOptions } from "../../errors.js";
import { checkedSchedule, requireRate, warmUpShare, type Schedule } from "./schedule.js";

/** Configures `constantSchedule`. */
export interface ConstantScheduleOptions {
  /** Learning rate, of at least 0. */
  rate: number;
  /** Updates before the rate is reached, which rise to it in equal parts; default 0. */
  warmUp?: number;
}

/**
 * Creates a schedule that stays at `rate`, after updates 0 to warmUp − 1 at rate·(step + 1)/(warmUp + 1). PyTorch's
 * LinearLR warms up so with start_factor 1/(warmUp + 1) and total_iters `warmUp`. Throws a TypeError or RangeError for a
 * bad option; so does the schedule, for a step that is no whole number of at least 0.
 */
export function constantSchedule(options: ConstantScheduleOptions): Schedule {
  const given = requireOptions("options", options, ["rate", "warmUp"]);
  const rate = requireRate("rate", given.rate);
  const warmUp = requireInteger("warmUp", given.warmUp ?? 0, 0);
  return checkedSchedule((step) => (step < warmUp ? rate * warmUpShare(step, warmUp) : rate));
}
