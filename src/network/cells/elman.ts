/** h_t = f(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh) (Elman 1990, "Finding structure in time"); f is tanh, or max(0, ·). */

import { TANH } from "./activations.js";
import { planStates, type Bounds, type CellDefinition } from "./cell.js";
import { depthOf } from "../../wasm/product-sizes.js";
import { normalizedElman } from "./elman-norm.js";
import { stepSlots } from "./state-slots.js";

/** Pre-activations stand where the states will, and so do their gradients. */
function elman(relu: boolean, about: string, meaning: string, bounds: Bounds): CellDefinition {
  const cell: CellDefinition = {
    about,
    gates: [{ letter: "z", meaning: "pre-activation", block: 0 }],
    blocks: 1,
    recurrentOrder: [0],
    hasCellState: false,
    squashedStates: [{ name: "h", meaning, bounds }],
    plan: planStates,
    preactivations: (run) => stepSlots(run.regions.h, run),
    preactivationGradients: (run) => stepSlots(run.regions.dh, run),
    forward({ kernels, constants }, run, recurrent, norms) {
      const { h, v, scales } = run.regions;
      kernels.elmanForward(
        h.pointer,
        v.pointer,
        scales.pointer,
        recurrent,
        norms.recurrent,
        norms.bias,
        run.lengths,
        run.resets,
        run.held,
        constants,
        0,
        relu,
        run.reverse,
        run.steps,
        run.batch,
        run.batch,
        depthOf(h.columns),
        h.columns,
        h.stride,
      );
    },
    backward({ kernels, constants }, run, recurrent, norms) {
      const { h, dh, v, dv, scales } = run.regions;
      kernels.elmanBackward(
        dh.pointer,
        dv.pointer,
        h.pointer,
        v.pointer,
        scales.pointer,
        recurrent,
        norms.recurrent,
        run.lengths,
        run.resets,
        run.held,
        constants,
        0,
        relu,
        run.reverse,
        run.steps,
        run.batch,
        run.batch,
        dh.stride,
        h.columns,
        h.stride,
      );
    },
    tangent({ kernels, constants }, run, tangents, recurrent, norms) {
      const { h, v, scales } = run.regions;
      kernels.elmanTangent(
        tangents.regions.h.pointer,
        h.pointer,
        v.pointer,
        scales.pointer,
        recurrent,
        norms.recurrent,
        run.lengths,
        run.resets,
        run.held,
        constants,
        0,
        relu,
        run.steps,
        run.batch,
        run.batch,
        depthOf(h.columns),
        h.columns,
        h.stride,
      );
    },
  };
  return { ...cell, normalized: normalizedElman(cell) };
}

export const elmanTanh = elman(false, "tanh of the inputs and the last state (Elman 1990)", "state", TANH);

export const elmanRelu = elman(true, "the same, with max(0, ·) for tanh", "state, low: 0", {
  // The state is zero, not below it, where max(0, ·) stops the gradient.
  low: Number.MIN_VALUE,
  high: Infinity,
});
