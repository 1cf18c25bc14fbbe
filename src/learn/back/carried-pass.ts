/** Runs forward and backward through stretches of steps and carries the state from each to the next. */

import { targetKind } from "../../network/model/targets.js";
import { requireNetwork, type RecurrentNetwork } from "../../network/network.js";
import { accumulateGradient, trainingForward, type PassStates } from "../../network/training-pass.js";
import type { State } from "../../network/types.js";
import { callersLoss, type GradientEvent, type LearnerContext, type LossFunction } from "../learner.js";
import { askLoss } from "../windows/callers-loss.js";
import type { PlainData, PlainReader } from "../../plain-data.js";
import { readState, requireFitting, saveState } from "../windows/saved-stretch.js";
import { weightOf, windowOf, type Stretch } from "../windows/stretches.js";

/** A pass request names steps to run forward and backward through; only losses of the last ones count. */
export interface PassRequest {
  /** All of the steps; only those of `last` have targets. */
  readonly whole: Stretch;
  /** The last steps, whose losses count. */
  readonly last: Stretch;
  /** The state before the first step; undefined: zeros. */
  readonly state: State | undefined;
  /** Counts of steps from the start; the pass returns the state after each of these counts. */
  readonly stepsBefore: readonly number[];
}

/** Holds the event of a pass's gradient, and the states that a later pass may start from. */
export interface Passed extends PassStates {
  readonly event: GradientEvent;
}

/** Runs through `whole` and back: adds the gradient of its last steps' loss, truncated at its start. */
export function passThrough(context: LearnerContext, request: PassRequest): Passed {
  const { reduction } = context;
  const lossFunction = callersLoss(context);
  const { whole, last, state, stepsBefore } = request;
  const network = requireNetwork(context.network);
  const { inputs, count } = last;
  requireFitting(state, inputs.batch, network);
  const steps = inputs.steps * inputs.batch;
  const weight = weightOf(last);
  if (lossFunction !== undefined) {
    const { loss, ...states } = callersPass(network, lossFunction, request);
    return { ...states, event: { loss, count, weight, steps } };
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
  return { ...states, event: { loss: known, count, weight, steps } };
}

function callersPass(
  network: RecurrentNetwork,
  lossFunction: LossFunction,
  { whole, last, state, stepsBefore }: PassRequest,
): PassStates & { loss: number } {
  const { outputs, ...states } = trainingForward(network, whole.inputs, state, stepsBefore);
  const { steps } = whole.inputs;
  const first = (outputs.length / steps) * (steps - last.inputs.steps);
  const { loss, gradient } = askLoss(
    lossFunction,
    first > 0 ? outputs.slice(first) : outputs,
    windowOf(last),
  );
  network.backward({ gradient: first > 0 ? padded(gradient, first) : gradient });
  return { ...states, loss };
}

/** Returns the values with zeros in front. */
function padded(values: Float32Array, zeros: number): Float32Array {
  const all = new Float32Array(zeros + values.length);
  all.set(values, zeros);
  return all;
}

/** A carried pass takes one stretch of steps after the other and carries the state from each to the next. */
export class CarriedPass {
  private readonly context: LearnerContext;
  private state: State | undefined;
  private first: State | undefined;

  constructor(context: LearnerContext) {
    this.context = context;
    this.first = context.state;
  }

  /** Lets the next stretch start from zeros, or from the context's state if it is the very first one. */
  restart(): void {
    this.state = this.first;
    this.first = undefined;
  }

  save(): PlainData {
    return { state: saveState(this.state) };
  }

  restore(saved: PlainReader): void {
    this.state = readState(saved.field("state"), this.context.network);
    this.first = undefined;
  }

  /** Adds the gradient over the whole stretch to the network's and returns its event. */
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
