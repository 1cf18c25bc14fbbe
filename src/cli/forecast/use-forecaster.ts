/** Measures a saved forecaster on another table, and forecasts what comes behind one. */

import { forecastNext, measureForecasts, type ForecastTable, type RuntimeOptions } from "../../index.js";
import { Failure } from "../failure.js";
import { grouped } from "../format.js";
import { readBytes } from "../read-file.js";
import type { DelimiterName } from "../table/delimiter.js";
import { readCsv } from "../table/read-csv.js";
import type { Table } from "../table/table.js";
import { readColumns, withPlaces } from "./columns.js";
import { forecastFigures, forecastLines, measuredFigures, measuredLines } from "./forecast-figures.js";
import { loadForecaster, type Forecaster } from "./forecaster-file.js";

/** A model and a table, by their paths. */
export interface ForecasterUse {
  readonly model: string;
  /** CSV, with the columns that were learned from. */
  readonly data: string;
  readonly delimiter?: DelimiterName | undefined;
  readonly runtime: RuntimeOptions;
}

/** Figures, as they go into JSON, and in lines for people. */
export interface ForecasterFigures {
  readonly figures: object;
  readonly lines: readonly string[];
}

async function withForecaster(
  { model, data, delimiter, runtime }: ForecasterUse,
  use: (forecaster: Forecaster, read: ForecastTable, table: Table) => ForecasterFigures,
): Promise<ForecasterFigures> {
  const forecaster = loadForecaster(model, await readBytes(model), runtime);
  try {
    const table = await readCsv(data, { delimiter });
    const read = readColumns(table, forecaster.columns);
    return withPlaces(table, forecaster.columns, () => use(forecaster, read, table));
  } finally {
    forecaster.network.dispose();
  }
}

/** Measures a model's forecasts over a table that it did not learn from, beside simple ones. Throws a Failure. */
export function evaluateForecaster(given: ForecasterUse): Promise<ForecasterFigures> {
  return withForecaster(given, ({ network, codec, columns }, read, table) => {
    const part = codec.read(read);
    if (part.origins.length === 0) {
      throw new Failure(
        `${table.name} has ${grouped(table.rows)} rows, too few for a forecast of ${columns.target} with a row to compare it with`,
      );
    }
    const measured = measureForecasts(network, part);
    return {
      figures: { target: columns.target, ...measuredFigures(measured) },
      lines: [
        `${grouped(measured.count)} forecasts of ${columns.target}`,
        ...measuredLines(measured, codec.recipe.interval),
      ],
    };
  });
}

/** Forecasts the rows behind a table. Throws a Failure. */
export function predictForecaster(given: ForecasterUse): Promise<ForecasterFigures> {
  return withForecaster(given, ({ network, codec, columns }, read) => {
    const next = forecastNext(network, codec, read);
    const { interval } = codec.recipe;
    return {
      figures: { target: columns.target, forecast: forecastFigures(next, interval) },
      lines: forecastLines(next, 0, interval),
    };
  });
}
