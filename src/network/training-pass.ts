/** Runs the passes that learning rules need of a network. */

import type { Inputs } from "./model/batch.js";
import type { RecordedPass } from "./model/tape.js";
import type { Targets } from "./model/targets.js";
import { readFinalState } from "./model/transfer.js";
import type { RecurrentNetwork } from "./network.js";
import type { ForwardResult, Reduction, State } from "./types.js";

/** Holds the final state of a pass, and the states asked for inside its sequence. */
export interface PassStates {
  readonly state: State;
  /** The states that were asked for, in that order. */
  readonly states: readonly State[];
}

/**
 * Runs a training forward and backward pass in one: adds to the gradients, and returns no outputs. Inputs,
 * targets and state must have been checked. `loss` is NaN when the targets are a gradient. A length may be 0:
 * the sequence ended before. `stepsBefore` lists numbers of steps from 0 to T; the state after each is
 * returned, for a network of one direction only. Throws a DisposedError and an OutOfMemoryError; nothing is
 * changed then.
 */
export function accumulateGradient(
  network: RecurrentNetwork,
  inputs: Inputs,
  targets: Targets,
  state?: State,
  reduction: Reduction = "mean",
  stepsBefore: readonly number[] = [],
): { loss: number } & PassStates {
  network.requireAlive();
  const recorded = network.tape.record(inputs, state, true);
  const states = stepsBefore.map((steps) => stateAfter(network, recorded, steps));
  const { loss } = network.tape.consume(recorded, targets, reduction);
  return { loss, state: stateAfter(network, recorded, inputs.steps), states };
}

/**
 * Runs the forward pass for a loss of the caller's own, whose gradient goes to `backward`; states are
 * returned as by `accumulateGradient`.
 */
export function trainingForward(
  network: RecurrentNetwork,
  inputs: Inputs,
  state?: State,
  stepsBefore: readonly number[] = [],
): Pick<ForwardResult, "outputs"> & PassStates {
  network.requireAlive();
  const how = { training: true, keepTape: true, hidden: false };
  const { outputs, state: final } = network.forwardInputs(inputs, state, how);
  const recorded = network.tape.require();
  return { outputs, state: final, states: stepsBefore.map((steps) => stateAfter(network, recorded, steps)) };
}

/** Returns the state after some steps, which is the final one of a pass of that many, forwards in time. */
function stateAfter({ model }: RecurrentNetwork, { window, pass }: RecordedPass, steps: number): State {
  return readFinalState(model.engine, model.runs(window, { ...pass, steps }));
}
