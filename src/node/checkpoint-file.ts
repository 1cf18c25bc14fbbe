/** Keeps checkpoints of a training in files: the last ones, and the best. */

import { lstatSync, statSync } from "node:fs";
import { readFile, rename } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import {
  describe,
  FormatError,
  requireBoolean,
  requireInteger,
  requireMethods,
  requireNumber,
  requireObject,
  requireOptions,
} from "../errors.js";
import { parseSafetensors } from "../formats/safetensors.js";
import { readNote, withNote, withoutNote } from "./note.js";
import { replaceFile, requireReplaceable } from "./replace-file.js";
import { systemCode } from "./system-code.js";

/** What can be saved between its events: `train` and `resumeTraining` return such, of a worker too. */
export interface Saveable {
  save(): Uint8Array | Promise<Uint8Array>;
}

/** As much of an event as is looked at. */
export interface CheckpointEvent {
  /** Updates so far. */
  readonly step: number;
  readonly validationLoss?: number;
}

/** Configures `checkpointFile`. */
export interface CheckpointFileOptions {
  /** From one checkpoint to the next: updates, or seconds. Default { seconds: 60 }. */
  every?: number | { seconds: number };
  /** Checkpoints that are kept besides the best: `run.safetensors`, and before it `run.1.safetensors`, …. Default 1. */
  keep?: number;
  /** Whether the best is kept too, where events validate; default true. */
  best?: boolean;
}

/** The checkpoints of one training, in files beside each other. */
export interface CheckpointFile {
  /** Where the newest checkpoint is. */
  readonly path: string;
  /** Where the one of the least validation loss is: `run.best.safetensors` beside `run.safetensors`. */
  readonly bestPath: string;
  /**
   * Saves the training where that is due, and the best where the event's validation loss is below all before it, those of
   * earlier processes included, unless the first event is of step 1, where another training begins. Call it at each event, before the next one is asked for. Returns whether the newest was written.
   */
  update(training: Saveable, event: CheckpointEvent): Promise<boolean>;
  /** Saves the training now. */
  save(training: Saveable): Promise<void>;
  /** Returns the newest whole checkpoint, for `resumeTraining`; undefined where there is none. */
  latest(): Promise<Uint8Array | undefined>;
  /** Returns the best checkpoint; undefined where there is none. */
  best(): Promise<Uint8Array | undefined>;
}

/** The key of the validation loss in the metadata of the best. */
const LOSS_KEY = "validationLoss";

/** Returns a file's bytes; undefined where there is none, or where it is not whole, as after a failure of power. */
async function readWhole(path: string): Promise<Uint8Array | undefined> {
  try {
    const bytes = new Uint8Array(await readFile(path));
    parseSafetensors(bytes);
    return bytes;
  } catch (error) {
    if (systemCode(error) === "ENOENT" || error instanceof FormatError) return undefined;
    throw error;
  }
}

/** Moves a file unless there is none; what a symbolic link leads to is copied, so that the link stays. */
async function move(from: string, to: string): Promise<void> {
  try {
    if (lstatSync(from).isSymbolicLink()) await replaceFile(to, await readFile(from));
    else await rename(from, to);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
  }
}

/** Returns when a checkpoint is due: after so many updates, or seconds. */
function requireEvery(every: unknown): { updates: number; seconds: number } {
  if (typeof every === "number") return { updates: requireInteger("every", every, 1), seconds: Infinity };
  if (typeof every !== "object") {
    throw new TypeError(`"every" expected a number of updates or { seconds }, got ${describe(every)}`);
  }
  const { seconds } = requireOptions("every", every as { seconds: number }, ["seconds"]);
  return { updates: Infinity, seconds: requireNumber("every.seconds", seconds, { least: 0 }) };
}

class Checkpoints implements CheckpointFile {
  readonly path: string;
  readonly bestPath: string;
  private readonly every: { readonly updates: number; readonly seconds: number };
  /** From the newest to the oldest. */
  private readonly paths: readonly string[];
  private readonly keepsBest: boolean;
  /** When the last one was saved, or this began: updates, undefined before the first event, and seconds. */
  private savedStep: number | undefined;
  private savedAt = performance.now();
  private checked = false;
  /** The least validation loss; undefined until the file of an earlier process has been looked at. */
  private bestLoss: number | undefined;

  constructor(path: string, { every = { seconds: 60 }, keep = 1, best = true }: CheckpointFileOptions) {
    const end = extname(path);
    const stem = join(dirname(path), basename(path, end));
    this.path = path;
    this.bestPath = `${stem}.best${end}`;
    this.every = requireEvery(every);
    this.paths = Array.from({ length: requireInteger("keep", keep, 1) }, (_, i) =>
      i === 0 ? path : `${stem}.${i}${end}`,
    );
    this.keepsBest = requireBoolean("best", best);
    // Throws what the system says of a name that is too long, long before a checkpoint is due.
    for (const name of this.written) statSync(name, { throwIfNoEntry: false });
  }

  /** All files that may come to be. */
  private get written(): readonly string[] {
    return this.keepsBest ? [...this.paths, this.bestPath] : this.paths;
  }

  async update(training: Saveable, event: CheckpointEvent): Promise<boolean> {
    requireMethods("training", "a training, as train() returns it", training, ["save"]);
    const { step, validationLoss } = requireObject("event", event);
    requireInteger("event.step", step, 0);
    await this.check();
    // The first update of all: what another training left is not to be compared with.
    if (step === 1) this.bestLoss ??= Infinity;
    if (this.keepsBest && validationLoss !== undefined) await this.keepBest(training, validationLoss);
    this.savedStep ??= step - 1;
    const updates = step - this.savedStep;
    const due =
      updates >= this.every.updates || performance.now() - this.savedAt >= 1000 * this.every.seconds;
    // An epoch's end is one more event of its last update.
    if (!due || updates === 0) return false;
    this.savedStep = step;
    await this.save(training);
    return true;
  }

  async save(training: Saveable): Promise<void> {
    const bytes = await training.save();
    // While one moves, the one before it is the newest: latest() finds it.
    for (let i = this.paths.length - 1; i > 0; i--) await move(this.paths[i - 1], this.paths[i]);
    await replaceFile(this.path, bytes);
    this.savedAt = performance.now();
  }

  async latest(): Promise<Uint8Array | undefined> {
    for (const path of this.paths) {
      const bytes = await readWhole(path);
      if (bytes !== undefined) return bytes;
    }
    return undefined;
  }

  async best(): Promise<Uint8Array | undefined> {
    const bytes = await readWhole(this.bestPath);
    return bytes === undefined ? undefined : withoutNote(bytes, LOSS_KEY);
  }

  /** Finds out at the first event what would go wrong at a later one. */
  private async check(): Promise<void> {
    if (this.checked) return;
    for (const path of this.written) await requireReplaceable(path);
    this.checked = true;
  }

  private async keepBest(training: Saveable, loss: number): Promise<void> {
    if (this.bestLoss === undefined) {
      const bytes = await readWhole(this.bestPath);
      this.bestLoss = Number((bytes === undefined ? undefined : readNote(bytes, LOSS_KEY)) ?? Infinity);
    }
    if (!(loss < this.bestLoss)) return;
    await replaceFile(this.bestPath, withNote(await training.save(), LOSS_KEY, String(loss)));
    this.bestLoss = loss;
  }
}

/**
 * Keeps checkpoints of a training in files, for Node:
 *
 *     const checkpoints = checkpointFile("run.safetensors", { every: 500, keep: 3 });
 *     const saved = await checkpoints.latest();
 *     const training = saved === undefined ? train(network, data, options) : resumeTraining(saved, data, options);
 *     for await (const event of training) await checkpoints.update(training, event);
 *
 * A checkpoint is written beside its file, brought to the disk and renamed, so that there is always a whole one. Symbolic links are
 * followed, and a file's mode stays. Throws a TypeError or RangeError for wrong options, and the system's error for a name that is
 * too long; the methods throw the system's errors, the first `update` those that a later one would meet, of a folder that is not
 * there or may not be written to.
 */
export function checkpointFile(path: string, options: CheckpointFileOptions = {}): CheckpointFile {
  if (typeof path !== "string" || path === "")
    throw new TypeError(`"path" expected the path of a file, got ${describe(path)}`);
  return new Checkpoints(path, requireOptions("options", options, ["every", "keep", "best"]));
}
