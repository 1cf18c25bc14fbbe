/**
 * i, f, o = σ(·), g = tanh(·); c_t = f·c_{t-1} + i·g; h_t = o·tanh(c_t) (Hochreiter & Schmidhuber 1997, "Long short-term
 * memory"; forget gate: Gers et al. 2000). Gates in PyTorch's order, i, f, g, o.
 */

import { matrix, rowsOf } from "../../memory/regions.js";
import { NONE, planStates, type Cell, type CellRun } from "./cell.js";
import { depthOf } from "../../wasm/product-sizes.js";

const gates = ({ regions, steps, batch }: CellRun) => rowsOf(regions.z, 0, steps * batch);

export const lstm: Cell = {
  gates: 4,
  blocks: 4,
  inputOrder: [0, 1, 2, 3],
  recurrentOrder: [0, 1, 2, 3],
  hasCellState: true,
  plan(steps, batch, H, tape) {
    const { h, dh } = planStates(steps, batch, H, tape);
    return { h, dh, c: h, dc: tape ? matrix(batch, H) : NONE, z: matrix(steps * batch, 4 * h.stride) };
  },
  preactivations: gates,
  preactivationGradients: gates,
  forward({ kernels, constants }, { regions: { h, c, z }, ...run }, recurrent) {
    kernels.lstmForward(
      h.pointer,
      c.pointer,
      z.pointer,
      recurrent,
      run.lengths,
      constants,
      run.reverse,
      run.steps,
      run.batch,
      depthOf(h.columns),
      h.stride,
    );
  },
  backward({ kernels, constants }, { regions: { dh, dc, c, z }, ...run }, recurrent) {
    kernels.lstmBackward(
      dh.pointer,
      dc.pointer,
      z.pointer,
      c.pointer,
      recurrent,
      run.lengths,
      constants,
      run.reverse,
      run.steps,
      run.batch,
      z.stride,
      dh.stride,
    );
  },
  tangent({ kernels, constants }, { regions: { h, c, z }, ...run }, { regions: tangents }, recurrent) {
    kernels.lstmTangent(
      tangents.h.pointer,
      tangents.c.pointer,
      tangents.z.pointer,
      c.pointer,
      z.pointer,
      recurrent,
      run.lengths,
      constants,
      run.steps,
      run.batch,
      depthOf(h.columns),
      h.stride,
    );
  },
};
