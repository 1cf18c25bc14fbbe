/** Defines the options of `bptt forecast` and checks them. */

import { cellNames, type Cell, type Fill, type ScalingKind } from "../../index.js";
import { fills } from "../../data/table/missing.js";
import { scalingKinds } from "../../data/table/scaling.js";
import { choice, decimalNumber, wholeNumber, type Arguments, type Command } from "../arguments.js";
import { Failure } from "../failure.js";
import { fitOptions, outOf, readFitPlan, type FitOption } from "../fit/fit-options.js";
import type { FitPlan } from "../fit/job.js";
import { withDefaults } from "../fit/limit.js";
import { LEAST_UPDATES, MOST_UPDATES } from "../fit/looks.js";
import { delimiters, type DelimiterName } from "../table/delimiter.js";

type TableOption =
  | ("target" | "horizon" | "date" | "no-date" | "features" | "missing" | "scaling" | "delimiter")
  | ("lookback" | "test" | "validation");

type NetworkOption = "cell" | "layers" | "hidden" | "dropout" | "batch";

export type ForecastOption = TableOption | NetworkOption | FitOption;

/**
 * What `bptt forecast` does unless it is told otherwise, as it would be typed. The rate stays: patience ends training long before the
 * minutes do, so that a rate that falls over those would hardly fall at all.
 */
const forecastDefaults = {
  features: "all",
  missing: "linear",
  scaling: "standard",
  cell: "gru",
  layers: "1",
  hidden: "32",
  dropout: "0",
  batch: "32",
  "learning-rate": "0.001",
  schedule: "constant",
  "warm-up": "0",
  clip: "1",
  minutes: "5",
  patience: "20",
  seed: "0",
  build: "auto",
  checkpoint: "30",
} as const;

export const forecastCommand: Command<ForecastOption> = {
  name: "forecast",
  operands: ["<csv>"],
  summary:
    "Trains a network to forecast a column of a table, and saves it. The table is a CSV file, or a pipe for -: a header with the\n" +
    "columns' names, and a row for each time, oldest first. Dates are those of ISO 8601 (2012-01, 2012-01-31, 2012-01-31T18:30).\n" +
    "The last rows are held out to measure it: each is forecast from 1 to so many rows before it as are looked ahead, of which the\n" +
    "network knows no later row. The rows before those, the validation rows, say when training ends, and which network is kept. Beside its errors stand\n" +
    "those of simple forecasts: the last value, the last season's, the line from the first value through the last. Then comes the\n" +
    "forecast of the rows behind the table. Ctrl-C keeps the best\n" +
    "so far and leaves.",
  options: {
    target: { value: "<column>", help: "the column to forecast" },
    horizon: { value: "<n>", help: "rows to look ahead" },
    date: { value: "<column>", help: "of the rows' dates (the first column that has some)" },
    "no-date": { help: "takes rows as evenly apart, whatever their dates" },
    features: {
      value: "<names>",
      help: "other columns to forecast from, with commas between them, all or none (all that\nhave numbers)",
    },
    missing: {
      value: "<how>",
      help: "what stands where a value or an evenly spaced date is missing: linear, on the line to\nthe next one; previous, the one before; or refuse (linear)",
    },
    scaling: {
      value: "<name>",
      help: "of the column: standard, minmax, log for what is above 0 and grows by shares, none\n(standard)",
    },
    delimiter: { value: "<name>", help: "comma, semicolon or tab (found)" },
    lookback: {
      value: "<n>",
      help: "rows that are read for a forecast (two of the shortest season or horizon, 24 to 168)",
    },
    test: {
      value: "<n>",
      help: "rows that are held out (the last year, or 15 % where that is over a quarter)",
    },
    validation: { value: "<n>", help: "rows before those to end training by (15 % of the rest)" },
    cell: {
      value: "<name>",
      help: `what layers are made of: ${cellNames.join(", ")} (${forecastDefaults.cell})`,
    },
    layers: { value: "<n>", help: `stacked layers (${forecastDefaults.layers})` },
    hidden: { value: "<n>", help: `units a layer (${forecastDefaults.hidden})` },
    dropout: { value: "<share>", help: `between layers, while training (${forecastDefaults.dropout})` },
    batch: { value: "<n>", help: `forecasts an update (${forecastDefaults.batch})` },
    ...fitOptions(forecastDefaults, "the table's name with .safetensors, here; with --run: its folder alone"),
    minutes: {
      value: "<x>",
      help: `trains for this long at most (${forecastDefaults.minutes}, unless --steps or --epochs is given)`,
    },
    steps: { value: "<n>", help: "or for this many updates at most" },
    epochs: { value: "<n>", help: "or for this many times through the rows at most" },
    patience: {
      value: "<n>",
      help:
        `ends after this many looks at the validation rows without a better loss (${forecastDefaults.patience}); 0: never. A look comes\n` +
        `every epoch, but after ${LEAST_UPDATES} to ${MOST_UPDATES} updates. The best model is the one that is saved, however training ends`,
    },
    seed: {
      value: "<n>",
      help: `of the first weights and the order (${forecastDefaults.seed}); the same seed and build learn the same`,
    },
  },
  examples: [
    "bptt forecast co2.csv --target co2 --horizon 12",
    "bptt forecast weather.csv --target temperature --horizon 48 --features pressure,wind --test 720",
    "bptt forecast co2.csv --target co2 --horizon 12 --run co2-run",
    "zcat sales.csv.gz | bptt forecast - --target sales --horizon 28 --scaling log --json",
  ],
};

/** Says which columns of a table are read, and how. */
export interface ColumnChoice {
  readonly target: string;
  /** Undefined: found; null: none. */
  readonly date: string | null | undefined;
  /** Undefined: all that have numbers. */
  readonly features: readonly string[] | undefined;
}

export interface ForecastPlan extends ColumnChoice {
  readonly path: string;
  readonly delimiter: DelimiterName | undefined;
  readonly horizon: number;
  readonly fill: Fill;
  readonly scaling: ScalingKind;
  readonly lookback: number | undefined;
  readonly test: number | undefined;
  readonly validation: number | undefined;
  readonly cell: Cell;
  readonly layers: number;
  readonly hidden: number;
  readonly dropout: number;
  readonly batch: number;
  readonly fit: FitPlan;
}

function readFeatures(text: string): readonly string[] | undefined {
  if (text === "all") return undefined;
  return text === "none" ? [] : text.split(",").map((name) => name.trim());
}

/** Returns the value of an option that has no default. Throws a Failure. */
function required(name: "target" | "horizon", text: string | undefined): string {
  if (text !== undefined) return text;
  const { value = "" } = forecastCommand.options[name];
  throw new Failure(`--${name} ${value} is missing; see bptt forecast --help`);
}

function readSize(name: ForecastOption, text: string, least = 1): number {
  const value = wholeNumber(name, text, least);
  if (value > 1e6) throw new Failure(`--${name} expects a whole number of at most 1000000, not "${text}"`);
  return value;
}

/** Throws a Failure that names the option. */
export function readForecastPlan({
  operands: [path],
  given: typed,
}: Arguments<ForecastOption>): ForecastPlan {
  const given = withDefaults(forecastDefaults, typed);
  const optionalSize = (name: "lookback" | "test" | "validation", least: number): number | undefined => {
    const text = given[name];
    return text === undefined ? undefined : readSize(name, text, least);
  };
  if (given.date !== undefined && given["no-date"] !== undefined)
    throw new Failure("only one of --date and --no-date can be given");
  const target = required("target", given.target);
  const horizon = required("horizon", given.horizon);
  const fit = readFitPlan("forecast", given);
  return {
    path,
    target,
    date: given["no-date"] === undefined ? given.date : null,
    features: readFeatures(given.features),
    delimiter:
      given.delimiter === undefined
        ? undefined
        : choice("delimiter", given.delimiter, Object.keys(delimiters) as DelimiterName[]),
    horizon: readSize("horizon", horizon),
    fill: choice("missing", given.missing, fills),
    scaling: choice("scaling", given.scaling, scalingKinds),
    lookback: optionalSize("lookback", 1),
    test: optionalSize("test", 0),
    validation: optionalSize("validation", 0),
    cell: choice("cell", given.cell, cellNames),
    layers: readSize("layers", given.layers),
    hidden: readSize("hidden", given.hidden),
    dropout: decimalNumber("dropout", given.dropout, "from 0 to below 1", (x) => x >= 0 && x < 1),
    batch: readSize("batch", given.batch),
    fit: { ...fit, out: outOf(fit, path, "forecast.safetensors") },
  };
}
