/** Finds gates and other squashed values in what a cell keeps on its tape. */

import { rowsOf, type Region } from "../../memory/regions.js";
import type { Bounds, CellDefinition, CellRun, Gate } from "./cell.js";
import { stepSlots } from "./state-slots.js";

/** σ′ is then below 0.0099, and at most 0.25. */
export const SIGMOID: Bounds = { low: 0.01, high: 0.99 };
/** tanh′ is then below 0.0199, and at most 1. */
export const TANH: Bounds = { low: -0.99, high: 0.99 };

/** Names a gate, candidate or state that saturates, and finds it. */
export interface Activation extends Bounds {
  readonly name: string;
  readonly meaning: string;
  /** Returns where its values stand after a forward pass, [T·B, H], a row every `stride` elements. */
  region(run: CellRun): Region;
}

/** Lists what saturates: gates in the cell's order, then states. */
export function activationsOf(cell: CellDefinition): readonly Activation[] {
  const gates = cell.gates.flatMap((gate): Activation[] => {
    const { letter: name, meaning, bounds } = gate;
    if (bounds === undefined) return [];
    return [{ name, meaning, ...bounds, region: (run) => gateRegion(cell.preactivations(run), gate, run) }];
  });
  const states = cell.squashedStates.map(({ name, meaning, bounds }): Activation => ({
    ...{ name, meaning, ...bounds },
    region: (run) => stepSlots(run.regions[name], run),
  }));
  return [...gates, ...states];
}

/** Returns a gate's part of all pre-activations or of their gradients, [T·B, H], a row every `stride` elements. */
export function gateRegion(all: Region, { block }: Gate, { regions: { h }, steps, batch }: CellRun): Region {
  const rows = rowsOf(all, 0, steps * batch);
  return { ...rows, pointer: all.pointer + block * h.stride * 4, columns: h.columns };
}
