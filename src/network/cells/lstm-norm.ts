/**
 * The LSTM with its products, all four gates together, and its cell state normalised: z = N(W_ih x_t) + b_ih + N(W_hh h_{t-1}) +
 * b_hh, c_t = f·c_{t-1} + i·g, h_t = o·tanh(N(c_t) + b_c) (Ba, Kiros & Hinton 2016, "Layer normalization", arXiv 1607.06450,
 * eqs. 20 to 22). What is carried is c_t itself.
 */

import { rowsOf, type Region } from "../../memory/regions.js";
import { lstmNormBackward, lstmNormForward, lstmNormTangent } from "../../wasm/generated/named-kernels.js";
import { depthOf } from "../../wasm/product-sizes.js";
import { planNorms, type CellDefinition, type CellNorm, type CellRun } from "./cell.js";

const rows = (region: Region, { steps, batch }: CellRun) => rowsOf(region, 0, steps * batch);

const norm: CellNorm = {
  parameters: [
    {
      name: "norm_ih",
      order: [0, 1, 2, 3],
      start: 1,
      by: (run) => rows(run.regions.z, run),
      times: (run) => rows(run.regions.u, run),
    },
    {
      name: "norm_hh",
      order: [0, 1, 2, 3],
      start: 1,
      pointer: "recurrent",
      by: (run) => rows(run.regions.z, run),
      times: (run) => rows(run.regions.v, run),
    },
    {
      name: "norm_c",
      order: [0],
      start: 1,
      pointer: "state",
      by: (run) => rows(run.regions.dw, run),
      times: (run) => rows(run.regions.w, run),
    },
    {
      name: "norm_c_bias",
      order: [0],
      start: 0,
      pointer: "stateBias",
      by: (run) => rows(run.regions.dw, run),
    },
  ],
  inputGroups: [{ first: 0, blocks: 4, scale: 0 }],
  product: (run) => rows(run.regions.u, run),
  inputGradients: (run) => rows(run.regions.du, run),
  recurrentGradients: (run) => rows(run.regions.dv, run),
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
    forward({ kernels, constants }, { regions: { h, c, z, v, w, scales }, ...run }, recurrent, norms) {
      lstmNormForward(kernels, {
        h: h.pointer,
        c: c.pointer,
        z: z.pointer,
        products: v.pointer,
        states: w.pointer,
        scales: scales.pointer,
        recurrent,
        gain: norms.recurrent,
        stateGain: norms.state,
        stateBias: norms.stateBias,
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
    backward({ kernels, constants }, { regions, ...run }, recurrent, norms) {
      const { dh, dc, c, z, v, dv, w, dw, scales } = regions;
      lstmNormBackward(kernels, {
        dh: dh.pointer,
        dc: dc.pointer,
        z: z.pointer,
        dProducts: dv.pointer,
        dStates: dw.pointer,
        c: c.pointer,
        products: v.pointer,
        states: w.pointer,
        scales: scales.pointer,
        recurrent,
        gain: norms.recurrent,
        stateGain: norms.state,
        stateBias: norms.stateBias,
        lengths: run.lengths,
        resets: run.resets,
        held: run.held,
        constants,
        reverse: run.reverse,
        T: run.steps,
        B: run.batch,
        K: z.stride,
        units: dh.columns,
        stride: dh.stride,
      });
    },
    tangent(
      { kernels, constants },
      { regions: { h, c, z, v, w, scales }, ...run },
      { regions: tangents },
      recurrent,
      norms,
    ) {
      lstmNormTangent(kernels, {
        dh: tangents.h.pointer,
        dc: tangents.c.pointer,
        dz: tangents.z.pointer,
        dProducts: tangents.v.pointer,
        c: c.pointer,
        z: z.pointer,
        products: v.pointer,
        states: w.pointer,
        scales: scales.pointer,
        recurrent,
        gain: norms.recurrent,
        stateGain: norms.state,
        stateBias: norms.stateBias,
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
