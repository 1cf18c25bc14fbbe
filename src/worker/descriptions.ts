/** What stands for an optimizer, a learner, data and the like on the way to the worker, where functions cannot go. */

import type { SequenceItem, SequenceSetOptions } from "../data/sequence-set.js";
import type { TokenStreamOptions } from "../data/token-stream.js";
import type { TrainingData } from "../data/training-data.js";
import { describe } from "../errors.js";
import type { ArtbpOptions } from "../learn/back/artbp.js";
import type { BpttOptions } from "../learn/back/bptt.js";
import type { Learner, LossFunction } from "../learn/learner.js";
import type { UoroOptions } from "../learn/online/uoro.js";
import type { TbpttOptions } from "../learn/back/tbptt.js";
import type { AdagradOptions } from "../optimize/adagrad.js";
import type { AdamOptions } from "../optimize/adam.js";
import type { Optimizer } from "../optimize/optimizer.js";
import type { RmspropOptions } from "../optimize/rmsprop.js";
import type { SgdOptions } from "../optimize/sgd.js";
import type { Schedule } from "../train/options.js";

/** What a function of the worker's own makes, which `serveNetworks` was given by this name. */
export interface OwnDescription {
  own: string;
  /** What the function is called with; anything that can be cloned. */
  options?: unknown;
}

/** `{ type: "adam", learningRate: 1e-3 }` stands for `adam({ learningRate: 1e-3 })`. */
export type OptimizerDescription =
  | ({ type: "sgd" } & SgdOptions)
  | ({ type: "rmsprop" } & RmspropOptions)
  | ({ type: "adagrad" } & AdagradOptions)
  | ({ type: "adam" | "adamW" } & AdamOptions)
  | OwnDescription;

/** `{ type: "tbptt", k1: 64 }` stands for `tbptt({ k1: 64 })`. */
export type LearnerDescription =
  | ({ type: "bptt" } & BpttOptions)
  | ({ type: "tbptt" } & TbpttOptions)
  | ({ type: "artbp" } & ArtbpOptions)
  | ({ type: "uoro" } & UoroOptions)
  | { type: "blockRtrl"; block: number }
  | { type: "rtrl" | "diagonalRtrl" | "noBackTrack" | "kfRtrl" | "snap1" }
  | OwnDescription;

/**
 * `{ type: "tokenStream", tokens, batch, window }` stands for `tokenStream(tokens, { batch, window })`: the worker makes the
 * windows itself, and nothing but progress crosses while it trains.
 */
export type DataDescription =
  | ({ type: "tokenStream"; tokens: Uint8Array | Uint16Array | Int32Array } & TokenStreamOptions)
  | ({ type: "sequenceSet"; items: readonly SequenceItem[] } & SequenceSetOptions)
  | OwnDescription;

/** The windows of a training come from the page's iterable, or from what the worker makes. */
export type SentData = DataDescription | "page";

/** What makes things in the worker that no description names, each by a name of the caller's choice. */
export interface OwnFunctions {
  optimizers?: Readonly<Record<string, (options: unknown) => Optimizer>>;
  learners?: Readonly<Record<string, (options: unknown) => Learner>>;
  data?: Readonly<Record<string, (options: unknown) => TrainingData>>;
  losses?: Readonly<Record<string, (options: unknown) => LossFunction>>;
  schedules?: Readonly<Record<string, (options: unknown) => Schedule>>;
}

function has(value: unknown, field: string): boolean {
  return typeof value === "object" && value !== null && typeof Reflect.get(value, field) === "string";
}

export function isOwn(value: unknown): value is OwnDescription {
  return has(value, "own");
}

/** Throws a TypeError for what is neither of the worker's own nor, with `expected`, a description of a type. */
export function requireDescription(name: string, value: unknown, expected?: string): void {
  if (isOwn(value) || (expected !== undefined && has(value, "type"))) return;
  throw wrongDescription(name, value, expected);
}

export function wrongDescription(name: string, value: unknown, expected?: string): TypeError {
  const own = `{ own: "name" } of a function that the worker's serveNetworks was given`;
  return new TypeError(
    `"${name}" expected ${expected === undefined ? "" : `${expected}, or `}${own}, got ${describe(value)}: ` +
      `functions, and what has some, cannot go to a worker`,
  );
}
