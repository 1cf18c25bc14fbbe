/** Defines the options of `bptt sweep` and checks them. */

import { availableParallelism } from "node:os";
import {
  choice,
  parseArguments,
  suggestion,
  wholeNumber,
  type Arguments,
  type Command,
  type OptionHelp,
} from "../arguments.js";
import { Failure } from "../failure.js";
import { STDIN } from "../read-file.js";
import { readThreads } from "../threads.js";
import { isDimension, readDimension, typedValues, type Dimension, type ListDimension } from "./dimensions.js";
import { isTrainerName, sweepTrainers, trainerNames, type Trainer, type TrainerName } from "./trainers.js";
import { drawnTrials, gridSize, gridTrials, type Trial } from "./trials.js";

export type SweepOption = "trials" | "sweep-seed" | "jobs" | "out" | "run" | "print" | "collect" | "json";

const forms = ["parallel", "slurm"] as const;

/** A grid that is larger was hardly meant. */
const MOST_TRIALS = 10_000;

const options: Readonly<Record<SweepOption, OptionHelp>> = {
  trials: {
    value: "<n>",
    help: "draws so many trials at random (all combinations of the values; ranges need it)",
  },
  "sweep-seed": { value: "<n>", help: "of what is drawn (0); the same seed draws the same trials" },
  jobs: {
    value: "<n>",
    help: "trainings at a time (the cores, or with --threads as many as have cores for all of theirs)",
  },
  out: { value: "<file>", help: "where to save the best trial's model" },
  run: {
    value: "<folder>",
    help:
      "keeps all of it: a run's folder for each trial, results.jsonl, results.csv, report.html. The same sweep once more, or\n" +
      "bptt resume <folder>, goes on after whatever ended it: trials that are over are not trained again",
  },
  print: {
    value: "<form>",
    help:
      "trains nothing and prints the trials for other machines: parallel, a command a line for GNU parallel; slurm, a script\n" +
      "for sbatch, an array of tasks. Both leave their runs in --run <folder>",
  },
  collect: {
    value: "<folder>",
    help: "instead of a command: tells what the trials in a folder came to, and writes its results and its report anew",
  },
  json: { help: "prints how it goes as JSON lines, and nothing else" },
};

/** Breaks words into lines, with spaces before all but the first. */
function wrapped(words: readonly string[], width: number, margin: string): string {
  const lines = [""];
  for (const word of words) {
    const line = lines[lines.length - 1];
    if (line === "") lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines.join(`\n${margin}`);
}

const variable = trainerNames
  .map(
    (name) => `  ${name.padEnd(10)}${wrapped(Object.keys(sweepTrainers[name].varied), 100, " ".repeat(12))}`,
  )
  .join("\n");

export const sweepCommand: Command<SweepOption> = {
  name: "sweep",
  operands: ["<command>", "<data>"],
  summary:
    "Trains many networks, some at a time, each in a process of its own, and tells which options do best. The command is\n" +
    `${trainerNames.join(", ")}, with its data and its options. An option that has several values, as in --hidden 64,128,256, is\n` +
    "varied: every combination is a trial. A range, as in --learning-rate 0.001..0.02, needs --trials: so many are drawn at\n" +
    "random, each doubling of a number as likely as the next (shares and seeds evenly). Trials are judged by the loss at what is\n" +
    "held out, which of bptt forecast are the validation rows. One that goes wrong is a row of the table with its reason. Limit\n" +
    "trials by --steps or --epochs where they are to be the same on a busy machine; --minutes counts what it gives them. Ctrl-C\n" +
    "stops all, and tells of those that are done. These options can have several values:\n" +
    variable,
  options,
  examples: [
    "bptt sweep train notes.txt --hidden 64,128,256 --cell gru,lstm --minutes 1",
    "bptt sweep train notes.txt --learning-rate 0.001..0.02 --hidden 32..512 --trials 20 --minutes 1 --run notes-sweep",
    "bptt sweep forecast co2.csv --target co2 --horizon 12 --hidden 16,32,64 --seed 0,1,2 --out co2.safetensors",
    "bptt resume notes-sweep",
    "bptt sweep classify names.csv --hidden 32,64,128 --dropout 0,0.2 --run names-sweep --print parallel > jobs.txt",
    "parallel --jobs 8 < jobs.txt",
    "bptt sweep train notes.txt --seed 0,1,2,3 --run seeds --print slurm > sweep.sh",
    "bptt sweep --collect seeds --out best.safetensors",
  ],
};

/** What a sweep is asked to do. */
export interface SweepPlan {
  readonly name: TrainerName;
  readonly trainer: Trainer;
  /** The data. */
  readonly path: string;
  /** All that was given of the sweep and of the trainings, as typed. */
  readonly typed: Readonly<Record<string, string>>;
  /** Options that all trials have. */
  readonly fixed: Readonly<Record<string, string>>;
  readonly dimensions: readonly Dimension[];
  readonly trials: readonly Trial[];
  /** Why trials cannot be trained, by number. */
  readonly refused: ReadonlyMap<number, string>;
  /** The seed of what was drawn; undefined: they are all combinations. */
  readonly drawn: number | undefined;
  readonly jobs: number;
  /** Of each training. */
  readonly threads: number;
  readonly out: string | undefined;
  readonly run: string | undefined;
  readonly print: (typeof forms)[number] | undefined;
  readonly json: boolean;
}

/** The words after `bptt sweep`, read by the options of the command among them; undefined: help is asked for. Throws a Failure. */
export function parseSweep(words: readonly string[]): Arguments<string> | undefined {
  const name = words.at(0);
  if (isTrainerName(name)) {
    const { command }: Trainer = sweepTrainers[name];
    const { collect: _, ...own } = options;
    const merged = { ...sweepCommand, operands: ["<command>", ...command.operands] };
    return parseArguments({ ...merged, options: { ...command.options, ...own } }, words);
  }
  if (words.some((word) => word === "--help" || word === "-h")) return undefined;
  if (name !== undefined && !name.startsWith("-")) {
    throw new Failure(
      `a sweep is one of bptt ${trainerNames.join(", ")}, not of ${name}${suggestion(name, trainerNames)}`,
    );
  }
  if (!words.some((word) => /^--collect(=|$)/.test(word))) {
    throw new Failure(
      `<command> is missing, which comes first: bptt sweep ${trainerNames.join("|")} <data>; see bptt sweep --help`,
    );
  }
  const { collect, out, json } = options;
  return parseArguments({ ...sweepCommand, operands: [], options: { collect, out, json } }, words);
}

/** Splits what is given of trainings into what is varied, and what all have. */
function split(trainer: Trainer, given: Arguments<string>["given"]): Pick<SweepPlan, "fixed" | "dimensions"> {
  const fixed: Record<string, string> = {};
  const dimensions: Dimension[] = [];
  for (const [name, text = ""] of Object.entries(given)) {
    if (Object.hasOwn(options, name)) continue;
    const kind = trainer.varied[name];
    if (kind !== undefined && isDimension(kind, text)) dimensions.push(readDimension(name, kind, text));
    else if (trainer.measuring.includes(name) && /,|\.\./.test(text)) {
      throw new Failure(
        `--${name} cannot have several values in a sweep: it changes what losses mean, so that they could not be compared`,
      );
    } else fixed[name] = text;
  }
  return { fixed, dimensions };
}

function isList(dimension: Dimension): dimension is ListDimension {
  return dimension.kind === "list";
}

/** Returns the trials, and the seed where they are drawn. Throws a Failure where they are none, or too many. */
function readTrials(
  dimensions: readonly Dimension[],
  count: number | undefined,
  seed: number,
): Pick<SweepPlan, "trials" | "drawn"> {
  if (dimensions.length === 0) {
    throw new Failure(
      "no option has several values: --hidden 64,128 trains with each, --hidden 64..256 --trials 10 draws some between",
    );
  }
  const lists = dimensions.filter(isList);
  const size = lists.length < dimensions.length ? Infinity : gridSize(lists);
  if (count !== undefined && count < size)
    return { trials: drawnTrials(dimensions, count, seed), drawn: seed };
  const range = dimensions.find(({ kind }) => kind === "range");
  if (range !== undefined)
    throw new Failure(`--${range.name} has a range, of which values are drawn: --trials <n> says how many`);
  if (size > MOST_TRIALS) {
    throw new Failure(
      `all combinations are ${size} trials: --trials <n> draws some of them, ${MOST_TRIALS} at most`,
    );
  }
  return { trials: gridTrials(lists), drawn: undefined };
}

/** Returns why a training cannot have these options; undefined: it can. */
function refusalOf(
  { read }: Trainer,
  path: string,
  given: Readonly<Record<string, string>>,
): string | undefined {
  try {
    read({ operands: [path], given });
    return undefined;
  } catch (error) {
    if (error instanceof Failure) return error.message;
    throw error;
  }
}

/** Returns the trials that cannot be trained. Throws a Failure where that is all of them, or whenever an option has a value that was typed. */
function findRefused(
  trainer: Trainer,
  path: string,
  fixed: Readonly<Record<string, string>>,
  dimensions: readonly Dimension[],
  trials: readonly Trial[],
): Map<number, string> {
  for (const dimension of dimensions) {
    const { name } = dimension;
    for (const value of typedValues(dimension)) {
      let first: string | undefined;
      const always = trials.every(({ options: drawn }) => {
        const refusal = refusalOf(trainer, path, { ...fixed, ...drawn, [name]: value });
        first ??= refusal;
        // Another option's refusal is one of the combination.
        return refusal?.startsWith(`--${name} `) === true;
      });
      if (always) throw new Failure(first ?? "");
    }
  }
  const refused = new Map<number, string>();
  for (const { number, options: drawn } of trials) {
    const refusal = refusalOf(trainer, path, { ...fixed, ...drawn });
    if (refusal !== undefined) refused.set(number, refusal);
  }
  const [first] = refused.values();
  if (refused.size === trials.length) throw new Failure(first);
  return refused;
}

/** Throws a Failure that names the option. */
export function readSweepPlan({ operands: [name, path], given }: Arguments<string>): SweepPlan {
  if (!isTrainerName(name))
    throw new Failure(`a sweep of bptt ${name} is none that this version has: ${trainerNames.join(", ")}`);
  if (path === STDIN)
    throw new Failure("a sweep reads its data once for each trial: give it a file, and not a pipe");
  if (given["mpi"] !== undefined) {
    throw new Failure(
      "--mpi is for one training, and a sweep trains many side by side, each in one process: leave it out. To train each trial in " +
        "several, print them: bptt sweep … --print parallel | sed 's/.*/mpirun -n 4 & --mpi/' > jobs.txt",
    );
  }
  const trainer: Trainer = sweepTrainers[name];
  const { fixed, dimensions } = split(trainer, given);
  const count = wholeNumber("trials", given["trials"], 1, undefined);
  if (count !== undefined && count > MOST_TRIALS)
    throw new Failure(`--trials expects a whole number of at most ${MOST_TRIALS}, not "${count}"`);
  const seed = wholeNumber("sweep-seed", given["sweep-seed"], Number.MIN_SAFE_INTEGER, 0);
  const print = given["print"] === undefined ? undefined : choice("print", given["print"], forms);
  if (print !== undefined && given["run"] === undefined)
    throw new Failure("--print needs --run <folder>, where the trials will leave their runs");
  const threads = readThreads(given["threads"]);
  const room = Math.max(1, Math.floor(availableParallelism() / threads));
  const jobs = wholeNumber("jobs", given["jobs"], 1, room);
  const { trials, drawn } = readTrials(dimensions, count, seed);
  return {
    name,
    trainer,
    path,
    typed: Object.fromEntries(Object.entries(given).map(([option, text = ""]) => [option, text])),
    fixed,
    dimensions,
    trials,
    refused: findRefused(trainer, path, fixed, dimensions, trials),
    drawn,
    jobs,
    threads,
    out: given["out"],
    run: given["run"],
    print,
    json: given["json"] !== undefined,
  };
}
