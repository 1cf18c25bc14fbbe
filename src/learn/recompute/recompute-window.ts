/** Back-propagates through a window whose blocks run as a plan says. */

import type { BlockTapes } from "./block-tapes.js";
import type { Inputs } from "../../network/model/batch.js";
import type { Targets } from "../../network/model/targets.js";
import type { State } from "../../network/types.js";
import type { RecomputePlan } from "./plan.js";
import { recomputeSchedule } from "./schedule.js";

export interface RecomputeRequest {
  readonly inputs: Inputs;
  readonly state: State | undefined;
  /** Called once for each block, in order, when it stands in a slot and its outputs can be read. */
  readonly swept?: ((slot: number, block: number) => void) | undefined;
  /** Returns the targets; called after all blocks ran forward, and before any gradient. */
  readonly targets: () => Targets;
  /** Factor of the losses' gradients. */
  readonly scale: number;
}

/** Adds scale·(the whole window's gradients); returns Σ loss, NaN for a gradient, and the final state. */
export function recomputeWindow(
  tapes: BlockTapes,
  { units, slots }: Pick<RecomputePlan, "units" | "slots">,
  { inputs, state, swept, targets: ask, scale }: RecomputeRequest,
): { loss: number; state: State } {
  tapes.start(inputs, state);
  let seen = 0;
  let final: State | undefined;
  let targets: Targets | undefined;
  let loss = 0;
  const run = (slot: number, unit: number): void => {
    tapes.forward(slot, unit);
    if (unit < seen) return;
    seen++;
    swept?.(slot, unit);
    if (seen === units) final = tapes.readState(slot, unit);
  };
  for (const action of recomputeSchedule(units, slots)) {
    switch (action.kind) {
      case "save":
        tapes.save(action.slot);
        break;
      case "restore":
        if (action.from === "hidden") tapes.restore(action.slot);
        else tapes.restoreEnd(action.slot);
        break;
      case "forward":
        for (let unit = action.from; unit < action.to; unit++) run(action.scratch, unit);
        break;
      case "record":
        run(action.slot, action.unit);
        break;
      case "backward":
        targets ??= ask();
        loss += tapes.backward(action.slot, action.unit, targets, scale);
    }
  }
  if (final === undefined) throw new Error("a schedule ended before its last block ran");
  return { loss, state: final };
}
