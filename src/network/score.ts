import { readRegion } from "../memory/regions.js";
import type { Inputs } from "./model/batch.js";
import { applyLoss, targetKind, targetsIn, type Targets } from "./model/targets.js";
import type { RecurrentNetwork } from "./network.js";
import type { State } from "./types.js";

export interface Score {
  /** Sum of the losses, each times its weight. */
  loss: number;
  /** The final state, after the last step. */
  state: State;
}

/**
 * Computes the loss without a tape or gradients; `look` gets the outputs of some steps at a time, [rows, O], with their targets.
 * Throws a RangeError for targets that have no loss.
 */
export function score(
  network: RecurrentNetwork,
  inputs: Inputs,
  targets: Targets,
  state: State | undefined,
  look?: (outputs: Float32Array, targets: Targets) => void,
): Score {
  network.requireAlive();
  const { model, inference } = network;
  const { kind, whole } = targets;
  if (!targetKind(kind).hasLoss)
    throw new RangeError(`"targets" expected classes or values, got a ${kind}: it has no loss`);
  let loss = 0;
  const final = inference.run(inputs, state, false, whole !== undefined, (window, pass, first) => {
    if (look !== undefined) {
      const outputs = readRegion(model.engine.arena.f32, model.outputs(window, pass));
      const all = first === 0 && pass.steps === inputs.steps;
      look(outputs, all ? targets : targetsIn(targets, first, first + pass.steps, undefined));
    }
    loss += applyLoss(model.engine, window, targets, first, pass.steps, 1);
  });
  return { loss, state: final };
}
