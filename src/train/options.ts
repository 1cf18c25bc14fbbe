/** What `train` is to do, checked and completed. */

import type { TrainingData } from "../data/training-data.js";
import {
  describe,
  requireBoolean,
  requireInteger,
  requireMethods,
  requireNumber,
  requireOptions,
} from "../errors.js";
import {
  cutsWindows,
  requireLearner,
  type BeginLearning,
  type Learner,
  type LossFunction,
} from "../learn/learner.js";
import { requireOnline } from "../learn/online/online-learners.js";
import { wholeTape } from "../learn/back/whole-tape.js";
import { requireNetwork } from "../network/network.js";
import { requireLoss } from "../network/losses/definition.js";
import type { Loss, Network } from "../network/types.js";
import type { Optimizer } from "../optimize/optimizer.js";
import { requireCluster, type Cluster, type ClusterRun } from "./cluster/cluster.js";
import { requireData } from "./read-windows.js";
import { followOf, requireSchedule } from "./schedules/follow.js";
import type { PlateauSchedule } from "./schedules/plateau.js";
import type { Schedule } from "./schedules/schedule.js";
import { requireSignal, type StopSignal } from "./stop-signal.js";

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
  /** Sets the optimizer's learning rate before each update; `plateauSchedule()` follows the validation loss. */
  schedule?: Schedule | PlateauSchedule;
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
   * ends otherwise, the parameters are the last, unless `keepBest` is true.
   */
  patience?: number;
  /** How much lower than the best a validation loss must be to count as a new best for `patience`, at least 0; default 0. */
  minImprovement?: number;
  /**
   * Whether the network ends with the parameters that validated best, however training ends, be it by `break`, the signal or
   * an error; default false. Where nothing validated, the parameters are the last.
   */
  keepBest?: boolean;
  /**
   * Windows an update, at least 1: their gradients are averaged, by their targets' weights, or their number, as `loss` is. What
   * is left at an epoch's end makes an update of its own. Not for rules that may give several gradients a window: tbptt,
   * artbp, and those with `updateEvery`. Default 1.
   */
  accumulate?: number;
  /**
   * Averages the parameters over the updates (Polyak & Juditsky 1992, here with exponential weights): a ← decay·a +
   * (1 − decay)·w after each, a = w after the first; `decay` from 0 to below 1. The averaged parameters validate, and are the
   * network's when training ends.
   */
  averaging?: { decay: number };
  /**
   * Trains together with other processes, each of which is given the same network, data and options, and learns from its part of
   * every batch: gradients, losses and all that follows from them are those of the whole batch. Default: alone.
   */
  cluster?: Cluster;
  /**
   * An AbortSignal. Stops training between updates, or while it waits for data, and throws signal.reason; the network
   * stays usable.
   */
  signal?: StopSignal;
}

export interface TrainPlan extends Readonly<Omit<TrainOptions, "cluster">> {
  readonly network: Network;
  readonly learner: Learner;
  readonly data: TrainingData;
  readonly begin: BeginLearning;
  /** Infinity: unlimited. */
  readonly epochs: number;
  readonly maxSteps: number;
  readonly accumulate: number;
  /** This training's part in its cluster, which then heeds the signal in its place. */
  readonly ranks: ClusterRun | undefined;
}

/** What the default learner is called in a checkpoint, and in messages. */
const wholeWindows: Learner = Object.freeze({ name: "bptt" });

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
function requireValidation(options: TrainOptions): void {
  const { validation, validateEvery, patience, minImprovement, keepBest, schedule } = options;
  if (validation !== undefined) requireData("validation", validation);
  requireCount("validateEvery", validateEvery);
  requireCount("patience", patience);
  if (minImprovement !== undefined) requireNumber("minImprovement", minImprovement, { least: 0 });
  const keeps = keepBest !== undefined && requireBoolean("keepBest", keepBest);
  if (minImprovement !== undefined && patience === undefined)
    throw new TypeError(`"patience" expected a number for "minImprovement", got undefined`);
  if (validation !== undefined) return;
  const follows = followOf(schedule) !== undefined;
  const wants = Object.entries({
    validateEvery,
    patience,
    keepBest: keeps || undefined,
    schedule: follows || undefined,
  }).find(([, value]) => value !== undefined)?.[0];
  if (wants !== undefined) throw new TypeError(`"validation" expected data for "${wants}", got undefined`);
}

/** Returns windows an update. Throws for rules that do not give one gradient a window. */
function requireAccumulate({ accumulate, learner, updateEvery }: TrainOptions): number {
  const windows = requireCount("accumulate", accumulate) ?? 1;
  if (windows === 1) return windows;
  const cuts = learner !== undefined && cutsWindows(learner) ? `${learner.name}()` : undefined;
  const cutter = updateEvery === undefined ? cuts : `"updateEvery"`;
  if (cutter === undefined) return windows;
  throw new RangeError(
    `"accumulate" expected 1 with ${cutter}, which may give several gradients a window, got ${windows}: use bptt()`,
  );
}

function requireAveraging(averaging: TrainOptions["averaging"]): TrainOptions["averaging"] {
  if (averaging === undefined) return undefined;
  const { decay } = requireOptions("averaging", averaging, ["decay"]);
  return { decay: requireNumber("averaging.decay", decay, { least: 0, below: 1 }) };
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
    "minImprovement",
    "keepBest",
    "accumulate",
    "averaging",
    "cluster",
    "signal",
  ]);
  const { learner = wholeWindows, optimizer, loss, clipNorm, clipValue, schedule, signal } = given;
  const begin = requireBegin(given.learner, given.updateEvery);
  requireOptimizer(optimizer);
  requireLossOption(loss);
  requireClipOption("clipNorm", clipNorm);
  requireClipOption("clipValue", clipValue);
  if (schedule !== undefined) requireSchedule("schedule", schedule);
  const maxSteps = requireCount("maxSteps", given.maxSteps) ?? Infinity;
  const epochs = requireCount("epochs", given.epochs) ?? (maxSteps < Infinity ? Infinity : 1);
  requireValidation(given);
  if (signal !== undefined) requireSignal(signal);
  const accumulate = requireAccumulate(given);
  const averaging = requireAveraging(given.averaging);
  const { updateEvery, validation, validateEvery, patience, minImprovement, keepBest, cluster } = given;
  const join = cluster === undefined ? undefined : requireCluster(cluster);
  const plan = {
    network,
    data,
    learner,
    begin,
    updateEvery,
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
    minImprovement,
    keepBest,
    accumulate,
    averaging,
  };
  return join === undefined ? { ...plan, signal, ranks: undefined } : { ...plan, ranks: join(plan, signal) };
}
