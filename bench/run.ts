/** Measures the library on the running Node, as shares of the machine's peak: `npm run bench`. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Build } from "../src/wasm/builds.js";
import "../src/wasm/inlined.js";
import { supportedBuilds } from "../src/wasm/load.js";
import "../src/wide.js";
import { measureAdding } from "./adding.js";
import { measureClassify } from "./classify.js";
import { measureDefaults } from "./defaults.js";
import { measureGrowth } from "./growth.js";
import { measureMemoryBudget } from "./memory-budget.js";
import { measureBrackets, measureCopy } from "./memory-tasks.js";
import { measureMemory } from "./memory.js";
import { measureOnline } from "./online.js";
import { measureNorm } from "./norm.js";
import { Peak } from "./peak.js";
import { measureProducts } from "./products.js";
import { measureProfile } from "./profile.js";
import { measureRanks } from "./ranks.js";
import { describeMachine, fixed, formatTable, percent, saveReport, type Section } from "./report.js";
import { measureResets } from "./resets.js";
import { measureRules } from "./rules.js";
import { measureLearning } from "./shakespeare.js";
import { measureAllSteps } from "./steps.js";
import { measureStreaming } from "./streaming.js";
import { measureSubnormals } from "./subnormals.js";
import { measureTemperature } from "./temperature.js";
import { measureThreads } from "./threads.js";
import { measureTextStream } from "./text-stream.js";
import { measureWords } from "./words.js";
import { taskNames, type TaskName } from "./work.js";

const help = `Usage: npm run bench -- [sections] [options]

Sections; without any, the first four:
  products      matrix products as shares of the measured peak
  steps         W1 to W8: training, forward-only and streaming steps
  subnormals    a training step whose gradients vanish, beside a normal one
  memory        memory over many updates of the built package
  memory-budget time of bptt within a memory budget beside the whole tape's, and a sequence of 100,000 steps
  growth        time against T, B, H and L, and memory, with the fitted exponents
  online        a step of exact online learning beside forward and backward
  rules         what a step costs under each learning rule, against H
  resets        a step of windows in which sequences begin anew, beside the same without
  streaming     what a session's step costs above its kernels, and a token of sample above a step
  threads       W1 to W8 and streams on pools of two threads and more, beside one
  profile       where the time of a training step goes, kernel by kernel; of W2, W3 and W4 by default
  shakespeare   held-out loss after training on a text, and after saving as F16; needs --text
  adding        the adding problem: whether an LSTM's memory holds over 100 steps
  brackets      distant brackets, by seven learning rules: which carry a letter over 6 characters
  copy          copy memory, by five learning rules
  classify      what bptt classify learns of surnames, of waves in noise, and of the weather
  norm          layer normalisation: what a step costs with it, and a task that is learned sooner
  words         words of a text, a network beside n-grams; needs --text
  text-stream   memory and speed over a text of 2 GB that is read as a stream
  temperature   which rule to take: the temperature in 1 and in 12 hours, learned from a stream by twelve rules
  ranks         the same training in one process and by 1, 2 and 4 ranks of MPI on this machine; needs mpirun
  defaults      bptt train with no options beside others, in the same minutes, on texts of three sizes and --text

Options:
  --build NAME    simd, relaxed-simd or wide; default: every build that runs here
  --work NAMES    of steps, threads and profile: some of W1,W2,…,W8
  --updates N     of memory (default 500; 10000 says more), memory-budget's long sequence (3), shakespeare (1100) and
                  adding (1500, at most), norm (1000, at most), words (3000); windows of brackets (25000; 1000000 says more) and
                  copy (500; 5000); hours of temperature (17518, two years); of ranks each time (60 of the smallest work)
  --minutes X     of the longest trainings of defaults (1); those of 1, 5 and 30 come before
  --journal FILE  keeps what defaults' trainings end with, and goes on from there
  --seeds N       of shakespeare (default 3), adding (5), norm (3) and temperature (5)
  --text FILE     tiny Shakespeare, or another text
  --json          prints JSON instead of tables
  --save          keeps the figures in bench/results/, one file a CPU and Node version; a section that is none of the first
                  four, asked for alone, has a file of its own
  --help`;

const sectionNames = [
  "products",
  "steps",
  "subnormals",
  "memory",
  "memory-budget",
  "growth",
  "online",
  "rules",
  "resets",
  "streaming",
  "threads",
  "profile",
  "shakespeare",
  "adding",
  "brackets",
  "copy",
  "classify",
  "norm",
  "words",
  "text-stream",
  "temperature",
  "ranks",
  "defaults",
] as const;
type SectionName = (typeof sectionNames)[number];

const usual: readonly SectionName[] = sectionNames.slice(0, 4);

interface Wish {
  readonly sections: readonly SectionName[];
  readonly builds: readonly Build[];
  readonly work: readonly TaskName[] | undefined;
  readonly updates: number | undefined;
  readonly minutes: number | undefined;
  readonly journal: string | undefined;
  readonly seeds: number | undefined;
  readonly text: string | undefined;
  readonly json: boolean;
  readonly save: boolean;
}

class UsageError extends Error {}

function requireCount(name: string, given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const count = Number(given);
  if (!Number.isInteger(count) || count < 1) {
    throw new UsageError(`"--${name}" expected a whole number of at least 1, got "${given}"`);
  }
  return count;
}

function requireMinutes(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const minutes = Number(given);
  if (!(minutes > 0 && minutes < Infinity))
    throw new UsageError(`"--minutes" expected a number above 0, got "${given}"`);
  return minutes;
}

function requireSection(given: string): SectionName {
  const found = sectionNames.find((name) => name === given);
  if (found === undefined) throw new UsageError(`expected one of ${sectionNames.join(", ")}, got "${given}"`);
  return found;
}

function requireBuilds(given: string | undefined): readonly Build[] {
  const supported = supportedBuilds();
  if (given === undefined) return supported;
  const found = supported.find((build) => build === given);
  if (found === undefined)
    throw new UsageError(`"--build" expected one of ${supported.join(", ")}, got "${given}"`);
  return [found];
}

function requireWork(given: string | undefined): readonly TaskName[] | undefined {
  return given?.split(",").map((name) => {
    const found = taskNames.find((known) => known === name);
    if (found === undefined)
      throw new UsageError(`"--work" expected some of ${taskNames.join(",")}, got "${given}"`);
    return found;
  });
}

function requireFile(section: SectionName, given: string | undefined): void {
  if (given === undefined) throw new UsageError(`${section} expected "--text FILE", got none`);
  if (!existsSync(given))
    throw new UsageError(`"--text" expected a file, got "${given}", which is not there`);
}

/** Returns what the command line asks for; undefined for help. Throws a UsageError. */
function readWish(args: readonly string[]): Wish | undefined {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const options = {
    build: text,
    work: text,
    updates: text,
    minutes: text,
    journal: text,
    seeds: text,
    text,
    json: flag,
    save: flag,
    help: flag,
  };
  let parsed;
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const { values, positionals } = parsed;
  if (values.help) return undefined;
  const sections = positionals.length === 0 ? usual : positionals.map(requireSection);
  for (const section of ["shakespeare", "words"] as const)
    if (sections.includes(section)) requireFile(section, values.text);
  return {
    sections,
    builds: requireBuilds(values.build),
    work: requireWork(values.work),
    updates: requireCount("updates", values.updates),
    minutes: requireMinutes(values.minutes),
    journal: values.journal,
    seeds: requireCount("seeds", values.seeds),
    text: values.text,
    json: values.json,
    save: values.save,
  };
}

/** Node 20 and 21 have relaxed SIMD behind this flag, which later versions refuse as unknown. */
const relaxedFlag = "--experimental-wasm-relaxed-simd";
const behindFlag = Number(process.versions.node.split(".")[0]) < 22;

/** Runs the same command once more, in a process with relaxed SIMD. */
function runWithRelaxedSimd(): void {
  const { status, error } = spawnSync(
    process.execPath,
    [relaxedFlag, ...process.execArgv, ...process.argv.slice(1)],
    { stdio: "inherit" },
  );
  if (error !== undefined) throw error;
  process.exitCode = status ?? 1;
}

async function runSection(name: SectionName, wish: Wish, peaks: readonly Peak[]): Promise<Section> {
  // People do not get the wide build without asking for it.
  const fastest = wish.builds.filter((build) => build !== "wide").at(-1) ?? wish.builds[0];
  switch (name) {
    case "products":
      return measureProducts(peaks);
    case "steps":
      return measureAllSteps(peaks, wish.work);
    case "subnormals":
      return measureSubnormals(peaks);
    case "memory":
      return measureMemory(wish.updates ?? 500, fastest, behindFlag ? [relaxedFlag] : []);
    case "memory-budget":
      return measureMemoryBudget(wish.updates ?? 3, fastest, behindFlag ? [relaxedFlag] : []);
    case "growth":
      return measureGrowth(peaks);
    case "online":
      return measureOnline(peaks);
    case "rules":
      return measureRules(fastest);
    case "resets":
      return measureResets(peaks.map(({ build }) => build));
    case "streaming":
      return measureStreaming(peaks.map(({ build }) => build));
    case "threads":
      return measureThreads(
        peaks.map(({ build }) => build),
        wish.work,
      );
    case "profile":
      return measureProfile(peaks, wish.work);
    case "shakespeare":
      return measureLearning({
        file: wish.text ?? "",
        updates: wish.updates ?? 1100,
        seeds: wish.seeds ?? 3,
        build: fastest,
      });
    case "words":
      return measureWords({ file: wish.text ?? "", updates: wish.updates ?? 3000, build: fastest });
    case "text-stream":
      return measureTextStream();
    case "adding":
      return measureAdding({ updates: wish.updates ?? 1500, seeds: wish.seeds ?? 5, build: fastest });
    case "brackets":
      return measureBrackets({ windows: wish.updates ?? 25_000, build: fastest });
    case "copy":
      return measureCopy({ windows: wish.updates ?? 500, build: fastest });
    case "classify":
      return measureClassify(fastest);
    case "norm":
      return measureNorm(peaks, { updates: wish.updates ?? 1000, seeds: wish.seeds ?? 3, build: fastest });
    case "defaults":
      return measureDefaults({ file: wish.text, minutes: wish.minutes ?? 1, journal: wish.journal });
    case "ranks":
      return measureRanks({ updates: wish.updates, build: fastest, flags: behindFlag ? [relaxedFlag] : [] });
    case "temperature":
      return measureTemperature({ hours: wish.updates ?? 17_518, seeds: wish.seeds ?? 5, build: fastest });
  }
}

/** Reports the peak before and after all else: where they differ, the machine was in a slow phase. */
function peakSection(peaks: readonly Peak[], before: readonly number[], core: number | undefined): Section {
  const after = peaks.map((peak) => peak.measure());
  return {
    tables: [
      {
        title: "The peak of this process, GFLOP/s",
        columns: ["build", "before", "after"],
        rows: peaks.map(({ build }, i) => [build, fixed(before[i]), fixed(after[i])]),
        notes: [
          `The benchmark's own multiply-add loop.`,
          ...(core === undefined ? [] : [`The process had a core to itself ${percent(core)} of the time.`]),
        ],
      },
    ],
    data: peaks.map(({ build }, i) => ({ build, before: before[i], after: after[i] })),
  };
}

async function measureAndReport(wish: Wish): Promise<void> {
  const say = (text: string): void => {
    if (!wish.json) console.log(text);
  };
  const machine = describeMachine();
  say(`${machine.cpu}, Node ${machine.node} (V8 ${machine.v8}), ${machine.platform}, ${machine.date}\n`);
  const peaks = wish.builds.map((build) => new Peak(build));
  const before = peaks.map((peak) => peak.measure());
  const sections: Record<string, unknown> = {};
  const report = (name: string, { tables, data }: Section): void => {
    sections[name] = data;
    for (const table of tables) say(formatTable(table));
  };
  // Sums up, for sections that measure in this process, its processor time and the time that passed.
  let busy = 0;
  let elapsed = 0;
  for (const name of wish.sections) {
    const start = performance.now();
    const used = process.cpuUsage();
    report(name, await runSection(name, wish, peaks));
    if (name === "memory" || name === "ranks") continue;
    const { user, system } = process.cpuUsage(used);
    busy += (user + system) / 1000;
    elapsed += performance.now() - start;
  }
  const core = elapsed === 0 ? undefined : Math.min(1, busy / elapsed);
  report("peak", peakSection(peaks, before, core));
  const result = { machine, builds: wish.builds, core, sections };
  if (wish.json) console.log(JSON.stringify(result, null, 2));
  const [only, ...others] = wish.sections;
  const prefix = others.length > 0 || usual.includes(only) ? "" : `${only}-`;
  if (wish.save) say(`Saved ${await saveReport(result, prefix)}`);
}

async function main(): Promise<void> {
  if (behindFlag && !supportedBuilds().includes("relaxed-simd")) {
    runWithRelaxedSimd();
    return;
  }
  try {
    const wish = readWish(process.argv.slice(2));
    if (wish === undefined) console.log(help);
    else await measureAndReport(wish);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${help}`);
    process.exitCode = 2;
  }
}

await main();
