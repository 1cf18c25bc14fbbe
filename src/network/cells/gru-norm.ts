/**
 * The GRU with its products normalised, r and z together and the candidate apart: r, z = σ(N(W_i x_t) + b_i + N(W_h h_{t-1}) +
 * b_h), n = tanh(N(W_in x_t) + b_in + r·(N(W_hn h_{t-1}) + b_hn)) (Ba, Kiros & Hinton 2016, "Layer normalization", arXiv
 * 1607.06450, supplementary material, as in the authors' own code).
 */

import { rowsOf, type Region } from "../../memory/regions.js";
import { gruNormBackward, gruNormForward, gruNormTangent } from "../../wasm/generated/named-kernels.js";
import { depthOf } from "../../wasm/product-sizes.js";
import { planNorms, type CellDefinition, type CellNorm, type CellRun } from "./cell.js";

const rows = (region: Region, { steps, batch }: CellRun) => rowsOf(region, 0, steps * batch);

/** Three of the blocks n, r, z, q of z, from block `first` on. */
function blocks(run: CellRun, first: number): Region {
  const { z, h } = run.regions;
  return { ...rows(z, run), pointer: z.pointer + first * h.stride * 4, columns: 3 * h.stride };
}

const norm: CellNorm = {
  parameters: [
    {
      name: "norm_ih",
      order: [1, 2, 0],
      start: 1,
      by: (run) => blocks(run, 0),
      times: (run) => rows(run.regions.u, run),
    },
    {
      name: "norm_hh",
      order: [0, 1, 2],
      start: 1,
      pointer: "recurrent",
      by: (run) => blocks(run, 1),
      times: (run) => rows(run.regions.v, run),
    },
  ],
  inputGroups: [
    { first: 0, blocks: 1, scale: 0 },
    { first: 1, blocks: 2, scale: 1 },
  ],
  product: (run) => rows(run.regions.u, run),
  inputGradients: (run) => rows(run.regions.du, run),
  recurrentGradients: (run) => rows(run.regions.dv, run),
};

export function normalizedGru(cell: CellDefinition): CellDefinition {
  return {
    ...cell,
    norm,
    plan(steps, batch, H, tape) {
      const plain = cell.plan(steps, batch, H, tape);
      return { ...plain, ...planNorms(plain, steps * batch, { u: 3, v: 3, w: 0 }, tape) };
    },
    forward({ kernels, constants }, { regions: { h, z, v, scales }, ...run }, recurrent, norms) {
      gruNormForward(kernels, {
        h: h.pointer,
        gates: z.pointer,
        products: v.pointer,
        scales: scales.pointer,
        recurrent,
        gain: norms.recurrent,
        lengths: run.lengths,
        resets: run.resets,
        held: run.held,
        constants,
        reverse: run.reverse,
        T: run.steps,
        B: run.batch,
        K: depthOf(h.columns),
        units: h.columns,
        stride: h.stride,
      });
    },
    backward({ kernels, constants }, { regions: { h, dh, z, v, dv, scales }, ...run }, recurrent, norms) {
      gruNormBackward(kernels, {
        dh: dh.pointer,
        gates: z.pointer,
        dProducts: dv.pointer,
        h: h.pointer,
        products: v.pointer,
        scales: scales.pointer,
        recurrent,
        gain: norms.recurrent,
        lengths: run.lengths,
        resets: run.resets,
        held: run.held,
        constants,
        reverse: run.reverse,
        T: run.steps,
        B: run.batch,
        K: 3 * dh.stride,
        units: dh.columns,
        stride: dh.stride,
      });
    },
    tangent(
      { kernels, constants },
      { regions: { h, z, v, scales }, ...run },
      { regions: tangents },
      recurrent,
      norms,
    ) {
      gruNormTangent(kernels, {
        dh: tangents.h.pointer,
        dGates: tangents.z.pointer,
        dProducts: tangents.v.pointer,
        gates: z.pointer,
        h: h.pointer,
        products: v.pointer,
        scales: scales.pointer,
        recurrent,
        gain: norms.recurrent,
        lengths: run.lengths,
        resets: run.resets,
        held: run.held,
        constants,
        T: run.steps,
        B: run.batch,
        K: depthOf(h.columns),
        units: h.columns,
        stride: h.stride,
      });
    },
  };
}
