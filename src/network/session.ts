/** Streaming inference: one step at a time, in the memory of one step. */

import { DisposedError, requireFloat32Array, requireInteger } from "../errors.js";
import { makeDisposable } from "../memory/disposable.js";
import { Holdings } from "../memory/holdings.js";
import { readRegion } from "../memory/regions.js";
import { requireState, requireTokens } from "./arguments.js";
import type { Model } from "./model.js";
import { readState, writeInitialState, writeInputs } from "./transfer.js";
import type { Network, Session, State, StepInput } from "./types.js";
import type { InputKind, Window } from "./window.js";

export class NetworkSession implements Session {
  declare readonly [Symbol.dispose]: () => void;
  readonly network: Network;
  readonly batch: number;
  private readonly model: Model;
  private readonly alive: () => void;
  private readonly holdings: Holdings;
  private window: Window;
  private disposed = false;

  static {
    makeDisposable(this.prototype);
  }

  /** `alive` throws when the network was disposed of. Throws an OutOfMemoryError. */
  constructor(
    network: Network,
    model: Model,
    alive: () => void,
    batch: number,
    initial: Float32Array | undefined,
  ) {
    this.network = network;
    this.batch = batch;
    this.model = model;
    this.alive = alive;
    this.holdings = model.holdings.child();
    this.holdings.releaseWith(this);
    this.window = this.createWindow("tokens");
    writeInitialState(model.engine, this.window, initial);
  }

  get state(): State {
    this.requireAlive();
    return readState(this.model.engine, this.window.state(0));
  }

  set state(state: State) {
    this.requireAlive();
    const h = requireState("state", state, this.batch, this.model.options);
    if (h === undefined) throw new TypeError(`"state" expected an object, got undefined`);
    writeInitialState(this.model.engine, this.window, h);
  }

  step(input: StepInput, out?: Float32Array): Float32Array {
    this.requireAlive();
    const { outputSize: O } = this.model.options;
    const B = this.batch;
    const result =
      out === undefined
        ? new Float32Array(B * O)
        : requireFloat32Array("out", out, B * O, `[B=${B}, O=${O}]`);
    this.writeStep(input);
    const { engine } = this.model;
    const outputs = this.model.forward(this.window, 1);
    this.window.restart(engine, 1);
    return readRegion(engine.arena.f32, outputs, result);
  }

  reset(): void {
    this.requireAlive();
    writeInitialState(this.model.engine, this.window, undefined);
  }

  dispose(): void {
    this.disposed = true;
    this.holdings.releaseAll();
  }

  /** The input goes into the window's memory, which is replaced first when it is of the other kind. */
  private writeStep(input: StepInput): void {
    const { engine, options } = this.model;
    const B = this.batch;
    const I = options.inputSize;
    if (typeof input === "number") {
      if (B !== 1) throw new RangeError(`"input" expected ${B} tokens ([B=${B}]), got the number ${input}`);
      const token = requireInteger("input", input, 0, I - 1);
      const { tokens } = this.windowFor("tokens").regions;
      engine.arena.i32[tokens.pointer >>> 2] = token;
      return;
    }
    const dense = input instanceof Float32Array;
    const array = dense
      ? requireFloat32Array("input", input, B * I, `[B=${B}, I=${I}]`)
      : requireTokens("input", input, B, `[B=${B}]`, I);
    const kind = dense ? "values" : "tokens";
    writeInputs(engine, this.windowFor(kind), { steps: 1, batch: B, kind, array }, 0, 1);
  }

  private windowFor(inputs: InputKind): Window {
    const held = this.window;
    if (held.sizes.inputs === inputs) {
      this.model.reserveWeights(inputs, false);
      return held;
    }
    const window = this.createWindow(inputs);
    window.copyState(this.model.engine, held);
    held.release();
    this.window = window;
    return window;
  }

  private createWindow(inputs: InputKind): Window {
    return this.model.createWindow({ steps: 1, batch: this.batch, inputs, tape: false }, this.holdings);
  }

  private requireAlive(): void {
    if (this.disposed) throw new DisposedError("the session was disposed of");
    this.alive();
  }
}
