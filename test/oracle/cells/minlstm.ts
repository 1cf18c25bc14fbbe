import { activation, sigmoid, type CellState, type CellStep, type OracleCell } from "./cell.js";

/** Returns the share u = i/(f + i) of the candidate of unit j, with its gates. */
function gatesOf({ input, h: { length: H } }: CellStep, j: number): { f: number; i: number; u: number } {
  const [f, i] = [sigmoid(input[j]), sigmoid(input[H + j])];
  return { f, i, u: i / (f + i) };
}

/**
 * minLSTM (Feng et al. 2024, "Were RNNs all we needed?", arXiv 2410.01201): h_t = f' h_{t-1} + i' c with f = σ(W_f x + b_f),
 * i = σ(W_i x + b_i), f' = f/(f + i), i' = i/(f + i) and c = W_c x + b_c. In the vectors f, i, c follow each other; there is
 * no recurrent product, so that `recurrent` is empty.
 */
export const minlstm: OracleCell = {
  gates: 3,
  recurs: false,
  keepsC: false,

  activations: (step) => {
    const H = step.h.length;
    return {
      f: activation(H, "sigmoid", (j) => sigmoid(step.input[j])),
      i: activation(H, "sigmoid", (j) => sigmoid(step.input[H + j])),
      c: activation(H, "identity", (j) => step.input[2 * H + j]),
    };
  },

  forward(step: CellStep): CellState {
    const H = step.h.length;
    const h = step.h.map((previous, j) => {
      const { u } = gatesOf(step, j);
      return (1 - u) * previous + u * step.input[2 * H + j];
    });
    return { h, c: new Float64Array(0) };
  },

  backward(step: CellStep, { h: dh }: CellState): CellStep {
    const H = step.h.length;
    const none = new Float64Array(0);
    const d = { input: new Float64Array(3 * H), recurrent: none, h: new Float64Array(H), c: none };
    for (let j = 0; j < H; j++) {
      const { f, i, u } = gatesOf(step, j);
      // h_t = (1 − u) h_{t-1} + u c, u = i/(f + i)
      const du = dh[j] * (step.input[2 * H + j] - step.h[j]);
      const sum = f + i;
      d.h[j] = dh[j] * (1 - u);
      d.input[j] = (-du * i * f * (1 - f)) / (sum * sum);
      d.input[H + j] = (du * f * i * (1 - i)) / (sum * sum);
      d.input[2 * H + j] = dh[j] * u;
    }
    return d;
  },
};
