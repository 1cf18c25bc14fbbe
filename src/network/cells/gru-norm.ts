/**
 * The GRU with its products normalised, r and z together and the candidate apart: r, z = σ(N(W_i x_t) + b_i + N(W_h h_{t-1}) +
 * b_h), n = tanh(N(W_in x_t) + b_in + r·(N(W_hn h_{t-1}) + b_hn)) (Ba, Kiros & Hinton 2016, "Layer normalization", arXiv
 * 1607.06450, supplementary material, as in the authors' own code).
 */

import type { Region } from "../../memory/regions.js";
import { planNorms, usedRows, type CellDefinition, type CellNorm, type CellRun } from "./cell.js";

const gates = usedRows("z");

/** Three of the blocks n, r, z, q of z, from block `first` on. */
function blocks(run: CellRun, first: number): Region {
  const z = gates(run);
  const { stride } = run.regions.h;
  return { ...z, pointer: z.pointer + first * stride * 4, columns: 3 * stride };
}

const norm: CellNorm = {
  parameters: [
    {
      name: "norm_ih",
      order: [1, 2, 0],
      start: 1,
      by: (run) => blocks(run, 0),
      times: usedRows("u"),
    },
    {
      name: "norm_hh",
      order: [0, 1, 2],
      start: 1,
      pointer: "recurrent",
      by: (run) => blocks(run, 1),
      times: usedRows("v"),
    },
  ],
  inputGroups: [
    { first: 0, blocks: 1, scale: 0 },
    { first: 1, blocks: 2, scale: 1 },
  ],
  product: usedRows("u"),
  inputGradients: usedRows("du"),
  recurrentGradients: usedRows("dv"),
};

export function normalizedGru(cell: CellDefinition): CellDefinition {
  return {
    ...cell,
    norm,
    plan(steps, batch, H, tape) {
      const plain = cell.plan(steps, batch, H, tape);
      return { ...plain, ...planNorms(plain, steps * batch, { u: 3, v: 3, w: 0 }, tape) };
    },
  };
}
