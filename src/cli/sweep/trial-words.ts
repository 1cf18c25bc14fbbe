/** A trial as it is typed. */

import { ownName } from "../invocation.js";
import { Failure } from "../failure.js";
import { parallelList, slurmScript, type Job } from "./job-list.js";
import type { SweepPlan } from "./sweep-options.js";
import type { Trial } from "./trials.js";

/** Digits of the runs' names, so that they sort. */
const DIGITS = 4;

/** Returns the name of a trial's run, in the sweep's folder. */
export function runName({ number }: Trial): string {
  return String(number).padStart(DIGITS, "0");
}

/** Returns a path that is not taken for an option. */
function operand(path: string): string {
  return path.startsWith("-") ? `./${path}` : path;
}

/** Returns the command, its data, its options: the words after `bptt`. */
export function trialWords({ name, trainer, path, fixed }: SweepPlan, { options }: Trial): string[] {
  const flags = Object.entries({ ...fixed, ...options }).flatMap(([option, value]) => {
    if (trainer.command.options[option].value === undefined) return [`--${option}`];
    // What begins with a dash would be the next option.
    return value.startsWith("-") ? [`--${option}=${value}`] : [`--${option}`, value];
  });
  return [name, operand(path), ...flags];
}

/** Returns the trials that can be trained as work for other machines. Throws a Failure. */
export function jobsText(plan: SweepPlan): string {
  const program = ownName().split(" ");
  const folder = operand(plan.run ?? "");
  const jobs = plan.trials
    .filter(({ number }) => !plan.refused.has(number))
    .map((trial): Job => {
      const run = `${folder.replace(/(?<=.)\/+$/, "")}/${runName(trial)}`;
      const words = [...program, ...trialWords(plan, trial), "--run", run];
      return { words, resume: [...program, "resume"], run };
    });
  if (plan.print === "slurm") return slurmScript(jobs, plan.threads);
  const broken = jobs.flatMap(({ words }) => words).find((word) => /[\r\n]/.test(word));
  if (broken !== undefined)
    throw new Failure(
      `${JSON.stringify(broken)} is more than a line, and --print parallel prints a line a trial`,
    );
  return parallelList(jobs);
}
