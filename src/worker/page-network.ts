/** Stands on the page for a network in a worker. */

import type { SequenceItem } from "../data/items.js";
import { isArrayLike } from "../data/token-list.js";
import { describe, requireBoolean, requireLength } from "../errors.js";
import type { SaveNetworkOptions } from "../formats/network-file.js";
import type { Forecast, QuantileForecast } from "../infer/forecast.js";
import type { ClassPrediction, PredictClassesOptions, PredictOptions } from "../infer/predict.js";
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
  Sequence,
  SessionOptions,
  Target,
} from "../network/types.js";
import type { Evaluation } from "../train/evaluate.js";
import type { Connection } from "./connection.js";
import { requireDescription, type LearnerDescription } from "./descriptions.js";
import { fields, type Packed } from "./fields.js";
import { RemoteHandle } from "./remote-handle.js";
import type { NetworkInfo, ParameterInfo } from "./messages.js";
import { PageSession } from "./page-session.js";
import { evaluateInWorker, trainInWorker } from "./page-training.js";
import { Parcel } from "./portable-arrays.js";
import type {
  Remote,
  RemoteData,
  RemoteEvaluateOptions,
  RemoteForecastOptions,
  RemoteNetwork,
  RemoteParameter,
  RemoteSession,
  RemoteTraining,
  RemoteTrainOptions,
} from "./types.js";

function requireLearner(name: string, learner: LearnerDescription): LearnerDescription {
  requireDescription(name, learner, `{ type: "tbptt", k1: 64 }`);
  return learner;
}

type ItemInputs = SequenceItem["inputs"];

/** Packs whole sequences, each by itself; what is no list of them the worker refuses. */
function packItems(
  items: readonly ItemInputs[],
  parcel: Parcel,
): readonly Packed<ItemInputs, typeof fields.itemInputs>[] {
  const given = parcel.pack("items", items);
  if (!Array.isArray(given)) return given;
  return Array.from(items, (item, i) => parcel.pack(`items[${i}]`, item, fields.itemInputs));
}

export class PageNetwork extends RemoteHandle implements RemoteNetwork {
  readonly options: CompleteOptions;
  readonly build: Build;
  readonly parameters: readonly PageParameter[];

  constructor(connection: Connection, { handle, options, build, parameters }: NetworkInfo) {
    super(connection, handle, "network");
    this.options = Object.freeze(options);
    this.build = build;
    this.parameters = Object.freeze(parameters.map((info) => new PageParameter(this, info)));
  }

  parameter(name: string): RemoteParameter {
    this.requireHandle();
    const found = this.parameters.find((parameter) => parameter.name === name);
    if (found !== undefined) return found;
    const names = this.parameters.map((parameter) => parameter.name).join(", ");
    throw new RangeError(`"name" expected one of ${names}, got ${describe(name)}`);
  }

  async forward(sequence: Sequence, options?: ForwardOptions): Promise<ForwardResult> {
    const parcel = new Parcel();
    const given = parcel.pack("sequence", sequence, fields.sequence);
    const how = parcel.packOptions(options, fields.forwardOptions);
    return this.connection.call("forward", [this.requireHandle(), given, how], parcel.transfer);
  }

  async backward(target: Target, options?: Remote<BackwardOptions>): Promise<BackwardResult> {
    const parcel = new Parcel();
    const given = parcel.pack("target", target, fields.target);
    const how = parcel.packOptions(options, fields.backwardOptions);
    return this.connection.call("backward", [this.requireHandle(), given, how], parcel.transfer);
  }

  async zeroGradients(): Promise<void> {
    return this.connection.call("zeroGradients", [this.requireHandle()]);
  }

  async clone(): Promise<RemoteNetwork> {
    return new PageNetwork(this.connection, await this.connection.call("clone", [this.requireHandle()]));
  }

  async session(options?: SessionOptions): Promise<RemoteSession> {
    const parcel = new Parcel();
    const how = parcel.packOptions(options, fields.sessionOptions);
    const info = await this.connection.call("openSession", [this.requireHandle(), how], parcel.transfer);
    return new PageSession(this, this.connection, info);
  }

  async save(metadata?: Record<string, string>, options?: SaveNetworkOptions): Promise<Uint8Array> {
    const how = new Parcel().packOptions(options, fields.saveNetworkOptions);
    return this.connection.call("save", [this.requireHandle(), metadata, how]);
  }

  async clipGradientNorm(maxNorm: number): Promise<number> {
    return this.connection.call("clipGradientNorm", [this.requireHandle(), maxNorm]);
  }

  async clipGradientValue(maxValue: number): Promise<void> {
    return this.connection.call("clipGradientValue", [this.requireHandle(), maxValue]);
  }

  train(data: RemoteData, options: RemoteTrainOptions): RemoteTraining {
    return trainInWorker(this, data, options);
  }

  /** Lets the parameters be seen as the worker has them: which of them are trainable, in their order. */
  showTrainable(trainable: readonly boolean[]): void {
    this.parameters.forEach((parameter, i) => {
      parameter.show(trainable[i]);
    });
  }

  async evaluate(data: RemoteData, options?: RemoteEvaluateOptions): Promise<Evaluation> {
    return evaluateInWorker(this.connection, this.requireHandle(), data, options);
  }

  async predict(items: readonly ItemInputs[], options?: PredictOptions): Promise<Float32Array[]> {
    const parcel = new Parcel();
    const given = packItems(items, parcel);
    const how = parcel.packOptions(options, fields.predictOptions);
    return this.connection.call("predict", [this.requireHandle(), given, how], parcel.transfer);
  }

  async predictClasses(
    items: readonly ItemInputs[],
    options?: PredictClassesOptions,
  ): Promise<ClassPrediction[]> {
    const parcel = new Parcel();
    const given = packItems(items, parcel);
    const how = parcel.packOptions(options, fields.predictClassesOptions);
    return this.connection.call("predictClasses", [this.requireHandle(), given, how], parcel.transfer);
  }

  async forecast(
    history: ArrayLike<number>,
    options: RemoteForecastOptions & { levels: readonly number[] },
  ): Promise<QuantileForecast>;
  async forecast(history: ArrayLike<number>, options: RemoteForecastOptions): Promise<Forecast>;
  async forecast(history: ArrayLike<number>, options: RemoteForecastOptions): Promise<Forecast> {
    const parcel = new Parcel();
    const given = parcel.pack("history", history);
    const how = parcel.packOptions(options, fields.forecastOptions);
    return this.connection.call("forecast", [this.requireHandle(), given, how], parcel.transfer);
  }

  async estimateGradient(
    sequence: Sequence,
    target: Target,
    learner: LearnerDescription,
    options?: Remote<EstimateGradientOptions>,
  ): Promise<GradientEstimate> {
    const parcel = new Parcel();
    const inputs = parcel.pack("sequence", sequence, fields.sequence);
    const targets = parcel.pack("target", target, fields.target);
    const how = parcel.packOptions(options, fields.estimateGradientOptions);
    const args = [this.requireHandle(), inputs, targets, requireLearner("learner", learner), how] as const;
    return this.connection.call("estimateGradient", args, parcel.transfer);
  }

  async compareLearners(
    sequence: Sequence,
    target: Target,
    learners: readonly LearnerDescription[],
    options?: Remote<CompareLearnersOptions>,
  ): Promise<LearnersComparison> {
    const list: unknown = learners;
    if (!Array.isArray(list))
      throw new TypeError(`"learners" expected an array of learners, got ${describe(list)}`);
    const parcel = new Parcel();
    const inputs = parcel.pack("sequence", sequence, fields.sequence);
    const targets = parcel.pack("target", target, fields.target);
    const rules = Array.from(learners, (learner, i) => requireLearner(`learners[${i}]`, learner));
    const how = parcel.packOptions(options, fields.compareLearnersOptions);
    const args = [this.requireHandle(), inputs, targets, rules, how] as const;
    return this.connection.call("compareLearners", args, parcel.transfer);
  }

  async gradientFlow(
    sequence: Sequence,
    target: Target,
    options?: Remote<GradientFlowOptions>,
  ): Promise<GradientFlow> {
    const parcel = new Parcel();
    const inputs = parcel.pack("sequence", sequence, fields.sequence);
    const targets = parcel.pack("target", target, fields.target);
    const how = parcel.packOptions(options, fields.gradientFlowOptions);
    return this.connection.call(
      "gradientFlow",
      [this.requireHandle(), inputs, targets, how],
      parcel.transfer,
    );
  }
}

class PageParameter implements RemoteParameter {
  readonly name: string;
  readonly shape: readonly number[];
  private readonly network: PageNetwork;
  private isTrainable: boolean;

  constructor(network: PageNetwork, { name, shape, trainable }: ParameterInfo) {
    this.network = network;
    this.name = name;
    this.shape = Object.freeze(shape);
    this.isTrainable = trainable;
  }

  async read(): Promise<Float32Array> {
    return this.network.connection.call("readParameter", [this.network.requireHandle(), this.name]);
  }

  async write(values: ArrayLike<number>): Promise<void> {
    const parcel = new Parcel();
    const args = [this.network.requireHandle(), this.name, this.numbers(values, parcel)] as const;
    return this.network.connection.call("writeParameter", args, parcel.transfer);
  }

  async readGradient(): Promise<Float32Array> {
    return this.network.connection.call("readGradient", [this.network.requireHandle(), this.name]);
  }

  async writeGradient(values: ArrayLike<number>): Promise<void> {
    const parcel = new Parcel();
    const args = [this.network.requireHandle(), this.name, this.numbers(values, parcel)] as const;
    return this.network.connection.call("writeGradient", args, parcel.transfer);
  }

  get trainable(): boolean {
    this.network.requireHandle();
    return this.isTrainable;
  }

  set trainable(value: boolean) {
    const handle = this.network.requireHandle();
    this.isTrainable = requireBoolean("trainable", value);
    // It cannot fail but with the worker, which the next call tells of.
    this.network.connection.call("setTrainable", [handle, this.name, value]).catch(() => undefined);
  }

  /** Lets it be seen as the worker has it. */
  show(trainable: boolean): void {
    this.isTrainable = trainable;
  }

  /** Returns what can be sent: of an object that is only like an array, as many elements as there are to be. */
  private numbers(values: ArrayLike<number>, parcel: Parcel): ArrayLike<number> {
    const packed = parcel.pack("values", values);
    if (ArrayBuffer.isView(packed) || !isArrayLike(packed)) return packed;
    const length = this.shape.reduce((product, size) => product * size, 1);
    requireLength("values", packed.length, length, `[${this.shape.join(", ")}]`);
    return Array.from({ length }, (_, i) => packed[i]);
  }
}
