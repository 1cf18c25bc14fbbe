import type { State } from "../../network/types.js";
import { passThrough } from "./carried-pass.js";
import type { GradientEvent, LearnerContext } from "../learner.js";
import type { PlainData, PlainReader } from "../../plain-data.js";
import { readState, readStretch, saveState, saveStretch } from "../windows/saved-stretch.js";
import { dropTargets, joinStretches, stepsOf, type Stretch } from "../windows/stretches.js";

/**
 * An overlapping pass carries the state as CarriedPass does, but each gradient goes back beyond its own
 * stretch, over the last k2 steps of the run. Those steps are computed anew, with the present parameters,
 * from the state that the pass before reached at their start.
 */
export class OverlappingPass {
  private readonly context: LearnerContext;
  /** k1, the most steps of a stretch, and k2, the number of steps that errors go back. */
  private readonly k1: number;
  private readonly k2: number;
  private first: State | undefined;
  /** The run's last steps, at most k2 − 1, without targets: the next gradient goes back no further. */
  private before: Stretch | undefined;
  /** The states that the next pass may start from; entry i follows the first i steps of `before`. */
  private starts: readonly (State | undefined)[] = [];

  constructor(context: LearnerContext, k1: number, k2: number) {
    this.context = context;
    this.k1 = k1;
    this.k2 = k2;
    this.first = context.state;
  }

  /**
   * Lets the next stretch start from zeros, or the very first one from the context's state, with no steps
   * before it to go back through.
   */
  restart(): void {
    this.before = undefined;
    this.starts = [this.first];
    this.first = undefined;
  }

  save(): PlainData {
    return {
      before: this.before && saveStretch(this.before),
      starts: this.starts.map((state) => saveState(state) ?? null),
    };
  }

  restore(saved: PlainReader): void {
    const before = saved.field("before");
    this.before = before.given ? readStretch(before, this.context) : undefined;
    const starts = saved.field("starts");
    this.starts = starts.list().map((state) => readState(state, this.context.network));
    const least =
      this.before === undefined ? 0 : Math.max(0, this.before.inputs.steps + this.k1 - this.k2) + 1;
    if (this.starts.length < least) starts.fail(`at least ${least} states`);
    this.first = undefined;
  }

  /**
   * Adds the gradient of the loss over a stretch of 1 to k1 steps, back-propagated over k2 steps, and returns
   * its event. The stretch is kept, and its targets are removed.
   */
  gradient(last: Stretch): GradientEvent {
    const { k1, k2, before } = this;
    const joined = before === undefined ? last : joinStretches([before, last]);
    const dropped = Math.max(0, joined.inputs.steps - k2);
    const whole = stepsOf(joined, dropped, joined.inputs.steps);
    const { steps } = whole.inputs;
    // The next stretch ends 1 to k1 steps later, so its pass starts at one of these steps.
    const earliest = Math.max(0, steps + 1 - k2);
    const latest = Math.max(0, steps + k1 - k2);
    const stepsBefore = Array.from({ length: latest - earliest + 1 }, (_, i) => earliest + i);
    const { event, states } = passThrough(this.context, {
      whole,
      last,
      state: this.starts[dropped],
      stepsBefore,
    });
    this.before = stepsOf(dropTargets(whole), earliest, steps);
    this.starts = states;
    return event;
  }
}
