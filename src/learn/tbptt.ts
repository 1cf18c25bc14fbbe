import type { TrainingWindow } from "../data/training-data.js";
import { requireInteger, requireObject } from "../errors.js";
import { CarriedPass } from "./carried-pass.js";
import type { CheckedWindow } from "./checked-window.js";
import {
  createLearner,
  type GradientEvent,
  type Learner,
  type LearnerContext,
  type LearnerRun,
} from "./learner.js";
import { copySteps, joinStretches } from "./stretches.js";

export interface TbpttOptions {
  /** Steps from one gradient to the next. */
  k1: number;
  /** Steps that errors go back; default k1, and others are not available yet. */
  k2?: number;
}

/**
 * Truncated back-propagation through time (Williams & Peng 1990): every k1 steps along windows that carry, a gradient over
 * the last k2 = k1 steps, of the mean loss over their targets. A window may bring several, or several windows one. Each
 * loss counts once: where a run of windows ends, what is left makes a gradient of its own, over fewer steps. Where sequences
 * end early, a window cannot be joined with the one that carries it on; a bidirectional network is refused.
 */
export function tbptt(options: TbpttOptions): Learner {
  const given = requireObject("options", options);
  const k1 = requireInteger("k1", given.k1, 1);
  const k2 = requireInteger("k2", given.k2 ?? k1, 1);
  if (k2 < k1) throw new RangeError(`"k2" expected at least k1 = ${k1}, got ${k2}: losses would be lost`);
  if (k2 > k1)
    throw new RangeError(`"k2" expected k1 = ${k1}, got ${k2}: more is not available in this version`);
  return createLearner("tbptt", (context) => {
    if (context.network.options.bidirectional)
      throw new RangeError(`"learner" expected bptt() for a bidirectional network, got tbptt()`);
    return new TbpttRun(context, k1);
  });
}

class TbpttRun implements LearnerRun {
  private readonly pass: CarriedPass;
  private readonly k1: number;
  /** Copies of what no gradient was made of yet: fewer than k1 steps. */
  private pending: TrainingWindow[] = [];
  private pendingSteps = 0;

  constructor(context: LearnerContext, k1: number) {
    this.pass = new CarriedPass(context);
    this.k1 = k1;
  }

  *window(checked: CheckedWindow): Generator<GradientEvent, void> {
    const { window, carry } = checked;
    if (this.pendingSteps === 0 && checked.inputs.steps === this.k1) {
      if (!carry) this.pass.restart();
      yield this.pass.gradient(window);
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

/**
 * A window in stretches of k1 steps, after a first of `first` steps. All copies, made before any gradient: between gradients,
 * the caller may use the window's arrays anew.
 */
function cut(window: CheckedWindow, k1: number, first: number): TrainingWindow[] {
  const { steps: T } = window.inputs;
  const stretches: TrainingWindow[] = [];
  for (let from = 0, to = first; from < T; from = to, to += k1) {
    stretches.push(copySteps(window, from, Math.min(to, T)));
  }
  return stretches;
}
