/** h_t = f(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh) (Elman 1990, "Finding structure in time"); f is tanh, or max(0, ·). */

import { planStates, type Cell } from "./cell.js";
import { depthOf } from "../../wasm/product-sizes.js";
import { stepSlots } from "./state-slots.js";

/** Pre-activations stand where the states will, and so do their gradients. */
function elman(relu: boolean): Cell {
  return {
    gates: 1,
    blocks: 1,
    inputOrder: [0],
    recurrentOrder: [0],
    hasCellState: false,
    plan: planStates,
    preactivations: (run) => stepSlots(run.regions.h, run),
    preactivationGradients: (run) => stepSlots(run.regions.dh, run),
    forward({ kernels, constants }, { regions: { h }, ...run }, recurrent) {
      kernels.elmanForward(
        h.pointer,
        recurrent,
        run.lengths,
        constants,
        relu,
        run.reverse,
        run.steps,
        run.batch,
        depthOf(h.columns),
        h.stride,
      );
    },
    backward({ kernels, constants }, { regions: { h, dh }, ...run }, recurrent) {
      kernels.elmanBackward(
        dh.pointer,
        h.pointer,
        recurrent,
        run.lengths,
        constants,
        relu,
        run.reverse,
        run.steps,
        run.batch,
        dh.stride,
        h.stride,
      );
    },
    tangent({ kernels, constants }, { regions: { h }, ...run }, tangents, recurrent) {
      kernels.elmanTangent(
        tangents.regions.h.pointer,
        h.pointer,
        recurrent,
        run.lengths,
        constants,
        relu,
        run.steps,
        run.batch,
        depthOf(h.columns),
        h.stride,
      );
    },
  };
}

export const elmanTanh = elman(false);
export const elmanRelu = elman(true);
