/** Measures what pools of threads gain: steps on one beside the same steps of the calling thread alone. */
import { availableParallelism } from "node:os";
import type { Build, ThreadPool } from "../src/network/types.js";
import { createThreadPool } from "../src/threads/thread-pool.js";
import type { Curves } from "./curves.js";
import { timeRatios } from "./measure.js";
import { median } from "./median.js";
import { fixed, type Section, type Table } from "./report.js";
import { describeSize, stepOf, taskNames, tasks, type Size, type Task, type TaskName } from "./work.js";

const PAIRS = 21;

interface Wanted extends Task {
  readonly name: string;
  /** How many times as fast two threads are to be. */
  readonly aim: number;
  /** Whether its curve is drawn. */
  readonly curve: boolean;
}

const aims: Partial<Record<TaskName, number>> = { W2: 1.8, W3: 1.8, W4: 1.7, W5: 1.5, W7: 1.8, W8: 1.7 };

/** Work of which small parts are not worth a thread. */
const UNHURT = 0.97;

/** Tasks whose curves are drawn, and the stream besides. */
const drawn: readonly TaskName[] = ["W2", "W3", "W4", "W7", "W8"];
const isDrawnStream = ({ cell, hidden }: Size): boolean => cell === "lstm" && hidden === 512;

const streams = (["lstm", "gru"] as const).flatMap((cell) =>
  [32, 128, 256, 512].map((hidden) => ({ cell, hidden, batch: 1, steps: 1 })),
);

function workOf(names: readonly TaskName[] | undefined, build: Build): Wanted[] {
  const chosen = (names ?? taskNames).map((name) => {
    const task: Task = tasks[name];
    return {
      ...task,
      name: `${name} ${describeSize(task.size)}, ${task.kind}`,
      aim: aims[name] ?? UNHURT,
      curve: drawn.includes(name),
    };
  });
  if (names !== undefined) return chosen;
  const further: Wanted[] = streams.map((size) => ({
    size,
    kind: "one streaming step",
    name: `${describeSize(size)}, one streaming step`,
    aim: isDrawnStream(size) ? (build === "wide" ? 2.3 : 1.6) : UNHURT,
    curve: isDrawnStream(size),
  }));
  const small: Wanted = {
    size: { cell: "lstm", hidden: 32, batch: 1, steps: 50 },
    kind: "training step",
    name: "LSTM H=32 B=1 T=50, training step",
    aim: UNHURT,
    curve: false,
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
    curve: work.curve,
  };
}

type Figure = ReturnType<typeof measureWork>;

/** Sizes of pools of which curves are made, besides that of all cores. */
const CURVE_SIZES = [2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256];

/** Returns the sizes of pools that are measured on so many cores; the first and the last of them with all work. */
export function poolSizes(cores: number): number[] {
  const most = Math.min(cores, 256);
  return [...CURVE_SIZES.filter((size) => size < most), ...(most > 1 ? [most] : [])];
}

/** Returns curves of the drawn work, a series for each and its build: as many times as fast as one thread, which is 1. */
export function threadCurves(
  figures: readonly Pick<Figure, "build" | "work" | "threads" | "ratio" | "curve">[],
  cores: number,
): Curves {
  const builds = new Set(figures.map(({ build }) => build));
  const series = new Map<string, { x: number; y: number }[]>();
  for (const { build, work, threads, ratio, curve } of figures) {
    if (!curve) continue;
    const name = builds.size > 1 ? `${work}, ${build}` : work;
    const points = series.get(name) ?? [{ x: 1, y: 1 }];
    series.set(name, [...points, { x: threads, y: ratio }]);
  }
  return {
    title: `Threads${builds.size === 1 ? `, ${[...builds].join()} kernels` : ""}`,
    notes: [
      `${cores} cores; medians of steps on a pool beside the same on the calling thread alone, in turns`,
    ],
    x: "threads",
    y: "times as fast",
    ideal: true,
    series: [...series].map(([name, points]) => ({ name, points: points.sort((a, b) => a.x - b.x) })),
  };
}

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
  if (cores < 2) throw new Error("threads expected two cores or more, got one");
  const sizes = poolSizes(cores);
  const figures: Figure[] = [];
  for (const size of sizes) {
    using pool = await createThreadPool({ size });
    const ends = size === sizes[0] || size === sizes[sizes.length - 1];
    for (const build of builds) {
      const works = workOf(names, build).filter(({ curve }) => curve || ends);
      figures.push(...works.map((work) => measureWork(work, build, pool)));
    }
  }
  return {
    tables: builds.map((build) =>
      tableOf(
        build,
        figures.filter((figure) => figure.build === build),
      ),
    ),
    data: {
      cores,
      figures,
      ...(figures.some(({ curve }) => curve) && { curves: threadCurves(figures, cores) }),
    },
  };
}
