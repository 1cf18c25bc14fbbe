/** Says intervals, rows and figures of forecasts in words. */

import { DAY, type Interval } from "../../data/table/dates.js";
import type { ForecastBaseline } from "../../index.js";
import { grouped } from "../format.js";

/** Units of time, the longest first. */
const units: readonly (readonly [name: string, unit: Interval["unit"], count: number])[] = [
  ["year", "month", 12],
  ["month", "month", 1],
  ["week", "millisecond", 7 * DAY],
  ["day", "millisecond", DAY],
  ["hour", "millisecond", DAY / 24],
  ["minute", "millisecond", 60_000],
  ["second", "millisecond", 1000],
  ["millisecond", "millisecond", 1],
];

/** Returns an interval as a number of the longest unit that it is whole ones of. */
function inUnits({ unit, count }: Interval): { name: string; count: number } {
  const found = units.find(([, kind, length]) => kind === unit && count % length === 0);
  return found === undefined ? { name: "millisecond", count } : { name: found[0], count: count / found[2] };
}

/** Says how often rows come: every month, every 10 minutes; "" where they are not evenly apart. */
export function everyInterval(interval: Interval | undefined): string {
  if (interval === undefined) return "";
  const { name, count } = inUnits(interval);
  return count === 1 ? `every ${name}` : `every ${count} ${name}s`;
}

/** Says how long so many rows are: 12 months, 1 day; 12 rows where that is no whole unit. */
export function rowsInWords(rows: number, interval: Interval | undefined): string {
  const unit = interval === undefined ? undefined : inUnits(interval);
  const name = unit?.count === 1 ? unit.name : "row";
  return `${grouped(rows)} ${name}${rows === 1 ? "" : "s"}`;
}

/** Says which simple forecast it is. */
export function baselineInWords(
  { kind, season = 0, seasons = 1 }: ForecastBaseline,
  interval: Interval | undefined,
): string {
  const rows = rowsInWords(season, interval);
  switch (kind) {
    case "last":
      return "the last value";
    case "seasonal":
      return `the season of ${rows}`;
    case "seasonalMean":
      return `the mean of ${seasons} seasons of ${rows}`;
    case "seasonalChange":
      return `the change in ${seasons} season${seasons === 1 ? "" : "s"} of ${rows}`;
    case "drift":
      return "the drift";
  }
}

/** Returns the decimals that say as much of values as is known, their error being so large: two digits of it. */
export function decimalsFor(error: number): number {
  if (!(error > 0) || !Number.isFinite(error)) return 3;
  const exponent = Number(error.toExponential().split("e")[1]);
  return Math.min(8, Math.max(0, 1 - exponent));
}
