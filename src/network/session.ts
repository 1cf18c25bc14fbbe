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

/** Where a step is made, and what is made once for all steps: steps are short. */
interface Place {
  readonly window: OwnWindow;
  readonly runs: readonly CellRun[];
  readonly outputs: Region;
  readonly calls: KeptCalls;
}

export class NetworkSession implements Session {
  declare readonly [Symbol.dispose]: () => void;
  readonly network: Network;
  readonly batch: number;
  private readonly model: Model;
  private readonly alive: () => void;
  private readonly scope: MemoryScope;
  private place: Place;
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
    this.place = this.createPlace("tokens");
    writeInitialState(model.engine, this.place.runs, initial);
  }

  get state(): State {
    this.requireAlive();
    return readInitialState(this.model.engine, this.place.runs);
  }

  set state(state: State) {
    this.requireAlive();
    const initial = requireState("state", state, this.batch, this.model.options);
    if (initial === undefined) throw new TypeError(`"state" expected an object, got undefined`);
    writeInitialState(this.model.engine, this.place.runs, initial);
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
    const { window, runs, outputs, calls } = this.place;
    calls.run(parameters.version, (recorder) => {
      this.model.forward(window, PASS, recorder);
      carryState(recorder, runs, runs);
    });
    return readRegion(engine.arena.f32, outputs, result);
  }

  reset(which?: Uint8Array): void {
    this.requireAlive();
    const { engine, options } = this.model;
    if (which === undefined) {
      writeInitialState(engine, this.place.runs, undefined);
      return;
    }
    const given = requireResets("which", which, this.batch, `[B=${this.batch}]`);
    const { state } = this;
    clearSequences(state, given, options.hiddenSize);
    writeInitialState(engine, this.place.runs, state);
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
    const held = this.place;
    if (held.window.sizes.inputs === inputs) {
      this.model.reserveWeights(inputs, false);
      return held.window;
    }
    const place = this.createPlace(inputs);
    copyInitialState(this.model.engine, held.runs, place.runs);
    held.window.release();
    this.place = place;
    return place.window;
  }

  private createPlace(inputs: InputKind): Place {
    const { batch, model } = this;
    const sizes = { steps: 1, batch, inputs, tape: false, dropout: false, resets: false };
    const window = model.createWindow(sizes, this.scope);
    return {
      window,
      runs: model.runs(window, PASS),
      outputs: model.outputs(window, PASS),
      calls: new KeptCalls(window.engine),
    };
  }

  private requireAlive(): void {
    if (this.disposed) throw new DisposedError("the session was disposed of");
    this.alive();
  }
}
