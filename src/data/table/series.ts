/** Brings a table's columns onto one grid of rows, without gaps. */

import { describe, requireObject, requireOptions } from "../../errors.js";
import { findInterval, later, readDates, stepsBetween, writeDate, type Interval } from "./dates.js";
import { fillInPlace, readColumn, requireFillable, type Fill } from "./missing.js";
import { logarithms } from "./scaling.js";

/** Holds the columns of a table, one value a row, in the order of time. NaN stands for a value that is missing. */
export interface ForecastTable {
  /** [rows] values that are to be forecast. */
  readonly target: ArrayLike<number>;
  /**
   * [rows] dates, ISO 8601 (in UTC, unless they have a zone) or milliseconds since 1970, each later than the one before. Where they lie
   * evenly, by months or by milliseconds, a date that is left out is a row that is missing.
   */
  readonly dates?: readonly string[] | ArrayLike<number> | undefined;
  /** [rows] each: other columns to forecast from, by their names. Nothing of them is known behind the row that is forecast from. */
  readonly features?: Readonly<Record<string, ArrayLike<number>>> | undefined;
}

/** Says how a series is read. */
export interface SeriesReading {
  readonly fill: Fill;
  /** Whether the target is learned by its logarithm. */
  readonly logarithm: boolean;
  /** Names of the features, in their order; undefined: those that there are. */
  readonly features?: readonly string[] | undefined;
  /** Whether there are dates; undefined: as it is. */
  readonly dated?: boolean | undefined;
  /** Undefined: found. */
  readonly interval?: Interval | undefined;
}

/** Holds columns of N rows on one grid. */
export interface Series {
  /** [N] the target in its own units, filled. */
  readonly values: Float64Array;
  /** [N] the target as it is learned: itself, or its logarithm. */
  readonly plain: Float64Array;
  /** [N] 1: the target is missing, and is no target. */
  readonly absent: Uint8Array;
  /** [N] 1: something was filled in by looking ahead, so that nothing may be forecast from there. */
  readonly ahead: Uint8Array;
  readonly features: ReadonlyMap<string, Float64Array>;
  readonly times: Float64Array | undefined;
  readonly interval: Interval | undefined;
  readonly missing: MissingCounts;
}

/** Counts what a table lacks, all of which was filled in. */
export interface MissingCounts {
  /** Dates without a row, between the first and the last. */
  readonly rows: number;
  /** Values of the rows that there are. */
  readonly target: number;
  /** By the features' names. */
  readonly features: Readonly<Record<string, number>>;
}

/** Holds the grid's times, and which of the table's rows is there: -1 for none. */
interface Grid {
  readonly times: Float64Array | undefined;
  readonly interval: Interval | undefined;
  readonly rows: Int32Array;
}

function everyRow(rows: number, times?: Float64Array): Grid {
  return { times, interval: undefined, rows: Int32Array.from({ length: rows }, (_, row) => row) };
}

/** Throws a RangeError for a time that is not on the grid of an interval, which others were found on. */
function requireOnGrid(times: Float64Array, interval: Interval): void {
  const row = times.findIndex((time) => {
    const steps = stepsBetween(times[0], time, interval);
    return !Number.isInteger(steps) || later(times[0], steps, interval) !== time;
  });
  if (row < 0) return;
  const { unit, count } = interval;
  throw new RangeError(
    `"dates[${row}]" expected a date some times ${count} ${unit}${count === 1 ? "" : "s"} after the first, ` +
      `${writeDate(times[0])}, as in what was learned from, got ${writeDate(times[row])}`,
  );
}

function layGrid(times: Float64Array, { fill, interval: expected, dated }: SeriesReading): Grid {
  // Where others were found uneven, so are these.
  const interval = expected ?? (dated === undefined ? findInterval(times) : undefined);
  if (interval === undefined) return everyRow(times.length, times);
  if (expected !== undefined) requireOnGrid(times, interval);
  const length = stepsBetween(times[0], times[times.length - 1], interval) + 1;
  const rows = new Int32Array(length).fill(-1);
  times.forEach((time, row) => (rows[stepsBetween(times[0], time, interval)] = row));
  const gap = rows.indexOf(-1);
  if (fill === "refuse" && gap >= 0) {
    const next = rows[gap - 1] + 1;
    throw new RangeError(
      `"dates[${next}]" expected ${writeDate(later(times[0], gap, interval), interval)}, the next date, got ` +
        `${writeDate(times[next], interval)}: the fill "previous" or "linear" puts in the rows that are missing`,
    );
  }
  return { times: Float64Array.from(rows, (_, i) => later(times[0], i, interval)), interval, rows };
}

/** Returns the columns by their names, in their order; others that are not wanted are left out. */
function readFeatures(
  given: unknown,
  names: readonly string[] | undefined,
  rows: number,
): Map<string, Float64Array> {
  const columns = given === undefined ? {} : requireObject("features", given as Record<string, unknown>);
  const wanted = names ?? Object.keys(columns);
  return new Map(
    wanted.map((name) => {
      if (!Object.hasOwn(columns, name)) {
        throw new RangeError(
          `"features" expected a column ${describe(name)}, which is forecast from, got none`,
        );
      }
      return [name, readColumn(`features.${name}`, columns[name], rows)];
    }),
  );
}

function readTimes(
  given: ForecastTable["dates"],
  rows: number,
  dated: boolean | undefined,
): Float64Array | undefined {
  if (given === undefined) {
    if (dated === true)
      throw new RangeError(`"dates" expected the rows' dates, as in what was learned from, got none`);
    return undefined;
  }
  const times = readDates(given);
  if (times.length !== rows)
    throw new RangeError(`"dates" expected ${rows} dates, one a row, got ${times.length}`);
  return dated === false ? undefined : times;
}

/** Throws a TypeError or RangeError that names the column and the row. */
export function readSeries(table: ForecastTable, reading: SeriesReading): Series {
  const given = requireOptions("table", table, ["target", "dates", "features"]);
  const target = readColumn("target", given.target);
  if (target.length === 0) throw new RangeError(`"target" expected at least one row, got none`);
  const times = readTimes(given.dates, target.length, reading.dated);
  const columns = readFeatures(given.features, reading.features, target.length);
  requireFillable("target", target, reading.fill);
  columns.forEach((column, name) => {
    requireFillable(`features.${name}`, column, reading.fill);
  });
  const grid = times === undefined ? everyRow(target.length) : layGrid(times, reading);
  return onGrid(grid, target, columns, reading);
}

function countMissing(column: Float64Array): number {
  return column.reduce((count, value) => count + (Number.isNaN(value) ? 1 : 0), 0);
}

/** Spreads columns over the grid and fills what is missing. */
function onGrid(
  { times, interval, rows }: Grid,
  target: Float64Array,
  columns: ReadonlyMap<string, Float64Array>,
  { fill, logarithm }: SeriesReading,
): Series {
  const ahead = new Uint8Array(rows.length);
  const spread = (column: Float64Array): { values: Float64Array; filled: Uint8Array } => {
    const values = Float64Array.from(rows, (row) => (row < 0 ? NaN : column[row]));
    const filled = fillInPlace(values, fill);
    if (fill === "linear") filled.forEach((one, i) => (ahead[i] |= one));
    return { values, filled };
  };
  const { values, filled } = spread(target);
  return {
    values,
    plain: logarithm ? spread(logarithms("target", target)).values : values,
    absent: filled,
    ahead,
    features: new Map([...columns].map(([name, column]) => [name, spread(column).values])),
    times,
    interval,
    missing: {
      rows: rows.reduce((count, row) => count + (row < 0 ? 1 : 0), 0),
      target: countMissing(target),
      features: Object.fromEntries([...columns].map(([name, column]) => [name, countMissing(column)])),
    },
  };
}
