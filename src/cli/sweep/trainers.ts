/** The commands that a sweep can run, and which of their options it varies. */

import type { Arguments, Command } from "../arguments.js";
import { classifyCommand, readClassifyPlan, type ClassifyOption } from "../classify/classify-options.js";
import type { FitPlan } from "../fit/job.js";
import { forecastCommand, readForecastPlan, type ForecastOption } from "../forecast/forecast-options.js";
import { readTrainPlan, settled, trainCommand, type TrainOption } from "../train-options.js";
import type { ValueKind } from "./dimensions.js";

type Kinds<Name extends string> = Readonly<Partial<Record<Name, ValueKind>>>;

/** A command that a sweep runs. */
export interface Trainer {
  readonly command: Command<string>;
  /** Checks the options of one training. Throws a Failure. */
  readonly read: (given: Arguments<string>) => { readonly fit: FitPlan };
  /** The options that can have several values. */
  readonly varied: Readonly<Record<string, ValueKind | undefined>>;
  /** Those that cannot, since losses at different ones are no losses of the same thing. */
  readonly measuring: readonly string[];
  /** Those that follow from the data where nobody gives them. */
  readonly settled: readonly string[];
}

const shared = {
  cell: "word",
  layers: "whole",
  hidden: "whole",
  dropout: "share",
  batch: "whole",
  "learning-rate": "decimal",
  schedule: "word",
  "warm-up": "share",
  clip: "decimal",
  minutes: "decimal",
  steps: "whole",
  epochs: "whole",
  patience: "whole",
  seed: "seed",
  build: "word",
} as const satisfies Kinds<TrainOption & ForecastOption & ClassifyOption>;

const train = {
  ...shared,
  embedding: "whole",
  window: "whole",
  rule: "word",
  k1: "whole",
  k2: "whole",
  "mean-length": "decimal",
  block: "whole",
  memory: "decimal",
} as const satisfies Kinds<TrainOption>;

const forecast = { ...shared, lookback: "whole" } as const satisfies Kinds<ForecastOption>;

const classify = {
  ...shared,
  embedding: "whole",
  "class-weights": "word",
} as const satisfies Kinds<ClassifyOption>;

const notForecast = ["horizon", "test", "validation", "scaling", "missing", "delimiter"] as const;

export const sweepTrainers = {
  train: {
    command: trainCommand,
    read: readTrainPlan,
    varied: train,
    measuring: ["min-count", "max-words"] satisfies TrainOption[],
    settled: settled satisfies readonly TrainOption[],
  },
  forecast: {
    command: forecastCommand,
    read: readForecastPlan,
    varied: forecast,
    measuring: notForecast satisfies readonly ForecastOption[],
    settled: [],
  },
  classify: {
    command: classifyCommand,
    read: readClassifyPlan,
    varied: classify,
    measuring: ["held-out", "format", "delimiter"] satisfies ClassifyOption[],
    settled: [],
  },
} as const satisfies Readonly<Record<string, Trainer>>;

export type TrainerName = keyof typeof sweepTrainers;

export const trainerNames = Object.keys(sweepTrainers) as TrainerName[];

export function isTrainerName(name: string | undefined): name is TrainerName {
  return trainerNames.some((one) => one === name);
}
