/** The public face of a network: checks what comes, and hands out copies. */

import {
  describe,
  DisposedError,
  requireBoolean,
  requireChoice,
  requireInteger,
  requireObject,
} from "../errors.js";
import { makeDisposable } from "../memory/disposable.js";
import type { Engine } from "../memory/engine.js";
import { readRegion } from "../memory/regions.js";
import { LARGEST, requireSequence, requireState, requireTarget, type Inputs } from "./arguments.js";
import { Inference } from "./inference.js";
import { Model } from "./model.js";
import { NetworkParameter } from "./parameters.js";
import { NetworkSession } from "./session.js";
import { Tape } from "./tape.js";
import { readState } from "./transfer.js";
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
  Target,
} from "./types.js";

export class RecurrentNetwork implements Network {
  declare readonly [Symbol.dispose]: () => void;
  readonly options: CompleteOptions;
  readonly build: Build;
  readonly parameters: readonly Parameter[];
  /** What other parts of the library work with; not part of the public type. */
  readonly model: Model;
  readonly tape: Tape;
  readonly inference: Inference;
  private disposed = false;

  static {
    makeDisposable(this.prototype);
  }

  /** Parameters are zeros. Throws an OutOfMemoryError. */
  constructor(engine: Engine, options: CompleteOptions) {
    this.options = options;
    this.build = engine.build;
    this.model = new Model(engine, options);
    this.model.holdings.releaseWith(this);
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
    const { state, training, keepTape, hidden } = requireObject("options", options);
    const initial = requireState("options.state", state, inputs.batch, this.options);
    requireBoolean("options.training", training ?? false);
    if (requireBoolean("options.hidden", hidden ?? false)) {
      throw new RangeError(
        `"options.hidden" expected false, got true: more is not available in this version`,
      );
    }
    const keep = requireBoolean("options.keepTape", keepTape ?? true);
    const out = new Float32Array(inputs.steps * inputs.batch * this.options.outputSize);
    if (!keep) return this.infer(inputs, initial, out);
    const { window, outputs } = this.tape.record(inputs, initial);
    const { engine } = this.model;
    readRegion(engine.arena.f32, outputs, out);
    return { outputs: out, state: readState(engine, window.state(inputs.steps)) };
  }

  backward(target: Target, options: BackwardOptions = {}): BackwardResult {
    this.requireAlive();
    const window = this.tape.require();
    const { engine } = this.model;
    const { batch, inputs } = window.sizes;
    const goal = requireTarget(target, window.sizes, this.options);
    const { reduction, stateGradient, inputGradient } = requireObject("options", options);
    const reduce = requireChoice("options.reduction", reduction ?? "mean", ["mean", "sum"]);
    const finalGradient = requireState("options.stateGradient", stateGradient, batch, this.options);
    const wantsInputs = requireBoolean("options.inputGradient", inputGradient ?? false);
    if (wantsInputs && inputs === "tokens") {
      throw new RangeError(`"options.inputGradient" expected false, got true: tokens have no gradient`);
    }
    const dx = wantsInputs ? this.model.createInputGradient(window) : undefined;
    const { loss, count } = this.tape.consume(window, goal, reduce, finalGradient);
    const result = { loss, count, stateGradient: readState(engine, window.stateGradient(0)) };
    if (dx === undefined) return result;
    this.model.readInputGradient(window, dx);
    return { ...result, inputGradient: dx };
  }

  zeroGradients(): void {
    this.requireAlive();
    this.model.parameters.zeroGradients();
  }

  clone(): Network {
    this.requireAlive();
    const clone = new RecurrentNetwork(this.model.engine, this.options);
    clone.model.parameters.copyValues(this.model.parameters);
    return clone;
  }

  session(options: SessionOptions = {}): Session {
    this.requireAlive();
    const { batch, state } = requireObject("options", options);
    const H = this.options.hiddenSize;
    const fromState = state?.h instanceof Float32Array ? state.h.length / H : 1;
    const B = requireInteger("options.batch", batch ?? Math.max(1, Math.ceil(fromState)), 1, LARGEST);
    const initial = requireState("options.state", state, B, this.options);
    return new NetworkSession(this, this.model, this.requireAlive, B, initial);
  }

  dispose(): void {
    this.disposed = true;
    this.model.holdings.releaseAll();
  }

  /** Throws a DisposedError once the network was disposed of. */
  readonly requireAlive = (): void => {
    if (this.disposed) throw new DisposedError("the network was disposed of");
  };

  private infer(inputs: Inputs, initial: Float32Array | undefined, out: Float32Array): ForwardResult {
    const { engine, options } = this.model;
    const width = inputs.batch * options.outputSize;
    const state = this.inference.run(inputs, initial, (window, first, steps) => {
      const outputs = { ...window.regions.outputs, rows: steps * inputs.batch };
      readRegion(engine.arena.f32, outputs, out.subarray(first * width));
    });
    this.tape.drop();
    return { outputs: out, state };
  }
}

/** What stands behind a public network. Throws a TypeError for anything that createNetwork did not make, a DisposedError after dispose. */
export function requireNetwork(network: Network): RecurrentNetwork {
  if (!(network instanceof RecurrentNetwork)) {
    throw new TypeError(`"network" expected a network made by createNetwork, got ${describe(network)}`);
  }
  network.requireAlive();
  return network;
}
