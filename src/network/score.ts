import { requireSequence, requireState, requireTarget } from "./arguments.js";
import { applyLoss, countCorrect } from "./model/loss.js";
import { requireNetwork } from "./network.js";
import type { Network, Sequence, State, Target } from "./types.js";

export interface Score {
  /** Summed over the targets. */
  loss: number;
  /** Targets: steps for classes, elements for values. */
  count: number;
  /** Classes only: targets that were the likeliest class. */
  correct?: number;
  /** The final state. */
  state: State;
}

/** The loss over a sequence, without a tape or gradients. RangeError for a target that is a gradient. */
export function score(network: Network, sequence: Sequence, target: Target, state?: State): Score {
  const { model, inference, options } = requireNetwork(network);
  const inputs = requireSequence(sequence, options, "inputs");
  const goal = requireTarget(target, inputs, options);
  if (goal.kind === "gradient") {
    throw new RangeError(`"targets" expected classes or values, got a gradient: it has no loss`);
  }
  const initial = requireState("state", state, inputs.batch, options);
  let loss = 0;
  let correct = 0;
  const { array, count } = goal;
  const final = inference.run(inputs, initial, false, (window, { steps }, first) => {
    if (array instanceof Int32Array) correct += countCorrect(model.engine, window, array, first, steps);
    loss += applyLoss(model.engine, window, goal, first, steps, 1);
  });
  return { loss, count, ...(array instanceof Int32Array ? { correct } : {}), state: final };
}
