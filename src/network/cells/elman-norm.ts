/**
 * h_t = f(N(W_ih x_t + W_hh h_{t-1}; g) + b_ih + b_hh), N(a; g) = g ⊙ (a − mean(a))/√(var(a) + ε) over the units (Ba, Kiros &
 * Hinton 2016, "Layer normalization", arXiv 1607.06450, eq. 4).
 */

import { rowsOf } from "../../memory/regions.js";
import { elmanNormBackward, elmanNormForward, elmanNormTangent } from "../../wasm/generated/named-kernels.js";
import { depthOf } from "../../wasm/product-sizes.js";
import { planNorms, planStates, type CellDefinition, type CellNorm, type CellRun } from "./cell.js";
import { stepSlots } from "./state-slots.js";

const sums = ({ regions: { dv }, steps, batch }: CellRun) => rowsOf(dv, 0, steps * batch);

const norm: CellNorm = {
  parameters: [
    {
      name: "norm",
      order: [0],
      start: 1,
      pointer: "recurrent",
      by: (run) => stepSlots(run.regions.dh, run),
      times: ({ regions: { v }, steps, batch }) => rowsOf(v, 0, steps * batch),
    },
  ],
  inputGroups: [],
  product: (run) => stepSlots(run.regions.h, run),
  inputGradients: sums,
  recurrentGradients: sums,
};

/** Both products stand where the states will; v holds their sum, normalised. */
export function normalizedElman(cell: CellDefinition, relu: boolean): CellDefinition {
  return {
    ...cell,
    norm,
    plan(steps, batch, H, tape) {
      const states = planStates(steps, batch, H, tape);
      return { ...states, ...planNorms(states, steps * batch, { u: 0, v: 1, w: 0 }, tape) };
    },
    forward({ kernels, constants }, { regions: { h, v, scales }, ...run }, recurrent, norms) {
      elmanNormForward(kernels, {
        h: h.pointer,
        normal: v.pointer,
        scales: scales.pointer,
        recurrent,
        gain: norms.recurrent,
        bias: norms.bias,
        lengths: run.lengths,
        resets: run.resets,
        held: run.held,
        constants,
        relu,
        reverse: run.reverse,
        T: run.steps,
        B: run.batch,
        K: depthOf(h.columns),
        units: h.columns,
        stride: h.stride,
      });
    },
    backward({ kernels, constants }, { regions: { h, dh, v, dv, scales }, ...run }, recurrent, norms) {
      elmanNormBackward(kernels, {
        dh: dh.pointer,
        dSums: dv.pointer,
        h: h.pointer,
        normal: v.pointer,
        scales: scales.pointer,
        recurrent,
        gain: norms.recurrent,
        lengths: run.lengths,
        resets: run.resets,
        held: run.held,
        constants,
        relu,
        reverse: run.reverse,
        T: run.steps,
        B: run.batch,
        K: dh.stride,
        units: dh.columns,
        stride: dh.stride,
      });
    },
    tangent(
      { kernels, constants },
      { regions: { h, v, scales }, ...run },
      { regions: tangents },
      recurrent,
      norms,
    ) {
      elmanNormTangent(kernels, {
        dh: tangents.h.pointer,
        h: h.pointer,
        normal: v.pointer,
        scales: scales.pointer,
        recurrent,
        gain: norms.recurrent,
        lengths: run.lengths,
        resets: run.resets,
        held: run.held,
        constants,
        relu,
        T: run.steps,
        B: run.batch,
        K: depthOf(h.columns),
        units: h.columns,
        stride: h.stride,
      });
    },
  };
}
