/** Runs `bptt sweep`. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { supportedBuilds, type Build } from "../../index.js";
import type { Arguments } from "../arguments.js";
import { chooseBuild, resumeBuild } from "../builds.js";
import { Failure } from "../failure.js";
import { voiceOf, type Speaker, type Voice } from "../fit/teller.js";
import { duration } from "../format.js";
import { ownName } from "../invocation.js";
import { readInputBytes } from "../read-file.js";
import { lockFolder, unlockFolder } from "../run/lock.js";
import { readOperand, type Resumed } from "../run/open-run.js";
import { makeConfig } from "../run/run-config.js";
import { runFiles } from "../run/run-folder.js";
import { requireWritable } from "../save-file.js";
import { Stopping } from "../stopping.js";
import { version } from "../version.js";
import { runCollect } from "./collect.js";
import { conclude } from "./conclusion.js";
import { dimensionInWords } from "./dimensions.js";
import { shellLine } from "./job-list.js";
import { isDone } from "./results.js";
import { requireSameTrials, requireSweepFolder, SWEEP, writeConfig } from "./sweep-folder.js";
import { readSweepPlan, type SweepPlan } from "./sweep-options.js";
import { Sweeping } from "./sweeping.js";
import { jobsText, trialWords } from "./trial-words.js";

function headLines({ name, path, trials, dimensions, drawn, typed }: SweepPlan): string[] {
  const all =
    drawn !== undefined && Number(typed["trials"]) > trials.length ? ", of which there are no more" : "";
  const which = drawn === undefined ? "all combinations" : `drawn with --sweep-seed ${drawn}${all}`;
  return [
    `A sweep of bptt ${name} ${path}: ${trials.length} trials, ${which}`,
    ...dimensions.map((dimension) => `  --${dimension.name}: ${dimensionInWords(dimension)}`),
  ];
}

/** Says how long it takes at most, where the minutes say so. */
function timeLine({ trainer, path, fixed, trials, refused, jobs, threads }: SweepPlan): string {
  const most = trials
    .filter(({ number }) => !refused.has(number))
    .reduce((sum, { options }) => {
      const { limit } = trainer.read({ operands: [path], given: { ...fixed, ...options } }).fit;
      return sum + 60 * (limit.minutes ?? NaN);
    }, 0);
  const time = Number.isNaN(most) ? "" : `, about ${duration(most / Math.min(jobs, trials.length))} at most`;
  return `${jobs} at a time${threads === 1 ? "" : `, of ${threads} threads each`}${time}`;
}

interface SweepBuild {
  readonly build: Build;
  /** Whether all trials are to be told of it: not where they are told of kernels already. */
  readonly forAll: boolean;
  readonly note?: string;
}

/** Chooses the kernels once for all trials, as each would by itself. */
async function buildFor({ fixed, dimensions }: SweepPlan, resumed: Resumed | undefined): Promise<SweepBuild> {
  const fastest = supportedBuilds().at(-1) ?? "simd";
  const forAll = (fixed["build"] ?? "auto") === "auto" && !dimensions.some(({ name }) => name === "build");
  if (!forAll) return { build: fastest, forAll };
  const { build, note } =
    resumed === undefined ? await chooseBuild("auto") : await resumeBuild(resumed.config.build);
  return { build: build === "auto" ? fastest : build, forAll, ...(note !== undefined && { note }) };
}

/** Prints the trials for other machines; those that cannot be trained are told of on the standard error. */
function printJobs(plan: SweepPlan, { stdout, stderr }: Speaker): void {
  stdout.write(jobsText(plan));
  for (const [number, reason] of plan.refused) stderr.write(`Trial ${number} is left out: ${reason}\n`);
}

/** Trains in the folder, which has a lock, and tells of it; returns the exit code. */
async function trainAll(
  plan: SweepPlan,
  folder: string,
  build: Build | undefined,
  voice: Voice,
): Promise<number> {
  const head = headLines(plan);
  const { screen, machine } = voice;
  const [title, ...lines] = head;
  const report = { title: `bptt sweep ${plan.name} ${plan.path}`, lines: head };
  const sweeping = new Sweeping(plan, folder, build, report, voice);
  const stopping = new Stopping(() => {
    screen.print("Stopping: each training saves its model after this update. Once more ends at once.");
    sweeping.stop();
  });
  try {
    screen.print(screen.strong(title));
    for (const line of [...lines, timeLine(plan)]) screen.print(line);
    const { name: command, typed, trials, jobs } = plan;
    machine?.write(
      `${JSON.stringify({ event: "start", command: SWEEP, sweeps: command, settings: typed, trials: trials.length, jobs })}\n`,
    );
    await sweeping.run();
  } finally {
    stopping.release();
  }
  const { records } = sweeping;
  const commandOf = (number: number): string =>
    shellLine([...ownName().split(" "), ...trialWords(plan, plan.trials[number - 1])]);
  await conclude({ folder, kept: plan.run !== undefined, records, out: plan.out, commandOf }, voice);
  if (stopping.exitCode !== undefined) {
    if (plan.run !== undefined) {
      screen.print("To go on:");
      screen.print(`    ${ownName()} resume ${shellLine([plan.run])}`);
    }
    return stopping.exitCode;
  }
  if (records.some(({ result }) => isDone(result))) return 0;
  throw new Failure("no trial was trained to its end", 1);
}

/** Trains in a folder that stays. */
async function trainInFolder(
  plan: SweepPlan,
  folder: string,
  hash: string,
  resumed: Resumed | undefined,
  voice: Voice,
): Promise<number> {
  await requireSweepFolder(folder);
  const lock = join(folder, runFiles.lock);
  await lockFolder(lock);
  try {
    await requireSameTrials(folder, plan, hash);
    const { build, forAll, note } = await buildFor(plan, resumed);
    if (note !== undefined) voice.screen.print(note);
    const { name, path, typed, out } = plan;
    const { run: _, json: __, ...options } = typed;
    const config = makeConfig({
      bptt: version(),
      command: SWEEP,
      operands: [name, resolve(path)],
      hashes: [hash],
      options: { ...options, ...(out !== undefined && { out: resolve(out) }) },
      build,
    });
    await writeConfig(folder, config);
    return await trainAll(plan, folder, forAll ? build : undefined, voice);
  } finally {
    await unlockFolder(lock);
  }
}

async function trainForOnce(plan: SweepPlan, voice: Voice): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "bptt-sweep-"));
  try {
    const { build, forAll, note } = await buildFor(plan, undefined);
    if (note !== undefined) voice.screen.print(note);
    return await trainAll(plan, folder, forAll ? build : undefined, voice);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs the command, or goes on with a sweep of it; returns the exit code. Throws a Failure. */
export async function runSweep(
  given: Arguments<string>,
  resumed?: Resumed,
  speaker: Speaker = process,
): Promise<number> {
  if (given.given["collect"] !== undefined) return runCollect(given, speaker);
  const plan = readSweepPlan(given);
  if (plan.print !== undefined) {
    printJobs(plan, speaker);
    return 0;
  }
  const { hash } = await readOperand(plan.path, resumed, readInputBytes);
  if (plan.out !== undefined) await requireWritable(plan.out, plan.path);
  const voice = voiceOf(speaker, plan);
  return plan.run === undefined
    ? trainForOnce(plan, voice)
    : trainInFolder(plan, plan.run, hash, resumed, voice);
}
