import { requireSequence, requireState, requireTarget } from "./arguments.js";
import { requireNetwork } from "./network.js";
import { readState } from "./transfer.js";
import type { Network, Reduction, Sequence, State, Target } from "./types.js";

/**
 * A training forward and backward in one: adds to the gradients, and hands out no outputs. `loss` is NaN when the target is
 * a gradient. Throws as forward and backward do; nothing is changed then.
 */
export function accumulateGradient(
  network: Network,
  sequence: Sequence,
  target: Target,
  state?: State,
  reduction: Reduction = "mean",
): { loss: number; count: number; state: State } {
  const { model, tape, options } = requireNetwork(network);
  const inputs = requireSequence(sequence, options);
  const goal = requireTarget(target, inputs, options);
  const initial = requireState("state", state, inputs.batch, options);
  const { window } = tape.record(inputs, initial);
  const { loss, count } = tape.consume(window, goal, reduction);
  return { loss, count, state: readState(model.engine, window.state(inputs.steps)) };
}
