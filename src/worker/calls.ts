/** What the page can ask of the worker. A call that is new here needs its method on the page's side, and nothing else. */

import { loadNetwork, saveNetwork } from "../formats/network-file.js";
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
import { train } from "../train/train.js";
import type { LearnerDescription, OptimizerDescription, OwnDescription, SentData } from "./descriptions.js";
import type { Desk } from "./desk.js";
import type { Apart, fields, Packed } from "./fields.js";
import type { Job } from "./job.js";
import type { RemoteTrainOptions } from "./types.js";

/** What is sent of those options of `train` that go in ways of their own. */
interface SentApart {
  readonly learner: LearnerDescription | undefined;
  /** Described, or the handle of one that the worker keeps. */
  readonly optimizer: OptimizerDescription | number;
  readonly loss: OwnDescription | undefined;
  readonly schedule: OwnDescription | ArrayLike<number> | undefined;
  readonly validation: SentData | undefined;
}

/** What `train` is asked to do: its options, with what can cross in place of what cannot. */
export type SentTraining = Packed<RemoteTrainOptions, typeof fields.trainOptions> &
  Pick<SentApart, Apart<typeof fields.trainOptions>>;

/** Answered at once, in the order in which they come. */
export const calls = {
  createNetwork: (desk: Desk, options: NetworkOptions, runtime: RuntimeOptions | undefined) =>
    desk.keepNetwork(createNetwork(options, runtime)),
  loadNetwork: (desk: Desk, bytes: Uint8Array, runtime: RuntimeOptions | undefined) =>
    desk.keepNetwork(loadNetwork(bytes, runtime)),
  createOptimizer: (desk: Desk, description: OptimizerDescription) =>
    desk.keepOptimizer(desk.workshop.optimizer(description)),

  forward: (desk: Desk, network: number, sequence: Sequence, options: ForwardOptions | undefined) =>
    desk.network(network).forward(sequence, options),
  backward: (desk: Desk, network: number, target: Target, options: BackwardOptions | undefined) =>
    desk.network(network).backward(target, options),
  zeroGradients: (desk: Desk, network: number) => {
    desk.network(network).zeroGradients();
  },
  clone: (desk: Desk, network: number) => desk.keepNetwork(desk.network(network).clone()),
  save: (desk: Desk, network: number, metadata: Record<string, string> | undefined) =>
    saveNetwork(desk.network(network), metadata),
  clipGradientNorm: (desk: Desk, network: number, most: number) =>
    clipGradientNorm(desk.network(network), most),
  clipGradientValue: (desk: Desk, network: number, most: number) => {
    clipGradientValue(desk.network(network), most);
  },
  estimateGradient: (
    desk: Desk,
    network: number,
    sequence: Sequence,
    target: Target,
    learner: LearnerDescription,
    options: EstimateGradientOptions | undefined,
  ) =>
    estimateGradient(
      desk.network(network),
      sequence,
      target,
      desk.workshop.learner("learner", learner),
      options,
    ),
  compareLearners: (
    desk: Desk,
    network: number,
    sequence: Sequence,
    target: Target,
    learners: readonly LearnerDescription[],
    options: CompareLearnersOptions | undefined,
  ) => {
    const made = learners.map((learner, i) => desk.workshop.learner(`learners[${i}]`, learner));
    return compareLearners(desk.network(network), sequence, target, made, options);
  },

  gradientFlow: (
    desk: Desk,
    network: number,
    sequence: Sequence,
    target: Target,
    options: GradientFlowOptions | undefined,
  ) => gradientFlow(desk.network(network), sequence, target, options),

  readParameter: (desk: Desk, network: number, name: string) => desk.network(network).parameter(name).read(),
  writeParameter: (desk: Desk, network: number, name: string, values: ArrayLike<number>) => {
    desk.network(network).parameter(name).write(values);
  },
  readGradient: (desk: Desk, network: number, name: string) =>
    desk.network(network).parameter(name).readGradient(),
  writeGradient: (desk: Desk, network: number, name: string, values: ArrayLike<number>) => {
    desk.network(network).parameter(name).writeGradient(values);
  },
  setTrainable: (desk: Desk, network: number, name: string, trainable: boolean) => {
    desk.network(network).parameter(name).trainable = trainable;
  },

  openSession: (desk: Desk, network: number, options: SessionOptions | undefined) =>
    desk.keepSession(desk.network(network).session(options)),
  step: (desk: Desk, session: number, input: StepInput) => desk.session(session).step(input),
  sample: (desk: Desk, session: number, options: SampleOptions) => sample(desk.session(session), options),
  readState: (desk: Desk, session: number) => desk.session(session).state,
  writeState: (desk: Desk, session: number, state: State) => {
    desk.session(session).state = state;
  },
  resetSession: (desk: Desk, session: number) => {
    desk.session(session).reset();
  },

  stepOptimizer: (desk: Desk, optimizer: number, network: number) => {
    desk.optimizer(optimizer).step(desk.network(network));
  },
  setLearningRate: (desk: Desk, optimizer: number, rate: number) => {
    desk.optimizer(optimizer).learningRate = rate;
  },
  resetOptimizer: (desk: Desk, optimizer: number) => {
    desk.optimizer(optimizer).reset();
  },
};

/** Those that take their time, in turns with other calls. */
export const jobs = {
  train: (desk: Desk, job: Job, network: number, data: SentData, options: SentTraining, ahead: number) => {
    const { learner, optimizer, loss, schedule, validation, ...rest } = options;
    const { workshop } = desk;
    const events = train(desk.network(network), job.windows("data", data, workshop), {
      ...rest,
      learner: learner === undefined ? undefined : workshop.learner("learner", learner),
      optimizer: typeof optimizer === "number" ? desk.optimizer(optimizer) : workshop.optimizer(optimizer),
      loss: loss === undefined ? undefined : workshop.loss(loss),
      schedule: schedule === undefined ? undefined : workshop.schedule(schedule),
      validation: validation === undefined ? undefined : job.windows("validation", validation, workshop),
      signal: job.signal,
    });
    return job.relay(events, ahead);
  },
  evaluate: (desk: Desk, job: Job, network: number, data: SentData) =>
    evaluate(desk.network(network), job.windows("data", data, desk.workshop)),
};

export type Calls = typeof calls;
export type Jobs = typeof jobs;
/** What a call or job takes after the desk, and the job. */
export type Taken<Name extends keyof Calls> = Calls[Name] extends (desk: Desk, ...args: infer Args) => unknown
  ? Args
  : never;
export type TakenByJob<Name extends keyof Jobs> = Jobs[Name] extends (
  desk: Desk,
  job: Job,
  ...args: infer Args
) => unknown
  ? Args
  : never;
