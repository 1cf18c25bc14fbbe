import { activation, sigmoid, type CellState, type CellStep, type OracleCell } from "./cell.js";

interface Gates {
  r: number;
  z: number;
  n: number;
}

/** The gates of unit j; in the vectors they stand one after the other: r, z, n. */
function gatesOf({ input, recurrent, h }: CellStep, j: number): Gates {
  const H = h.length;
  const r = sigmoid(input[j] + recurrent[j]);
  const z = sigmoid(input[H + j] + recurrent[H + j]);
  const n = Math.tanh(input[2 * H + j] + r * recurrent[2 * H + j]);
  return { r, z, n };
}

/**
 * The gated recurrent unit as PyTorch has it, the reset gate after the recurrent product:
 * n = tanh(W_in x + b_in + r (W_hn h + b_hn)), h_t = (1 − z) n + z h_{t-1} (Cho et al. 2014, variant v3 of its preprint).
 */
export const gru: OracleCell = {
  gates: 3,
  recurs: true,
  keepsC: false,
  candidateApart: true,
  norm: { joint: false, groups: [2, 1] },

  activations(step) {
    const H = step.h.length;
    return {
      r: activation(H, "sigmoid", (j) => gatesOf(step, j).r),
      z: activation(H, "sigmoid", (j) => gatesOf(step, j).z),
      n: activation(H, "tanh", (j) => gatesOf(step, j).n),
    };
  },

  forward(step: CellStep): CellState {
    const h = step.h.map((previous, j) => {
      const { z, n } = gatesOf(step, j);
      return (1 - z) * n + z * previous;
    });
    return { h, c: new Float64Array(0) };
  },

  backward(step: CellStep, { h: dh }: CellState): CellStep {
    const H = dh.length;
    const d = {
      input: new Float64Array(3 * H),
      recurrent: new Float64Array(3 * H),
      h: new Float64Array(H),
      c: new Float64Array(0),
    };
    for (let j = 0; j < H; j++) {
      const { r, z, n } = gatesOf(step, j);
      // h_t = (1 − z) n + z h_{t-1}
      const dn = dh[j] * (1 - z);
      const dz = dh[j] * (step.h[j] - n);
      d.h[j] = dh[j] * z;
      // n = tanh(input_n + r recurrent_n)
      const dzn = dn * (1 - n * n);
      d.input[2 * H + j] = dzn;
      d.recurrent[2 * H + j] = dzn * r;
      const dr = dzn * step.recurrent[2 * H + j];
      // r = σ(input_r + recurrent_r), z = σ(input_z + recurrent_z)
      d.input[j] = d.recurrent[j] = dr * r * (1 - r);
      d.input[H + j] = d.recurrent[H + j] = dz * z * (1 - z);
    }
    return d;
  },
};
