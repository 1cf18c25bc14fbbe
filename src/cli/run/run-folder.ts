/** A run's folder: what was told, a log, the best and the last model, a checkpoint, a report. */

import { mkdir, readdir, readFile, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import type { Training } from "../../index.js";
import { checkpointFile, type CheckpointFile } from "../../node/checkpoint-file.js";
import { readNote, withNote, withoutNote } from "../../node/note.js";
import { removeLeftovers } from "../../node/temporary-file.js";
import { Failure, fileReason } from "../failure.js";
import { saveFile } from "../save-file.js";
import { stateFromText, stateToText, type FitState, type SavedState } from "./fit-state.js";
import { lockFolder, unlockFolder } from "./lock.js";
import { reportPage } from "./report.js";
import { parseConfig, type RunConfig } from "./run-config.js";
import { RunLog } from "./run-log.js";

export const runFiles = {
  config: "config.json",
  log: "log.jsonl",
  best: "best.safetensors",
  last: "last.safetensors",
  checkpoint: "checkpoint.safetensors",
  report: "report.html",
  /** What came through a pipe. */
  input: "input",
  /** While a process trains. */
  lock: "lock",
} as const;

/** Where the checkpoint's metadata has the state. */
const STATE_KEY = "run";

/** From one report to the next, at least, where checkpoints are closer: it has all of the log in it. */
const REPORT_MILLISECONDS = 500;

/** What a process that was killed before it wrote the configuration may have left. */
function isRemnant(name: string): boolean {
  return name === runFiles.input || name === runFiles.lock || /^\.bptt-.*\.tmp$/.test(name);
}

/** Names in a folder. Throws a Failure where there is none. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const reason = fileReason(error).replace("no such file", "no such folder");
    throw new Failure(`cannot read the folder ${folder}: ${reason}`);
  }
}

/** Throws a Failure where a new run cannot have the folder, which need not be there yet. */
export async function requireNewRun(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw new Failure(`cannot make the folder ${folder}: ${fileReason(error)}`);
  }
  const names = await namesIn(folder);
  if (names.includes(runFiles.config)) {
    throw new Failure(
      `${folder} has a run already: bptt resume ${folder} goes on with it; a new one needs another folder`,
    );
  }
  const other = names.find((name) => !isRemnant(name));
  if (other !== undefined) throw new Failure(`${folder} is for a new run, but it has ${other} in it`);
}

/** Reads a run's configuration. Throws a Failure. */
export async function readConfig(folder: string): Promise<RunConfig> {
  const names = await namesIn(folder);
  if (!names.includes(runFiles.config)) {
    throw new Failure(`${folder} has no run in it: there is no ${runFiles.config}, which --run writes first`);
  }
  const path = join(folder, runFiles.config);
  return parseConfig(path, await readFile(path, "utf8"));
}

/** A training's bytes, and the state beside it. */
export interface Checkpoint extends SavedState {
  readonly training: Uint8Array;
}

export function openCheckpoints(folder: string, seconds: number): CheckpointFile {
  return checkpointFile(join(folder, runFiles.checkpoint), { every: { seconds }, best: false });
}

/** Returns the newest checkpoint; undefined where none was written yet. Throws a Failure. */
export async function readLatest(checkpoints: CheckpointFile): Promise<Checkpoint | undefined> {
  const bytes = await checkpoints.latest();
  if (bytes === undefined) return undefined;
  const saved = stateFromText(checkpoints.path, readNote(bytes, STATE_KEY));
  return { ...saved, training: withoutNote(bytes, STATE_KEY) };
}

/** A run that is under way in this process. */
export class RunFolder {
  readonly folder: string;
  readonly config: RunConfig;
  readonly log: RunLog;
  /** Where it goes on; undefined: it begins. */
  readonly checkpoint: Checkpoint | undefined;
  private readonly checkpoints: CheckpointFile;
  private reportedAt = -Infinity;

  private constructor(
    folder: string,
    config: RunConfig,
    checkpoints: CheckpointFile,
    checkpoint: Checkpoint | undefined,
  ) {
    this.folder = folder;
    this.config = config;
    this.checkpoints = checkpoints;
    this.checkpoint = checkpoint;
    this.log = new RunLog(join(folder, runFiles.log), checkpoint?.logLength ?? 0);
  }

  /** Begins a run in a folder that `requireNewRun` has seen; `input`: what came through a pipe. Throws a Failure. */
  static async create(
    folder: string,
    config: RunConfig,
    checkpointSeconds: number,
    input?: Uint8Array,
  ): Promise<RunFolder> {
    await lockFolder(join(folder, runFiles.lock));
    if (input !== undefined) await saveFile(join(folder, runFiles.input), input);
    const text = `${JSON.stringify(config, undefined, 2)}\n`;
    await saveFile(join(folder, runFiles.config), new TextEncoder().encode(text));
    return new RunFolder(folder, config, openCheckpoints(folder, checkpointSeconds), undefined);
  }

  /** Goes on with a run. Throws a Failure. */
  static async open(folder: string, config: RunConfig, checkpointSeconds: number): Promise<RunFolder> {
    const lock = join(folder, runFiles.lock);
    await lockFolder(lock);
    try {
      await removeLeftovers(folder);
      const checkpoints = openCheckpoints(folder, checkpointSeconds);
      return new RunFolder(folder, config, checkpoints, await readLatest(checkpoints));
    } catch (error) {
      await unlockFolder(lock);
      throw error;
    }
  }

  path(name: keyof typeof runFiles): string {
    return join(this.folder, runFiles[name]);
  }

  /** Writes a checkpoint where it is due, or now; `last` makes the model's file beside it. */
  async keep(training: Training, state: FitState, last: () => Uint8Array, now = false): Promise<void> {
    const saveable = {
      save: (): Uint8Array => {
        // First the log's lines, whose number the checkpoint says.
        this.log.sync();
        return withNote(training.save(), STATE_KEY, stateToText({ state, logLength: this.log.length }));
      },
    };
    let saved = now;
    try {
      if (now) await this.checkpoints.save(saveable);
      else saved = await this.checkpoints.update(saveable, state);
    } catch (error) {
      throw new Failure(`cannot write ${this.checkpoints.path}: ${fileReason(error)}`, 1);
    }
    if (!saved) return;
    await this.write("last", last());
    if (performance.now() - this.reportedAt >= REPORT_MILLISECONDS) await this.writeReport();
  }

  async write(name: "best" | "last", bytes: Uint8Array): Promise<void> {
    await saveFile(this.path(name), bytes);
  }

  /** Returns the best model's file. Throws a Failure where it is gone. */
  async best(): Promise<Uint8Array> {
    try {
      return await readFile(this.path("best"));
    } catch (error) {
      throw new Failure(`cannot read ${this.path("best")}: ${fileReason(error)}`, 1);
    }
  }

  async close(): Promise<void> {
    this.log.close();
    await unlockFolder(this.path("lock"));
  }

  /** Takes away what was written, of a run that could not begin, and its folder unless something else is in it. */
  async discard(): Promise<void> {
    for (const name of Object.keys(runFiles) as (keyof typeof runFiles)[])
      await rm(this.path(name), { force: true });
    await rmdir(this.folder).catch(() => undefined);
  }

  async writeReport(): Promise<void> {
    this.reportedAt = performance.now();
    const page = await reportPage(this.config, this.log.events);
    await saveFile(this.path("report"), new TextEncoder().encode(page));
  }
}
