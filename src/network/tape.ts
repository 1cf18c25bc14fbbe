/** What the last forward kept for backward. */

import { InvalidStateError } from "../errors.js";
import type { Region } from "../memory/regions.js";
import type { Goal, Inputs } from "./arguments.js";
import { applyLoss } from "./loss.js";
import type { Model } from "./model.js";
import { addToRegion, writeInitialState, writeInputs } from "./transfer.js";
import type { Reduction } from "./types.js";
import type { Window, WindowSizes } from "./window.js";

export class Tape {
  private readonly model: Model;
  private window: Window | undefined;
  /** Whether backward may still run, and the parameters' version that forward saw. */
  private live = false;
  private version = -1;

  constructor(model: Model) {
    this.model = model;
  }

  /** Runs forward over the inputs. An OutOfMemoryError leaves the former tape as it was. */
  record(inputs: Inputs, initial: Float32Array | undefined): { window: Window; outputs: Region } {
    const { engine, parameters } = this.model;
    const { steps, batch, kind } = inputs;
    const window = this.prepare({ steps, batch, inputs: kind, tape: true });
    writeInputs(engine, window, inputs, 0, steps);
    writeInitialState(engine, window, initial);
    const outputs = this.model.forward(window, steps);
    this.live = true;
    this.version = parameters.version;
    return { window, outputs };
  }

  /** The window that backward is to run through. Throws an InvalidStateError when there is none. */
  require(): Window {
    if (this.window === undefined || this.version === -1) {
      throw new InvalidStateError(`backward expected a forward with its tape kept before it, got none`);
    }
    if (!this.live) {
      throw new InvalidStateError(`backward expected to be called once per forward, got a second call`);
    }
    if (this.version !== this.model.parameters.version) {
      throw new InvalidStateError(
        `backward expected the parameters of the last forward, got others: they were changed in between`,
      );
    }
    return this.window;
  }

  /** Loss and backward over what `require` gave; the tape is used up. */
  consume(
    window: Window,
    goal: Goal,
    reduction: Reduction,
    finalGradient?: Float32Array,
  ): { loss: number; count: number } {
    const { engine } = this.model;
    const { count } = goal;
    const mean = reduction === "mean" && goal.kind !== "gradient";
    const scale = mean && count > 0 ? 1 / count : 1;
    const sum = applyLoss(engine, window, goal, 0, window.sizes.steps, scale);
    this.live = false;
    this.model.backward(window, (dh) => {
      if (finalGradient !== undefined) addToRegion(engine, dh, finalGradient);
    });
    return { loss: mean && count > 0 ? sum / count : sum, count };
  }

  /** No tape: what a failed forward or a forward without a tape leaves is no forward to go back through. */
  drop(): void {
    this.live = false;
    this.version = -1;
  }

  private prepare(sizes: WindowSizes): Window {
    const held = this.window;
    if (held?.matches(sizes) === true) {
      this.model.reserveWeights(sizes.inputs, true);
      return held;
    }
    if (held !== undefined && !this.live) {
      held.release();
      this.window = undefined;
    }
    const window = this.model.createWindow(sizes);
    held?.release();
    this.window = window;
    return window;
  }
}
