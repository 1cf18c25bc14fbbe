/** What a learning session keeps, as a safetensors file: tensors, and what is no tensor as JSON in the metadata. */

import { describe, FormatError } from "../errors.js";
import {
  readFloats,
  readSafetensors,
  writeSafetensors,
  type StoredTensor,
  type TensorSource,
} from "../formats/safetensors.js";
import { StrictJson } from "../formats/strict-json.js";
import type { InputKind } from "../network/model/batch.js";
import { targetKindNames, type TargetKindName } from "../network/model/targets.js";

const FORMAT_KEY = "bptt.session";
const PROGRESS_KEY = "bptt.progress";
/** Goes up when files change so that older versions could not read them rightly. */
const FORMAT = "1";
const PLACE = `metadata "${PROGRESS_KEY}"`;
/** Lists in the metadata are of one number for each parameter: with 10^5 names of parameters a file is megabytes. */
const MOST_PARAMETERS = 1_000_000;

/** What is no tensor. */
export interface SessionProgress {
  learner: string;
  batch: number;
  /** "none": no step was made yet. */
  inputs: InputKind | "none";
  steps: number;
  updates: number;
  /** Which dropout masks come next. */
  droppedWindows: number;
  /** Of the gradient under way. */
  pendingSteps: number;
  pendingCount: number;
  pendingKind: TargetKindName | "none";
  /** The state of what the rule draws from, four words; empty where it does not draw. */
  random: number[];
  /** The optimizer's updates of each parameter; empty where it is not the library's. */
  optimizerSteps: number[];
}

export function writeSession(progress: SessionProgress, tensors: readonly TensorSource[]): Uint8Array {
  const metadata = [
    [FORMAT_KEY, FORMAT],
    [PROGRESS_KEY, JSON.stringify(progress)],
  ] as const;
  return writeSafetensors(tensors, new Map(metadata));
}

export interface SessionFile {
  readonly progress: SessionProgress;
  /** Exactly the tensors of these names and shapes, by name. Throws a FormatError for others. */
  readTensors(shapes: ReadonlyMap<string, readonly number[]>): ReadonlyMap<string, Float32Array>;
}

/** Throws a FormatError for bytes that `writeSession` did not make. */
export function readSession(bytes: Uint8Array): SessionFile {
  const { metadata, tensors, data } = readSafetensors(bytes);
  const format = metadata.get(FORMAT_KEY);
  if (format !== FORMAT) {
    const came = format === undefined ? "none: not a file of a session's save()" : describe(format);
    throw new FormatError(
      `metadata "${FORMAT_KEY}" expected "${FORMAT}", the version understood, got ${came}`,
    );
  }
  const progress = readProgress(metadata.get(PROGRESS_KEY));
  return {
    progress,
    readTensors(shapes) {
      requireTensors(tensors, shapes);
      return new Map([...tensors].map(([name, tensor]) => [name, readFloats(data, tensor)]));
    },
  };
}

/** `what` of the file is not `expected`. */
export function failSession(what: string, expected: unknown, came: unknown): never {
  throw new FormatError(`saved session: expected ${what} ${String(expected)}, got ${String(came)}`);
}

function readProgress(text: string | undefined): SessionProgress {
  if (text === undefined) throw new FormatError(`${PLACE} expected the session's counts, got none`);
  const json = new StrictJson(new TextEncoder().encode(text), PLACE);
  const word = <const Word extends string>(name: string, words: readonly Word[]): Word => {
    const came = json.readString();
    const found = words.find((one) => one === came);
    if (found === undefined)
      throw new FormatError(`${PLACE}: expected "${name}" to be one of ${words.join(", ")}, got ${came}`);
    return found;
  };
  const read: Partial<SessionProgress> = {};
  const readers: Record<keyof SessionProgress, () => void> = {
    learner: () => (read.learner = json.readString()),
    batch: () => (read.batch = json.readSize()),
    inputs: () => (read.inputs = word("inputs", ["tokens", "values", "none"])),
    steps: () => (read.steps = json.readSize()),
    updates: () => (read.updates = json.readSize()),
    droppedWindows: () => (read.droppedWindows = json.readSize()),
    pendingSteps: () => (read.pendingSteps = json.readSize()),
    pendingCount: () => (read.pendingCount = json.readSize()),
    pendingKind: () => (read.pendingKind = word("pendingKind", [...targetKindNames, "none"])),
    random: () => (read.random = json.readSizes(4)),
    optimizerSteps: () => (read.optimizerSteps = json.readSizes(MOST_PARAMETERS)),
  };
  json.readObject((name) => {
    if (!Object.hasOwn(readers, name))
      throw new FormatError(`${PLACE}: expected ${Object.keys(readers).join(", ")}, got ${describe(name)}`);
    readers[name as keyof SessionProgress]();
  });
  json.finish();
  for (const name of Object.keys(readers))
    if (!Object.hasOwn(read, name)) throw new FormatError(`${PLACE}: expected "${name}", got none`);
  requireRandom(read.random ?? []);
  return read as SessionProgress;
}

function requireRandom(words: readonly number[]): void {
  const right = words.length === 4 && words.every((x) => x <= 0xffff_ffff) && words.some((x) => x > 0);
  if (words.length > 0 && !right)
    throw new FormatError(`${PLACE}: expected "random" to be four words, not all 0, got [${words.join()}]`);
}

function requireTensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  shapes: ReadonlyMap<string, readonly number[]>,
): void {
  const say = (tensor: StoredTensor | undefined): string =>
    tensor === undefined ? "none" : `${tensor.dtype} [${tensor.shape.join(", ")}]`;
  for (const [name, shape] of shapes) {
    const [expected, came] = [`F32 [${shape.join(", ")}]`, say(tensors.get(name))];
    if (came !== expected) failSession(`tensor "${name}" as`, expected, came);
  }
  for (const [name, tensor] of tensors)
    if (!shapes.has(name)) failSession(`tensor ${describe(name)} as`, "none", say(tensor));
}
