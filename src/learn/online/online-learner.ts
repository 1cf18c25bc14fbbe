/** The learners that work as an online rule says. */

import { isDiagonal } from "../../network/cells/cell.js";
import { cells, quotedCells } from "../../network/cells/by-name.js";
import type { CheckedWindow } from "../windows/checked-window.js";
import {
  createLearner,
  requireStepwise,
  type BeginLearning,
  type GradientEvent,
  type KeptRun,
  type Learner,
  type LearnerContext,
} from "../learner.js";
import { keepOptions, PlainReader, type PlainData } from "../../plain-data.js";
import { SAVED } from "../windows/saved-stretch.js";
import { keepOnline } from "./online-learners.js";
import { OnlineProcess } from "./online-process.js";
import type { OnlineRulePlan } from "./online-rule.js";
import { restoreProcess, saveProcess } from "./saved-process.js";

/** A learner that gives one gradient a window, of all its losses, unless asked for more; its blocks end where windows do. */
export function createOnlineLearner(plan: OnlineRulePlan): Learner {
  const begin =
    (updateEvery?: number): BeginLearning =>
    (context) =>
      new OnlineRun(plan, context, updateEvery);
  const learner = createLearner(plan.name, begin());
  keepOnline(learner, { plan, begin });
  return keepOptions(learner, { block: plan.block });
}

/** Throws a RangeError for a network, or a loss, that the rule does not cover. */
export function requireCovered(
  plan: OnlineRulePlan,
  context: Pick<LearnerContext, "network" | "loss">,
): void {
  const { name, factored = false, diagonal = false } = plan;
  const { network } = context;
  requireStepwise(context, name);
  const { cell } = network.options;
  if (diagonal && !isDiagonal(cells[cell])) {
    throw new RangeError(
      `"learner" expected a rule for the cell "${cell}", got ${name}(): it is for cells whose units do not see each other's ` +
        `states, ${quotedCells(isDiagonal)}`,
    );
  }
  if (factored && network.options.layerNorm) {
    throw new RangeError(
      `"learner" expected a rule for a network with layerNorm, got ${name}(): it needs gradients that are products of two ` +
        `factors, and derivatives of a unit by itself, and normalisation mixes the units`,
    );
  }
  if (factored && network.options.embeddingSize > 0) {
    throw new RangeError(
      `"learner" expected a rule for a network with an embedding, got ${name}(): it needs gradients that are products of ` +
        `two factors, and an embedding's are none`,
    );
  }
}

class OnlineRun implements KeptRun {
  /** Whether steps of the window that came last are still to be taken in. */
  unfinished = false;
  private readonly process: OnlineProcess;
  private readonly context: LearnerContext;
  /** Steps from one gradient to the next; undefined: a window. */
  private readonly every: number | undefined;
  private started = false;
  /** Steps of the unfinished window that were taken in. */
  private taken = 0;

  constructor(plan: OnlineRulePlan, context: LearnerContext, every: number | undefined) {
    requireCovered(plan, context);
    this.process = new OnlineProcess(plan, context);
    this.context = context;
    this.every = every;
  }

  *window(window: CheckedWindow): Generator<GradientEvent, void> {
    const { process, every = Infinity } = this;
    const { inputs, carry } = window;
    this.unfinished = true;
    const goesOn = carry || this.taken > 0;
    if (!goesOn) yield* this.finish();
    process.prepare(inputs.batch, inputs.kind, inputs.steps, inputs.resets !== undefined);
    if (!goesOn) process.begin(this.started ? undefined : this.context.state);
    this.started = true;
    for (let from = this.taken; from < inputs.steps;) {
      const to = Math.min(inputs.steps, from + every - process.pending.steps);
      process.stretch(window, from, to);
      from = to;
      this.unfinished = to < inputs.steps;
      this.taken = this.unfinished ? to : 0;
      if (process.pending.steps === every) yield process.take();
    }
    if (this.every === undefined) yield process.take();
  }

  *end(): Generator<GradientEvent, void> {
    // The next window carries nothing, and so starts anew.
    yield* this.finish();
  }

  dispose(): void {
    this.process.dispose();
  }

  save(): PlainData {
    const { unfinished, taken, started } = this;
    return { unfinished, taken, started, process: saveProcess(this.process, this.context) };
  }

  restore(data: PlainData): void {
    const saved = new PlainReader(SAVED, data);
    const [unfinished, taken] = [saved.field("unfinished").boolean(), saved.field("taken").integer()];
    const started = saved.field("started").boolean();
    restoreProcess(saved.field("process"), this.process, this.context, this.every ?? Infinity);
    [this.unfinished, this.taken, this.started] = [unfinished, taken, started];
  }

  /** The gradient of what is left of a run of windows. */
  private *finish(): Generator<GradientEvent, void> {
    if (this.process.pending.steps > 0) yield this.process.take();
  }
}
