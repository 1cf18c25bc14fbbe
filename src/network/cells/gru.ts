/**
 * r, z = σ(·); n = tanh(W_in x_t + b_in + r·q), q = W_hn h_{t-1} + b_hn; h_t = (1 − z)·n + z·h_{t-1} (Cho et al. 2014,
 * "Learning phrase representations using RNN encoder-decoder", with the reset gate after the recurrent product).
 */

import { matrix } from "../../memory/regions.js";
import { SIGMOID, TANH } from "./activations.js";
import { planStates, usedRows, type CellDefinition } from "./cell.js";
import { depthOf } from "../../wasm/product-sizes.js";
import { normalizedGru } from "./gru-norm.js";

const preactivations = usedRows("z");

const plain: CellDefinition = {
  about: "two gates and a candidate (Cho et al. 2014); learns more than elman, and more slowly",
  gates: [
    { letter: "r", meaning: "reset gate", block: 1, bounds: SIGMOID },
    { letter: "z", meaning: "update gate, high: keeps", block: 2, bounds: SIGMOID },
    { letter: "n", meaning: "candidate", block: 0, bounds: TANH },
  ],
  // n, r, z, q: the input touches the first three, the recurrent product the last three.
  blocks: 4,
  recurrentOrder: [0, 1, 2],
  hasCellState: false,
  squashedStates: [],
  plan(steps, batch, H, tape) {
    const states = planStates(steps, batch, H, tape);
    return { ...states, z: matrix(steps * batch, 4 * states.h.stride) };
  },
  preactivations,
  preactivationGradients: preactivations,
  forward({ kernels, constants }, run, recurrent, norms) {
    const { h, z, v, scales } = run.regions;
    kernels.gruForward(
      h.pointer,
      z.pointer,
      v.pointer,
      scales.pointer,
      recurrent,
      norms.recurrent,
      run.lengths,
      run.resets,
      run.held,
      constants,
      0,
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
    const { h, dh, z, v, dv, scales } = run.regions;
    kernels.gruBackward(
      dh.pointer,
      z.pointer,
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
      run.reverse,
      run.steps,
      run.batch,
      run.batch,
      3 * dh.stride,
      dh.columns,
      dh.stride,
    );
  },
  tangent({ kernels, constants }, run, { regions: tangents }, recurrent, norms) {
    const { h, z, v, scales } = run.regions;
    kernels.gruTangent(
      tangents.h.pointer,
      tangents.z.pointer,
      tangents.v.pointer,
      z.pointer,
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
      run.steps,
      run.batch,
      run.batch,
      depthOf(h.columns),
      h.columns,
      h.stride,
    );
  },
};

export const gru: CellDefinition = { ...plain, normalized: normalizedGru(plain) };
