/** Learns from a stream of temperatures by each learning rule: how close it comes, in what time and memory. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  adam,
  artbp,
  createNetwork,
  diagonalRtrl,
  DivergenceError,
  kfRtrl,
  noBackTrack,
  rflo,
  rtrl,
  snap1,
  tbptt,
  train,
  uoro,
  type Cell,
  type Learner,
  type TrainingWindow,
} from "../src/index.js";
import { engineFor } from "../src/memory/engine.js";
import type { Build } from "../src/wasm/builds.js";
import { median } from "./median.js";
import { fixed, type Section, type Table } from "./report.js";

const FILE = "vega-datasets/data/seattle-weather-hourly-normals.csv";
const HIDDEN = 24;
/** Every rule has the best of these, so that none is judged by another's. */
const RATES = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2];
/** Adam's default, at which each is shown too: how much it matters that the best was looked for. */
const COMMON = 1e-3;
const CLIP = 1;
/** Hours from the input to the target: for the first, what was an hour ago is enough; the other is half a day. */
const AHEAD = [1, 12];
/** The share of the hours, at their end, whose losses count. */
const LAST = 1 / 4;

interface Contestant {
  readonly rule: string;
  readonly cell: Cell;
  readonly create: () => Learner;
}

const contestants: readonly Contestant[] = [
  { rule: "tbptt, 1 step back", cell: "gru", create: () => tbptt({ k1: 1, k2: 1 }) },
  { rule: "tbptt, 4 steps back", cell: "gru", create: () => tbptt({ k1: 1, k2: 4 }) },
  { rule: "tbptt, 24 steps back", cell: "gru", create: () => tbptt({ k1: 1, k2: 24 }) },
  { rule: "tbptt, 24 back every 24", cell: "gru", create: () => tbptt({ k1: 24, k2: 24 }) },
  { rule: "artbp, 24 on average", cell: "gru", create: () => artbp({ meanLength: 24 }) },
  { rule: "rtrl", cell: "gru", create: rtrl },
  { rule: "snap1", cell: "gru", create: snap1 },
  { rule: "rflo", cell: "gru", create: rflo },
  { rule: "kfRtrl", cell: "gru", create: kfRtrl },
  { rule: "noBackTrack", cell: "gru", create: noBackTrack },
  { rule: "uoro", cell: "gru", create: () => uoro() },
  { rule: "diagonalRtrl", cell: "mingru", create: diagonalRtrl },
];

/** Returns the hours of a year, with mean 0 and variance 1. */
function readHours(): Float64Array {
  const path = join(import.meta.dirname, "../node_modules", FILE);
  const [, ...lines] = readFileSync(path, "utf8").trim().split("\n");
  const degrees = Float64Array.from(lines, (line) => Number(line.split(",")[2]));
  const mean = degrees.reduce((sum, x) => sum + x, 0) / degrees.length;
  const variance = degrees.reduce((sum, x) => sum + (x - mean) ** 2, 0) / degrees.length;
  return degrees.map((x) => (x - mean) / Math.sqrt(variance));
}

interface Task {
  readonly ahead: number;
  readonly hours: Float64Array;
  /** Hours that are read, the year over and over. */
  readonly count: number;
  readonly build: Build;
}

interface Run {
  readonly rate: number;
  /** Mean squared error over the last hours; Infinity where training diverged. */
  readonly loss: number;
  /** Of the processor, a step with its update. */
  readonly microseconds: number;
  /** Beyond the network's own, at its highest. */
  readonly bytes: number;
}

/** Returns the temperature so many hours after the first. */
function hourAt({ hours }: Task, at: number): number {
  return hours[at % hours.length];
}

async function learn({ cell, create }: Contestant, task: Task, rate: number, seed: number): Promise<Run> {
  const { count, ahead, build } = task;
  using network = createNetwork({ cell, inputSize: 1, hiddenSize: HIDDEN, outputSize: 1, seed }, { build });
  const { arena } = engineFor(build);
  const before = arena.reserved;
  arena.peak = before;
  let read = 0;
  function* windows(): Generator<TrainingWindow, void> {
    while (read < count) {
      const [values, later] = [read, read + ahead].map((at) => Float32Array.of(hourAt(task, at)));
      read++;
      yield { inputs: { steps: 1, batch: 1, values }, targets: { values: later }, carry: true };
    }
  }
  const options = { learner: create(), optimizer: adam({ learningRate: rate }), clipNorm: CLIP };
  const start = process.cpuUsage();
  let [sum, weight, seen] = [0, 0, 0];
  try {
    for await (const { loss, epochEnd } of train(network, windows(), options)) {
      if (epochEnd) continue;
      // An update's loss is the mean over the hours since the one before.
      const since = read - seen;
      seen = read;
      if (read <= (1 - LAST) * count) continue;
      sum += since * loss;
      weight += since;
    }
  } catch (error) {
    if (!(error instanceof DivergenceError)) throw error;
    sum = Infinity;
  }
  const { user, system } = process.cpuUsage(start);
  return {
    rate,
    loss: sum === Infinity ? Infinity : sum / weight,
    microseconds: (user + system) / read,
    bytes: arena.peak - before,
  };
}

const lossOf = (runs: readonly Run[]): number => median(runs.map(({ loss }) => loss));

/** Returns the runs at the rate whose median is least. */
function bestOf(runs: readonly Run[]): Run[] {
  const byRate = RATES.map((rate) => runs.filter((run) => run.rate === rate));
  return byRate.reduce((best, other) => (lossOf(other) < lossOf(best) ? other : best));
}

/** Returns mean squared errors over the same hours of what needs no network. */
function baselines(task: Task): Record<string, number> {
  const { ahead, count } = task;
  const first = Math.floor((1 - LAST) * count);
  const error = (predict: (at: number) => number): number => {
    let sum = 0;
    for (let at = first; at < count; at++) sum += (hourAt(task, at + ahead) - predict(at)) ** 2;
    return sum / (count - first);
  };
  return {
    "stays as it is": error((at) => hourAt(task, at)),
    "goes on as in the last hour": error(
      (at) => hourAt(task, at) + ahead * (hourAt(task, at) - hourAt(task, at - 1)),
    ),
    "is as a day before": error((at) => hourAt(task, at + ahead - 24)),
  };
}

async function runAll(contestant: Contestant, task: Task, seeds: number): Promise<Run[]> {
  const runs: Run[] = [];
  for (const rate of RATES)
    for (let seed = 1; seed <= seeds; seed++) runs.push(await learn(contestant, task, rate, seed));
  return runs;
}

const show = (loss: number): string => (loss === Infinity ? "diverged" : loss.toFixed(4));

/** Returns the median, and between which losses it lies. */
function showAll(runs: readonly Run[]): string {
  const losses = runs.map(({ loss }) => loss);
  return `${show(median(losses))} (${show(Math.min(...losses))} to ${show(Math.max(...losses))})`;
}

export async function measureTemperature(options: {
  readonly hours: number;
  readonly seeds: number;
  readonly build: Build;
}): Promise<Section> {
  const { seeds, build } = options;
  const hours = readHours();
  const tasks = AHEAD.map((ahead): Task => ({ ahead, hours, count: options.hours, build }));
  const rows = [];
  for (const contestant of contestants) {
    const runs = [];
    for (const task of tasks) runs.push(await runAll(contestant, task, seeds));
    const best = runs.map(bestOf);
    const { rule, cell } = contestant;
    const all = runs.flat();
    const microseconds = Math.min(...all.map((run) => run.microseconds));
    const bytes = Math.max(...all.map((run) => run.bytes));
    const common = runs[0].filter(({ rate }) => rate === COMMON);
    rows.push({ rule, cell, best, common, microseconds, bytes });
    console.error(`${rule}: ${best.map(showAll).join(", ")}`);
  }
  const without = tasks.map(baselines);
  const table: Table = {
    title: `Temperatures from a stream of ${options.hours} hours, ${build}`,
    columns: [
      "rule",
      "cell",
      ...AHEAD.map((ahead) => `error, ${ahead} h ahead`),
      "rates",
      `${AHEAD[0]} h ahead, rate ${COMMON}`,
      "µs an hour",
      "kB",
    ],
    rows: [
      ...rows.map(({ rule, cell, best, common, microseconds, bytes }) => [
        rule,
        cell,
        ...best.map(showAll),
        best.map(([{ rate }]) => String(rate)).join(", "),
        showAll(common),
        fixed(microseconds),
        fixed(bytes / 1000, 0),
      ]),
      ...Object.keys(without[0]).map((name) => [
        name,
        "–",
        ...without.map((errors) => show(errors[name])),
        ...["–", "–", "–", "–"],
      ]),
    ],
    notes: [
      `Seattle's hourly normals of a year (${FILE}), mean 0 and variance 1, over and over; the temperature is the only input. ` +
        `H=${HIDDEN}, B=1, Adam, clip ${CLIP}, an update an hour but where the rule says otherwise. Error: mean squared, of ` +
        `each prediction before the update that learns from it, over the last quarter of the hours: the median of ${seeds} seeds, ` +
        `and the least and the most, each rule at the best of the rates ${RATES.join(", ")}. The target is learned from with its input, sooner than a ` +
        `forecaster would know it: the errors tell rules apart, not how well one forecasts. Time: the processor's, with ` +
        `the update, the least of all runs; memory beyond the network's own.`,
    ],
  };
  const saved = (runs: readonly Run[]) => ({
    rate: runs[0].rate,
    median: lossOf(runs),
    losses: runs.map(({ loss }) => loss),
  });
  const data = rows.map(({ best, common, ...row }) => ({
    ...row,
    best: best.map((runs, i) => ({ ahead: AHEAD[i], ...saved(runs) })),
    common: { ahead: AHEAD[0], ...saved(common) },
  }));
  return { tables: [table], data: { ...options, baselines: without, rows: data } };
}
