/** What learning rules ask of a network. */

import { requireSequence, requireState, requireTarget } from "./arguments.js";
import { requireNetwork } from "./network.js";
import { readFinalState } from "./transfer.js";
import type { ForwardResult, Network, Reduction, Sequence, State, Target } from "./types.js";

/**
 * A training forward and backward in one: adds to the gradients, and hands out no outputs. `loss` is NaN when the target is
 * a gradient. A length may be 0: the sequence ended before this stretch. Throws as forward and backward do; nothing is
 * changed then.
 */
export function accumulateGradient(
  network: Network,
  sequence: Sequence,
  target: Target,
  state?: State,
  reduction: Reduction = "mean",
): { loss: number; count: number; state: State } {
  const { model, tape, options } = requireNetwork(network);
  const inputs = requireSequence(sequence, options, "inputs", 0);
  const goal = requireTarget(target, inputs, options);
  const initial = requireState("state", state, inputs.batch, options);
  const record = tape.record(inputs, initial, true);
  const { loss, count } = tape.consume(record, goal, reduction);
  return { loss, count, state: readFinalState(model.engine, model.runs(record.window, record.pass)) };
}

/** The forward of a loss of the caller's own, whose gradient `backward` takes; otherwise as `accumulateGradient`. */
export function trainingForward(network: Network, sequence: Sequence, state?: State): ForwardResult {
  const given = requireNetwork(network);
  const inputs = requireSequence(sequence, given.options, "inputs", 0);
  const initial = requireState("state", state, inputs.batch, given.options);
  return given.forwardInputs(inputs, initial, { training: true, keepTape: true, hidden: false });
}
