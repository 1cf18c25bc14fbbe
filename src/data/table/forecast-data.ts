/** Makes of a table what a network needs to learn to forecast it, split by time. */

import { describe, requireBoolean, requireChoice, requireInteger, requireOptions } from "../../errors.js";
import { isArrayLike } from "../token-list.js";
import { meaningfulCycles, milliseconds, rowsOf, type Cycle } from "./calendar.js";
import { firstOrigin, makeInputs, planChannels } from "./channels.js";
import type { Interval } from "./dates.js";
import { ForecastCodec } from "./forecast-codec.js";
import { ForecastPart, type ReadSeries } from "./forecast-part.js";
import { fills, type Fill } from "./missing.js";
import { MOST_ROWS, type ForecastRecipe } from "./recipe.js";
import {
  chooseReference,
  errorOf,
  LAST,
  NONE,
  refer,
  rowsBefore,
  seasonal,
  type Reference,
} from "./reference.js";
import { fitScaling, scalingKinds, type Scaling, type ScalingKind } from "./scaling.js";
import { findSeason } from "./season.js";
import { readSeries, type ForecastTable, type MissingCounts, type Series } from "./series.js";

/** Configures `forecastData`. */
export interface ForecastDataOptions {
  /** H, how many rows ahead are forecast, with an output for each. */
  horizon: number;
  /** T, how many rows are read for a forecast; default two horizons, or two of the shortest season, but 24 to 168, and a quarter of the rows at most. */
  lookback?: number;
  /** Rows at the end that are held out; default the last year, where rows have dates and it is at most a quarter of them, else 15 %. */
  test?: number;
  /** Rows before those, to stop training by; default 15 % of the rest. */
  validation?: number;
  /**
   * What stands where a value is missing (NaN), and in rows that a table of evenly spaced dates lacks; default "refuse". "previous" is the
   * value before, "linear" lies on the line to the next one, from where nothing is forecast, since that looks ahead.
   */
  fill?: Fill;
  /**
   * Of the target; default "standard": mean 0, standard deviation 1. "minmax": from -1 to 1. "log": standard, of the logarithm, for what
   * is above 0 and grows by shares. "none".
   */
  scaling?: ScalingKind;
  /** Of the features; default "standard". */
  featureScaling?: ScalingKind;
  /**
   * The simple forecast that the network learns to correct: "none", so that it learns the value; "last", its change; "season", what it
   * was the mean of up to three seasons before; "seasonalChange", how it changed from there. Default "auto": what does best over the
   * training part, the last value unless another is clearly better.
   */
  reference?: "auto" | "none" | "last" | "season" | "seasonalChange";
  /** Rows of the seasons; default by the dates (a day, a week, a year), or found where there are none. [] for none. */
  seasons?: readonly number[];
  /** Whether dates are read, as points on the circles of the day, the week and the year; default true. */
  calendar?: boolean;
}

/** Holds what a network learns to forecast from, and is measured by. */
export interface ForecastData {
  /** For the model's file: `saveNetwork(network, { codec: JSON.stringify(codec) })`. */
  readonly codec: ForecastCodec;
  /** The targets of each part are later than those of the one before. */
  readonly training: ForecastPart;
  readonly validation: ForecastPart;
  readonly test: ForecastPart;
  /** What the table lacks, and was filled in. */
  readonly missing: MissingCounts;
}

/** The shares of rows that are held out. */
const TEST_SHARE = 0.15;
const MOST_TEST_SHARE = 0.25;
const VALIDATION_SHARE = 0.15;

/** Bounds of the lookback that is chosen. */
const LEAST_LOOKBACK = 24;
const MOST_LOOKBACK = 168;

/** The least forecasts to learn from. */
const LEAST_WINDOWS = 8;

const optionNames = [
  "horizon",
  "lookback",
  "test",
  "validation",
  "fill",
  "scaling",
  "featureScaling",
  "reference",
  "seasons",
  "calendar",
] as const;

/** The options that need no series to be checked. */
interface Plan {
  readonly horizon: number;
  readonly fill: Fill;
  readonly scaling: ScalingKind;
  readonly featureScaling: ScalingKind;
  readonly reference: NonNullable<ForecastDataOptions["reference"]>;
  readonly calendar: boolean;
}

function readPlan(given: ForecastDataOptions): Plan {
  return {
    horizon: requireInteger("horizon", given.horizon, 1, MOST_ROWS),
    fill: requireChoice("fill", given.fill ?? "refuse", fills),
    scaling: requireChoice("scaling", given.scaling ?? "standard", scalingKinds),
    featureScaling: requireChoice("featureScaling", given.featureScaling ?? "standard", scalingKinds),
    reference: requireChoice("reference", given.reference ?? "auto", [
      "auto",
      "none",
      "last",
      "season",
      "seasonalChange",
    ]),
    calendar: requireBoolean("calendar", given.calendar ?? true),
  };
}

function requireSeasons(given: unknown): number[] {
  if (!isArrayLike(given))
    throw new TypeError(`"seasons" expected an array of numbers of rows, got ${describe(given)}`);
  return Array.from(given, (rows, i) => requireInteger(`seasons[${i}]`, rows, 2, MOST_ROWS));
}

function seasonsOf({ plain, interval, times }: Series, end: number): number[] {
  if (times === undefined) {
    const season = findSeason(plain.subarray(0, end));
    return season === undefined ? [] : [season];
  }
  if (interval === undefined) return [];
  return meaningfulCycles(milliseconds(interval), Infinity).map((cycle) => rowsOf(cycle, interval));
}

/** Returns the cycles of the dates that mean something for the rows before `end`. */
function cyclesOf({ times, interval }: Series, end: number): Cycle[] {
  if (times === undefined) return [];
  const span = times[end - 1] - times[0];
  return meaningfulCycles(
    interval === undefined ? span / Math.max(1, end - 1) : milliseconds(interval),
    span,
  );
}

/** Returns the rows that are held out unless told. */
function testRows(rows: number, interval: Interval | undefined): number {
  const year = interval === undefined ? 0 : rowsOf("year", interval);
  return year >= 4 && year <= MOST_TEST_SHARE * rows ? year : Math.ceil(TEST_SHARE * rows);
}

/** Returns the rows at which training and validation end. */
function splitRows(
  { values: { length: rows }, interval }: Series,
  { test, validation }: ForecastDataOptions,
): { trainingEnd: number; validationEnd: number } {
  const validationEnd = rows - requireInteger("test", test ?? testRows(rows, interval), 0, rows - 1);
  const before = validation ?? Math.ceil(VALIDATION_SHARE * (validationEnd - 1));
  return {
    trainingEnd: validationEnd - requireInteger("validation", before, 0, validationEnd - 1),
    validationEnd,
  };
}

function chooseLookback(horizon: number, seasons: readonly number[], rows: number): number {
  const season = seasons.length === 0 ? 0 : Math.min(...seasons);
  const wanted = 2 * Math.max(horizon, season);
  const bounded = Math.max(LEAST_LOOKBACK, Math.min(MOST_LOOKBACK, wanted));
  return Math.max(1, Math.min(bounded, Math.floor(rows / 4)));
}

function referenceOf(
  { reference: kind, horizon }: Plan,
  known: Parameters<typeof chooseReference>[0],
  seasons: readonly number[],
): Reference {
  switch (kind) {
    case "none":
      return NONE;
    case "last":
      return LAST;
    case "auto":
      return chooseReference(known, horizon, seasons);
    default: {
      const possible = seasons
        .map((season) => seasonal(kind, season, known.end))
        .filter((one) => one !== undefined);
      if (possible.length === 0) {
        throw new RangeError(
          `"reference" expected "auto", "none" or "last", where no season comes three times in the ${known.end} rows to ` +
            `learn from, got ${describe(kind)}`,
        );
      }
      const first = Math.max(...possible.map(rowsBefore));
      const errors = possible.map((one) => errorOf(known, one, horizon, first));
      return possible[errors.indexOf(Math.min(...errors))];
    }
  }
}

/** Returns the scaling of what is left beside the reference at each row ahead, by the targets before `end`. */
function outputsOf(
  { plain, absent }: Series,
  end: number,
  {
    reference,
    horizon,
    first,
    kind,
  }: { reference: Reference; horizon: number; first: number; kind: ScalingKind },
): Scaling[] {
  return Array.from({ length: horizon }, (_, h) => {
    const left = [];
    for (let row = first + 1 + h; row < end; row++) {
      if (absent[row] === 0) left.push(plain[row] - refer(plain, row - 1 - h, 1 + h, reference));
    }
    return fitScaling("target", Float64Array.from(left), kind === "log" ? "standard" : kind);
  });
}

/** Returns the recipe of what is learned from the rows before `end`. */
function makeRecipe(series: Series, end: number, plan: Plan, given: ForecastDataOptions): ForecastRecipe {
  const { horizon, fill, scaling, featureScaling, calendar } = plan;
  const { times, interval, plain, absent } = series;
  const seasons = given.seasons === undefined ? seasonsOf(series, end) : requireSeasons(given.seasons);
  const lookback = given.lookback ?? chooseLookback(horizon, seasons, end);
  const reference = referenceOf(plan, { values: plain, missing: absent, end }, seasons);
  const cycles = calendar ? cyclesOf(series, end) : [];
  const shape = {
    horizon,
    lookback: requireInteger("lookback", lookback, 1, MOST_ROWS),
    features: [...series.features.keys()],
    dated: times !== undefined,
    ...(interval !== undefined && { interval }),
    fill,
    logarithm: scaling === "log",
    reference,
    channels: planChannels(series, end, { reference, cycles, scaling, featureScaling }),
    seasons,
  };
  const first = firstOrigin(shape);
  return { ...shape, outputs: outputsOf(series, end, { reference, horizon, first, kind: scaling }) };
}

function requireWindows({ origins }: ForecastPart, { recipe, series }: ReadSeries, end: number): void {
  if (origins.length >= LEAST_WINDOWS) return;
  const { kind, season, seasons } = recipe.reference;
  const beside = seasons === 0 ? describe(kind) : `${describe(kind)} of ${seasons} × ${season} rows`;
  throw new RangeError(
    `"target" expected at least ${firstOrigin(recipe) + LEAST_WINDOWS + 1} rows to learn from, for a lookback of ` +
      `${recipe.lookback} and the reference ${beside}, got ${end}, and ${series.values.length - end} that are held out`,
  );
}

/**
 * Makes of a table windows to train, validate and test a forecast with, and the codec that goes with the network: its `inputSize` and
 * `outputSize`, with `output: "sequence"`. A network reads the last T rows, and forecasts the H rows behind them at once.
 *
 * Rows are split by time: every target of validation is later than all that are trained on, those of the test later still, and every
 * forecast reads rows before its targets alone. All that is fitted is fitted to the training part. Each held-out row is forecast from 1
 * to H rows before it. Where dates lie evenly, rows that are left out are put in. What was filled in is read, but is no target.
 *
 * The target is learned as what is left beside a simple forecast (`reference`), so that a trend goes on: outputs of 0 are that
 * forecast. Its level is read where it is steady, and else how far it was from that forecast. Throws a TypeError or RangeError that
 * names the option, or the column and the row.
 */
export function forecastData(table: ForecastTable, options: ForecastDataOptions): ForecastData {
  const given = requireOptions("options", options, optionNames);
  const plan = readPlan(given);
  const series = readSeries(table, { fill: plan.fill, logarithm: plan.scaling === "log" });
  const { trainingEnd, validationEnd } = splitRows(series, given);
  // What was filled in by looking ahead from there on says something of what is held out.
  const fittedEnd = series.ahead.lastIndexOf(0, trainingEnd - 1) + 1;
  const recipe = makeRecipe(series, fittedEnd, plan, given);
  const read: ReadSeries = { recipe, series, inputs: makeInputs(recipe, series) };
  const training = new ForecastPart(read, 0, trainingEnd);
  requireWindows(training, read, trainingEnd);
  return {
    codec: ForecastCodec.of(recipe),
    training,
    validation: new ForecastPart(read, trainingEnd, validationEnd),
    test: new ForecastPart(read, validationEnd, series.values.length),
    missing: series.missing,
  };
}
