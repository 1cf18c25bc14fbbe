/** Says which fields of an argument go to the worker, and how. A field that is new in one of the types needs its row here. */

import type { SequenceItem } from "../data/items.js";
import type { TrainingWindow } from "../data/training-data.js";
import type { SaveNetworkOptions } from "../formats/network-file.js";
import type { PredictClassesOptions, PredictOptions } from "../infer/predict.js";
import type { SampleOptions } from "../infer/sample.js";
import type { GradientFlowOptions } from "../learn/flow/gradient-flow.js";
import type { CompareLearnersOptions } from "../learn/measure/compare-learners.js";
import type { EstimateGradientOptions } from "../learn/measure/estimate-gradient.js";
import type {
  BackwardOptions,
  ForwardOptions,
  Loss,
  Sequence,
  SessionOptions,
  State,
  Target,
} from "../network/types.js";
import type { Remote, RemoteEvaluateOptions, RemoteForecastOptions, RemoteTrainOptions } from "./types.js";

/** A plain value goes as it is, but that typed arrays are copied. */
type Plain = string | number | boolean | ArrayLike<number>;

/** How a field goes: as it is ("value"), described ("loss"), field by field, in a way of its own ("apart"), or not at all ("here"). */
type Way<Value> =
  | "apart"
  | "here"
  | "loss"
  // What cannot be has its row so that it is refused.
  | ([Value] extends [never]
      ? "value"
      : Value extends Plain
        ? "value"
        : Value extends (...args: never[]) => unknown
          ? never
          : Fields<Value>);

/** A table of exactly the fields that the type has, each with the way it goes. */
export type Fields<Type> = { readonly [Field in keyof Type]-?: Way<NonNullable<Type[Field]>> };

/** The names of a table's fields that go in one of these ways. */
type Going<Table, Ways> = {
  [Field in keyof Table]: Table[Field] extends Ways ? Field : never;
}[keyof Table];

/** The names of a table's fields that go in ways of their own. */
export type Apart<Table> = Going<Table, "apart">;

/** What goes of a value by its table: all fields but those that go apart, or stay here; a loss goes described. */
export type Packed<Value, Table> = Value extends object
  ? {
      [Field in keyof Value as Exclude<Field, Going<Table, "apart" | "here">>]: Field extends Going<
        Table,
        "loss"
      >
        ? Exclude<Value[Field], Loss>
        : Value[Field];
    }
  : Value;

/** The names of the fields of any member of a union. */
type AnyField<Union> = Union extends unknown ? keyof Union : never;

const STATE = { h: "value", c: "value" } as const satisfies Fields<State>;

const SEQUENCE = {
  steps: "value",
  batch: "value",
  tokens: "value",
  values: "value",
  lengths: "value",
  resets: "value",
} as const satisfies Fields<Sequence>;

const TARGET = {
  classes: "value",
  values: "value",
  gradient: "value",
  weights: "value",
  labels: "value",
  labelLengths: "value",
} as const satisfies Fields<Target>;

/** Has a table for each kind of argument that consists of more than plain values. */
export const fields = {
  state: STATE,
  sequence: SEQUENCE,
  target: TARGET,
  window: { inputs: SEQUENCE, targets: TARGET, sequenceTargets: TARGET, carry: "value" },
  forwardOptions: { state: STATE, training: "value", keepTape: "value", hidden: "value" },
  backwardOptions: { loss: "loss", reduction: "value", stateGradient: STATE, inputGradient: "value" },
  sessionOptions: { batch: "value", state: STATE },
  estimateGradientOptions: { state: STATE, loss: "loss", seed: "value", reduction: "value" },
  compareLearnersOptions: { state: STATE, loss: "loss", seed: "value", draws: "value" },
  gradientFlowOptions: {
    state: STATE,
    loss: "loss",
    losses: "value",
    seed: "value",
    tolerance: "value",
    beyond: "value",
  },
  evaluateOptions: { loss: "loss", topK: "value" },
  itemInputs: { tokens: "value", steps: "value", values: "value" },
  predictOptions: { batch: "value", activation: "value" },
  predictClassesOptions: { batch: "value", topK: "value" },
  forecastOptions: { steps: "value", next: "value", levels: "value", window: "value" },
  saveNetworkOptions: { dtype: "value" },
  sampleOptions: {
    length: "value",
    prime: "apart",
    temperature: "value",
    topK: "value",
    topP: "value",
    exclude: "apart",
    seed: "value",
  },
  trainOptions: {
    learner: "apart",
    updateEvery: "value",
    optimizer: "apart",
    loss: "loss",
    clipNorm: "value",
    clipValue: "value",
    schedule: "apart",
    epochs: "value",
    maxSteps: "value",
    validation: "apart",
    validateEvery: "value",
    patience: "value",
    minImprovement: "value",
    keepBest: "value",
    accumulate: "value",
    averaging: { decay: "value" },
    signal: "here",
    ahead: "here",
  },
} as const satisfies {
  readonly state: Fields<State>;
  readonly sequence: Fields<Sequence>;
  readonly target: Fields<Target>;
  readonly window: Fields<TrainingWindow>;
  readonly forwardOptions: Fields<ForwardOptions>;
  readonly backwardOptions: Fields<Remote<BackwardOptions>>;
  readonly sessionOptions: Fields<SessionOptions>;
  readonly estimateGradientOptions: Fields<Remote<EstimateGradientOptions>>;
  readonly compareLearnersOptions: Fields<Remote<CompareLearnersOptions>>;
  readonly gradientFlowOptions: Fields<Remote<GradientFlowOptions>>;
  readonly evaluateOptions: Fields<RemoteEvaluateOptions>;
  readonly itemInputs: Readonly<Record<AnyField<SequenceItem["inputs"]>, "value">>;
  readonly predictOptions: Fields<PredictOptions>;
  readonly predictClassesOptions: Fields<PredictClassesOptions>;
  readonly forecastOptions: Fields<RemoteForecastOptions>;
  readonly saveNetworkOptions: Fields<SaveNetworkOptions>;
  readonly sampleOptions: Fields<SampleOptions>;
  readonly trainOptions: Fields<RemoteTrainOptions>;
};
