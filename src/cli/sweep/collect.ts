/** Reads what the trials in a folder came to, of a sweep or of a job list that other machines worked off. */

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Arguments } from "../arguments.js";
import { Failure, fileReason } from "../failure.js";
import { voiceOf, type Speaker } from "../fit/teller.js";
import { ownName } from "../invocation.js";
import type { RunConfig } from "../run/run-config.js";
import { readConfig } from "../run/run-folder.js";
import { requireWritable } from "../save-file.js";
import { conclude } from "./conclusion.js";
import { shellLine } from "./job-list.js";
import { keptReasons, sweepFiles } from "./results-files.js";
import { isDone, readTrial, type TrialRecord } from "./results.js";
import { hasRun, SWEEP, writeResults } from "./sweep-folder.js";
import { readSweepPlan } from "./sweep-options.js";
import { runName, trialWords } from "./trial-words.js";

/** Of a training's options those that say nothing of what it learns. */
const aside: ReadonlySet<string> = new Set(["out", "checkpoint", "threads"]);

export interface Collected {
  readonly title: string;
  readonly records: readonly TrialRecord[];
  readonly commandOf: (trial: number) => string | undefined;
}

/** Reads a sweep by its configuration, those of its trials too that have not begun. */
function collectSweep(folder: string, { operands, options }: RunConfig): Collected {
  const plan = readSweepPlan({ operands, given: options });
  const reasons = keptReasons(join(folder, sweepFiles.jsonLines));
  const records = plan.trials.map((trial) => {
    const run = runName(trial);
    return readTrial(folder, run, trial, plan.refused.get(trial.number) ?? reasons.get(run));
  });
  return {
    title: `bptt sweep ${operands.join(" ")}`,
    records,
    commandOf: (number) => shellLine([...ownName().split(" "), ...trialWords(plan, plan.trials[number - 1])]),
  };
}

/** Reads runs of which it is not known how they belong together: what they do not have in common was varied. */
async function collectRuns(folder: string, runs: readonly string[]): Promise<Collected> {
  const configs = await Promise.all(runs.map((run) => readConfig(join(folder, run))));
  const [first, ...rest] = configs;
  const other = rest.find(({ command }) => command !== first.command);
  if (other !== undefined) {
    throw new Failure(
      `${folder} has runs of bptt ${first.command} and of bptt ${other.command}: they cannot be compared`,
    );
  }
  const names = [...new Set(configs.flatMap(({ options }) => Object.keys(options)))].filter(
    (name) => !aside.has(name) && rest.some(({ options }) => options[name] !== first.options[name]),
  );
  const reasons = keptReasons(join(folder, sweepFiles.jsonLines));
  const records = runs.map((run, i) => {
    const options = Object.fromEntries(names.map((name) => [name, configs[i].options[name] ?? ""]));
    const number = /^\d+$/.test(run) ? Number(run) : i + 1;
    return readTrial(folder, run, { number, options }, reasons.get(run));
  });
  return { title: `bptt ${first.command} ${first.operands.join(" ")}`, records, commandOf: () => undefined };
}

/** Reads a folder of runs. Throws a Failure where there are none. */
export async function collect(folder: string): Promise<Collected> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    throw new Failure(
      `cannot read the folder ${folder}: ${fileReason(error).replace("no such file", "no such folder")}`,
    );
  }
  if (hasRun(folder)) {
    const config = await readConfig(folder);
    if (config.command === SWEEP) return collectSweep(folder, config);
    throw new Failure(`${folder} is one run of bptt ${config.command}, and no folder of several`);
  }
  const runs = names.filter((name) => hasRun(join(folder, name))).sort();
  if (runs.length === 0) throw new Failure(`${folder} has no runs in it`);
  return collectRuns(folder, runs);
}

/** Runs `bptt sweep --collect`; returns the exit code. Throws a Failure. */
export async function runCollect({ given }: Arguments<string>, speaker: Speaker = process): Promise<number> {
  const { collect: folder = "", out, json } = given;
  const { title, records, commandOf } = await collect(folder);
  if (out !== undefined) await requireWritable(out, undefined);
  const voice = voiceOf(speaker, { json: json !== undefined });
  const done = records.filter(({ result }) => isDone(result)).length;
  const line = `${records.length} trials, ${done} of them done`;
  await writeResults(folder, { title, lines: [line] }, records);
  voice.screen.print(voice.screen.strong(title));
  voice.screen.print(line);
  for (const { result } of records)
    voice.machine?.write(`${JSON.stringify({ event: "trial", ...result })}\n`);
  await conclude({ folder, kept: true, records, out, commandOf }, voice);
  return 0;
}
