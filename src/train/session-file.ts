/** Stores a learning session as a safetensors file: tensors, and all else as JSON in the metadata. */

import { describe, FormatError } from "../errors.js";
import {
  readFloats,
  parseSafetensors,
  encodeSafetensors,
  type StoredTensor,
  type TensorSource,
} from "../formats/safetensors.js";
import { StrictJson } from "../formats/strict-json.js";
import type { InputKind } from "../network/model/batch.js";
import { targetKindNames, type TargetKindName } from "../network/model/targets.js";

const FORMAT_KEY = "bptt.session";
const PROGRESS_KEY = "bptt.progress";
/** The format's version, which goes up when older versions of the library would misread new files. */
const FORMAT = "1";
const PLACE = `metadata "${PROGRESS_KEY}"`;
/**
 * The most numbers in a list of the metadata, which has one for each parameter: with the names of 10^5
 * parameters a file is megabytes.
 */
const MOST_PARAMETERS = 1_000_000;

/** Holds the parts of a session that are not tensors. */
export interface SessionProgress {
  learner: string;
  batch: number;
  /** The kind of inputs; "none" before the first step of a sequence. */
  inputs: InputKind | "none";
  steps: number;
  updates: number;
  /** Training windows that had dropout masks, from which the next masks follow. */
  droppedWindows: number;
  /** Steps in the gradient under way. */
  pendingSteps: number;
  /** Targets of the gradient under way. */
  pendingCount: number;
  /** The sum of their weights. */
  pendingWeight: number;
  /** Kind of targets of the gradient under way; "none" while it has none. */
  pendingKind: TargetKindName | "none";
  /** The state of the rule's random numbers, four 32-bit words; empty where the rule draws none. */
  random: number[];
  /** Updates of each parameter by the optimizer; empty for an optimizer that is not the library's. */
  optimizerSteps: number[];
}

export function writeSession(progress: SessionProgress, tensors: readonly TensorSource[]): Uint8Array {
  const metadata = [
    [FORMAT_KEY, FORMAT],
    [PROGRESS_KEY, JSON.stringify(progress)],
  ] as const;
  return encodeSafetensors(tensors, new Map(metadata));
}

export interface SessionFile {
  readonly progress: SessionProgress;
  /** Returns the tensors by name; throws a FormatError unless exactly these names and shapes are there. */
  readTensors(shapes: ReadonlyMap<string, readonly number[]>): ReadonlyMap<string, Float32Array>;
}

/** Reads a session's file; throws a FormatError for bytes that `writeSession` did not make. */
export function readSession(bytes: Uint8Array): SessionFile {
  const { metadata, tensors, data } = parseSafetensors(bytes);
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

/** Throws a FormatError that says what the saved session was expected to hold, and what it holds. */
export function failSession(what: string, expected: unknown, came: unknown): never {
  throw new FormatError(`saved session: expected ${what} ${String(expected)}, got ${String(came)}`);
}

function readProgress(text: string | undefined): SessionProgress {
  if (text === undefined) throw new FormatError(`${PLACE} expected the session's counts, got none`);
  const json = new StrictJson(new TextEncoder().encode(text), PLACE);
  const word = <const Word extends string>(name: string, words: readonly Word[]): Word => {
    const came = json.readString();
    const match = words.find((one) => one === came);
    if (match === undefined)
      throw new FormatError(`${PLACE}: expected "${name}" to be one of ${words.join(", ")}, got ${came}`);
    return match;
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
    pendingWeight: () => (read.pendingWeight = json.readNumber()),
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
  // Files of the first version have none: there were no weights.
  read.pendingWeight ??= read.pendingCount ?? 0;
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
