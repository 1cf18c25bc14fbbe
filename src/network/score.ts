import type { Inputs } from "./model/batch.js";
import { applyLoss, countCorrect, targetKind, targetKindNames, type Targets } from "./model/targets.js";
import type { RecurrentNetwork } from "./network.js";
import type { State } from "./types.js";

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

/** Takes the loss over a sequence, without a tape or gradients. Throws a RangeError for targets that have no loss. */
export function score(
  network: RecurrentNetwork,
  inputs: Inputs,
  targets: Targets,
  state: State | undefined,
): Score {
  network.requireAlive();
  const { model, inference } = network;
  const { kind, array, count } = targets;
  if (!targetKind(kind).hasLoss) {
    const kinds = targetKindNames.filter((name) => targetKind(name).hasLoss).join(" or ");
    throw new RangeError(`"targets" expected ${kinds}, got a ${kind}: it has no loss`);
  }
  let loss = 0;
  let correct = 0;
  const final = inference.run(inputs, state, false, (window, { steps }, first) => {
    if (kind === "classes") correct += countCorrect(model.engine, window, array, first, steps);
    loss += applyLoss(model.engine, window, targets, first, steps, 1);
  });
  return { loss, count, ...(kind === "classes" ? { correct } : {}), state: final };
}
