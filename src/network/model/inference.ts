/** Runs the forward pass without a tape, some steps at a time, in memory that does not grow with T. */

import { beginsAnew, type Inputs } from "./batch.js";
import type { Model, Pass } from "./model.js";
import { carryState, readFinalState, writeInitialState, writeInputs } from "./transfer.js";
import type { State } from "../types.js";
import type { OwnWindow, Window, WindowSizes } from "./window.js";

/** Rows (steps · B) of one stretch of steps: enough for the products to run at full speed. */
const ROWS = 512;

export class Inference {
  private readonly model: Model;
  private window: OwnWindow | undefined;

  constructor(model: Model) {
    this.model = model;
  }

  /**
   * Runs the sequence, with `whole` as one stretch, and returns its final state. `each` is called after every stretch, while its outputs
   * are there: the window's first steps are then steps [first, first + pass.steps) of the sequence. Throws an
   * OutOfMemoryError before anything else happens.
   */
  run(
    inputs: Inputs,
    initial: State | undefined,
    training: boolean,
    whole: boolean,
    each: (window: Window, pass: Pass, first: number) => void,
  ): State {
    const { model } = this;
    const { engine } = model;
    const { batch, kind } = inputs;
    // A reverse direction starts at the end: the sequence stays whole.
    const most =
      model.options.bidirectional || whole
        ? inputs.steps
        : Math.min(inputs.steps, Math.max(1, Math.floor(ROWS / batch)));
    const dropout = training && model.drops;
    const resets = inputs.resets !== undefined;
    const window = this.prepare({ steps: most, batch, inputs: kind, tape: false, dropout, resets });
    const draws = dropout ? model.nextDropout() : undefined;
    let runs = model.runs(window, passOf(inputs, 0, most, draws));
    window.engine.wake();
    writeInitialState(engine, runs, initial);
    for (let first = 0; first < inputs.steps; first += most) {
      const pass = passOf(inputs, first, most, draws);
      const next = model.runs(window, pass);
      if (first > 0) carryState(engine, runs, next);
      runs = next;
      writeInputs(engine, window, inputs, first, pass.steps);
      model.forward(window, pass);
      each(window, pass, first);
    }
    return readFinalState(engine, runs);
  }

  private prepare(sizes: WindowSizes): OwnWindow {
    if (this.window?.matches(sizes) !== true) {
      this.window?.release();
      this.window = undefined;
      this.window = this.model.createWindow(sizes);
    }
    this.model.reserveWeights(sizes.inputs, false);
    return this.window;
  }
}

function passOf(inputs: Inputs, first: number, most: number, dropout: Pass["dropout"]): Pass {
  const steps = Math.min(most, inputs.steps - first);
  return {
    steps,
    lengths: inputs.lengths !== undefined,
    resets: beginsAnew(inputs, first, steps),
    firstRow: first * inputs.batch,
    dropout,
  };
}
