import type { State } from "../../network/types.js";
import { passThrough } from "./carried-pass.js";
import type { GradientEvent, LearnerContext } from "../learner.js";
import { dropSteps, joinStretches, maskTargets, type Stretch } from "../windows/stretches.js";

/**
 * As CarriedPass, but each gradient goes back beyond its own stretch, over the last k2 steps of the run. Those steps are
 * computed anew, with the parameters as they are now, from the state that the pass before reached at their start.
 */
export class OverlappingPass {
  private readonly context: LearnerContext;
  /** The longest stretch, and how far errors go back. */
  private readonly k1: number;
  private readonly k2: number;
  private first: State | undefined;
  /** The run's last steps, at most k2 − 1: a next gradient goes back no further. */
  private before: Stretch | undefined;
  /** States that it may start from, by the steps that it drops of those. */
  private starts: readonly (State | undefined)[] = [];

  constructor(context: LearnerContext, k1: number, k2: number) {
    this.context = context;
    this.k1 = k1;
    this.k2 = k2;
    this.first = context.state;
  }

  /** The next stretch starts from zeros, and goes back to its own start; the very first from the context's state. */
  restart(): void {
    this.before = undefined;
    this.starts = [this.first];
    this.first = undefined;
  }

  /** The gradient of the loss over a stretch of 1 to k1 steps, k2 back from its end. Its arrays are kept, unchanged. */
  gradient(last: Stretch): GradientEvent {
    const { k1, k2, before } = this;
    const joined = before === undefined ? last : joinStretches([before, last]);
    const dropped = Math.max(0, joined.inputs.steps - k2);
    const kept = dropSteps(joined, dropped);
    const { steps } = kept.inputs;
    const whole = before === undefined ? kept : maskTargets(kept, steps - last.inputs.steps);
    // The next stretch ends 1 to k1 steps later, and so starts at one of these steps of this one.
    const earliest = Math.max(0, steps + 1 - k2);
    const latest = Math.max(0, steps + k1 - k2);
    const stepsBefore = Array.from({ length: latest - earliest + 1 }, (_, i) => earliest + i);
    const { event, states } = passThrough(this.context, {
      whole,
      last,
      state: this.starts[dropped],
      stepsBefore,
    });
    this.before = dropSteps(whole, earliest);
    this.starts = states;
    return event;
  }
}
