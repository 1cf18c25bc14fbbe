/** The tape records a forward pass, so that one backward pass can follow. */

import { InvalidStateError } from "../../errors.js";
import type { Region } from "../../memory/regions.js";
import type { Inputs } from "./batch.js";
import { applyLoss, divisorOf, type Targets } from "./targets.js";
import type { Model, Pass } from "./model.js";
import { addFinalGradient, writeInitialState, writeInputs } from "./transfer.js";
import type { Reduction, State } from "../types.js";
import type { OwnWindow, Window, WindowSizes } from "./window.js";

/** Holds a forward pass that a backward pass can go through. */
export interface RecordedPass {
  readonly window: Window;
  /** [B], each in [1, T]; undefined: every sequence has T steps. */
  readonly lengths: Int32Array | undefined;
  readonly pass: Pass;
}

export class Tape {
  private readonly model: Model;
  private window: OwnWindow | undefined;
  private last: RecordedPass | undefined;
  /** Whether the backward pass may still run. */
  private live = false;
  /** The parameters' version that the forward pass saw. */
  private version = -1;

  constructor(model: Model) {
    this.model = model;
  }

  /** Runs and records the forward pass. An OutOfMemoryError leaves the former tape as it was. */
  record(inputs: Inputs, initial: State | undefined, training: boolean): RecordedPass & { outputs: Region } {
    const { model } = this;
    const { steps, batch, kind, lengths, resets } = inputs;
    const dropout = training && model.drops;
    const hasResets = resets !== undefined;
    const window = this.prepare({ steps, batch, inputs: kind, tape: true, dropout, resets: hasResets });
    const pass = {
      steps,
      lengths: lengths !== undefined,
      resets: hasResets,
      firstRow: 0,
      dropout: dropout ? model.nextDropout() : undefined,
    };
    window.engine.wake();
    writeInputs(model.engine, window, inputs, 0, steps);
    writeInitialState(model.engine, model.runs(window, pass), initial);
    const outputs = model.forward(window, pass);
    this.live = true;
    this.version = model.parameters.version;
    this.last = { window, lengths, pass };
    return { ...this.last, outputs };
  }

  /** Returns the recorded pass while its memory is there, and whether a backward pass has run through it. */
  get kept(): { readonly recorded: RecordedPass; readonly consumed: boolean } | undefined {
    const { last, window, live } = this;
    return last !== undefined && last.window === window ? { recorded: last, consumed: !live } : undefined;
  }

  /** Returns the recorded pass; throws an InvalidStateError when a backward pass cannot run through it. */
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

  /** Computes the loss and runs the backward pass over a recorded pass, which uses up the tape. */
  consume(
    { window, pass }: RecordedPass,
    targets: Targets,
    reduction: Reduction,
    finalGradient?: State,
  ): { loss: number } & Pick<Targets, "count" | "weight"> {
    const { engine } = this.model;
    const divisor = divisorOf(targets, reduction);
    const sum = applyLoss(engine, window, targets, 0, pass.steps, 1 / divisor);
    this.live = false;
    const { parameters } = this.model;
    // A thread that dies leaves its part of the sums undone.
    const gradients = window.engine.threads > 1 ? parameters.keepGradients() : undefined;
    try {
      this.model.backward(window, pass, (run, index) => {
        addFinalGradient(engine, run, index, finalGradient);
      });
    } catch (error) {
      if (gradients !== undefined) parameters.restoreGradients(gradients);
      throw error;
    }
    return { loss: sum / divisor, count: targets.count, weight: targets.weight };
  }

  /** Forgets the tape: no backward pass can follow a forward pass without one. */
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
