/** Forward without a tape: a stretch of steps at a time, in memory that does not grow with the sequence. */

import type { Inputs } from "./arguments.js";
import type { Model } from "./model.js";
import { readState, writeInitialState, writeInputs } from "./transfer.js";
import type { State } from "./types.js";
import type { Window } from "./window.js";

/** Rows, T·B, of a stretch: enough for the products to run at full speed. */
const ROWS = 512;

export class Inference {
  private readonly model: Model;
  private window: Window | undefined;

  constructor(model: Model) {
    this.model = model;
  }

  /**
   * `each` sees every stretch once its outputs are there: steps [first, first + steps) of the sequence are the window's
   * first. Returns the final state. Throws an OutOfMemoryError before anything else happens.
   */
  run(
    inputs: Inputs,
    initial: Float32Array | undefined,
    each: (window: Window, first: number, steps: number) => void,
  ): State {
    const { engine } = this.model;
    const { batch, kind } = inputs;
    const most = Math.min(inputs.steps, Math.max(1, Math.floor(ROWS / batch)));
    const window = this.prepare(most, batch, kind);
    writeInitialState(engine, window, initial);
    let last = 0;
    for (let first = 0; first < inputs.steps; first += most) {
      if (first > 0) window.restart(engine, last);
      last = Math.min(most, inputs.steps - first);
      writeInputs(engine, window, inputs, first, last);
      this.model.forward(window, last);
      each(window, first, last);
    }
    return readState(engine, window.state(last));
  }

  private prepare(steps: number, batch: number, kind: Inputs["kind"]): Window {
    const sizes = { steps, batch, inputs: kind, tape: false };
    if (this.window?.matches(sizes) !== true) {
      this.window?.release();
      this.window = undefined;
      this.window = this.model.createWindow(sizes);
    }
    this.model.reserveWeights(kind, false);
    return this.window;
  }
}
