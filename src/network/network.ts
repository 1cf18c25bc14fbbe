/** Implements the public `Network`: checks the arguments, and hands out copies. */

import { describe, DisposedError, requireBoolean, requireChoice, requireOptions } from "../errors.js";
import { makeDisposable } from "../memory/disposable.js";
import type { Engine } from "../memory/engine.js";
import { readRegion } from "../memory/regions.js";
import { requireSequence, requireSessionStart, requireState, requireStateGradient } from "./arguments.js";
import { requireTarget } from "./target-arguments.js";
import { type Inputs } from "./model/batch.js";
import { requireLoss } from "./losses/definition.js";
import { Inference } from "./model/inference.js";
import { Model } from "./model/model.js";
import { NetworkParameter } from "./parameters/parameters.js";
import { NetworkSession } from "./session.js";
import { Tape } from "./model/tape.js";
import { directionsOf, outputWidth } from "./sizes.js";
import { summarize } from "./summary.js";
import {
  clearPadding,
  createResult,
  readFinalState,
  readHidden,
  readStateGradient,
} from "./model/transfer.js";
import type {
  BackwardOptions,
  BackwardResult,
  Build,
  CompleteOptions,
  ForwardOptions,
  ForwardResult,
  Network,
  Parameter,
  Sequence,
  Session,
  SessionOptions,
  State,
  Target,
} from "./types.js";

export class RecurrentNetwork implements Network {
  declare readonly [Symbol.dispose]: () => void;
  readonly options: CompleteOptions;
  readonly build: Build;
  readonly parameters: readonly Parameter[];
  /** For other parts of the library; not part of the public type. */
  readonly model: Model;
  readonly tape: Tape;
  readonly inference: Inference;
  private disposed = false;

  static {
    makeDisposable(this.prototype);
    // What console.log shows in Node, Deno and Bun instead of the insides.
    Object.defineProperty(this.prototype, Symbol.for("nodejs.util.inspect.custom"), {
      value(this: RecurrentNetwork): string {
        return this.disposed ? "a network that was disposed of" : summarize(this);
      },
    });
  }

  /** Creates a network with parameters of 0. Throws an OutOfMemoryError. */
  constructor(engine: Engine, options: CompleteOptions) {
    this.options = options;
    this.build = engine.build;
    this.model = new Model(engine, options);
    this.model.scope.releaseWith(this);
    this.tape = new Tape(this.model);
    this.inference = new Inference(this.model);
    const { parameters } = this.model;
    this.parameters = Object.freeze(
      parameters.places.map((place) => new NetworkParameter(parameters, place, this.requireAlive)),
    );
  }

  parameter(name: string): Parameter {
    this.requireAlive();
    const place = this.model.parameters.place(name);
    return this.parameters[this.model.parameters.places.indexOf(place)];
  }

  forward(sequence: Sequence, options: ForwardOptions = {}): ForwardResult {
    this.requireAlive();
    const inputs = requireSequence(sequence, this.options);
    const {
      state: givenState,
      training = false,
      keepTape = true,
      hidden = false,
    } = requireOptions("options", options, ["state", "training", "keepTape", "hidden"]);
    const initial = requireState("options.state", givenState, inputs.batch, this.options);
    requireBoolean("options.training", training);
    requireBoolean("options.keepTape", keepTape);
    requireBoolean("options.hidden", hidden);
    const result = this.forwardInputs(inputs, initial, { training, keepTape, hidden });
    if (!keepTape) this.tape.drop();
    return result;
  }

  /** Runs `forward` with arguments that were checked; without `keepTape` the last tape stays as it is. */
  forwardInputs(
    inputs: Inputs,
    initial: State | undefined,
    { training, keepTape, hidden: wantsHidden }: Required<Omit<ForwardOptions, "state">>,
  ): ForwardResult {
    const rows = inputs.steps * inputs.batch;
    const width = this.options.hiddenSize * directionsOf(this.options);
    const hidden = wantsHidden ? createResult("hidden", rows * width) : undefined;
    const outputRows = this.model.onePerSequence ? inputs.batch : rows;
    const outputs = createResult("outputs", outputRows * outputWidth(this.options));
    const state = keepTape
      ? this.record(inputs, initial, training, outputs, hidden)
      : this.infer(inputs, initial, training, outputs, hidden);
    if (!this.model.onePerSequence) clearPadding(outputs, inputs, outputWidth(this.options));
    if (hidden === undefined) return { outputs, state };
    clearPadding(hidden, inputs, width);
    return { outputs, state, hidden };
  }

  backward(target: Target, options: BackwardOptions = {}): BackwardResult {
    this.requireAlive();
    const recorded = this.tape.require();
    const { window, lengths, pass } = recorded;
    const { model } = this;
    const { steps, batch, inputs } = window.sizes;
    const {
      loss: givenLoss,
      reduction = "mean",
      stateGradient: givenGradient,
      inputGradient: wantsInputs = false,
    } = requireOptions("options", options, ["loss", "reduction", "stateGradient", "inputGradient"]);
    requireChoice("options.reduction", reduction, ["mean", "sum"]);
    const definition = givenLoss === undefined ? undefined : requireLoss("options.loss", givenLoss);
    const targets = requireTarget(
      target,
      { steps, batch, lengths },
      this.options,
      "targets",
      definition,
      reduction,
    );
    const finalGradient = requireStateGradient("options.stateGradient", givenGradient, batch, this.options);
    if (requireBoolean("options.inputGradient", wantsInputs) && inputs === "tokens") {
      throw new RangeError(`"options.inputGradient" expected false, got true: tokens have no gradient`);
    }
    const inputGradient = wantsInputs
      ? createResult("inputGradient", steps * batch * this.options.inputSize)
      : undefined;
    const result = this.tape.consume(recorded, targets, reduction, finalGradient);
    const stateGradient = readStateGradient(model.engine, model.runs(window, pass));
    if (inputGradient === undefined) return { ...result, stateGradient };
    model.eachInputGradient(window, pass, (dx, first) => {
      readRegion(model.engine.arena.f32, dx, inputGradient.subarray(first * dx.columns));
    });
    return { ...result, stateGradient, inputGradient };
  }

  summary(): string {
    this.requireAlive();
    return summarize(this);
  }

  zeroGradients(): void {
    this.requireAlive();
    this.model.parameters.zeroGradients();
  }

  clone(): Network {
    this.requireAlive();
    const clone = new RecurrentNetwork(this.model.engine, this.options);
    clone.model.parameters.copyFrom(this.model.parameters);
    return clone;
  }

  session(options: SessionOptions = {}): Session {
    this.requireAlive();
    if (this.options.bidirectional) {
      throw new RangeError(
        `"session" expected a network of one direction, got a bidirectional one: it needs the whole sequence`,
      );
    }
    const { batch, state } = requireSessionStart(
      requireOptions("options", options, ["batch", "state"]),
      this.options,
    );
    return new NetworkSession(this, this.model, this.requireAlive, batch, state);
  }

  dispose(): void {
    this.disposed = true;
    this.model.scope.releaseAll();
  }

  /** Throws a DisposedError once the network was disposed of. */
  readonly requireAlive = (): void => {
    if (this.disposed) throw new DisposedError("the network was disposed of");
  };

  private record(
    inputs: Inputs,
    initial: State | undefined,
    training: boolean,
    out: Float32Array,
    hidden: Float32Array | undefined,
  ): State {
    const { model } = this;
    const { window, pass, outputs } = this.tape.record(inputs, initial, training);
    readRegion(model.engine.arena.f32, outputs, out);
    if (hidden !== undefined) readHidden(model.engine, model.topHidden(window, pass), hidden);
    return readFinalState(model.engine, model.runs(window, pass));
  }

  private infer(
    inputs: Inputs,
    initial: State | undefined,
    training: boolean,
    out: Float32Array,
    hidden: Float32Array | undefined,
  ): State {
    const { model } = this;
    const rows = inputs.steps * inputs.batch;
    return this.inference.run(inputs, initial, training, false, (window, pass) => {
      const { firstRow } = pass;
      const outputs = model.outputs(window, pass);
      // With one output a sequence, the last stretch's remain.
      const at = model.onePerSequence ? 0 : (firstRow * out.length) / rows;
      readRegion(model.engine.arena.f32, outputs, out.subarray(at));
      if (hidden === undefined) return;
      const into = hidden.subarray((firstRow * hidden.length) / rows);
      readHidden(model.engine, model.topHidden(window, pass), into);
    });
  }
}

/**
 * Returns the implementation of a public network. Throws a TypeError for anything that createNetwork did not
 * make, and a DisposedError after dispose.
 */
export function requireNetwork(network: Network): RecurrentNetwork {
  if (!(network instanceof RecurrentNetwork)) {
    throw new TypeError(`"network" expected a network made by createNetwork, got ${describe(network)}`);
  }
  network.requireAlive();
  return network;
}
