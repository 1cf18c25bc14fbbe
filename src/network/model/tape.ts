/** What the last forward kept for backward. */

import { InvalidStateError } from "../../errors.js";
import type { Region } from "../../memory/regions.js";
import type { Inputs } from "./batch.js";
import { applyLoss, divisorOf, type Targets } from "./targets.js";
import type { Model, Pass } from "./model.js";
import { addFinalGradient, writeInitialState, writeInputs } from "./transfer.js";
import type { Reduction, State } from "../types.js";
import type { OwnWindow, Window, WindowSizes } from "./window.js";

/** What a forward left for its backward. */
export interface RecordedPass {
  readonly window: Window;
  /** [B], each in [1, T]; undefined: all T. */
  readonly lengths: Int32Array | undefined;
  readonly pass: Pass;
}

export class Tape {
  private readonly model: Model;
  private window: OwnWindow | undefined;
  private last: RecordedPass | undefined;
  /** Whether backward may still run, and the parameters' version that forward saw. */
  private live = false;
  private version = -1;

  constructor(model: Model) {
    this.model = model;
  }

  /** Runs forward over the inputs. An OutOfMemoryError leaves the former tape as it was. */
  record(inputs: Inputs, initial: State | undefined, training: boolean): RecordedPass & { outputs: Region } {
    const { model } = this;
    const { steps, batch, kind, lengths } = inputs;
    const dropout = training && model.drops;
    const window = this.prepare({ steps, batch, inputs: kind, tape: true, dropout });
    const pass = {
      steps,
      lengths: lengths !== undefined,
      firstRow: 0,
      dropout: dropout ? model.nextDropout() : undefined,
    };
    writeInputs(model.engine, window, inputs, 0, steps);
    writeInitialState(model.engine, model.runs(window, pass), initial);
    const outputs = model.forward(window, pass);
    this.live = true;
    this.version = model.parameters.version;
    this.last = { window, lengths, pass };
    return { ...this.last, outputs };
  }

  /** What backward is to run through. Throws an InvalidStateError when there is nothing. */
  require(): RecordedPass {
    if (this.last === undefined) {
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
    return this.last;
  }

  /** Loss and backward over what `require` gave; the tape is used up. */
  consume(
    { window, pass }: RecordedPass,
    targets: Targets,
    reduction: Reduction,
    finalGradient?: State,
  ): { loss: number; count: number } {
    const { engine } = this.model;
    const divisor = divisorOf(targets, reduction);
    const sum = applyLoss(engine, window, targets, 0, pass.steps, 1 / divisor);
    this.live = false;
    this.model.backward(window, pass, (run, index) => {
      addFinalGradient(engine, run, index, finalGradient);
    });
    return { loss: sum / divisor, count: targets.count };
  }

  /** No tape: after a forward without one there is nothing to go back through. */
  drop(): void {
    this.live = false;
    this.last = undefined;
  }

  private prepare(sizes: WindowSizes): OwnWindow {
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
