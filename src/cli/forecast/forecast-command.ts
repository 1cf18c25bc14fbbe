/** Runs `bptt forecast`. */

import {
  createNetwork,
  forecastData,
  OutOfMemoryError,
  type ForecastCodec,
  type Network,
  type RuntimeOptions,
} from "../../index.js";
import type { Arguments } from "../arguments.js";
import { Failure } from "../failure.js";
import { fit } from "../fit/fit.js";
import { joinRanks } from "../fit/ranks.js";
import { voiceOf } from "../fit/teller.js";
import { buildFor, openRun, readOperand, requireRoom, type Resumed } from "../run/open-run.js";
import { parseTable } from "../table/read-csv.js";
import { readInput } from "../table/read-input.js";
import type { Table } from "../table/table.js";
import { onThreads } from "../threads.js";
import { chooseColumns, readColumns, withPlaces } from "./columns.js";
import { forecastJob, type Source } from "./forecast-job.js";
import { readForecastPlan, type ForecastOption, type ForecastPlan } from "./forecast-options.js";

/** Throws a Failure that says what does not fit, and where. */
function readSource(plan: ForecastPlan, table: Table): Source {
  const { columns, leftOut } = chooseColumns(table, plan);
  const read = readColumns(table, columns);
  const { horizon, fill, scaling, lookback, test, validation } = plan;
  const data = withPlaces(table, columns, () =>
    forecastData(read, {
      horizon,
      fill,
      scaling,
      ...(lookback !== undefined && { lookback }),
      ...(test !== undefined && { test }),
      ...(validation !== undefined && { validation }),
    }),
  );
  return { table, columns, leftOut, read, data };
}

function createPlanned(plan: ForecastPlan, codec: ForecastCodec, runtime: RuntimeOptions): Network {
  const { cell, layers, hidden, dropout, fit } = plan;
  const { inputSize, outputSize } = codec;
  const sizes = { cell, layers, dropout, seed: fit.seed, inputSize, hiddenSize: hidden, outputSize };
  try {
    return createNetwork({ ...sizes, output: "sequence" }, runtime);
  } catch (error) {
    if (error instanceof OutOfMemoryError) throw new Failure(error.message, 1);
    if (error instanceof RangeError) throw new Failure(error.message);
    throw error;
  }
}

/** Runs the command, or goes on with a run of it; returns the exit code. Throws a Failure. */
export async function runForecast(given: Arguments<ForecastOption>, resumed?: Resumed): Promise<number> {
  const plan = readForecastPlan(given);
  const fitPlan = await joinRanks(plan.fit, plan.path);
  const input = { path: plan.path, ...(await readOperand(plan.path, resumed, readInput)) };
  const table = parseTable(input, { delimiter: plan.delimiter });
  const source = readSource(plan, table);
  await requireRoom(fitPlan, plan.path, resumed);
  const { build, note } = await buildFor(fitPlan, resumed);
  const voice = voiceOf(process, fitPlan);
  return onThreads(fitPlan.threads, async (pool) => {
    using network = createPlanned(plan, source.data.codec, { build, threads: pool });
    const run = await openRun(fitPlan, input, network.build, resumed);
    if (note !== undefined) voice.screen.print(note);
    try {
      return await fit(forecastJob(plan, source, network), { ...fitPlan, pool }, voice, run);
    } catch (error) {
      if (error instanceof OutOfMemoryError)
        throw new Failure(`${error.message}; choose a smaller --batch or --hidden`, 1);
      throw error;
    }
  });
}
