/** Measures what pools of threads gain: steps on one beside the same steps of the calling thread alone. */
import { availableParallelism } from "node:os";
import type { Build, ThreadPool } from "../src/network/types.js";
import { createThreadPool } from "../src/threads/thread-pool.js";
import { timeRatios } from "./measure.js";
import { median } from "./median.js";
import { fixed, type Section, type Table } from "./report.js";
import { describeSize, stepOf, taskNames, tasks, type Task, type TaskName } from "./work.js";

const PAIRS = 21;

interface Wanted extends Task {
  readonly name: string;
  /** How many times as fast two threads are to be. */
  readonly aim: number;
}

const aims: Partial<Record<TaskName, number>> = { W2: 1.8, W3: 1.8, W4: 1.7, W5: 1.5, W7: 1.8, W8: 1.7 };

/** Work of which small parts are not worth a thread. */
const UNHURT = 0.97;

const streams = (["lstm", "gru"] as const).flatMap((cell) =>
  [32, 128, 256, 512].map((hidden) => ({ cell, hidden, batch: 1, steps: 1 })),
);

function workOf(names: readonly TaskName[] | undefined, build: Build): Wanted[] {
  const chosen = (names ?? taskNames).map((name) => {
    const task: Task = tasks[name];
    return { ...task, name: `${name} ${describeSize(task.size)}, ${task.kind}`, aim: aims[name] ?? UNHURT };
  });
  if (names !== undefined) return chosen;
  const further: Wanted[] = streams.map((size) => ({
    size,
    kind: "one streaming step",
    name: `${describeSize(size)}, one streaming step`,
    aim: size.cell === "lstm" && size.hidden === 512 ? (build === "wide" ? 2.3 : 1.6) : UNHURT,
  }));
  const small: Wanted = {
    size: { cell: "lstm", hidden: 32, batch: 1, steps: 50 },
    kind: "training step",
    name: "LSTM H=32 B=1 T=50, training step",
    aim: UNHURT,
  };
  return [...chosen, small, ...further];
}

function measureWork(work: Wanted, build: Build, pool: ThreadPool) {
  const alone = stepOf(work, build);
  const shared = stepOf(work, build, pool);
  const pairs = work.size.hidden >= 512 && work.kind === "training step" ? 7 : PAIRS;
  const ratios = timeRatios(work.name, alone, shared, pairs);
  return {
    build,
    work: work.name,
    threads: pool.size,
    milliseconds: ratios.otherMilliseconds,
    alone: ratios.milliseconds,
    ratio: median(ratios.ratios),
    /** Of the best tenth of pairs, where least else ran on the machine. */
    best: [...ratios.ratios].sort((a, b) => b - a)[Math.floor(pairs / 10)],
    aim: work.aim,
  };
}

type Figure = ReturnType<typeof measureWork>;

const time = (milliseconds: number): string =>
  milliseconds < 0.1 ? `${fixed(1000 * milliseconds, 2)} µs` : `${fixed(milliseconds, 3)} ms`;

function tableOf(build: Build, figures: readonly Figure[]): Table {
  return {
    title: `Threads, ${build}`,
    columns: ["work", "threads", "one", "pool", "times as fast", "best tenth"],
    rows: figures.map(({ work, threads, milliseconds, alone, ratio, best, aim }) => [
      work,
      String(threads),
      time(alone),
      time(milliseconds),
      `${fixed(ratio, 2)}${threads === 2 && ratio < aim ? ` ! ${aim}` : ""}`,
      fixed(best, 2),
    ]),
    notes: [
      `Medians of pairs, one step on the pool and one without it in turns; "!": below what is aimed at. ` +
        `The best tenth of pairs is where the other cores were least taken by other work.`,
    ],
  };
}

/** Measures the tasks in `names`; by default all of them, and streams. */
export async function measureThreads(
  builds: readonly Build[],
  names: readonly TaskName[] | undefined,
): Promise<Section> {
  const cores = availableParallelism();
  const sizes = [...new Set([2, cores])].filter((size) => size <= cores);
  const data: Figure[] = [];
  for (const size of sizes) {
    using pool = await createThreadPool({ size });
    for (const build of builds)
      data.push(...workOf(names, build).map((work) => measureWork(work, build, pool)));
  }
  return {
    tables: builds.map((build) =>
      tableOf(
        build,
        data.filter((figure) => figure.build === build),
      ),
    ),
    data,
  };
}
