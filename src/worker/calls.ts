/** Lists what the page can ask of the worker. A new call needs its line here and its method on the page's side, no more. */

import type { SequenceItem } from "../data/items.js";
import { loadNetwork, saveNetwork, type SaveNetworkOptions } from "../formats/network-file.js";
import { forecast, type Forecast, type QuantileForecast } from "../infer/forecast.js";
import {
  predict,
  predictClasses,
  type PredictClassesOptions,
  type PredictOptions,
} from "../infer/predict.js";
import { sample, type SampleOptions } from "../infer/sample.js";
import { compareLearners, type CompareLearnersOptions } from "../learn/measure/compare-learners.js";
import { estimateGradient, type EstimateGradientOptions } from "../learn/measure/estimate-gradient.js";
import { gradientFlow, type GradientFlowOptions } from "../learn/flow/gradient-flow.js";
import { createNetwork } from "../network/create-network.js";
import type {
  BackwardOptions,
  ForwardOptions,
  NetworkOptions,
  RuntimeOptions,
  Sequence,
  SessionOptions,
  State,
  StepInput,
  Target,
} from "../network/types.js";
import { clipGradientNorm, clipGradientValue } from "../optimize/clip.js";
import { evaluate } from "../train/evaluate.js";
import type { TrainOptions } from "../train/options.js";
import { networkOf, readCheckpoint, readFrozen } from "../train/checkpoint.js";
import { resumeTraining } from "../train/resume-training.js";
import { train } from "../train/train.js";
import type { Training } from "../train/training.js";
import type {
  LearnerDescription,
  OptimizerDescription,
  OwnDescription,
  ScheduleDescription,
  SentData,
} from "./descriptions.js";
import type { HandleTable } from "./handle-table.js";
import type { Apart, fields, Packed } from "./fields.js";
import type { Job } from "./job.js";
import { SavableTraining } from "./savable-training.js";
import type { Remote, RemoteEvaluateOptions, RemoteForecastOptions, RemoteTrainOptions } from "./types.js";

/** Holds what is sent for those options of `train` that go in ways of their own. */
interface SentApart {
  readonly learner: LearnerDescription | undefined;
  /** A description, or the handle of an optimizer that the worker keeps. */
  readonly optimizer: OptimizerDescription | number;
  readonly schedule: ScheduleDescription | OwnDescription | ArrayLike<number> | undefined;
  readonly validation: SentData | undefined;
}

/** Says what `train` is to do: its options, with what can go to the worker in place of what cannot. */
export type SentTraining = Packed<RemoteTrainOptions, typeof fields.trainOptions> &
  Pick<SentApart, Apart<typeof fields.trainOptions>>;

/** Calls are answered at once, in the order in which they come; one that gives a promise when that is settled. */
export const calls = {
  startThreads: (handles: HandleTable, size: number) => handles.startThreads(size),
  createNetwork: (handles: HandleTable, options: NetworkOptions, runtime: RuntimeOptions | undefined) =>
    handles.keepNetwork(createNetwork(options, handles.runtime(runtime))),
  loadNetwork: (handles: HandleTable, bytes: Uint8Array, runtime: RuntimeOptions | undefined) =>
    handles.keepNetwork(loadNetwork(bytes, handles.runtime(runtime))),
  openCheckpoint: (handles: HandleTable, checkpoint: Uint8Array, runtime: RuntimeOptions | undefined) =>
    handles.keepNetwork(networkOf(readCheckpoint(checkpoint), handles.runtime(runtime))),
  readFrozen: (_handles: HandleTable, checkpoint: Uint8Array) => readFrozen(readCheckpoint(checkpoint)),
  createOptimizer: (handles: HandleTable, description: OptimizerDescription) =>
    handles.keepOptimizer(handles.factory.optimizer(description)),

  forward: (handles: HandleTable, network: number, sequence: Sequence, options: ForwardOptions | undefined) =>
    handles.network(network).forward(sequence, options),
  backward: (
    handles: HandleTable,
    network: number,
    target: Target,
    options: Packed<Remote<BackwardOptions>, typeof fields.backwardOptions> | undefined,
  ) => handles.network(network).backward(target, handles.factory.withLoss(options)),
  zeroGradients: (handles: HandleTable, network: number) => {
    handles.network(network).zeroGradients();
  },
  clone: (handles: HandleTable, network: number) => handles.keepNetwork(handles.network(network).clone()),
  save: (
    handles: HandleTable,
    network: number,
    metadata: Record<string, string> | undefined,
    options: SaveNetworkOptions | undefined,
  ) => saveNetwork(handles.network(network), metadata, options),
  clipGradientNorm: (handles: HandleTable, network: number, most: number) =>
    clipGradientNorm(handles.network(network), most),
  clipGradientValue: (handles: HandleTable, network: number, most: number) => {
    clipGradientValue(handles.network(network), most);
  },
  estimateGradient: (
    handles: HandleTable,
    network: number,
    sequence: Sequence,
    target: Target,
    learner: LearnerDescription,
    options: Packed<Remote<EstimateGradientOptions>, typeof fields.estimateGradientOptions> | undefined,
  ) =>
    estimateGradient(
      handles.network(network),
      sequence,
      target,
      handles.factory.learner("learner", learner),
      handles.factory.withLoss(options),
    ),
  compareLearners: (
    handles: HandleTable,
    network: number,
    sequence: Sequence,
    target: Target,
    learners: readonly LearnerDescription[],
    options: Packed<Remote<CompareLearnersOptions>, typeof fields.compareLearnersOptions> | undefined,
  ) => {
    const made = learners.map((learner, i) => handles.factory.learner(`learners[${i}]`, learner));
    return compareLearners(
      handles.network(network),
      sequence,
      target,
      made,
      handles.factory.withLoss(options),
    );
  },

  gradientFlow: (
    handles: HandleTable,
    network: number,
    sequence: Sequence,
    target: Target,
    options: Packed<Remote<GradientFlowOptions>, typeof fields.gradientFlowOptions> | undefined,
  ) => gradientFlow(handles.network(network), sequence, target, handles.factory.withLoss(options)),

  predict: (
    handles: HandleTable,
    network: number,
    items: readonly SequenceItem["inputs"][],
    options: PredictOptions | undefined,
  ) => predict(handles.network(network), items, options),
  predictClasses: (
    handles: HandleTable,
    network: number,
    items: readonly SequenceItem["inputs"][],
    options: PredictClassesOptions | undefined,
  ) => predictClasses(handles.network(network), items, options),
  forecast: (
    handles: HandleTable,
    network: number,
    history: ArrayLike<number>,
    options: RemoteForecastOptions,
  ): Forecast | QuantileForecast => forecast(handles.network(network), history, options),
  forecastOn: (
    handles: HandleTable,
    session: number,
    history: ArrayLike<number>,
    options: RemoteForecastOptions,
  ): Forecast | QuantileForecast => forecast(handles.session(session), history, options),

  readParameter: (handles: HandleTable, network: number, name: string) =>
    handles.network(network).parameter(name).read(),
  writeParameter: (handles: HandleTable, network: number, name: string, values: ArrayLike<number>) => {
    handles.network(network).parameter(name).write(values);
  },
  readGradient: (handles: HandleTable, network: number, name: string) =>
    handles.network(network).parameter(name).readGradient(),
  writeGradient: (handles: HandleTable, network: number, name: string, values: ArrayLike<number>) => {
    handles.network(network).parameter(name).writeGradient(values);
  },
  setTrainable: (handles: HandleTable, network: number, name: string, trainable: boolean) => {
    handles.network(network).parameter(name).trainable = trainable;
  },
  readTrainable: (handles: HandleTable, network: number) =>
    handles.network(network).parameters.map(({ trainable }) => trainable),

  openSession: (handles: HandleTable, network: number, options: SessionOptions | undefined) =>
    handles.keepSession(handles.network(network).session(options)),
  step: (handles: HandleTable, session: number, input: StepInput) => handles.session(session).step(input),
  sample: (handles: HandleTable, session: number, options: SampleOptions) =>
    sample(handles.session(session), options),
  readState: (handles: HandleTable, session: number) => handles.session(session).state,
  writeState: (handles: HandleTable, session: number, state: State) => {
    handles.session(session).state = state;
  },
  resetSession: (handles: HandleTable, session: number, which: Uint8Array | undefined) => {
    handles.session(session).reset(which);
  },

  stepOptimizer: (handles: HandleTable, optimizer: number, network: number) => {
    handles.optimizer(optimizer).step(handles.network(network));
  },
  setLearningRate: (handles: HandleTable, optimizer: number, rate: number) => {
    handles.optimizer(optimizer).learningRate = rate;
  },
  resetOptimizer: (handles: HandleTable, optimizer: number) => {
    handles.optimizer(optimizer).reset();
  },

  saveTraining: (handles: HandleTable, training: number) => handles.training(training).save(),
};

/** Makes what the options of a training describe. */
function trainOptions(handles: HandleTable, job: Job, options: SentTraining): TrainOptions {
  const { learner, optimizer, loss, schedule, validation, ...rest } = options;
  const { factory } = handles;
  return {
    ...rest,
    learner: learner === undefined ? undefined : factory.learner("learner", learner),
    optimizer: typeof optimizer === "number" ? handles.optimizer(optimizer) : factory.optimizer(optimizer),
    loss: loss === undefined ? undefined : factory.loss(loss),
    schedule: schedule === undefined ? undefined : factory.schedule(schedule),
    validation: validation === undefined ? undefined : job.windows("validation", validation, factory),
    signal: job.signal,
  };
}

/** Runs a training, and lets it be saved. */
function relay(
  handles: HandleTable,
  job: Job,
  network: number,
  training: Training,
  ahead: number,
): Promise<void> {
  const savable = new SavableTraining(training, () => {
    job.send();
  });
  return handles.keepTraining(network, job.id, savable, job.relay(savable, ahead));
}

/** Jobs are calls that take their time, in turns with other calls. */
export const jobs = {
  train: (
    handles: HandleTable,
    job: Job,
    network: number,
    data: SentData,
    options: SentTraining,
    ahead: number,
  ) => {
    const trained = handles.network(network);
    const windows = job.windows("data", data, handles.factory);
    const training = train(trained, windows, trainOptions(handles, job, options));
    return relay(handles, job, network, training, ahead);
  },
  resumeTraining: (
    handles: HandleTable,
    job: Job,
    network: number,
    checkpoint: Uint8Array,
    data: SentData,
    options: SentTraining,
    ahead: number,
  ) => {
    const given = { network: handles.network(network), ...trainOptions(handles, job, options) };
    const training = resumeTraining(checkpoint, job.windows("data", data, handles.factory), given);
    return relay(handles, job, network, training, ahead);
  },
  evaluate: (
    handles: HandleTable,
    job: Job,
    network: number,
    data: SentData,
    options: Packed<RemoteEvaluateOptions, typeof fields.evaluateOptions> | undefined,
  ) => {
    const { factory } = handles;
    const loss = options?.loss === undefined ? undefined : factory.loss(options.loss);
    return evaluate(handles.network(network), job.windows("data", data, factory), { ...options, loss });
  },
};

export type Calls = typeof calls;
export type Jobs = typeof jobs;
/** Holds the arguments of a call or job that come after the table of handles, and the job. */
export type CallArguments<Name extends keyof Calls> = Calls[Name] extends (
  handles: HandleTable,
  ...args: infer Args
) => unknown
  ? Args
  : never;
export type JobArguments<Name extends keyof Jobs> = Jobs[Name] extends (
  handles: HandleTable,
  job: Job,
  ...args: infer Args
) => unknown
  ? Args
  : never;
