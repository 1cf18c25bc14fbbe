/** Which of what a cell keeps on its tape are gates and other squashed values, and where they saturate. */

import { rowsOf, type Region } from "../../memory/regions.js";
import type { CellRun } from "./cell.js";
import { stepSlots } from "./state-slots.js";
import type { Cell } from "../types.js";

/** One gate, candidate or state of all units: beyond its bounds hardly any gradient passes through it. */
export interface Activation {
  readonly name: string;
  /** It is saturated where it is below `low`, or above `high`. */
  readonly low: number;
  readonly high: number;
  /** Its values in the states after each step, or as a block of H among the gates. */
  readonly at: "h" | "c" | { readonly block: number };
}

/** σ′ is then below 0.0099, and at most 0.25. */
const gate = (name: string, block: number): Activation => ({ name, low: 0.01, high: 0.99, at: { block } });
/** tanh′ is then below 0.0199, and at most 1. */
const tanh = (name: string, at: Activation["at"]): Activation => ({ name, low: -0.99, high: 0.99, at });
/** tanh(c) is 0.99 here. */
const CELL_STATE_BOUND = 2.6466524123622457;

/** Gates by PyTorch's names, in the order of the cells' files. */
export const activations: Readonly<Record<Cell, readonly Activation[]>> = {
  elman: [tanh("h", "h")],
  // The state is zero, not below it, where max(0, ·) stops the gradient.
  "elman-relu": [{ name: "h", low: Number.MIN_VALUE, high: Infinity, at: "h" }],
  gru: [gate("r", 1), gate("z", 2), tanh("n", { block: 0 })],
  lstm: [
    gate("i", 0),
    gate("f", 1),
    tanh("g", { block: 2 }),
    gate("o", 3),
    { name: "c", low: -CELL_STATE_BOUND, high: CELL_STATE_BOUND, at: "c" },
  ],
  // Its candidate is linear.
  mingru: [gate("z", 0)],
};

/** Its values after a forward, [T·B, H], a row every `stride` elements. */
export function activationRegion({ at }: Activation, run: CellRun): Region {
  const { h, c, z } = run.regions;
  if (at === "h") return stepSlots(h, run);
  if (at === "c") return stepSlots(c, run);
  const gates = rowsOf(z, 0, run.steps * run.batch);
  return { ...gates, pointer: gates.pointer + at.block * h.stride * 4, columns: h.columns };
}
