/** Runs `bptt forecast`. */

import {
  createNetwork,
  forecastData,
  forecastNext,
  measureForecasts,
  OutOfMemoryError,
  type ForecastCodec,
  type ForecastData,
  type ForecastTable,
  type Network,
  type Progress,
} from "../../index.js";
import { Failure } from "../failure.js";
import { duration, grouped } from "../format.js";
import { requireWritable, saveFile } from "../save-file.js";
import { Screen, type Output } from "../screen.js";
import { Stopping } from "../stopping.js";
import { readCsv } from "../table/read-csv.js";
import { STDIN } from "../table/read-input.js";
import type { Table } from "../table/table.js";
import { chooseColumns, readColumns, withPlaces, type ForecastColumns, type LeftOut } from "./columns.js";
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
import {
  trainForecaster,
  type ForecasterLook,
  type ForecasterWatch,
  type Trained,
} from "./train-forecaster.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where there is no bar: the least seconds between two lines. */
const LINE_SECONDS = 10;

const BAR_WIDTH = 20;

/** What goes out: words or JSON lines to the output, and how it goes to the other. */
interface Telling {
  /** Of the results; says nothing with --json. */
  readonly screen: Screen;
  /** Of the progress. */
  readonly progress: Screen;
  readonly event: (event: string, fields: object) => void;
}

/** All that is forecast from. */
interface Source {
  readonly table: Table;
  readonly columns: ForecastColumns;
  readonly leftOut: readonly LeftOut[];
  readonly read: ForecastTable;
  readonly data: ForecastData;
}

async function readSource(plan: ForecastPlan): Promise<Source> {
  const table = await readCsv(plan.path, { delimiter: plan.delimiter });
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

async function createPlanned(plan: ForecastPlan, codec: ForecastCodec): Promise<Network> {
  const { cell, layers, hidden, dropout, seed, build } = plan;
  if (build === "wide") await import("../../wide.js");
  const { inputSize, outputSize } = codec;
  const sizes = { cell, layers, dropout, seed, inputSize, hiddenSize: hidden, outputSize };
  try {
    return createNetwork({ ...sizes, output: "sequence" }, { build });
  } catch (error) {
    if (error instanceof OutOfMemoryError) throw new Failure(error.message, 1);
    if (error instanceof RangeError) throw new Failure(error.message);
    throw error;
  }
}

function tellStart(
  { screen, event }: Telling,
  plan: ForecastPlan,
  { table, columns, leftOut, data }: Source,
  network: Network,
): void {
  const { codec, training, validation, test, missing } = data;
  const { interval, reference } = codec.recipe;
  const { dates } = test;
  const { cell, layers, hidden, horizon, fill } = plan;
  const { target, date, features } = columns;
  const parameters = network.parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const ends = [0, training.end, validation.end, test.end];
  event("start", {
    rows: test.end,
    ...{ target, date, features, leftOut, missing, fill, horizon },
    lookback: codec.lookback,
    reference,
    training: training.origins.length,
    validation: validation.origins.length,
    test: test.origins.length,
    ...{ cell, layers, hidden, parameters, build: network.build },
  });
  const every = everyInterval(interval);
  screen.print(
    screen.strong(
      `${table.name}: ${spanInWords(0, test.end, dates, interval)}${every === "" ? "" : `, ${every}`}`,
    ),
  );
  for (const line of missingLines(missing, { target, fill })) screen.print(line);
  for (const { column, reason } of leftOut) screen.print(`Not read: ${column} (${reason})`);
  const cyclic = codec.recipe.channels.filter(({ source }) => source === "sine").map(({ name }) => name);
  const from = [target, ...features, ...cyclic.map((cycle) => `the time of the ${cycle}`)].join(", ");
  screen.print(
    `${target}, ${rowsInWords(horizon, interval)} ahead, from ${rowsInWords(codec.lookback, interval)} of ${from}`,
  );
  const spans = [0, 1, 2].map((i) => spanInWords(ends[i], ends[i + 1], dates, interval));
  screen.print(`Learns from ${spans[0]}; ends by ${spans[1]}; held out: ${spans[2]}`);
  screen.print(
    `${cell}, ${layers === 1 ? "1 layer" : `${layers} layers`} of ${hidden} units, ${grouped(parameters)} parameters, ` +
      `${network.build} kernels`,
  );
}

/** Tells how it goes: a bar on a terminal, else a line now and then. */
function watchTraining({ progress: screen, event }: Telling, stopping: Stopping): ForecasterWatch {
  let last: ForecasterLook | undefined;
  let best: ForecasterLook | undefined;
  let [shownAt, linedAt] = [0, performance.now()];
  const line = (step: number, loss: number | undefined): string =>
    [
      `step ${grouped(step)}`,
      ...(loss === undefined ? [] : [`loss ${loss.toFixed(3)}`]),
      ...(last === undefined ? [] : [`validation ${last.validation.toFixed(3)}`]),
      ...(best === undefined || best === last
        ? []
        : [`best ${best.validation.toFixed(3)} at step ${grouped(best.step)}`]),
    ].join(" · ");
  return {
    update: ({ step, loss }: Progress, share: number) => {
      const now = performance.now();
      if (now - shownAt < 100) return;
      shownAt = now;
      const bar = "#".repeat(Math.floor(share * BAR_WIDTH)).padEnd(BAR_WIDTH);
      screen.show(`[${bar}] ${Math.floor(share * 100)} % ${line(step, loss)}`);
    },
    look: (look) => {
      last = look;
      if (look.best) best = look;
      event("look", look);
      if (screen.live || performance.now() - linedAt < 1000 * LINE_SECONDS) return;
      linedAt = performance.now();
      screen.print(line(look.step, undefined));
    },
    stopped: () => stopping.exitCode !== undefined,
  };
}

/** Says why training ended. */
function endingOf({ ending, looks, best, steps, seconds }: Trained, patience: number): string {
  const why = {
    limit: "The limit was reached",
    patience: `${patience} looks brought nothing better`,
    signal: "Stopped",
    divergence: "Training diverged",
  }[ending];
  const kept =
    best === undefined
      ? ""
      : ` The best of ${grouped(looks)} looks is kept, that after ${grouped(best.step)}.`;
  return `${why} after ${grouped(steps)} updates, ${duration(seconds)}.${kept}`;
}

async function finish(
  { screen, progress, event }: Telling,
  plan: ForecastPlan,
  { columns, read, data }: Source,
  network: Network,
  trained: Trained,
): Promise<void> {
  const { codec, test, validation } = data;
  const { interval } = codec.recipe;
  progress.clear();
  await saveFile(plan.out, saveForecaster({ network, codec, columns }));
  const measured = test.origins.length === 0 ? undefined : measureForecasts(network, test);
  const next = forecastNext(network, codec, read);
  const { ending, steps, epochs, seconds, best } = trained;
  event("end", {
    ...{ ending, step: steps, epoch: epochs, seconds, best },
    ...(measured !== undefined && { heldOut: measuredFigures(measured) }),
    forecast: forecastFigures(next, interval),
    out: plan.out,
  });
  screen.print(endingOf(trained, plan.patience));
  screen.print();
  if (measured === undefined) screen.print("Nothing is held out, so that nothing says how good it is.");
  else {
    const span = spanInWords(validation.end, test.end, test.dates, interval);
    screen.print(
      screen.strong(
        `Held out: ${span}, each forecast from up to ${rowsInWords(plan.horizon, interval)} before it, ` +
          `${grouped(measured.count)} forecasts`,
      ),
    );
    for (const line of measuredLines(measured, interval)) screen.print(line);
  }
  screen.print();
  screen.print(screen.strong(`Forecast of ${columns.target}:`));
  for (const line of forecastLines(next, measured?.meanAbsoluteError ?? 0, interval)) screen.print(line);
  screen.print(`Saved as ${plan.out}.`);
}

/** Runs the command: results to the output, progress to the other. Returns the exit code. Throws a Failure. */
export async function runForecast(
  plan: ForecastPlan,
  output: Output,
  progressOutput: Output,
  environment: Environment,
): Promise<number> {
  const source = await readSource(plan);
  await requireWritable(plan.out, plan.path === STDIN ? undefined : plan.path);
  using network = await createPlanned(plan, source.data.codec);
  // With --json, nothing but JSON goes to the output.
  const screen = new Screen(plan.json ? { write: () => undefined } : output, environment);
  const progress = new Screen(progressOutput, environment);
  const event = (name: string, fields: object): void => {
    if (plan.json) output.write(`${JSON.stringify({ event: name, ...fields })}\n`);
  };
  const telling = { screen, progress, event };
  const stopping = new Stopping(() => {
    progress.print(
      "Stopping: the best so far is saved after this update. Once more ends at once, without saving.",
    );
  });
  try {
    tellStart(telling, plan, source, network);
    const trained = await trainForecaster(network, source.data, plan, watchTraining(telling, stopping));
    await finish(telling, plan, source, network, trained);
    if (trained.error !== undefined) throw new Failure(trained.error.message, 1);
    return stopping.exitCode ?? 0;
  } catch (error) {
    if (error instanceof OutOfMemoryError)
      throw new Failure(`${error.message}; choose a smaller --batch or --hidden`, 1);
    throw error;
  } finally {
    stopping.release();
  }
}
