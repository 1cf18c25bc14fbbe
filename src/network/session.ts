/** Implements streaming inference: one step at a time, in the memory of one step. */

import { DisposedError, requireFloat32Array, requireInteger } from "../errors.js";
import { makeDisposable } from "../memory/disposable.js";
import { MemoryScope } from "../memory/memory-scope.js";
import { elementAt, readRegion, type Region } from "../memory/regions.js";
import { requireResets, requireState, requireStepInput } from "./arguments.js";
import type { CellRun } from "./cells/cell.js";
import { KeptCalls } from "./model/kept-calls.js";
import type { Model, Pass } from "./model/model.js";
import { outputWidth } from "./sizes.js";
import {
  carryState,
  clearSequences,
  copyInitialState,
  readInitialState,
  writeInitialState,
  writeInputs,
} from "./model/transfer.js";
import type { Network, Session, State, StepInput } from "./types.js";
import type { OwnWindow } from "./model/window.js";
import type { InputKind } from "./model/batch.js";

const PASS: Pass = { steps: 1, lengths: false, resets: false, firstRow: 0, dropout: undefined };

export class NetworkSession implements Session {
  declare readonly [Symbol.dispose]: () => void;
  readonly network: Network;
  readonly batch: number;
  private readonly model: Model;
  private readonly alive: () => void;
  private readonly scope: MemoryScope;
  private window: OwnWindow;
  /** The window's cell runs, made once for all steps: steps are short. */
  private runs: readonly CellRun[];
  private outputs: Region;
  private calls: KeptCalls;
  private disposed = false;

  static {
    makeDisposable(this.prototype);
  }

  /**
   * Reserves the memory, with an initial state of zeros unless one is given. `alive` throws when the network
   * was disposed of. Throws an OutOfMemoryError.
   */
  constructor(network: Network, model: Model, alive: () => void, batch: number, initial: State | undefined) {
    this.network = network;
    this.batch = batch;
    this.model = model;
    this.alive = alive;
    this.scope = model.scope.child();
    this.scope.releaseWith(this);
    this.window = this.createWindow("tokens");
    this.runs = model.runs(this.window, PASS);
    this.outputs = model.outputs(this.window, PASS);
    this.calls = new KeptCalls(this.window.engine);
    writeInitialState(model.engine, this.runs, initial);
  }

  get state(): State {
    this.requireAlive();
    return readInitialState(this.model.engine, this.runs);
  }

  set state(state: State) {
    this.requireAlive();
    const initial = requireState("state", state, this.batch, this.model.options);
    if (initial === undefined) throw new TypeError(`"state" expected an object, got undefined`);
    writeInitialState(this.model.engine, this.runs, initial);
  }

  step(input: StepInput, out?: Float32Array): Float32Array {
    this.requireAlive();
    const O = outputWidth(this.model.options);
    const B = this.batch;
    const result =
      out === undefined
        ? new Float32Array(B * O)
        : requireFloat32Array("out", out, B * O, `[B=${B}, O=${O}]`);
    this.writeStep(input);
    const { engine, parameters } = this.model;
    this.calls.run(parameters.version, (recorder) => {
      this.model.forward(this.window, PASS, recorder);
      carryState(recorder, this.runs, this.runs);
    });
    return readRegion(engine.arena.f32, this.outputs, result);
  }

  reset(which?: Uint8Array): void {
    this.requireAlive();
    const { engine, options } = this.model;
    if (which === undefined) {
      writeInitialState(engine, this.runs, undefined);
      return;
    }
    const given = requireResets("which", which, this.batch, `[B=${this.batch}]`);
    const { state } = this;
    clearSequences(state, given, options.hiddenSize);
    writeInitialState(engine, this.runs, state);
  }

  dispose(): void {
    this.disposed = true;
    this.scope.releaseAll();
  }

  /** Writes the input to the window's memory; a window of the other kind of inputs is replaced first. */
  private writeStep(input: StepInput): void {
    const { engine, options } = this.model;
    if (typeof input === "number" && this.batch === 1) {
      // The most usual input takes no array on its way.
      const token = requireInteger("input", input, 0, options.inputSize - 1);
      const { tokens } = this.windowFor("tokens").regions;
      engine.arena.i32[elementAt(tokens.pointer)] = token;
      return;
    }
    const inputs = requireStepInput(input, this.batch, options);
    writeInputs(engine, this.windowFor(inputs.kind), inputs, 0, 1);
  }

  private windowFor(inputs: InputKind): OwnWindow {
    const held = this.window;
    if (held.sizes.inputs === inputs) {
      this.model.reserveWeights(inputs, false);
      return held;
    }
    const window = this.createWindow(inputs);
    const runs = this.model.runs(window, PASS);
    copyInitialState(this.model.engine, this.runs, runs);
    held.release();
    this.window = window;
    this.runs = runs;
    this.outputs = this.model.outputs(window, PASS);
    this.calls = new KeptCalls(window.engine);
    return window;
  }

  private createWindow(inputs: InputKind): OwnWindow {
    const sizes = { steps: 1, batch: this.batch, inputs, tape: false, dropout: false, resets: false };
    return this.model.createWindow(sizes, this.scope);
  }

  private requireAlive(): void {
    if (this.disposed) throw new DisposedError("the session was disposed of");
    this.alive();
  }
}
