/**
 * i, f, o = σ(·), g = tanh(·); c_t = f·c_{t-1} + i·g; h_t = o·tanh(c_t) (Hochreiter & Schmidhuber 1997, "Long short-term
 * memory"; forget gate: Gers et al. 2000).
 */

import { matrix } from "../../memory/regions.js";
import { SIGMOID, TANH } from "./activations.js";
import { NONE, planStates, usedRows, type CellDefinition } from "./cell.js";
import { depthOf } from "../../wasm/product-sizes.js";
import { normalizedLstm } from "./lstm-norm.js";

const preactivations = usedRows("z");

/** tanh(c) is 0.99 here. */
const CELL_STATE_BOUND = 2.6466524123622457;

const plain: CellDefinition = {
  about: "a cell state and three gates (Hochreiter & Schmidhuber 1997); learns most, and most slowly",
  gates: [
    { letter: "i", meaning: "input gate", block: 0, bounds: SIGMOID },
    { letter: "f", meaning: "forget gate, high: keeps", block: 1, bounds: SIGMOID },
    { letter: "g", meaning: "candidate", block: 2, bounds: TANH },
    { letter: "o", meaning: "output gate", block: 3, bounds: SIGMOID },
  ],
  blocks: 4,
  recurrentOrder: [0, 1, 2, 3],
  hasCellState: true,
  squashedStates: [
    {
      name: "c",
      meaning: "cell state, in tanh(c)",
      bounds: { low: -CELL_STATE_BOUND, high: CELL_STATE_BOUND },
    },
  ],
  forgetGate: 1,
  plan(steps, batch, H, tape) {
    const states = planStates(steps, batch, H, tape);
    const { h } = states;
    return { ...states, c: h, dc: tape ? matrix(batch, H) : NONE, z: matrix(steps * batch, 4 * h.stride) };
  },
  preactivations,
  preactivationGradients: preactivations,
  forward({ kernels, constants }, run, recurrent, norms) {
    const { h, c, z, v, w, scales } = run.regions;
    kernels.lstmForward(
      h.pointer,
      c.pointer,
      z.pointer,
      v.pointer,
      w.pointer,
      scales.pointer,
      recurrent,
      norms.recurrent,
      norms.state,
      norms.stateBias,
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
    const { dh, dc, c, z, v, w, dv, dw, scales } = run.regions;
    kernels.lstmBackward(
      dh.pointer,
      dc.pointer,
      z.pointer,
      dv.pointer,
      dw.pointer,
      c.pointer,
      v.pointer,
      w.pointer,
      scales.pointer,
      recurrent,
      norms.recurrent,
      norms.state,
      norms.stateBias,
      run.lengths,
      run.resets,
      run.held,
      constants,
      0,
      run.reverse,
      run.steps,
      run.batch,
      run.batch,
      z.stride,
      dh.columns,
      dh.stride,
    );
  },
  tangent({ kernels, constants }, run, { regions: tangents }, recurrent, norms) {
    const { h, c, z, v, w, scales } = run.regions;
    kernels.lstmTangent(
      tangents.h.pointer,
      tangents.c.pointer,
      tangents.z.pointer,
      tangents.v.pointer,
      c.pointer,
      z.pointer,
      v.pointer,
      w.pointer,
      scales.pointer,
      recurrent,
      norms.recurrent,
      norms.state,
      norms.stateBias,
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

export const lstm: CellDefinition = { ...plain, normalized: normalizedLstm(plain) };
