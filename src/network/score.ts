import type { Inputs } from "./model/batch.js";
import { applyLoss, countCorrect, targetKind, type Targets } from "./model/targets.js";
import type { RecurrentNetwork } from "./network.js";
import type { State } from "./types.js";

export interface Score {
  /** Sum of the losses, each times its weight. */
  loss: number;
  /** Number of targets whose class was the likeliest; for classes only. */
  correct?: number;
  /** The final state, after the last step. */
  state: State;
}

/** Computes the loss without a tape or gradients; throws a RangeError for targets that have no loss. */
export function score(
  network: RecurrentNetwork,
  inputs: Inputs,
  targets: Targets,
  state: State | undefined,
): Score {
  network.requireAlive();
  const { model, inference } = network;
  const { kind } = targets;
  if (!targetKind(kind).hasLoss)
    throw new RangeError(`"targets" expected classes or values, got a ${kind}: it has no loss`);
  let loss = 0;
  let correct = 0;
  const final = inference.run(
    inputs,
    state,
    false,
    targets.whole !== undefined,
    (window, { steps }, first) => {
      if (kind === "classes") correct += countCorrect(model.engine, window, targets, first, steps);
      loss += applyLoss(model.engine, window, targets, first, steps, 1);
    },
  );
  return { loss, ...(kind === "classes" ? { correct } : {}), state: final };
}
