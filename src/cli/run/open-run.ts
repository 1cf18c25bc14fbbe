/** Begins runs, and goes on with them. */

import { createHash } from "node:crypto";
import { resolve } from "node:path";
import type { Build } from "../../index.js";
import { chooseBuild, resumeBuild, type ChosenBuild } from "../builds.js";
import { Failure } from "../failure.js";
import type { FitPlan } from "../fit/job.js";
import { agreedBuild, isFirst } from "../fit/ranks.js";
import { STDIN } from "../read-file.js";
import { requireWritable } from "../save-file.js";
import { version } from "../version.js";
import { makeConfig, type RunConfig } from "./run-config.js";
import { requireNewRun, RunFolder, runFiles } from "./run-folder.js";

/** A run that is to go on. */
export interface Resumed {
  readonly folder: string;
  readonly config: RunConfig;
}

export interface Input<Bytes extends Uint8Array = Uint8Array> {
  /** For messages. */
  readonly name: string;
  readonly bytes: Bytes;
  /** SHA-256. */
  readonly hash: string;
}

/** Reads a command's only file by `read`; it must be what it was where a run goes on. Throws a Failure. */
export async function readOperand<Bytes extends Uint8Array>(
  path: string,
  resumed: Resumed | undefined,
  read: (path: string) => Promise<Omit<Input<Bytes>, "hash">>,
): Promise<Input<Bytes>> {
  const kept = path === STDIN && resumed !== undefined;
  const { name, bytes } = kept
    ? { ...(await read(resolve(resumed.folder, runFiles.input))), name: "standard input" }
    : await read(path);
  const hash = createHash("sha256").update(bytes).digest("hex");
  if (resumed !== undefined && !resumed.config.hashes.includes(hash)) {
    throw new Failure(
      `${name} is not what it was when the run began: a run goes on with the same data, and other data needs another run`,
    );
  }
  return { name, bytes, hash };
}

/** Throws a Failure where the model or the run's folder could not be written; before training, which takes long. */
export async function requireRoom(plan: FitPlan, input: string, resumed: Resumed | undefined): Promise<void> {
  const { out, run } = plan;
  if (!isFirst(plan)) return;
  if (out !== undefined) await requireWritable(out, input === STDIN ? undefined : input);
  if (run !== undefined && resumed === undefined) await requireNewRun(run);
}

/** Returns the build to create the network with. */
export async function buildFor(plan: FitPlan, resumed: Resumed | undefined): Promise<ChosenBuild> {
  const chosen = resumed === undefined ? chooseBuild(plan.build) : resumeBuild(resumed.config.build);
  return agreedBuild(await chosen, plan);
}

/** Opens the plan's run, if it has one and this process writes it, to begin or to go on. Throws a Failure. */
export async function openRun(
  plan: FitPlan,
  input: Input & { readonly path: string },
  build: Build,
  resumed: Resumed | undefined,
): Promise<RunFolder | undefined> {
  const { command, settings, run, out, checkpointSeconds } = plan;
  if (!isFirst(plan)) return undefined;
  if (resumed !== undefined) return RunFolder.open(resumed.folder, resumed.config, checkpointSeconds);
  if (run === undefined) return undefined;
  const piped = input.path === STDIN;
  // What is of this process's place in the system, or of its output, is no part of the run.
  const { run: _, json: __, mpi: ___, ...options } = settings;
  const config = makeConfig({
    bptt: version(),
    command,
    operands: [piped ? STDIN : resolve(input.path)],
    hashes: [input.hash],
    options: { ...options, ...(out !== undefined && { out: resolve(out) }) },
    build,
  });
  return RunFolder.create(run, config, checkpointSeconds, piped ? input.bytes : undefined);
}
