/** Says what `bptt forecast` trains on a table, how it is told of, and what it amounts to. */

import {
  forecastNext,
  measureForecasts,
  type ForecastData,
  type ForecastMeasurement,
  type ForecastTable,
  type Network,
} from "../../index.js";
import type { Details, Figures } from "../fit/events.js";
import { countParameters } from "../fit/fit.js";
import type { FitJob, Outcome } from "../fit/job.js";
import { lookEvery } from "../fit/looks.js";
import { grouped } from "../format.js";
import { ownName, quoted } from "../invocation.js";
import type { Table } from "../table/table.js";
import { kernelsInWords } from "../threads.js";
import type { ForecastColumns, LeftOut } from "./columns.js";
import {
  forecastFigures,
  forecastLines,
  measuredFigures,
  measuredLines,
  missingLines,
  spanInWords,
} from "./forecast-figures.js";
import type { ForecastPlan } from "./forecast-options.js";
import { everyInterval, rowsInWords } from "./forecast-words.js";
import { saveForecaster } from "./forecaster-file.js";

/** Forecasts that are validated at a time. */
const VALIDATION_BATCH = 256;

/** All that is forecast from. */
export interface Source {
  readonly table: Table;
  readonly columns: ForecastColumns;
  readonly leftOut: readonly LeftOut[];
  readonly read: ForecastTable;
  readonly data: ForecastData;
}

function headLines(
  plan: ForecastPlan,
  { table, columns, leftOut, data }: Source,
  network: Network,
): string[] {
  const { codec, training, validation, test, missing } = data;
  const { interval, channels } = codec.recipe;
  const { cell, layers, hidden, horizon, fill, fit } = plan;
  const { target, features } = columns;
  const every = everyInterval(interval);
  const cyclic = channels.filter(({ source }) => source === "sine").map(({ name }) => name);
  const from = [target, ...features, ...cyclic.map((cycle) => `the time of the ${cycle}`)].join(", ");
  const ends = [0, training.end, validation.end, test.end];
  const spans = [0, 1, 2].map((i) => spanInWords(ends[i], ends[i + 1], test.dates, interval));
  return [
    `${table.name}: ${spanInWords(0, test.end, test.dates, interval)}${every === "" ? "" : `, ${every}`}`,
    ...missingLines(missing, { target, fill }),
    ...leftOut.map(({ column, reason }) => `Not read: ${column} (${reason})`),
    `${target}, ${rowsInWords(horizon, interval)} ahead, from ${rowsInWords(codec.lookback, interval)} of ${from}`,
    `Learns from ${spans[0]}; ends by ${spans[1]}; held out: ${spans[2]}`,
    `${cell}, ${layers === 1 ? "1 layer" : `${layers} layers`} of ${hidden} units, ` +
      `${grouped(countParameters(network))} parameters, ${kernelsInWords(network.build, fit.threads)}`,
  ];
}

/** Returns what machines are told of the table. */
function detailsOf({ horizon, fill }: ForecastPlan, { columns, leftOut, data }: Source): Details {
  const { codec, training, validation, test, missing } = data;
  const { target, date, features } = columns;
  return {
    rows: test.end,
    ...{ target, date, features, leftOut, missing, fill, horizon },
    lookback: codec.lookback,
    reference: codec.recipe.reference,
    training: training.origins.length,
    validation: validation.origins.length,
    test: test.origins.length,
  };
}

/** Returns the errors over all rows ahead, by their usual names, with the least of the simple forecasts'. */
function errorFigures(measured: ForecastMeasurement): Figures {
  const { rootMeanSquaredError, meanAbsoluteError, baselines } = measured;
  return {
    RMSE: rootMeanSquaredError,
    MAE: meanAbsoluteError,
    "RMSE of the best simple forecast": Math.min(
      ...baselines.map((baseline) => baseline.rootMeanSquaredError),
    ),
  };
}

/** Measures a network on the rows that are held out, and forecasts those behind the table. */
function measure(network: Network, { horizon }: ForecastPlan, { columns, read, data }: Source): Outcome {
  const { codec, test, validation } = data;
  const { interval } = codec.recipe;
  const measured = test.origins.length === 0 ? undefined : measureForecasts(network, test);
  const next = forecastNext(network, codec, read);
  const forecast = {
    title: `Forecast of ${columns.target}`,
    lines: forecastLines(next, measured?.meanAbsoluteError ?? 0, interval),
  };
  const details = { forecast: forecastFigures(next, interval) };
  if (measured === undefined) {
    return {
      lines: ["Nothing is held out, so that nothing says how good it is."],
      findings: [forecast],
      details,
    };
  }
  const span = spanInWords(validation.end, test.end, test.dates, interval);
  const heldOut = {
    title:
      `Held out: ${span}, each forecast from up to ${rowsInWords(horizon, interval)} before it, ` +
      `${grouped(measured.count)} forecasts`,
    lines: measuredLines(measured, interval),
  };
  return {
    lines: [],
    figures: errorFigures(measured),
    findings: [heldOut, forecast],
    details: { heldOut: measuredFigures(measured), ...details },
  };
}

export function forecastJob(plan: ForecastPlan, source: Source, network: Network): FitJob {
  const { batch, fit } = plan;
  const { columns, data } = source;
  const { codec, training, validation } = data;
  const epochUpdates = Math.ceil(training.origins.length / batch);
  return {
    network,
    data: training.windows({ batch, shuffle: true, seed: fit.seed }),
    heldOut: validation.origins.length > 0 ? validation.windows({ batch: VALIDATION_BATCH }) : undefined,
    epochUpdates,
    lookEvery: lookEvery(epochUpdates),
    units: {
      steps: "rows",
      loss: (value) => value.toPrecision(3),
      lossName: "mean squared error, as scaled",
      looks: "validation",
    },
    head: headLines(plan, source, network),
    details: detailsOf(plan, source),
    measure: (kept) => measure(kept, plan, source),
    next: (path) => [
      `Saved as ${path}. To forecast what comes behind newer rows:`,
      `    ${ownName()} predict ${quoted(path)} newer.csv`,
    ],
    save: (kept, trained) => saveForecaster({ network: kept, codec, columns }, trained),
  };
}
