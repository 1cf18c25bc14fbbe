/** What learning rules ask of a network. */

import { requireSequence, requireState, requireTarget } from "./arguments.js";
import { requireNetwork, type RecurrentNetwork } from "./network.js";
import type { Record } from "./model/tape.js";
import { readFinalState } from "./model/transfer.js";
import type { ForwardResult, Network, Reduction, Sequence, State, Target } from "./types.js";

/** The final state, and what was asked for of those inside the sequence. */
export interface PassStates {
  readonly state: State;
  /** As many as were asked for, in that order. */
  readonly states: readonly State[];
}

/**
 * A training forward and backward in one: adds to the gradients, and hands out no outputs. `loss` is NaN when the target is
 * a gradient. A length may be 0: the sequence ended before this stretch. `stepsBefore`: numbers of steps from 0 to T, for
 * each of which the state after them is handed out; of one direction only. Throws as forward and backward do; nothing is
 * changed then.
 */
export function accumulateGradient(
  network: Network,
  sequence: Sequence,
  target: Target,
  state?: State,
  reduction: Reduction = "mean",
  stepsBefore: readonly number[] = [],
): { loss: number; count: number } & PassStates {
  const given = requireNetwork(network);
  const inputs = requireSequence(sequence, given.options, "inputs", 0);
  const goal = requireTarget(target, inputs, given.options);
  const initial = requireState("state", state, inputs.batch, given.options);
  const record = given.tape.record(inputs, initial, true);
  const states = stepsBefore.map((steps) => stateAfter(given, record, steps));
  const { loss, count } = given.tape.consume(record, goal, reduction);
  return { loss, count, state: stateAfter(given, record, inputs.steps), states };
}

/** The forward of a loss of the caller's own, whose gradient `backward` takes; otherwise as `accumulateGradient`. */
export function trainingForward(
  network: Network,
  sequence: Sequence,
  state?: State,
  stepsBefore: readonly number[] = [],
): Pick<ForwardResult, "outputs"> & PassStates {
  const given = requireNetwork(network);
  const inputs = requireSequence(sequence, given.options, "inputs", 0);
  const initial = requireState("state", state, inputs.batch, given.options);
  const { outputs, state: final } = given.forwardInputs(inputs, initial, {
    training: true,
    keepTape: true,
    hidden: false,
  });
  const record = given.tape.require();
  return { outputs, state: final, states: stepsBefore.map((steps) => stateAfter(given, record, steps)) };
}

/** Forwards in time, the state after some steps is the final one of a pass of that many. */
function stateAfter({ model }: RecurrentNetwork, { window, pass }: Record, steps: number): State {
  return readFinalState(model.engine, model.runs(window, { ...pass, steps }));
}
