/** What `train` is to do, checked and completed. */

import type { TrainingData } from "../data/training-data.js";
import { describe, requireInteger, requireMethods, requireNumber, requireOptions } from "../errors.js";
import { requireLearner, type BeginLearning, type Learner, type LossFunction } from "../learn/learner.js";
import { requireOnline } from "../learn/online/online-learners.js";
import { wholeTape } from "../learn/back/whole-tape.js";
import { requireNetwork } from "../network/network.js";
import { requireLoss } from "../network/losses/definition.js";
import type { Loss, Network } from "../network/types.js";
import type { Optimizer } from "../optimize/optimizer.js";
import { requireData } from "./read-windows.js";
import { requireSignal, type StopSignal } from "./stop-signal.js";

/** Gives the learning rate for the update after `step` updates, from 0. */
export type Schedule = (step: number) => number;

export interface TrainOptions {
  /** Default bptt() over each window: truncation at its start. */
  learner?: Learner;
  /**
   * Steps from one update to the next, of online rules alone, which learn forwards in time (those of `learningRules`
   * that are `online`): counted along windows that carry, across them and within them; what is left where a run of them
   * ends makes an update of its own. Default: an update a window. Between updates, what a rule keeps of the past is of
   * older parameters: its gradient is exact, or unbiased, only as far as they changed little.
   */
  updateEvery?: number;
  /** Of this network, or not used yet. */
  optimizer: Optimizer;
  /**
   * The loss of training and of validation: one of the library's, such as `huber()`, for the targets; or a function of the
   * caller's own, and a window's `targets` may then be {}. Default: softmax cross-entropy for classes, squared error for
   * values. Means over several windows weigh each by its targets' weights, or their number, or by its T·B steps where it has
   * none.
   */
  loss?: Loss | LossFunction;
  /** Scales the gradients so that their joint L2 norm is at most this. */
  clipNorm?: number;
  /** Then holds every gradient within ± this. */
  clipValue?: number;
  /** Sets the optimizer's learning rate before each update. */
  schedule?: Schedule;
  /** Default 1; unlimited when maxSteps is given. */
  epochs?: number;
  /** Updates; the last one ends training, wherever in an epoch it stands. */
  maxSteps?: number;
  /** Data to measure the loss on, not to train on. */
  validation?: TrainingData;
  /** Updates from one validation to the next; default: at each epoch's end, and at that of one which maxSteps cuts short. */
  validateEvery?: number;
  /**
   * Validations in a row without a new best after which training ends, with the best parameters restored. Where training
   * ends otherwise, the parameters are the last.
   */
  patience?: number;
  /**
   * An AbortSignal. Stops training between updates, or while it waits for data, and throws signal.reason; the network
   * stays usable.
   */
  signal?: StopSignal;
}

export interface TrainPlan extends Readonly<Omit<TrainOptions, "learner" | "updateEvery">> {
  readonly network: Network;
  readonly data: TrainingData;
  readonly begin: BeginLearning;
  /** Infinity: unlimited. */
  readonly epochs: number;
  readonly maxSteps: number;
}

export function requireFunction(name: string, value: unknown): void {
  if (typeof value !== "function")
    throw new TypeError(`"${name}" expected a function, got ${describe(value)}`);
}

export function requireOptimizer(optimizer: unknown): void {
  requireMethods("optimizer", "an optimizer, as sgd() or adam() make it", optimizer, ["step", "reset"]);
}

/** Throws for an option that clips but is not above 0, where nothing would be learned. Infinity: nothing is cut. */
export function requireClipOption(name: string, limit: number | undefined): void {
  if (limit !== undefined && limit !== Infinity) requireNumber(name, limit, { above: 0 });
}

/** Throws a TypeError for what is no loss. */
export function requireLossOption(loss: unknown): void {
  if (loss !== undefined && typeof loss !== "function") requireLoss("loss", loss, "a function, or ");
}

function requireCount(name: string, count: number | undefined): number | undefined {
  return count === undefined ? undefined : requireInteger(name, count, 1);
}

/** Whoever asks for validation must have given data for it. */
function requireValidation({ validation, validateEvery, patience }: TrainOptions): void {
  if (validation !== undefined) requireData("validation", validation);
  for (const [name, count] of Object.entries({ validateEvery, patience })) {
    if (requireCount(name, count) !== undefined && validation === undefined)
      throw new TypeError(`"validation" expected data for "${name}", got undefined`);
  }
}

/** Returns how the learner begins that updates so often. */
function requireBegin(learner: Learner | undefined, updateEvery: number | undefined): BeginLearning {
  const begin = learner === undefined ? wholeTape : requireLearner("learner", learner);
  if (updateEvery === undefined) return begin;
  const every = requireInteger("updateEvery", updateEvery, 1);
  const online = requireOnline(
    learner,
    `"updateEvery"`,
    `leave "updateEvery" out, or use tbptt({ k1: ${every} }), which updates every k1 steps`,
  );
  return online.begin(every);
}

/** Throws a TypeError or RangeError that names the argument. */
export function requireTrainPlan(network: Network, data: TrainingData, options: TrainOptions): TrainPlan {
  requireNetwork(network);
  requireData("data", data);
  const given = requireOptions("options", options, [
    "learner",
    "updateEvery",
    "optimizer",
    "loss",
    "clipNorm",
    "clipValue",
    "schedule",
    "epochs",
    "maxSteps",
    "validation",
    "validateEvery",
    "patience",
    "signal",
  ]);
  const { learner, optimizer, loss, clipNorm, clipValue, schedule, signal } = given;
  const begin = requireBegin(learner, given.updateEvery);
  requireOptimizer(optimizer);
  requireLossOption(loss);
  requireClipOption("clipNorm", clipNorm);
  requireClipOption("clipValue", clipValue);
  if (schedule !== undefined) requireFunction("schedule", schedule);
  const maxSteps = requireCount("maxSteps", given.maxSteps) ?? Infinity;
  const epochs = requireCount("epochs", given.epochs) ?? (maxSteps < Infinity ? Infinity : 1);
  requireValidation(given);
  if (signal !== undefined) requireSignal(signal);
  const { validation, validateEvery, patience } = given;
  return {
    network,
    data,
    begin,
    optimizer,
    loss,
    clipNorm,
    clipValue,
    schedule,
    epochs,
    maxSteps,
    validation,
    validateEvery,
    patience,
    signal,
  };
}
