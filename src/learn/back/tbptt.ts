import { requireInteger, requireKnown, requireObject } from "../../errors.js";
import { keepOptions, PlainReader, type PlainData } from "../../plain-data.js";
import { CarriedPass } from "./carried-pass.js";
import type { CheckedWindow } from "../windows/checked-window.js";
import {
  createLearner,
  cuts,
  requireStepwise,
  type GradientEvent,
  type KeptRun,
  type Learner,
  type LearnerContext,
} from "../learner.js";
import { OverlappingPass } from "./overlapping-pass.js";
import { readStretch, SAVED, saveStretch } from "../windows/saved-stretch.js";
import { copyOf, joinStretches, stepsOf, type Stretch } from "../windows/stretches.js";

/** Configures `tbptt`. */
export interface TbpttOptions {
  /** Steps from one gradient to the next, at least 1. */
  k1: number;
  /** Steps that errors go back, at least k1; default k1. */
  k2?: number;
}

/** What `gradientFlow` says besides of a truncation that it recommends, which may be given as it is. */
const MEASURED = ["predictedBias", "relativeBias", "bytes"];

/**
 * Creates a learner for truncated back-propagation through time (Williams & Peng 1990; Sutskever 2013,
 * §2.8.6). Every k1 steps along windows that carry, it yields a gradient of the mean loss over the last k1
 * steps, back-propagated over the last k2 steps. One window may bring several gradients, and several windows
 * may bring one. Each loss counts once: where a run of windows ends, the steps that are left make a gradient
 * of their own. With k2 at least the run's length and unchanged parameters, the gradients of sums add up to
 * those of `bptt` over the whole run.
 *
 * An error travels back k2 − k1 + 1 to k2 steps, so that k2 = 2·k1 buys most for its cost: k2/k1 forward and
 * as many backward computations a step. Relative bias on one small network (8 units, 60 steps), for n = 4, 8,
 * 16: k1 = k2 = n .43, .32, .14; k1 = n, k2 = 2n .16, .018, about 0; k1 = 1, k2 = n .24, .094, .0025.
 *
 * With k2 = k1, the usual truncation, windows are cut and joined into stretches of k1 steps that do not
 * overlap; the last may be shorter. With k2 > k1 the last k2 steps are computed anew each time, with the
 * parameters of that moment (and dropout drawn anew), from the state that the pass before had at their start.
 * The inputs of k2 steps and a window, and the states of k1 steps, are kept.
 *
 * Throws a TypeError or RangeError for a bad option, and a RangeError for k2 < k1, which would lose losses.
 * Training throws a RangeError for a bidirectional network, and at a window that would be joined with one in
 * which sequences ended early.
 */
export function tbptt(options: TbpttOptions): Learner {
  const { k1, k2 = k1 } = requireObject("options", options);
  const own = Object.entries(options).filter(([name]) => !MEASURED.includes(name));
  requireKnown("options", Object.fromEntries(own), ["k1", "k2"]);
  requireInteger("k1", k1, 1);
  requireInteger("k2", k2, 1);
  if (k2 < k1) throw new RangeError(`"k2" expected at least k1 = ${k1}, got ${k2}: losses would be lost`);
  const learner = createLearner("tbptt", (context) => {
    requireStepwise(context, "tbptt");
    return new TbpttRun(context, k1, k2);
  });
  return keepOptions(cuts(learner), { k1, k2 });
}

class TbpttRun implements KeptRun {
  /** Whether steps of the window that came last are still to be taken in. */
  unfinished = false;
  private readonly context: LearnerContext;
  private readonly pass: CarriedPass | OverlappingPass;
  private readonly k1: number;
  private readonly k2: number;
  /** The steps that no gradient covers yet: fewer than k1. */
  private pending: Stretch[] = [];
  private pendingSteps = 0;
  /** Steps of the unfinished window that were taken in. */
  private taken = 0;

  constructor(context: LearnerContext, k1: number, k2: number) {
    this.context = context;
    this.pass = k1 === k2 ? new CarriedPass(context) : new OverlappingPass(context, k1, k2);
    this.k1 = k1;
    this.k2 = k2;
  }

  *window(checked: CheckedWindow): Generator<GradientEvent, void> {
    const { k1, taken } = this;
    const { inputs, carry } = checked;
    // Stretches that do not overlap are done with once they have their gradients.
    if (k1 === this.k2 && this.pendingSteps === 0 && inputs.steps === k1) {
      if (!carry) this.pass.restart();
      yield this.pass.gradient(checked);
      return;
    }
    this.unfinished = true;
    const goesOn = carry || taken > 0;
    const stretches = cut(checked, k1, taken, goesOn ? k1 - this.pendingSteps : k1);
    if (!goesOn) yield* this.end();
    for (const stretch of stretches) {
      this.pending.push(stretch);
      this.pendingSteps += stretch.inputs.steps;
      this.taken += stretch.inputs.steps;
      if (this.taken === inputs.steps) [this.unfinished, this.taken] = [false, 0];
      if (this.pendingSteps === k1) yield* this.flush();
    }
  }

  *end(): Generator<GradientEvent, void> {
    yield* this.flush();
    this.pass.restart();
  }

  save(): PlainData {
    const { k1, k2, unfinished, taken } = this;
    return { k1, k2, unfinished, taken, pass: this.pass.save(), pending: this.pending.map(saveStretch) };
  }

  restore(data: PlainData): void {
    const saved = new PlainReader(SAVED, data);
    for (const name of ["k1", "k2"] as const)
      if (saved.field(name).integer() !== this[name])
        saved.field(name).fail(`${this[name]}, the learner's own`);
    const pending = saved
      .field("pending")
      .list()
      .map((stretch) => readStretch(stretch, this.context));
    const pendingSteps = pending.reduce((sum, { inputs }) => sum + inputs.steps, 0);
    if (pendingSteps >= this.k1)
      saved.field("pending").fail(`fewer than k1 = ${this.k1} steps`, pendingSteps);
    this.pass.restore(saved.field("pass"));
    this.unfinished = saved.field("unfinished").boolean();
    this.taken = saved.field("taken").integer();
    this.pending = pending;
    this.pendingSteps = pendingSteps;
  }

  private *flush(): Generator<GradientEvent, void> {
    if (this.pendingSteps === 0) return;
    const stretch = joinStretches(this.pending);
    this.pending = [];
    this.pendingSteps = 0;
    yield this.pass.gradient(stretch);
  }
}

/** Cuts a window, from its step `start` on, into stretches of k1 steps, after a first one of `first` steps. */
function cut(window: CheckedWindow, k1: number, start: number, first: number): Stretch[] {
  const { steps: T } = window.inputs;
  const stretches: Stretch[] = [];
  for (let from = start, to = start + first; from < T; from = to, to += k1) {
    const stretch = stepsOf(window, from, Math.min(to, T));
    // The last may wait for the next window, which is no reason to keep the whole of this one.
    stretches.push(to > T ? copyOf(stretch) : stretch);
  }
  return stretches;
}
