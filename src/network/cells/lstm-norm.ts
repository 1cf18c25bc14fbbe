/**
 * The LSTM with its products, all four gates together, and its cell state normalised: z = N(W_ih x_t) + b_ih + N(W_hh h_{t-1}) +
 * b_hh, c_t = f·c_{t-1} + i·g, h_t = o·tanh(N(c_t) + b_c) (Ba, Kiros & Hinton 2016, "Layer normalization", arXiv 1607.06450,
 * eqs. 20 to 22). What is carried is c_t itself.
 */

import { planNorms, usedRows, type CellDefinition, type CellNorm } from "./cell.js";

const norm: CellNorm = {
  parameters: [
    {
      name: "norm_ih",
      order: [0, 1, 2, 3],
      start: 1,
      by: usedRows("z"),
      times: usedRows("u"),
    },
    {
      name: "norm_hh",
      order: [0, 1, 2, 3],
      start: 1,
      pointer: "recurrent",
      by: usedRows("z"),
      times: usedRows("v"),
    },
    {
      name: "norm_c",
      order: [0],
      start: 1,
      pointer: "state",
      by: usedRows("dw"),
      times: usedRows("w"),
    },
    {
      name: "norm_c_bias",
      order: [0],
      start: 0,
      pointer: "stateBias",
      by: usedRows("dw"),
    },
  ],
  inputGroups: [{ first: 0, blocks: 4, scale: 0 }],
  product: usedRows("u"),
  inputGradients: usedRows("du"),
  recurrentGradients: usedRows("dv"),
};

export function normalizedLstm(cell: CellDefinition): CellDefinition {
  return {
    ...cell,
    norm,
    // What the tanh squashes is N(c) + b_c, whose values nothing keeps.
    squashedStates: [],
    plan(steps, batch, H, tape) {
      const plain = cell.plan(steps, batch, H, tape);
      return { ...plain, ...planNorms(plain, steps * batch, { u: 4, v: 4, w: 1 }, tape) };
    },
  };
}
