import { requireInteger, requireKnown, requireObject } from "../../errors.js";
import { CarriedPass } from "./carried-pass.js";
import type { CheckedWindow } from "../windows/checked-window.js";
import {
  createLearner,
  requireStepwise,
  type GradientEvent,
  type Learner,
  type LearnerContext,
  type LearnerRun,
} from "../learner.js";
import { OverlappingPass } from "./overlapping-pass.js";
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
  return createLearner("tbptt", (context) => {
    requireStepwise(context, "tbptt");
    return new TbpttRun(context, k1, k2);
  });
}

class TbpttRun implements LearnerRun {
  private readonly pass: CarriedPass | OverlappingPass;
  private readonly k1: number;
  /** Whether stretches do not overlap, so that one is done with once it has its gradient. */
  private readonly apart: boolean;
  /** The steps that no gradient covers yet: fewer than k1. */
  private pending: Stretch[] = [];
  private pendingSteps = 0;

  constructor(context: LearnerContext, k1: number, k2: number) {
    this.apart = k1 === k2;
    this.pass = this.apart ? new CarriedPass(context) : new OverlappingPass(context, k1, k2);
    this.k1 = k1;
  }

  *window(checked: CheckedWindow): Generator<GradientEvent, void> {
    const { carry } = checked;
    if (this.apart && this.pendingSteps === 0 && checked.inputs.steps === this.k1) {
      if (!carry) this.pass.restart();
      yield this.pass.gradient(checked);
      return;
    }
    const stretches = cut(checked, this.k1, carry ? this.k1 - this.pendingSteps : this.k1);
    if (!carry) yield* this.end();
    for (const stretch of stretches) {
      this.pending.push(stretch);
      this.pendingSteps += stretch.inputs.steps;
      if (this.pendingSteps === this.k1) yield* this.flush();
    }
  }

  *end(): Generator<GradientEvent, void> {
    yield* this.flush();
    this.pass.restart();
  }

  private *flush(): Generator<GradientEvent, void> {
    if (this.pendingSteps === 0) return;
    const stretch = joinStretches(this.pending);
    this.pending = [];
    this.pendingSteps = 0;
    yield this.pass.gradient(stretch);
  }
}

/** Cuts a window into stretches of k1 steps, after a first one of `first` steps. */
function cut(window: CheckedWindow, k1: number, first: number): Stretch[] {
  const { steps: T } = window.inputs;
  const stretches: Stretch[] = [];
  for (let from = 0, to = first; from < T; from = to, to += k1) {
    const stretch = stepsOf(window, from, Math.min(to, T));
    // The last may wait for the next window, which is no reason to keep the whole of this one.
    stretches.push(to > T ? copyOf(stretch) : stretch);
  }
  return stretches;
}
