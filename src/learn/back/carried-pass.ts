/** Forward and backward through stretches of steps, the state carried from each to the next. */

import { targetKind } from "../../network/model/targets.js";
import { requireNetwork, type RecurrentNetwork } from "../../network/network.js";
import { accumulateGradient, trainingForward, type PassStates } from "../../network/training-pass.js";
import type { State } from "../../network/types.js";
import type { GradientEvent, LearnerContext, LossFunction } from "../learner.js";
import { askLoss } from "../windows/callers-loss.js";
import { windowOf, type Stretch } from "../windows/stretches.js";

/** Steps to go forward and back through, of which only the last have losses that count. */
export interface PassRequest {
  /** All of the steps. Their targets are those of `last` alone. */
  readonly whole: Stretch;
  /** The last steps, whose losses count. */
  readonly last: Stretch;
  /** What it starts from. */
  readonly state: State | undefined;
  /** Numbers of its steps, for each of which the state after them is wanted. */
  readonly stepsBefore: readonly number[];
}

/** What a gradient learned from, and the states that a next one may start from. */
export interface Passed extends PassStates {
  readonly event: GradientEvent;
}

/** Goes forward and back through a stretch: the gradient of the loss over its last steps, truncated at its start. */
export function passThrough(context: LearnerContext, request: PassRequest): Passed {
  const { reduction, loss: callersLoss } = context;
  const { whole, last, state, stepsBefore } = request;
  const network = requireNetwork(context.network);
  const { inputs, count } = last;
  const steps = inputs.steps * inputs.batch;
  if (callersLoss !== undefined) {
    const { loss, ...states } = callersPass(network, callersLoss, request);
    return { ...states, event: { loss, count, steps } };
  }
  const { targets } = whole;
  if (targets === undefined) throw new Error("a stretch without targets came, and no loss of the caller's");
  const { loss, ...states } = accumulateGradient(
    network,
    whole.inputs,
    targets,
    state,
    reduction,
    stepsBefore,
  );
  const known = targetKind(targets.kind).hasLoss ? loss : undefined;
  return { ...states, event: { loss: known, count, steps } };
}

function callersPass(
  network: RecurrentNetwork,
  callersLoss: LossFunction,
  { whole, last, state, stepsBefore }: PassRequest,
): PassStates & { loss: number } {
  const { outputs, ...states } = trainingForward(network, whole.inputs, state, stepsBefore);
  const { steps } = whole.inputs;
  const first = (outputs.length / steps) * (steps - last.inputs.steps);
  const { loss, gradient } = askLoss(callersLoss, first > 0 ? outputs.slice(first) : outputs, windowOf(last));
  network.backward({ gradient: first > 0 ? padded(gradient, first) : gradient });
  return { ...states, loss };
}

/** Puts zeros before the values. */
function padded(values: Float32Array, zeros: number): Float32Array {
  const all = new Float32Array(zeros + values.length);
  all.set(values, zeros);
  return all;
}

/** Takes one stretch of steps after the other, the state carried from each to the next. */
export class CarriedPass {
  private readonly context: LearnerContext;
  private state: State | undefined;
  private first: State | undefined;

  constructor(context: LearnerContext) {
    this.context = context;
    this.first = context.state;
  }

  /** Lets the next stretch start from zeros; the very first one starts from the context's state. */
  restart(): void {
    this.state = this.first;
    this.first = undefined;
  }

  /** Adds the gradient over the whole stretch. */
  gradient(stretch: Stretch): GradientEvent {
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
