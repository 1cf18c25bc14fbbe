/** h_t = f(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh) (Elman 1990, "Finding structure in time"); f is tanh, or max(0, ·). */

import type { Cell } from "./cell.js";
import { depthOf } from "./panels.js";

function elman(relu: boolean): Cell {
  return {
    gates: 1,
    forward({ kernels, constants }, { steps, batch, h }, recurrent) {
      kernels.elmanForward(h.pointer, recurrent, constants, relu, steps, batch, depthOf(h.columns), h.stride);
    },
    backward({ kernels, constants }, { steps, batch, h, dh }, recurrent) {
      kernels.elmanBackward(
        dh.pointer,
        h.pointer,
        recurrent,
        constants,
        relu,
        steps,
        batch,
        depthOf(h.columns),
        h.stride,
      );
    },
  };
}

export const elmanTanh = elman(false);
export const elmanRelu = elman(true);
