/**
 * h_t = f(N(W_ih x_t + W_hh h_{t-1}; g) + b_ih + b_hh), N(a; g) = g ⊙ (a − mean(a))/√(var(a) + ε) over the units (Ba, Kiros &
 * Hinton 2016, "Layer normalization", arXiv 1607.06450, eq. 4).
 */

import { planNorms, planStates, usedRows, type CellDefinition, type CellNorm } from "./cell.js";
import { stepSlots } from "./state-slots.js";

const sums = usedRows("dv");

const norm: CellNorm = {
  parameters: [
    {
      name: "norm",
      order: [0],
      start: 1,
      pointer: "recurrent",
      by: (run) => stepSlots(run.regions.dh, run),
      times: usedRows("v"),
    },
  ],
  inputGroups: [],
  product: (run) => stepSlots(run.regions.h, run),
  inputGradients: sums,
  recurrentGradients: sums,
};

/** Both products stand where the states will; v holds their sum, normalised. */
export function normalizedElman(cell: CellDefinition): CellDefinition {
  return {
    ...cell,
    norm,
    plan(steps, batch, H, tape) {
      const states = planStates(steps, batch, H, tape);
      return { ...states, ...planNorms(states, steps * batch, { u: 0, v: 1, w: 0 }, tape) };
    },
  };
}
