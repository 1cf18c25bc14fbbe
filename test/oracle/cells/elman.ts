import { type Activation, type CellState, type CellStep, type OracleCell } from "./cell.js";

/** h_t = f(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh), with f' given as a function of h_t (Elman 1990). */
function elmanCell(by: Activation["by"], f: (z: number) => number, slope: (h: number) => number): OracleCell {
  const states = ({ input, recurrent }: CellStep): Float64Array => input.map((z, j) => f(z + recurrent[j]));
  return {
    gates: 1,
    recurs: true,
    keepsC: false,
    norm: { joint: true, groups: [1] },

    activations: (step) => ({ h: { by, values: states(step) } }),

    forward: (step): CellState => ({ h: states(step), c: new Float64Array(0) }),

    backward({ input, recurrent }: CellStep, { h: dh }: CellState): CellStep {
      // dz = dh f'(z)
      const dz = dh.map((d, j) => d * slope(f(input[j] + recurrent[j])));
      return { input: dz, recurrent: dz.slice(), h: new Float64Array(dh.length), c: new Float64Array(0) };
    },
  };
}

export const elman = elmanCell(
  "tanh",
  (z) => Math.tanh(z),
  (h) => 1 - h * h,
);

/** The derivative at 0 counts as 0, as in PyTorch. */
export const elmanRelu = elmanCell(
  "relu",
  (z) => Math.max(0, z),
  (h) => (h > 0 ? 1 : 0),
);

export { elmanRelu as "elman-relu" };
