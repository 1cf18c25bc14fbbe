/** Descriptions stand for optimizers, learners, data and the like on the way to the worker, where functions cannot go. */

import type { SequenceItem } from "../data/items.js";
import type { SequenceSetOptions } from "../data/sequence-set.js";
import type { TokenStreamOptions } from "../data/token-stream.js";
import { isArrayLike } from "../data/token-list.js";
import type { TrainingData } from "../data/training-data.js";
import { describe } from "../errors.js";
import type { Learner, LossFunction } from "../learn/learner.js";
import type { learningRules, LearningRuleName } from "../learn/rules.js";
import type { LossName, losses } from "../network/losses/by-name.js";
import type { Optimizer, OptimizerName, optimizers } from "../optimize/optimizers.js";
import type { PlateauSchedule, PlateauScheduleOptions } from "../train/schedules/plateau.js";
import type { Schedule } from "../train/schedules/schedule.js";

/** Describes what a function of the worker's own makes, which `serveNetworks` was given by this name. */
export interface OwnDescription {
  own: string;
  /** What the function is called with; anything that can be cloned. */
  options?: unknown;
}

/** The options that each optimizer takes, by its name. */
export type OptimizerOptions = {
  readonly [Name in OptimizerName]: NonNullable<Parameters<(typeof optimizers)[Name]>[0]>;
};

/** Describes an optimizer: `{ type: "adam", learningRate: 1e-3 }` stands for `adam({ learningRate: 1e-3 })`. */
export type OptimizerDescription =
  { [Name in OptimizerName]: { type: Name } & OptimizerOptions[Name] }[OptimizerName] | OwnDescription;

/** The options that each loss takes, by its name. */
export type LossOptions = { readonly [Name in LossName]: RuleOptions<(typeof losses)[Name]> };

/** Describes a loss: `{ type: "huber", delta: 2 }` stands for `huber({ delta: 2 })`. */
export type LossDescription = { [Name in LossName]: { type: Name } & LossOptions[Name] }[LossName];

/** Describes a schedule that follows validation: `{ type: "plateau", rate: 1e-3 }` stands for `plateauSchedule({ rate: 1e-3 })`. */
export type ScheduleDescription = { type: "plateau" } & PlateauScheduleOptions;

/**
 * Returns the description of what a function of the library's made, which shows its name and options; a description is its own;
 * undefined for anything else.
 */
function describeNamed(value: unknown): object | undefined {
  if (isOwn(value) || has(value, "type")) return value;
  if (!has(value, "name")) return undefined;
  const { name: type, ...options } = value;
  return { type, ...options };
}

/** Returns what stands for a loss on its way. Throws a TypeError. */
export function describeLoss(loss: unknown): object {
  const described = describeNamed(loss);
  if (described !== undefined) return described;
  throw wrongDescription("loss", loss, `one made by huber(), …, { type: "huber", delta: 2 }`);
}

/** Returns what stands for a schedule on its way, a list of rates being itself. Throws a TypeError. */
export function describeSchedule(schedule: unknown): object | ArrayLike<unknown> {
  const described = describeNamed(schedule);
  if (described !== undefined) return described;
  if (isArrayLike(schedule)) return schedule;
  const expected = `learning rates, one an update, one made by plateauSchedule(), { type: "plateau", rate: 1e-3 }`;
  throw wrongDescription("schedule", schedule, expected);
}

/** The options that a loss or learning rule takes; nothing, if it takes none. */
type RuleOptions<Create extends (...args: never[]) => unknown> =
  Parameters<Create> extends [] ? unknown : NonNullable<Parameters<Create>[0]>;

/** Describes a learning rule: `{ type: "tbptt", k1: 64 }` stands for `tbptt({ k1: 64 })`. */
export type LearnerDescription =
  | {
      [Name in LearningRuleName]: { type: Name } & RuleOptions<(typeof learningRules)[Name]["create"]>;
    }[LearningRuleName]
  | OwnDescription;

type Tokens = Uint8Array | Uint16Array | Int32Array;

/**
 * Describes data: `{ type: "tokenStream", tokens, batch, window }` stands for `tokenStream(tokens, { batch, window })`. The
 * worker makes the windows itself, and nothing but progress crosses while it trains.
 */
export type DataDescription =
  | ({ type: "tokenStream"; tokens: Tokens | readonly Tokens[] } & TokenStreamOptions)
  | ({ type: "sequenceSet"; items: readonly SequenceItem[] } & SequenceSetOptions)
  | OwnDescription;

/** Says where a job's windows come from: what the worker makes, or the page's iterable. */
export type SentData = DataDescription | "page";

/** Functions that make in the worker what no other description names, each by a name of the caller's choice. */
export interface OwnFunctions {
  optimizers?: Readonly<Record<string, (options: unknown) => Optimizer>>;
  learners?: Readonly<Record<string, (options: unknown) => Learner>>;
  data?: Readonly<Record<string, (options: unknown) => TrainingData>>;
  losses?: Readonly<Record<string, (options: unknown) => LossFunction>>;
  schedules?: Readonly<Record<string, (options: unknown) => Schedule | PlateauSchedule>>;
}

function has<Field extends string>(
  value: unknown,
  field: Field,
): value is { readonly [Name in Field]: string } {
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
