/**
 * z = σ(W_z x_t + b_z), c = W_c x_t + b_c; h_t = (1 − z)·h_{t-1} + z·c (Feng et al. 2024, "Were RNNs all we needed?",
 * arXiv 2410.01201: minGRU). Neither sees h_{t-1}: there is no W_hh, no b_hh.
 */

import { matrix, rowsOf } from "../../memory/regions.js";
import { SIGMOID } from "./activations.js";
import { planStates, type CellDefinition, type CellRun } from "./cell.js";

const preactivations = ({ regions, steps, batch }: CellRun) => rowsOf(regions.z, 0, steps * batch);

export const mingru: CellDefinition = {
  about: "a gate and a candidate that see the inputs alone, no W_hh (Feng et al. 2024)",
  gates: [
    { letter: "z", meaning: "update gate, low: keeps", block: 0, bounds: SIGMOID },
    { letter: "c", meaning: "candidate", block: 1 },
  ],
  blocks: 2,
  recurrentOrder: [],
  hasCellState: false,
  squashedStates: [],
  plan(steps, batch, H, tape) {
    const states = planStates(steps, batch, H, tape);
    return { ...states, z: matrix(steps * batch, 2 * states.h.stride) };
  },
  preactivations,
  preactivationGradients: preactivations,
  forward({ kernels, constants }, run) {
    const { h, z } = run.regions;
    kernels.mingruForward(
      h.pointer,
      z.pointer,
      run.lengths,
      run.resets,
      run.held,
      constants,
      0,
      run.reverse,
      run.steps,
      run.batch,
      run.batch,
      h.stride,
    );
  },
  backward({ kernels, constants }, run) {
    const { h, dh, z } = run.regions;
    kernels.mingruBackward(
      dh.pointer,
      z.pointer,
      h.pointer,
      run.lengths,
      run.resets,
      run.held,
      constants,
      0,
      run.reverse,
      run.steps,
      run.batch,
      run.batch,
      dh.stride,
    );
  },
  tangent({ kernels, constants }, run, { regions: tangents }) {
    const { h, z } = run.regions;
    kernels.mingruTangent(
      tangents.h.pointer,
      tangents.z.pointer,
      z.pointer,
      h.pointer,
      run.lengths,
      run.resets,
      run.held,
      constants,
      0,
      run.steps,
      run.batch,
      run.batch,
      h.stride,
    );
  },
};
