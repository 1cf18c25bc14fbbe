/**
 * z = σ(W_z x_t + b_z), c = W_c x_t + b_c; h_t = (1 − z)·h_{t-1} + z·c (Feng et al. 2024, "Were RNNs all we needed?",
 * arXiv 2410.01201: minGRU). Neither sees h_{t-1}: there is no W_hh, no b_hh. Gates in the order z, c.
 */

import { matrix, rowsOf } from "../../memory/regions.js";
import { planStates, type Cell, type CellRun } from "./cell.js";

const gates = ({ regions, steps, batch }: CellRun) => rowsOf(regions.z, 0, steps * batch);

export const mingru: Cell = {
  gates: 2,
  blocks: 2,
  inputOrder: [0, 1],
  recurrentOrder: [],
  hasCellState: false,
  plan(steps, batch, H, tape) {
    const states = planStates(steps, batch, H, tape);
    return { ...states, z: matrix(steps * batch, 2 * states.h.stride) };
  },
  preactivations: gates,
  preactivationGradients: gates,
  forward({ kernels, constants }, { regions: { h, z }, ...run }) {
    kernels.mingruForward(
      h.pointer,
      z.pointer,
      run.lengths,
      constants,
      run.reverse,
      run.steps,
      run.batch,
      h.stride,
    );
  },
  backward({ kernels, constants }, { regions: { h, dh, z }, ...run }) {
    kernels.mingruBackward(
      dh.pointer,
      z.pointer,
      h.pointer,
      run.lengths,
      constants,
      run.reverse,
      run.steps,
      run.batch,
      dh.stride,
    );
  },
  tangent({ kernels, constants }, { regions: { h, z }, ...run }, { regions: tangents }) {
    kernels.mingruTangent(
      tangents.h.pointer,
      tangents.z.pointer,
      z.pointer,
      h.pointer,
      run.lengths,
      constants,
      run.steps,
      run.batch,
      h.stride,
    );
  },
};
