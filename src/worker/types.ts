/** Types what lives in a worker, as the page has it: the same as without one, but every answer is a promise. */

import type { SequenceItem } from "../data/items.js";
import type { TrainingData } from "../data/training-data.js";
import type { SaveNetworkOptions } from "../formats/network-file.js";
import type { Forecast, ForecastOptions, QuantileForecast } from "../infer/forecast.js";
import type { ClassPrediction, PredictClassesOptions, PredictOptions } from "../infer/predict.js";
import type { SampleOptions } from "../infer/sample.js";
import type { CompareLearnersOptions, LearnersComparison } from "../learn/measure/compare-learners.js";
import type { EstimateGradientOptions, GradientEstimate } from "../learn/measure/estimate-gradient.js";
import type { GradientFlow, GradientFlowOptions } from "../learn/flow/gradient-flow.js";
import type {
  BackwardOptions,
  BackwardResult,
  Build,
  CompleteOptions,
  ForwardOptions,
  ForwardResult,
  Loss,
  NetworkOptions,
  RuntimeOptions,
  Sequence,
  SessionOptions,
  State,
  StepInput,
  Target,
} from "../network/types.js";
import type { EvaluateOptions, Evaluation } from "../train/evaluate.js";
import type { TrainOptions } from "../train/options.js";
import type { PlateauSchedule } from "../train/schedules/plateau.js";
import type { Progress } from "../train/training.js";
import type {
  DataDescription,
  LearnerDescription,
  LossDescription,
  OptimizerDescription,
  OwnDescription,
  ScheduleDescription,
} from "./descriptions.js";
import type { WorkerLike } from "../threads/worker-like.js";

export interface StartWorkerOptions {
  /**
   * Makes the worker, of a file that calls `serveNetworks()`: where a Content-Security-Policy forbids `worker-src blob:`, or
   * for functions of one's own. Default: one made from a script that the library carries. It is terminated with the rest.
   */
  worker?: () => WorkerLike;
  /** The worker has so many milliseconds to answer for the first time; default 30 000. */
  timeout?: number;
  /**
   * Threads that share the work of the worker's networks, its own included, as `createThreadPool` has them; default 1: there are
   * no others.
   */
  threads?: number;
}

/**
 * Stands for a worker, and makes things in it. Calls are answered in their order, between the updates of a training that
 * is running; a call that fails rejects with an error of the class that it would have thrown here, and changes nothing.
 *
 * When the worker ends, whatever the reason, all that waits for it rejects with a `WorkerError`, and so does every later
 * call. A browser tells of that in secure contexts only, to which `localhost` belongs.
 */
export interface NetworkWorker {
  /**
   * Makes a network, as `createNetwork` does. It runs on the threads that `startWorker` was asked for; `runtime.threads`, a pool of
   * this thread's, is refused here and by the other calls.
   */
  createNetwork(options: NetworkOptions, runtime?: RuntimeOptions): Promise<RemoteNetwork>;
  /**
   * Loads a network, as `loadNetwork` does; `bytes` may be used again. `loadNetwork(saveNetwork(network))` brings one of this
   * thread's.
   */
  loadNetwork(bytes: Uint8Array, runtime?: RuntimeOptions): Promise<RemoteNetwork>;
  /**
   * Goes on where a training's `save` was called, here or on this thread, as `resumeTraining` does: with the same data and options
   * given again, from then on the same events, bit for bit in the same build. The network is one of this worker's that
   * `options.network` gives, or a new one, which `training.network` is at once. Data that is described is sought; an iterable of
   * this thread's is asked for an iterator for each past epoch and walked to its place, and a set that was iterated before is to
   * be made anew for it.
   *
   * `checkpoint` may be used again. Bytes that are no checkpoint reject here, with a FormatError, and so does a wrong argument; what
   * does not fit is thrown by the first `next()`, as by `train`, and changes nothing. A network that is given is unchanged until
   * then.
   */
  resumeTraining(
    checkpoint: Uint8Array,
    data: RemoteData,
    options: RemoteResumeOptions,
    runtime?: RuntimeOptions,
  ): Promise<RemoteTraining>;
  /** Makes an optimizer that serves several trainings, or steps of one's own. */
  createOptimizer(description: OptimizerDescription): Promise<RemoteOptimizer>;
  /** Ends the worker at once, whatever it is doing; what waits for it rejects with a WorkerError. Idempotent. */
  terminate(): Promise<void>;
  /** `await using worker = await startWorker()` terminates it; where the engine has no such symbol, none is invented. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Forecasts in a worker, as `forecast` does of a network or a session. */
export interface RemoteForecaster {
  forecast(
    history: ArrayLike<number>,
    options: RemoteForecastOptions & { levels: readonly number[] },
  ): Promise<QuantileForecast>;
  forecast(history: ArrayLike<number>, options: RemoteForecastOptions): Promise<Forecast>;
}

/** Does in a worker what `Network` does. */
export interface RemoteNetwork extends RemoteForecaster, Disposable {
  readonly options: CompleteOptions;
  readonly build: Build;
  readonly parameters: readonly RemoteParameter[];
  /** Returns a parameter by its name. Throws a RangeError for an unknown one. */
  parameter(name: string): RemoteParameter;
  forward(sequence: Sequence, options?: ForwardOptions): Promise<ForwardResult>;
  backward(target: Target, options?: Remote<BackwardOptions>): Promise<BackwardResult>;
  zeroGradients(): Promise<void>;
  clone(): Promise<RemoteNetwork>;
  session(options?: SessionOptions): Promise<RemoteSession>;
  /** Saves the network, as `saveNetwork` does. */
  save(metadata?: Record<string, string>, options?: SaveNetworkOptions): Promise<Uint8Array>;
  /** Clips the gradients, as `clipGradientNorm` does. */
  clipGradientNorm(maxNorm: number): Promise<number>;
  /** Clips the gradients, as `clipGradientValue` does. */
  clipGradientValue(maxValue: number): Promise<void>;
  /**
   * Trains, as `train` does, from the first event that is asked for. The worker trains on while the page is busy, up to
   * `options.ahead`, and rests while no event is taken. Events come in groups, at least every 16 ms, and are yielded one
   * by one.
   *
   * `data`: described, so that the worker makes it; or as for `train`, its windows then being copied to the worker, some
   * ahead of their use. `break` ends training quietly, and the signal with its reason, within one update.
   *
   * Throws a TypeError for what cannot cross.
   */
  train(data: RemoteData, options: RemoteTrainOptions): RemoteTraining;
  /** Evaluates, as `evaluate` does. Calls made before it is answered take effect between its windows. */
  evaluate(data: RemoteData, options?: RemoteEvaluateOptions): Promise<Evaluation>;
  /** Returns each item's outputs, as `predict` does. */
  predict(items: readonly SequenceItem["inputs"][], options?: PredictOptions): Promise<Float32Array[]>;
  /** Returns each item's likeliest classes, as `predictClasses` does. */
  predictClasses(
    items: readonly SequenceItem["inputs"][],
    options?: PredictClassesOptions,
  ): Promise<ClassPrediction[]>;
  /** Estimates a gradient, as `estimateGradient` does. */
  estimateGradient(
    sequence: Sequence,
    target: Target,
    learner: LearnerDescription,
    options?: Remote<EstimateGradientOptions>,
  ): Promise<GradientEstimate>;
  /** Compares learners, as `compareLearners` does. */
  compareLearners(
    sequence: Sequence,
    target: Target,
    learners: readonly LearnerDescription[],
    options?: Remote<CompareLearnersOptions>,
  ): Promise<LearnersComparison>;
  /** Follows gradients back, as `gradientFlow` does. */
  gradientFlow(
    sequence: Sequence,
    target: Target,
    options?: Remote<GradientFlowOptions>,
  ): Promise<GradientFlow>;
  /** Gives the memory back; idempotent; any later call rejects with a DisposedError. */
  dispose(): void;
}

export type RemoteData = TrainingData | DataDescription;

/** Options whose loss may also be described. */
export type Remote<Options extends { loss?: Loss }> = Omit<Options, "loss"> & {
  loss?: Loss | LossDescription;
};

export interface RemoteEvaluateOptions extends Omit<EvaluateOptions, "loss"> {
  /** As for `train`. */
  loss?: Loss | LossDescription | OwnDescription;
}

export interface RemoteForecastOptions extends Omit<ForecastOptions, "next"> {
  /** Functions cannot go to a worker: the outputs, or the quantiles nearest to the median, must be the next inputs. */
  next?: never;
}

/** Takes what `TrainOptions` takes, with descriptions in place of what consists of functions. */
export interface RemoteTrainOptions extends Omit<
  TrainOptions,
  "learner" | "optimizer" | "loss" | "schedule" | "validation" | "cluster"
> {
  /** Default `{ type: "bptt" }`. */
  learner?: LearnerDescription;
  /** A description, or an optimizer that `createOptimizer` made. */
  optimizer: OptimizerDescription | RemoteOptimizer;
  /** One of the library's, or `{ own: "name" }` of a function that the worker's `serveNetworks` was given. */
  loss?: Loss | LossDescription | OwnDescription;
  /**
   * Learning rates, one an update, of which the last holds from there on; one made by `plateauSchedule()`, or its description; or
   * `{ own: "name" }` of a function.
   */
  schedule?: ArrayLike<number> | PlateauSchedule | ScheduleDescription | OwnDescription;
  validation?: RemoteData;
  /**
   * Milliseconds that the worker trains on while the oldest event waits to be taken; default 100. After `break` the
   * parameters may thus be some updates ahead of the last event. 0: each update begins when its event is asked for, as
   * without a worker.
   */
  ahead?: number;
}

/** Takes what `ResumeOptions` takes, with descriptions in place of what consists of functions. */
export interface RemoteResumeOptions extends RemoteTrainOptions {
  /** Goes on with this network of the same worker, as `ResumeOptions` says. */
  network?: RemoteNetwork;
}

/** A training in a worker: an async iterator of its events. */
export interface RemoteTraining extends AsyncGenerator<Progress, void> {
  readonly network: RemoteNetwork;
  /**
   * Saves the training, as `Training.save` does, between two of its updates: between the events that the worker made so far and the
   * next, not those that were taken here. The worker trains ahead, so that the state may be some updates past the last event
   * that was taken; events between come before the promise resolves, and a page that keeps a log takes them first, or trains with
   * `ahead: 0`, where there are none. It may be called at any time from the first event that was asked for, also while a `next()`
   * is pending.
   *
   * After the training's end, be it the last event, `break` or the signal, it gives where the worker stopped, until another
   * training of the network begins. Rejects with an InvalidStateError before the first event was asked for, after an error ended
   * training, and once another of the network began; a DisposedError; a TypeError for a learner or an optimizer of the worker's own
   * without `save` and `restore`; an OutOfMemoryError.
   */
  save(): Promise<Uint8Array>;
}

/** Does in a worker what `Parameter` does. */
export interface RemoteParameter {
  readonly name: string;
  readonly shape: readonly number[];
  read(): Promise<Float32Array>;
  write(values: ArrayLike<number>): Promise<void>;
  readGradient(): Promise<Float32Array>;
  writeGradient(values: ArrayLike<number>): Promise<void>;
  /** May be set; calls from then on find it so. */
  trainable: boolean;
}

/** Does in a worker what `Session` does. */
export interface RemoteSession extends RemoteForecaster, Disposable {
  readonly network: RemoteNetwork;
  readonly batch: number;
  step(input: StepInput): Promise<Float32Array>;
  /** Draws tokens, as `sample` does. */
  sample(options: SampleOptions): Promise<Int32Array>;
  readState(): Promise<State>;
  writeState(state: State): Promise<void>;
  /** Of all sequences, or of those that have a 1 in `which`, [B]. */
  reset(which?: Uint8Array): Promise<void>;
  dispose(): void;
}

/** Does in a worker what `Optimizer` does; it belongs to the first network it steps. */
export interface RemoteOptimizer extends Disposable {
  step(network: RemoteNetwork): Promise<void>;
  /** Sets the rate, also while a training uses the optimizer: the next update takes it. */
  setLearningRate(rate: number): Promise<void>;
  reset(): Promise<void>;
  dispose(): void;
}
