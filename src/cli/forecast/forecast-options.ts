/** Defines the options of `bptt forecast` and checks them. */

import { basename, extname } from "node:path";
import { cellNames, type Build, type Cell, type Fill, type ScalingKind } from "../../index.js";
import { fills } from "../../data/table/missing.js";
import { scalingKinds } from "../../data/table/scaling.js";
import { choice, decimalNumber, wholeNumber, type Arguments, type Command } from "../arguments.js";
import { Failure } from "../failure.js";
import { delimiters, type DelimiterName } from "../table/delimiter.js";
import { STDIN } from "../table/read-input.js";

type Name =
  | ("target" | "horizon" | "date" | "no-date" | "features" | "missing" | "scaling" | "delimiter")
  | ("lookback" | "test" | "validation")
  | (
      | "cell"
      | "layers"
      | "hidden"
      | "dropout"
      | "batch"
      | "learning-rate"
      | "clip"
      | "minutes"
      | "epochs"
      | "patience"
    )
  | ("seed" | "build" | "out" | "json");

const DEFAULT_OUT = "forecast.safetensors";

export const forecastCommand: Command<Name> = {
  name: "forecast",
  operands: ["<csv>"],
  summary:
    "Trains a network to forecast a column of a table, and saves it. The table is a CSV file, or a pipe for -: a header with the\n" +
    "columns' names, and a row for each time, oldest first. Dates are those of ISO 8601 (2012-01, 2012-01-31, 2012-01-31T18:30).\n" +
    "The last rows are held out to measure it: each is forecast from 1 to so many rows before it as are looked ahead, of which the\n" +
    "network knows no later row. The rows before those say when training ends, and which network is kept. Beside its errors stand\n" +
    "those of simple forecasts: the last value, the last season's, the line from the first value through the last. Then comes the\n" +
    "forecast of the rows behind the table. Progress goes to the error output. Ctrl-C keeps the best so far and leaves.",
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
    cell: { value: "<name>", help: `what layers are made of: ${cellNames.join(", ")} (gru)` },
    layers: { value: "<n>", help: "stacked layers (1)" },
    hidden: { value: "<n>", help: "units a layer (32)" },
    dropout: { value: "<share>", help: "between layers, while training (0)" },
    batch: { value: "<n>", help: "forecasts an update (32)" },
    "learning-rate": { value: "<x>", help: "of Adam (0.001); lower it when the loss jumps" },
    clip: { value: "<x>", help: "the largest norm of the gradient (1)" },
    minutes: { value: "<x>", help: "trains for this long at most (5, unless --epochs is given)" },
    epochs: { value: "<n>", help: "or for this many times through the rows at most" },
    patience: {
      value: "<n>",
      help: "ends after so many looks at the validation rows without a lower loss (20); a look\ncomes every epoch, but after 50 to 500 updates",
    },
    seed: { value: "<n>", help: "of the first weights and the order (0)" },
    build: { value: "<name>", help: "auto, simd, relaxed-simd or wide kernels (auto)" },
    out: { value: "<file>", help: "where to save (the table's name with .safetensors, here)" },
    json: { help: "prints JSON lines instead: the start, each look, the end with all figures" },
  },
  examples: [
    "bptt forecast co2.csv --target co2 --horizon 12",
    "bptt forecast weather.csv --target temperature --horizon 48 --features pressure,wind --test 720",
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

/** Says when training ends at last. */
export interface ForecastLimit {
  readonly kind: "minutes" | "epochs";
  readonly amount: number;
}

export interface ForecastPlan extends ColumnChoice {
  readonly path: string;
  readonly out: string;
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
  readonly learningRate: number;
  readonly clip: number;
  readonly limit: ForecastLimit;
  readonly patience: number;
  readonly seed: number;
  readonly build: "auto" | Build;
  readonly json: boolean;
}

type Given = Arguments<Name>["given"];

function readFeatures(text: string | undefined): readonly string[] | undefined {
  if (text === undefined || text === "all") return undefined;
  return text === "none" ? [] : text.split(",").map((name) => name.trim());
}

function readLimit({ minutes, epochs }: Given): ForecastLimit {
  if (minutes !== undefined && epochs !== undefined)
    throw new Failure("only one of --minutes and --epochs can be given");
  if (epochs !== undefined) return { kind: "epochs", amount: wholeNumber("epochs", epochs, 1, 1) };
  return { kind: "minutes", amount: decimalNumber("minutes", minutes, "above 0", (value) => value > 0, 5) };
}

/** Returns the value of an option that has no default. Throws a Failure. */
function required(name: Name, text: string | undefined): string {
  if (text !== undefined) return text;
  const { value = "" } = forecastCommand.options[name];
  throw new Failure(`--${name} ${value} is missing; see bptt forecast --help`);
}

/** Throws a Failure that names the option. */
export function readForecastPlan({ operands: [path], given }: Arguments<Name>): ForecastPlan {
  const positive = (value: number): boolean => value > 0;
  const size = <Fallback>(name: Name, fallback: Fallback, least = 1): number | Fallback => {
    const value = wholeNumber(name, given[name], least, fallback);
    if (typeof value === "number" && value > 1e6)
      throw new Failure(`--${name} expects a whole number of at most 1000000, not "${value}"`);
    return value;
  };
  if (given.date !== undefined && given["no-date"] !== undefined)
    throw new Failure("only one of --date and --no-date can be given");
  const target = required("target", given.target);
  required("horizon", given.horizon);
  return {
    path,
    out: given.out ?? (path === STDIN ? DEFAULT_OUT : `${basename(path, extname(path))}.safetensors`),
    target,
    date: given["no-date"] === undefined ? given.date : null,
    features: readFeatures(given.features),
    delimiter:
      given.delimiter === undefined
        ? undefined
        : choice("delimiter", given.delimiter, Object.keys(delimiters) as DelimiterName[], "comma"),
    horizon: size("horizon", 1),
    fill: choice("missing", given.missing, fills, "linear"),
    scaling: choice("scaling", given.scaling, scalingKinds, "standard"),
    lookback: size("lookback", undefined),
    test: size("test", undefined, 0),
    validation: size("validation", undefined, 0),
    cell: choice("cell", given.cell, cellNames, "gru"),
    layers: size("layers", 1),
    hidden: size("hidden", 32),
    dropout: decimalNumber("dropout", given.dropout, "from 0 to below 1", (x) => x >= 0 && x < 1, 0),
    batch: size("batch", 32),
    learningRate: decimalNumber(
      "learning-rate",
      given["learning-rate"],
      "above 0, at most 1",
      (x) => x > 0 && x <= 1,
      1e-3,
    ),
    clip: decimalNumber("clip", given.clip, "above 0", positive, 1),
    limit: readLimit(given),
    patience: wholeNumber("patience", given.patience, 1, 20),
    seed: wholeNumber("seed", given.seed, Number.MIN_SAFE_INTEGER, 0),
    build: choice("build", given.build, ["auto", "simd", "relaxed-simd", "wide"], "auto"),
    json: given.json !== undefined,
  };
}
