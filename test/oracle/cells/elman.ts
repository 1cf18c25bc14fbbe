import type { CellState, CellStep, OracleCell } from "./cell.js";

/** h_t = f(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh), with f' given as a function of h_t (Elman 1990). */
function elmanCell(f: (z: number) => number, slope: (h: number) => number): OracleCell {
  return {
    gates: 1,
    recurs: true,
    keepsC: false,

    forward({ input, recurrent }: CellStep): CellState {
      return { h: input.map((z, j) => f(z + recurrent[j])), c: new Float64Array(0) };
    },

    backward({ input, recurrent }: CellStep, { h: dh }: CellState): CellStep {
      // dz = dh f'(z)
      const dz = dh.map((d, j) => d * slope(f(input[j] + recurrent[j])));
      return { input: dz, recurrent: dz.slice(), h: new Float64Array(dh.length), c: new Float64Array(0) };
    },
  };
}

export const elman = elmanCell(
  (z) => Math.tanh(z),
  (h) => 1 - h * h,
);

/** The derivative at 0 counts as 0, as in PyTorch. */
export const elmanRelu = elmanCell(
  (z) => Math.max(0, z),
  (h) => (h > 0 ? 1 : 0),
);
