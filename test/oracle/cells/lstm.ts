import { activation, sigmoid, type CellState, type CellStep, type OracleCell } from "./cell.js";

interface Gates {
  i: number;
  f: number;
  g: number;
  o: number;
}

/** The gates of unit j; in the vectors they stand one after the other: i, f, g, o. */
function gatesOf({ input, recurrent, h }: CellStep, j: number): Gates {
  const H = h.length;
  const z = (gate: number): number => input[gate * H + j] + recurrent[gate * H + j];
  return { i: sigmoid(z(0)), f: sigmoid(z(1)), g: Math.tanh(z(2)), o: sigmoid(z(3)) };
}

/** c_t = f c_{t-1} + i g, h_t = o tanh c_t (Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000). */
export const lstm: OracleCell = {
  gates: 4,
  recurs: true,
  keepsC: true,
  norm: { joint: false, groups: [4] },

  activations(step) {
    const H = step.h.length;
    return {
      i: activation(H, "sigmoid", (j) => gatesOf(step, j).i),
      f: activation(H, "sigmoid", (j) => gatesOf(step, j).f),
      g: activation(H, "tanh", (j) => gatesOf(step, j).g),
      o: activation(H, "sigmoid", (j) => gatesOf(step, j).o),
    };
  },

  forward(step: CellStep): CellState {
    const c = step.c.map((previous, j) => {
      const { i, f, g } = gatesOf(step, j);
      return f * previous + i * g;
    });
    return { h: c.map((cell, j) => gatesOf(step, j).o * Math.tanh(cell)), c };
  },

  backward(step: CellStep, { h: dh, c: dcNext }: CellState): CellStep {
    const H = dh.length;
    const dz = new Float64Array(4 * H);
    const dcPrevious = new Float64Array(H);
    for (let j = 0; j < H; j++) {
      const { i, f, g, o } = gatesOf(step, j);
      // h_t = o tanh c_t
      const tanhC = Math.tanh(f * step.c[j] + i * g);
      const dOutput = dh[j] * tanhC;
      const dc = dcNext[j] + dh[j] * o * (1 - tanhC * tanhC);
      // c_t = f c_{t-1} + i g
      dcPrevious[j] = dc * f;
      dz[j] = dc * g * i * (1 - i);
      dz[H + j] = dc * step.c[j] * f * (1 - f);
      dz[2 * H + j] = dc * i * (1 - g * g);
      dz[3 * H + j] = dOutput * o * (1 - o);
    }
    return { input: dz, recurrent: dz.slice(), h: new Float64Array(H), c: dcPrevious };
  },
};
