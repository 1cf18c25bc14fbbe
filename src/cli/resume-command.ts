/** Runs `bptt resume`. */

import { resolve } from "node:path";
import type { Arguments, Command } from "./arguments.js";
import { Failure } from "./failure.js";
import type { Resumed } from "./run/open-run.js";
import { readConfig } from "./run/run-folder.js";

type Name = "json" | "mpi" | "threads";

export const resumeCommand: Command<Name> = {
  name: "resume",
  operands: ["<run>"],
  summary:
    "Goes on with a training that was begun with --run, wherever it was when Ctrl-C, a kill or a power cut ended it: from its last\n" +
    "checkpoint, with the options that it began with, but for those below. Where --steps or --epochs ends it, its losses and models are\n" +
    "those of a training that nothing interrupted, bit for bit; where --minutes does, the minutes of all its processes count\n" +
    "together. A run that has ended is measured and saved once more. Of a sweep's folder it trains what is left of all\n" +
    "its trials.",
  options: {
    threads: {
      value: "<n>",
      help: "on another number of cores than it began with; it goes on to learn the same, bit for bit",
    },
    mpi: {
      help: "in all the processes that mpirun has started, whatever their number was before: mpirun -n 4 bptt resume … --mpi",
    },
    json: { help: "prints how it goes as JSON lines, and nothing else" },
  },
  examples: ["bptt resume notes-run"],
};

/** How a command begins, or goes on with a run of it. */
export type Trainer = (given: Arguments<string>, resumed?: Resumed) => Promise<number>;

/** Goes on with a run, by the command that began it; returns the exit code. Throws a Failure. */
export async function runResume(
  { operands: [folder], given: { json, mpi, threads } }: Arguments<Name>,
  trainers: Readonly<Record<string, Trainer | undefined>>,
): Promise<number> {
  const config = await readConfig(folder);
  const { command, operands, options } = config;
  const trainer = Object.hasOwn(trainers, command) ? trainers[command] : undefined;
  if (trainer === undefined)
    throw new Failure(`${folder} is a run of bptt ${command}, which this version does not have`);
  const given = {
    ...options,
    run: resolve(folder),
    ...(json !== undefined && { json }),
    ...(mpi !== undefined && { mpi }),
    ...(threads !== undefined && { threads }),
  };
  return trainer({ operands, given }, { folder, config });
}
