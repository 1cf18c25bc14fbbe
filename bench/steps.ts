/** Measures whole steps through the library: training, forward only, streaming. */
import type { Build } from "../src/wasm/builds.js";
import { measureAll, type Figure, type Work } from "./measure.js";
import type { Peak } from "./peak.js";
import { fixed, judged, percent, type Section, type Table } from "./report.js";
import {
  describeSize,
  elman256,
  flopOf,
  forwardFlop,
  networkOf,
  publicStep,
  randomWindow,
  stepOf,
  tasks,
  trainingFlop,
  type Size,
  type TaskName,
} from "./work.js";

const ROUNDS = 3;
const PAIRS = 7;
/** Operations above which work is measured over fewer pairs: W8 alone, of 1 to 2 seconds. */
const LONG = 1e10;
const LONG_PAIRS = 3;

/** Shares of the build's own peak that are aimed at. */
const narrow: Partial<Record<TaskName, number>> = { W2: 0.88, W3: 0.88, W4: 0.88, W7: 0.87, W8: 0.89 };
const wide: Partial<Record<TaskName, number>> = { W2: 0.83, W3: 0.83, W4: 0.83, W7: 0.82, W8: 0.82 };

interface Step extends Work {
  /** T·B, the tokens of one run. */
  readonly tokens: number;
  readonly required?: number | undefined;
}

function taskStep(name: TaskName, build: Build): Step {
  const task = tasks[name];
  const { size, kind } = task;
  return {
    name: `${name} ${describeSize(size)}, ${kind}`,
    flop: flopOf(task),
    tokens: size.steps * size.batch,
    required: (build === "wide" ? wide : narrow)[name],
    run: stepOf(task, build),
  };
}

/** Returns steps besides the tasks: W2 by other ways, and the smallest cell's step. */
function furtherSteps(build: Build): Step[] {
  const w2 = `W2 ${describeSize(elman256)}`;
  const tokens = elman256.steps * elman256.batch;
  const elman128: Size = { cell: "elman", hidden: 128, batch: 1, steps: 1 };
  return [
    {
      name: `${w2}, the same by forward and backward`,
      flop: trainingFlop(elman256),
      tokens,
      run: publicStep(networkOf(elman256, build), randomWindow(elman256)),
    },
    {
      name: `${w2}, forward only`,
      flop: forwardFlop(elman256),
      tokens,
      run: stepOf({ kind: "forward only", size: elman256 }, build),
    },
    {
      name: "Elman H=128, one streaming step",
      flop: forwardFlop(elman128),
      tokens: 1,
      run: stepOf({ kind: "one streaming step", size: elman128 }, build),
    },
  ];
}

function measureSteps(steps: readonly Step[], peak: Peak): Figure[] {
  const short = steps.filter(({ flop }) => flop < LONG);
  const long = steps.filter(({ flop }) => flop >= LONG);
  const figures = new Map<Step, Figure>();
  measureAll(short, peak, ROUNDS, PAIRS).forEach((figure, i) => figures.set(short[i], figure));
  measureAll(long, peak, 1, LONG_PAIRS).forEach((figure, i) => figures.set(long[i], figure));
  return steps.flatMap((step) => figures.get(step) ?? []);
}

function tableOf(build: Build, steps: readonly Step[], figures: readonly Figure[]): Table {
  return {
    title: `Steps, ${build}`,
    columns: ["work", "time", "tokens/s", "GFLOP/s", "share of peak"],
    rows: steps.map(({ name, tokens, required }, i) => {
      const { milliseconds, gflops, share } = figures[i];
      const time =
        milliseconds < 0.1 ? `${fixed(1000 * milliseconds, 2)} µs` : `${fixed(milliseconds, 3)} ms`;
      return [name, time, fixed((1000 * tokens) / milliseconds, 0), fixed(gflops), judged(share, required)];
    }),
    notes: [
      `Tokens: cross-entropy at every step; W5: values, squared error at the last step. ` +
        `A training step is forward, backward, clip and Adam. "!" marks a share below the one aimed at: ` +
        Object.entries(build === "wide" ? wide : narrow)
          .map(([name, share]) => `${name} ${percent(share)}`)
          .join(", ") +
        ".",
    ],
  };
}

/** Measures the tasks in `names`; by default all of them, and some further ways. */
export function measureAllSteps(peaks: readonly Peak[], names: readonly TaskName[] | undefined): Section {
  const tables: Table[] = [];
  const data = peaks.flatMap((peak) => {
    const all = Object.keys(tasks) as TaskName[];
    const steps = (names ?? all).map((name) => taskStep(name, peak.build));
    if (names === undefined) steps.push(...furtherSteps(peak.build));
    const figures = measureSteps(steps, peak);
    tables.push(tableOf(peak.build, steps, figures));
    return figures.map((figure, i) => ({
      build: peak.build,
      work: steps[i].name,
      tokensPerSecond: (1000 * steps[i].tokens) / figure.milliseconds,
      ...figure,
    }));
  });
  return { tables, data };
}
