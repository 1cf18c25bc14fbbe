/** Measures training by ranks: the same work in one process, and by 1, 2 and 4 processes of this machine that MPI connects. */
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { adam, createCluster, train, type Transport } from "../src/index.js";
import type { Build } from "../src/wasm/builds.js";
import type { Curves } from "./curves.js";
import { median } from "./median.js";
import { fixed, percent, type Section, type Table } from "./report.js";
import { describeSize, networkOf, randomWindow, type Size } from "./work.js";

/** The work, and how many updates are timed each time. */
const work: readonly { readonly size: Size; readonly updates: number }[] = [
  { size: { cell: "lstm", hidden: 128, batch: 32, steps: 64 }, updates: 60 },
  { size: { cell: "lstm", hidden: 256, batch: 32, steps: 64 }, updates: 30 },
  { size: { cell: "lstm", hidden: 512, batch: 64, steps: 64 }, updates: 10 },
];

const RANKS = [1, 2, 4];

/** Each number of ranks has its turn so often; the best counts, for other work of the machine can only add. */
const ROUNDS = 3;

/** What a process prints of its updates after the first few. */
interface Run {
  readonly milliseconds: readonly number[];
  /** Processor time of the time that passed; above 1 where the engine's other threads had work. */
  readonly core: number;
  readonly loss: number;
  readonly ranks: number;
}

function isRun(value: unknown): value is Run {
  if (typeof value !== "object" || value === null) return false;
  const { milliseconds, core, loss, ranks } = value as Partial<Record<keyof Run, unknown>>;
  return Array.isArray(milliseconds) && [core, loss, ranks].every((field) => typeof field === "number");
}

/** An MPI that starts ranks. */
interface Launcher {
  readonly name: string;
  readonly words: (ranks: number) => readonly string[];
}

/** Throws an Error where mpirun is missing. */
function findLauncher(): Launcher {
  const { error, stdout } = spawnSync("mpirun", ["--version"], { encoding: "utf8" });
  if (error !== undefined)
    throw new Error("ranks expected the command mpirun: scripts/install-mpi.sh installs it", {
      cause: error,
    });
  const open = stdout.includes("Open MPI");
  const version = /Version:\s*(\S+)/.exec(stdout)?.[1] ?? "";
  return {
    name: open ? stdout.split("\n")[0].replace(/^.*\((.*)\)/, "$1") : `MPICH ${version}`.trim(),
    words: (ranks) => [
      "mpirun",
      // More ranks than cores are wanted here, and none tied to one, as a process by itself is not.
      ...(open ? ["--allow-run-as-root", "--oversubscribe", "--bind-to", "none"] : []),
      ...["-n", String(ranks)],
    ],
  };
}

function start(words: readonly string[], ranks: number): Run {
  const [command, ...rest] = words;
  const { status, stdout, stderr, error } = spawnSync(command, rest, { encoding: "utf8" });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${words.join(" ")} ended with ${status ?? "a signal"}:\n${stderr}`);
  const run: unknown = JSON.parse(stdout);
  if (!isRun(run) || run.ranks !== ranks)
    throw new TypeError(`expected ${ranks} ranks' times, got ${stdout}`);
  return run;
}

/**
 * Returns the bytes that one of so many ranks gives to the others with each update: it is counted in one process, whose others are
 * taken to give the same.
 */
async function countExchanged(size: Size, ranks: number, build: Build): Promise<number> {
  let bytes = 0;
  const transport: Transport = {
    rank: 0,
    size: ranks,
    sum(values) {
      bytes += values.byteLength;
      if (values instanceof Float32Array) return values;
      const own = values.slice(0, values.length / ranks);
      for (let rank = 1; rank < ranks; rank++) values.set(own, rank * own.length);
      return values;
    },
    gather(own) {
      bytes += own.byteLength;
      return Array.from({ length: ranks }, () => own);
    },
  };
  using network = networkOf(size, build);
  const { sequence, target } = randomWindow(size);
  const window = { inputs: sequence, targets: target };
  const options = { optimizer: adam(), clipNorm: 1, cluster: createCluster(transport) };
  const counts: number[] = [];
  for await (const { epochEnd } of train(network, [window, window], options))
    if (!epochEnd) counts.push(bytes);
  return counts[1] - counts[0];
}

interface Row {
  /** 0: one process without MPI. */
  readonly ranks: number;
  /** Of an update, the median, of each round. */
  readonly milliseconds: readonly number[];
  readonly tokensPerSecond: number;
  /** Beside one process without MPI. */
  readonly speedUp: number;
  /** What a rank gives to the others with each update. */
  readonly bytes: number;
}

interface Work {
  readonly size: Size;
  readonly updates: number;
  readonly rows: readonly Row[];
  /** The share of the time in which the process without MPI had a core, in its best round. */
  readonly core: number;
}

async function measureWork(
  { size, updates }: { readonly size: Size; readonly updates: number },
  node: readonly string[],
  build: Build,
  launcher: Launcher,
): Promise<Work> {
  const { hidden, batch, steps } = size;
  const script = join(import.meta.dirname, "ranks-updates.js");
  const program = [...node, script, build, ...[hidden, batch, steps, updates].map(String)];
  const runs = [0, ...RANKS].map((ranks) => ({ ranks, times: [] as number[] }));
  let core = 0;
  let expected = NaN;
  for (let round = 0; round < ROUNDS; round++) {
    for (const { ranks, times } of runs) {
      const run =
        ranks === 0 ? start([...program, "alone"], 1) : start([...launcher.words(ranks), ...program], ranks);
      if (ranks === 0) expected = run.loss;
      // Rounding apart, all have learned the same.
      if (!(Math.abs(run.loss - expected) <= 0.01 * expected))
        throw new Error(`${ranks} ranks expected the loss ${expected} of one process, got ${run.loss}`);
      times.push(median(run.milliseconds));
      if (ranks === 0) core = Math.max(core, run.core);
    }
    console.error(`${describeSize(size)}: round ${round + 1} of ${ROUNDS}`);
  }
  const least = Math.min(...runs[0].times);
  const rows: Row[] = [];
  for (const { ranks, times } of runs) {
    const best = Math.min(...times);
    rows.push({
      ranks,
      milliseconds: times,
      tokensPerSecond: (1000 * batch * steps) / best,
      speedUp: least / best,
      bytes: ranks === 0 ? 0 : await countExchanged(size, ranks, build),
    });
  }
  return { size, updates, rows, core };
}

function curvesOf(works: readonly Work[], launcher: Launcher): Curves {
  return {
    title: "Training by ranks: processes of one machine",
    notes: [`${availableParallelism()} cores, ${launcher.name}; beside one process without MPI`],
    x: "ranks",
    y: "times as fast",
    ideal: true,
    series: works.map(({ size, rows }) => ({
      name: describeSize(size),
      points: rows.filter(({ ranks }) => ranks > 0).map(({ ranks, speedUp }) => ({ x: ranks, y: speedUp })),
    })),
  };
}

/** `updates`: how many are timed, where it is not the usual number. `flags`: those of Node's own that the processes need. */
export async function measureRanks(options: {
  readonly updates: number | undefined;
  readonly build: Build;
  readonly flags: readonly string[];
}): Promise<Section> {
  const { build, flags } = options;
  const launcher = findLauncher();
  const node = [process.execPath, ...flags];
  const works: Work[] = [];
  for (const { size, updates } of work)
    works.push(await measureWork({ size, updates: options.updates ?? updates }, node, build, launcher));
  const cores = availableParallelism();
  const table: Table = {
    title: `Training by ranks on ${cores} cores, ${launcher.name}, ${build}`,
    columns: ["work", "ranks", "ms an update", "tokens/s", "times as fast", "kB given an update"],
    rows: works.flatMap(({ size, rows }) =>
      rows.map(({ ranks, milliseconds, tokensPerSecond, speedUp, bytes }) => [
        describeSize(size),
        ranks === 0 ? "none" : String(ranks),
        fixed(Math.min(...milliseconds)),
        fixed(tokensPerSecond, 0),
        fixed(speedUp, 2),
        ranks === 0 ? "–" : fixed(bytes / 1000, 0),
      ]),
    ),
    notes: [
      `Ranks are processes of this machine, each with its part of the batch; "none" is one process without MPI, beside which the ` +
        `others are. The median of the updates, of the best of ${ROUNDS} rounds. The process without MPI had a core to itself ` +
        `${works.map(({ core }) => percent(Math.min(1, core))).join(", ")} of the time.`,
    ],
  };
  return {
    tables: [table],
    data: { build, cores, mpi: launcher.name, works, curves: curvesOf(works, launcher) },
  };
}
