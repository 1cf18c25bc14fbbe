/** A sweep's folder: a run of each trial, and what all of them came to. */

import { existsSync } from "node:fs";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Failure, fileReason } from "../failure.js";
import type { RunConfig } from "../run/run-config.js";
import { readConfig, runFiles } from "../run/run-folder.js";
import { saveFile } from "../save-file.js";
import { reasonLines, resultsAsCsv, resultsAsJsonLines, sweepFiles } from "./results-files.js";
import { metricOf, ranked, type TrialRecord } from "./results.js";
import type { SweepPlan } from "./sweep-options.js";
import { sweepPage, type ReportHead } from "./sweep-report.js";
import { runName } from "./trial-words.js";

/** What a sweep's configuration says where a training's says its command. */
export const SWEEP = "sweep";

/** Options that change nothing of what is learned. */
const aside: ReadonlySet<string> = new Set(["build", "out", "run", "json", "checkpoint", "threads"]);

/** What may be in a folder besides runs. */
const own: readonly string[] = [...Object.values(sweepFiles), runFiles.config, runFiles.lock];

function isOwn(name: string): boolean {
  return own.includes(name) || /^\d+$/.test(name) || /^\.bptt-.*\.tmp$/.test(name);
}

export function hasRun(folder: string): boolean {
  return existsSync(join(folder, runFiles.config));
}

/** Makes the folder where there is none. Throws a Failure where it has something else in it. */
export async function requireSweepFolder(folder: string): Promise<void> {
  let names: string[];
  try {
    await mkdir(folder, { recursive: true });
    names = await readdir(folder);
  } catch (error) {
    throw new Failure(`cannot make the folder ${folder}: ${fileReason(error)}`);
  }
  if (names.includes(runFiles.config)) {
    const { command } = await readConfig(folder);
    if (command !== SWEEP)
      throw new Failure(`${folder} has a run of bptt ${command}: a sweep needs another folder`);
  }
  const other = names.find((name) => !isOwn(name));
  if (other !== undefined) throw new Failure(`${folder} is for a sweep, but it has ${other} in it`);
}

/** Returns the name of an option, none of `free`, that two trainings do not have in common; undefined: there is none. */
function difference(
  a: Readonly<Record<string, string>>,
  b: Readonly<Record<string, string>>,
  free: readonly string[],
): string | undefined {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].find(
    (name) => !aside.has(name) && !free.includes(name) && a[name] !== b[name],
  );
}

/** Throws a Failure unless the runs that are in the folder are those of the plan's trials, on data with this hash. */
export async function requireSameTrials(folder: string, plan: SweepPlan, hash: string): Promise<void> {
  const { name, trainer, path, fixed, trials, refused } = plan;
  for (const trial of trials) {
    const run = join(folder, runName(trial));
    if (refused.has(trial.number) || !hasRun(run)) continue;
    const { command, options, hashes } = await readConfig(run);
    const given: Readonly<Partial<Record<string, string>>> = { ...fixed, ...trial.options };
    const { settings } = trainer.read({ operands: [path], given }).fit;
    // What nobody typed a trial settled by its data.
    const free = trainer.settled.filter((option) => given[option] === undefined);
    const other = command === name ? difference(settings, options, free) : undefined;
    if (command !== name || other !== undefined) {
      const what = other === undefined ? `bptt ${command}` : `--${other} ${options[other] ?? "otherwise"}`;
      throw new Failure(`${run} is another sweep's trial, with ${what}: a new sweep needs another folder`);
    }
    if (!hashes.includes(hash)) {
      throw new Failure(
        `${path} is not what it was when ${run} began: a sweep goes on with the same data, and other data needs another sweep`,
      );
    }
  }
}

export async function writeConfig(folder: string, config: RunConfig): Promise<void> {
  const text = `${JSON.stringify(config, undefined, 2)}\n`;
  await saveFile(join(folder, runFiles.config), new TextEncoder().encode(text));
}

/** Writes what the trials came to so far. */
export async function writeResults(
  folder: string,
  head: ReportHead,
  records: readonly TrialRecord[],
): Promise<void> {
  const sorted = ranked(records);
  const page = await sweepPage(head, sorted, metricOf(sorted), reasonLines(sorted));
  const files = [
    [sweepFiles.jsonLines, resultsAsJsonLines(sorted)],
    [sweepFiles.csv, resultsAsCsv(sorted)],
    [sweepFiles.report, page],
  ] as const;
  for (const [name, text] of files) await saveFile(join(folder, name), new TextEncoder().encode(text));
}

/** Copies a trial's model. Throws a Failure. */
export async function saveModel(folder: string, run: string, out: string): Promise<void> {
  const path = join(folder, run, runFiles.best);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new Failure(`cannot read ${path}: ${fileReason(error)}`, 1);
  }
  await saveFile(out, bytes);
}
