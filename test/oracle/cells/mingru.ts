import { activation, sigmoid, type CellState, type CellStep, type OracleCell } from "./cell.js";

/**
 * minGRU (Feng et al. 2024, "Were RNNs all we needed?"): h_t = (1 − z) h_{t-1} + z c with z = σ(W_z x + b_z) and
 * c = W_c x + b_c. In the vectors z stands before c; there is no recurrent product, so that `recurrent` is empty.
 */
export const mingru: OracleCell = {
  gates: 2,
  recurs: false,
  keepsC: false,

  activations: ({ input, h: { length: H } }) => ({
    z: activation(H, "sigmoid", (j) => sigmoid(input[j])),
    c: activation(H, "identity", (j) => input[H + j]),
  }),

  forward({ input, h }: CellStep): CellState {
    const H = h.length;
    const next = h.map((previous, j) => {
      const z = sigmoid(input[j]);
      return (1 - z) * previous + z * input[H + j];
    });
    return { h: next, c: new Float64Array(0) };
  },

  backward({ input, h }: CellStep, { h: dh }: CellState): CellStep {
    const H = h.length;
    const none = new Float64Array(0);
    const d = { input: new Float64Array(2 * H), recurrent: none, h: new Float64Array(H), c: none };
    for (let j = 0; j < H; j++) {
      const z = sigmoid(input[j]);
      // h_t = (1 − z) h_{t-1} + z c
      d.h[j] = dh[j] * (1 - z);
      d.input[j] = dh[j] * (input[H + j] - h[j]) * z * (1 - z);
      d.input[H + j] = dh[j] * z;
    }
    return d;
  },
};
