import type { TrainingWindow } from "../../data/training-data.js";
import type { State } from "../../network/types.js";
import { accumulateGradient, trainingForward, type PassStates } from "../../network/training-pass.js";
import { askLoss } from "../windows/callers-loss.js";
import { requireWindow } from "../windows/checked-window.js";
import type { GradientEvent, LearnerContext, LossFunction } from "../learner.js";

/** A stretch of steps to learn from; it was checked before. */
export interface Stretch {
  /** All of its steps. Its targets are those of `last` alone. */
  readonly whole: TrainingWindow;
  /** Its last steps, whose losses count. */
  readonly last: TrainingWindow;
  /** What it starts from. */
  readonly state: State | undefined;
  /** Numbers of its steps, for each of which the state after them is wanted. */
  readonly stepsBefore: readonly number[];
}

/** What a gradient learned from, and the states that a next one may start from. */
export interface Passed extends PassStates {
  readonly event: GradientEvent;
}

/** Forward and backward through a stretch: the gradient of the loss over its last steps, truncated at its start. */
export function passThrough(context: LearnerContext, stretch: Stretch): Passed {
  const { network, loss: lossFunction, reduction } = context;
  const { whole, last, state, stepsBefore } = stretch;
  const steps = last.inputs.steps * last.inputs.batch;
  if (lossFunction !== undefined) {
    const passed = callersPass(context, lossFunction, stretch);
    return { ...passed, event: { ...passed.event, steps } };
  }
  const { inputs, targets } = whole;
  const { loss, count, ...states } = accumulateGradient(
    network,
    inputs,
    targets,
    state,
    reduction,
    stepsBefore,
  );
  if (targets.gradient === undefined) return { ...states, event: { loss, count, steps } };
  // All elements of a gradient count, those too that are zeros because their loss does not.
  const counted = whole === last ? count : requireWindow(last, network, false, 0).count;
  return { ...states, event: { loss: undefined, count: counted, steps } };
}

function callersPass(
  { network }: LearnerContext,
  lossFunction: LossFunction,
  { whole, last, state, stepsBefore }: Stretch,
): PassStates & { event: Pick<GradientEvent, "loss" | "count"> } {
  const { count } = requireWindow(last, network, true, 0);
  const { outputs, ...states } = trainingForward(network, whole.inputs, state, stepsBefore);
  const { steps } = whole.inputs;
  const first = (outputs.length / steps) * (steps - last.inputs.steps);
  const { loss, gradient } = askLoss(lossFunction, first > 0 ? outputs.slice(first) : outputs, last);
  network.backward({ gradient: first > 0 ? padded(gradient, first) : gradient });
  return { ...states, event: { loss, count } };
}

/** With zeros before it. */
function padded(values: Float32Array, zeros: number): Float32Array {
  const all = new Float32Array(zeros + values.length);
  all.set(values, zeros);
  return all;
}

/** One stretch of steps after the other, the state carried from each to the next. */
export class CarriedPass {
  private readonly context: LearnerContext;
  private state: State | undefined;
  private first: State | undefined;

  constructor(context: LearnerContext) {
    this.context = context;
    this.first = context.state;
  }

  /** The next stretch starts from zeros; the very first one from the context's state. */
  restart(): void {
    this.state = this.first;
    this.first = undefined;
  }

  /** The gradient over the whole stretch. */
  gradient(stretch: TrainingWindow): GradientEvent {
    const { event, state } = passThrough(this.context, {
      whole: stretch,
      last: stretch,
      state: this.state,
      stepsBefore: [],
    });
    this.state = state;
    return event;
  }
}
