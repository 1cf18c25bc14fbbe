/** Reads dates, and finds how far apart a table's rows are. */

import { describe } from "../../errors.js";
import { isArrayLike } from "../token-list.js";

/** The time from one row of a table to the next: whole months of the calendar, or milliseconds. */
export interface Interval {
  readonly unit: "month" | "millisecond";
  readonly count: number;
}

/** Milliseconds of a day. */
export const DAY = 86_400_000;

/** The farthest times from 1970 of which a Date holds the whole year. */
const FARTHEST = 8.6e15;

/** The least share of a regular table's rows that must be there: below it, rows are no grid with gaps, but as they come. */
const LEAST_SHARE = 0.75;

const ISO =
  /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(Z|[+-]\d{2}(?::?\d{2})?)?)?)?)?$/;

/** Returns the milliseconds that a time zone is ahead of UTC; undefined for none that exists. */
function zoneOffset(zone: string): number | undefined {
  if (zone === "" || zone === "Z") return 0;
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(3).replace(":", ""))];
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith("-") ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

/**
 * Returns a date of ISO 8601 in milliseconds since 1970: a year, a month, a day, or a day and a time of day, `2012-01-31T18:30`, with
 * a space for the T if need be. Times without a zone are taken as UTC. Returns undefined for anything else, like 2012-02-30.
 */
export function parseDate(text: string): number | undefined {
  const match = ISO.exec(text.trim());
  if (match === null) return undefined;
  const [
    ,
    year,
    month = "01",
    day = "01",
    hour = "00",
    minute = "00",
    second = "00",
    fraction = "",
    zone = "",
  ] = match;
  const whole = `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.padEnd(3, "0").slice(0, 3)}Z`;
  const time = Date.parse(whole);
  const offset = zoneOffset(zone);
  // Engines differ in whether 30 February is the first of March or nothing.
  if (!Number.isFinite(time) || new Date(time).toISOString() !== whole || offset === undefined)
    return undefined;
  return time - offset;
}

/** Writes a date as briefly as its interval allows: 2012, 2012-01, 2012-01-31, or with the time of day, in UTC. */
export function writeDate(time: number, interval?: Interval): string {
  const text = new Date(time).toISOString();
  if (interval?.unit === "month" && text.slice(8, 10) === "01" && time % DAY === 0) {
    return interval.count % 12 === 0 && text.slice(5, 7) === "01" ? text.slice(0, 4) : text.slice(0, 7);
  }
  const byDay = interval === undefined || interval.unit === "month" || interval.count % DAY === 0;
  if (byDay && time % DAY === 0) return text.slice(0, 10);
  return time % 60_000 === 0 ? text.slice(0, 16) : text.slice(0, -1).replace(/\.000$/, "");
}

/**
 * Returns dates, ISO 8601 texts or milliseconds since 1970, as milliseconds, each later than the one before. Throws a TypeError or
 * RangeError that names the row.
 */
export function readDates(dates: readonly string[] | ArrayLike<number>): Float64Array {
  const given: unknown = dates;
  if (!isArrayLike(given) || typeof given === "string") {
    throw new TypeError(`"dates" expected an array of dates, got ${describe(given)}`);
  }
  const times = new Float64Array(given.length);
  for (let row = 0; row < times.length; row++) {
    const date = given[row];
    if (typeof date !== "string" && typeof date !== "number") {
      throw new TypeError(
        `"dates[${row}]" expected an ISO 8601 text or milliseconds since 1970, got ${describe(date)}`,
      );
    }
    const time = typeof date === "string" ? parseDate(date) : date;
    if (time === undefined || !(Math.abs(time) <= FARTHEST)) {
      throw new RangeError(
        `"dates[${row}]" expected a date, ISO 8601 or milliseconds since 1970, got ${describe(date)}`,
      );
    }
    if (row > 0 && time <= times[row - 1]) {
      throw new RangeError(
        `"dates[${row}]" expected a date later than the one before it, ${writeDate(times[row - 1])}, ` +
          `got ${writeDate(time)}`,
      );
    }
    times[row] = time;
  }
  return times;
}

/** Returns the time of a day's beginning; Date.UTC takes years below 100 for those of the twentieth century. */
function dayOf(month: number, day: number): number {
  return new Date(0).setUTCFullYear(Math.floor(month / 12), ((month % 12) + 12) % 12, day);
}

/** Returns the months since year 0 of a time. */
function monthOf(time: number): number {
  const date = new Date(time);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

/** Returns the days that a month has, counted as by `monthOf`. */
function daysOf(month: number): number {
  return new Date(dayOf(month + 1, 0)).getUTCDate();
}

/** Moves a time on by months, to the same day, or the last where the month is shorter or it was the last. */
function addMonths(time: number, months: number, atEnd: boolean): number {
  const date = new Date(time);
  const month = monthOf(time) + months;
  const day = atEnd ? daysOf(month) : Math.min(date.getUTCDate(), daysOf(month));
  return dayOf(month, day) + (((time % DAY) + DAY) % DAY);
}

function isMonthEnd(time: number): boolean {
  return new Date(time).getUTCDate() === daysOf(monthOf(time));
}

/** Returns a time `steps` intervals later. Where it is the last day of its month, whole months lead to last days. */
export function later(time: number, steps: number, { unit, count }: Interval): number {
  if (unit === "millisecond") return time + steps * count;
  return addMonths(time, steps * count, isMonthEnd(time) && new Date(time).getUTCDate() > 27);
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

function monthInterval(times: Float64Array): Interval | undefined {
  const steps = times.slice(1).map((time, i) => monthOf(time) - monthOf(times[i]));
  const count = steps.reduce(greatestDivisor, 0);
  if (count === 0 || steps.includes(0)) return undefined;
  const interval: Interval = { unit: "month", count };
  const first = monthOf(times[0]);
  const regular = times.every((time) => {
    return later(times[0], (monthOf(time) - first) / count, interval) === time;
  });
  return regular ? interval : undefined;
}

/** Returns the step that comes most often, if all times are whole numbers of it apart. */
function fixedInterval(times: Float64Array): Interval | undefined {
  const often = new Map<number, number>();
  for (let i = 1; i < times.length; i++) {
    const step = times[i] - times[i - 1];
    often.set(step, (often.get(step) ?? 0) + 1);
  }
  const [count] = [...often].reduce((best, one) => (one[1] > best[1] ? one : best));
  return times.every((time) => (time - times[0]) % count === 0) ? { unit: "millisecond", count } : undefined;
}

/** Returns how many intervals a time is after another, both on the same grid. */
export function stepsBetween(from: number, to: number, { unit, count }: Interval): number {
  return (unit === "month" ? monthOf(to) - monthOf(from) : to - from) / count;
}

/**
 * Returns the interval of times that are evenly apart, gaps aside: months, if all are of one day of the month or all are last days, or
 * the step that comes most often. Returns undefined for times that are not, like the days on which a market is open, or fewer than two.
 */
export function findInterval(times: Float64Array): Interval | undefined {
  if (times.length < 2) return undefined;
  const interval = monthInterval(times) ?? fixedInterval(times);
  if (interval === undefined) return undefined;
  const steps = stepsBetween(times[0], times[times.length - 1], interval);
  return times.length >= LEAST_SHARE * (steps + 1) ? interval : undefined;
}
