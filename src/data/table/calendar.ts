/** Says where a date stands in a day, a week or a year. */

import { DAY, type Interval } from "./dates.js";

/** What comes round again: the hours of a day, the days of a week from Monday on, the days and months of a year. */
export type Cycle = "day" | "week" | "year";

export const cycles: readonly Cycle[] = ["day", "week", "year"];

/** Days of a cycle, a year's on the average. */
const days: Readonly<Record<Cycle, number>> = { day: 1, week: 7, year: 365.2425 };

/** Rows of a cycle from which on it is a circle, and not two points. */
const LEAST_ROWS = 4;

/** 1 January 1970 was a Thursday. */
const MONDAY = 3;

/** Returns the average milliseconds of an interval. */
export function milliseconds({ unit, count }: Interval): number {
  return unit === "month" ? (count * days.year * DAY) / 12 : count;
}

/** Returns the rows that a cycle has, a whole number. */
export function rowsOf(cycle: Cycle, interval: Interval): number {
  return Math.round((days[cycle] * DAY) / milliseconds(interval));
}

/** Returns the share of its cycle that has passed at a time, in [0, 1), in UTC. */
export function phaseOf(time: number, cycle: Cycle): number {
  const whole = Math.floor(time / DAY);
  if (cycle === "day") return time / DAY - whole;
  if (cycle === "week") return ((((time / DAY + MONDAY) % 7) + 7) % 7) / 7;
  const year = new Date(time).getUTCFullYear();
  // Date.UTC takes years below 100 for those of the twentieth century.
  const [start, end] = [year, year + 1].map((one) => new Date(0).setUTCFullYear(one));
  return (time - start) / (end - start);
}

/**
 * Returns the cycles that mean something for rows `step` milliseconds apart that are trained on for `span` milliseconds: those that have
 * at least four rows, and that were seen from beginning to end.
 */
export function meaningfulCycles(step: number, span: number): Cycle[] {
  return cycles.filter((cycle) => {
    const length = days[cycle] * DAY;
    // Months are not all of one length.
    return length >= 0.99 * LEAST_ROWS * step && span >= 0.99 * length;
  });
}
