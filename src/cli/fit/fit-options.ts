/** The options that all commands that train have in common. */

import { basename, extname } from "node:path";
import type { Build } from "../../index.js";
import { choice, decimalNumber, wholeNumber, type OptionHelp } from "../arguments.js";
import { STDIN } from "../read-file.js";
import { readThreads } from "../threads.js";
import type { FitPlan } from "./job.js";
import { readLimit } from "./limit.js";
import { scheduleNames } from "./rates.js";

/** Those that always have a value. */
type SetOption =
  "learning-rate" | "schedule" | "warm-up" | "clip" | "patience" | "seed" | "build" | "checkpoint";

export type FitOption =
  SetOption | "minutes" | "steps" | "epochs" | "out" | "run" | "threads" | "mpi" | "json";

/** Defaults as they would be typed; `minutes` where no limit is given. */
export type FitDefaults = Readonly<Record<SetOption | "minutes", string>>;

const builds = ["auto", "simd", "relaxed-simd", "wide"] as const satisfies readonly ("auto" | Build)[];

/** Returns the options' help. `out`: what the model's file is called unless it is told. */
export function fitOptions(defaults: FitDefaults, out: string): Readonly<Record<FitOption, OptionHelp>> {
  return {
    "learning-rate": {
      value: "<x>",
      help: `of Adam, at its highest (${defaults["learning-rate"]}); lower it when the loss jumps`,
    },
    schedule: {
      value: "<name>",
      help: `how the rate falls till the end: ${scheduleNames.join(", ")} (${defaults.schedule})`,
    },
    "warm-up": {
      value: "<share>",
      help: `the part of training in which the rate rises at first (${defaults["warm-up"]})`,
    },
    clip: { value: "<x>", help: `the largest norm of the gradient (${defaults.clip})` },
    minutes: {
      value: "<x>",
      help: `trains for this long (${defaults.minutes}, unless --steps or --epochs is given)`,
    },
    steps: { value: "<n>", help: "for this many updates" },
    epochs: {
      value: "<n>",
      help: "for this many times through the data; of several, what comes first ends it",
    },
    patience: {
      value: "<n>",
      help:
        `ends early after this many looks at what is held out without a better loss (${defaults.patience}); 0: never.\n` +
        "The best model is the one that is saved, however training ends",
    },
    seed: {
      value: "<n>",
      help: `of the first weights (${defaults.seed}); the same seed and build learn the same`,
    },
    build: {
      value: "<name>",
      help:
        `${builds.join(", ")}: the kernels (${defaults.build}, the fastest that works: wide where a process\n` +
        "of its own shows that it does, which is said)",
    },
    threads: {
      value: "<n>",
      help:
        "cores that share the work of each update (1): pays for large networks, of some 128 units and batches of 16 on, and\n" +
        "learns the same, bit for bit, whatever their number",
    },
    out: { value: "<file>", help: `where to save the best model (${out})` },
    run: {
      value: "<folder>",
      help:
        "keeps all of the training in a new folder: config.json, log.jsonl, best.safetensors, last.safetensors,\n" +
        "checkpoint.safetensors, report.html. bptt resume <folder> goes on after whatever ended it",
    },
    checkpoint: {
      value: "<seconds>",
      help: `with --run: from one checkpoint to the next (${defaults.checkpoint}); 0: after every update`,
    },
    mpi: {
      help:
        "trains in all the processes that mpirun has started, each on its part of every batch: mpirun -n 4 bptt … --mpi.\n" +
        "The first alone prints and writes. Each has its own --threads. Needs an MPI and the package koffi",
    },
    json: { help: "prints how it goes as JSON lines, and nothing else" },
  };
}

/** Whether optimizers take it. */
function isRate(value: number): boolean {
  return value > 0 && value <= 1e30;
}

/** What was given, with the defaults in it. */
type Given = Readonly<Record<SetOption, string> & Partial<Record<FitOption, string>>>;

/** Throws a Failure that names the option. */
export function readFitPlan(command: string, given: Given): FitPlan {
  const positive = (value: number): boolean => value > 0;
  const patience = wholeNumber("patience", given.patience, 0);
  return {
    command,
    settings: given,
    limit: readLimit(given),
    rates: {
      rate: decimalNumber("learning-rate", given["learning-rate"], "above 0 and at most 1e30", isRate),
      schedule: choice("schedule", given.schedule, scheduleNames),
      warmUp: decimalNumber("warm-up", given["warm-up"], "from 0 to below 1", (x) => x >= 0 && x < 1),
    },
    clip: decimalNumber("clip", given.clip, "above 0", positive),
    patience: patience === 0 ? Infinity : patience,
    seed: wholeNumber("seed", given.seed, Number.MIN_SAFE_INTEGER),
    build: choice("build", given.build, builds),
    out: given.out,
    run: given.run,
    checkpointSeconds: decimalNumber("checkpoint", given.checkpoint, "of at least 0", (x) => x >= 0),
    json: given.json !== undefined,
    mpi: given.mpi !== undefined,
    threads: readThreads(given.threads),
  };
}

/** Returns where the model goes: what was said, or after the data's name where there is no run's folder for it; `piped` without a name. */
export function outOf({ out, run }: FitPlan, path: string, piped: string): string | undefined {
  if (out !== undefined || run !== undefined) return out;
  return path === STDIN ? piped : `${basename(path, extname(path))}.safetensors`;
}
