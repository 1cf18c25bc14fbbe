import type { Inputs } from "./model/batch.js";
import { applyLoss, countCorrect, targetKind, targetKindNames, type Targets } from "./model/targets.js";
import type { RecurrentNetwork } from "./network.js";
import type { State } from "./types.js";

export interface Score {
  /** Sum over the targets: nats for classes, squared errors for values. */
  loss: number;
  /** Number of targets: steps for classes, elements for values. */
  count: number;
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
