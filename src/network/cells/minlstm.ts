/**
 * f = σ(W_f x_t + b_f), i = σ(W_i x_t + b_i), c = W_c x_t + b_c; h_t = f/(f + i)·h_{t-1} + i/(f + i)·c (Feng et al. 2024,
 * "Were RNNs all we needed?", arXiv 2410.01201: minLSTM, whose two gates are normalised). None sees h_{t-1}: there is no
 * W_hh, no b_hh.
 */

import { matrix, rowsOf } from "../../memory/regions.js";
import { SIGMOID } from "./activations.js";
import { planStates, type CellDefinition, type CellRun } from "./cell.js";

const preactivations = ({ regions, steps, batch }: CellRun) => rowsOf(regions.z, 0, steps * batch);

export const minlstm: CellDefinition = {
  about: "two gates that sum to 1 and a candidate, which see the inputs alone, no W_hh (Feng et al. 2024)",
  gates: [
    { letter: "f", meaning: "forget gate, high beside i: keeps", block: 0, bounds: SIGMOID },
    { letter: "i", meaning: "input gate", block: 1, bounds: SIGMOID },
    { letter: "c", meaning: "candidate", block: 2 },
  ],
  blocks: 3,
  recurrentOrder: [],
  hasCellState: false,
  squashedStates: [],
  forgetGate: 0,
  plan(steps, batch, H, tape) {
    const states = planStates(steps, batch, H, tape);
    return { ...states, z: matrix(steps * batch, 3 * states.h.stride) };
  },
  preactivations,
  preactivationGradients: preactivations,
  forward({ kernels, constants }, run) {
    const { h, z } = run.regions;
    kernels.minlstmForward(
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
    kernels.minlstmBackward(
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
    kernels.minlstmTangent(
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
