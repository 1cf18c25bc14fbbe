import { cells } from "../../src/network/cells/by-name.js";
import { lstm } from "../oracle/cells/lstm.js";
import { describeCell } from "./describe-cell.js";
import {
  after,
  before,
  draw,
  farFrom,
  finalIn,
  isAnew,
  isPast,
  oracle,
  outputsOf,
  slots,
  timesOf,
  type Outcome,
  type Window,
} from "./gated-windows.js";
import { mismatch } from "./guarded.js";
import {
  Expected,
  near,
  product,
  sigmoid,
  sigmoidSlope,
  sum,
  sumOf,
  tanh,
  tanhSlope,
  type Near,
} from "./running-error.js";

/** Every step by itself, from the state and the gates that the kernel made: each within what rounding can do. */
function forwardFaults(window: Window, { h, c, gates }: Outcome): string[] {
  const { T, B, H, w, z, h0, c0 } = window;
  const none = new Float32Array(T * B * H);
  const [wantedH, wantedC] = [new Expected(slots(window, none, h0)), new Expected(slots(window, none, c0))];
  const wantedGates = new Expected(z);
  for (let t = 0; t < T; t++) {
    for (let b = 0; b < B; b++) {
      const past = isPast(window, t, b);
      const keep = isAnew(window, t, b) ? 0 : 1;
      const [from, to] = [before(window, t) + b * H, after(window, t) + b * H];
      const row = (t * B + b) * 4 * H;
      for (let j = 0; j < H; j++) {
        if (past) {
          wantedH.values[to + j] = h[from + j];
          wantedC.values[to + j] = c[from + j];
          continue;
        }
        for (let n = 0; n < 4; n++) {
          const k = n * H + j;
          const total = sumOf(near(z[row + k]), H, (m) => w[k * H + m] * keep * h[from + m]);
          wantedGates.set(row + k, n === 2 ? tanh(total) : sigmoid(total));
        }
        const [i, f, g, o] = [0, 1, 2, 3].map((n) => near(gates[row + n * H + j]));
        wantedC.set(to + j, sum(product(f, near(keep * c[from + j])), product(i, g)));
        wantedH.set(to + j, product(o, tanh(near(c[to + j]))));
      }
    }
  }
  // Past a length nobody reads z: it comes in NaN and may stay.
  const read = gates.map((x, at) => (Number.isNaN(z[at]) ? 0 : x));
  const wanted = wantedGates.values.map((x, at) => (Number.isNaN(z[at]) ? 0 : x));
  return [
    ...mismatch("gates", read, wanted, wantedGates.bounds),
    ...mismatch("c", c, wantedC.values, wantedC.bounds),
    ...mismatch("h", h, wantedH.values, wantedH.bounds),
  ];
}

/** The gradients of unit j's four sums in one step, and of c_{t-1}; by the formulas of the oracle's cell. */
function stepBack(gates: Near[], c: Near, cBefore: Near, dh: Near, dc: Near) {
  const [i, f, g, o] = gates;
  const squashed = tanh(c);
  const d = sum(product(product(dh, o), tanhSlope(squashed)), dc);
  return {
    dz: [
      product(product(d, g), sigmoidSlope(i)),
      product(product(d, cBefore), sigmoidSlope(f)),
      product(product(d, i), tanhSlope(g)),
      product(product(dh, squashed), sigmoidSlope(o)),
    ],
    dcBefore: product(d, f),
  };
}

/** As forwardFaults, for the gradients: from the next step's dz as the kernel made it; dc's errors are carried along. */
function backwardFaults(window: Window, { c, gates, dz, dh0, dc0 }: Outcome): string[] {
  const { B, H, w, dh, dFinal, dcFinal } = window;
  const wanted = new Expected(new Float32Array(dz.length));
  const [wantedDh, wantedDc] = [new Expected(dh0), new Expected(dc0)];
  for (let b = 0; b < B; b++) {
    for (let j = 0; j < H; j++) {
      const own = b * H + j;
      let dc = near(dcFinal[own]);
      let next: number | "final" | "none" = "final";
      const arriving = (given: number): Near => {
        if (next === "final") return near(given + dFinal[own]);
        if (next === "none") return near(given);
        const from = next;
        return sumOf(near(given), 4 * H, (k) => w[k * H + j] * dz[from + k]);
      };
      for (const t of timesOf(window, b).reverse()) {
        const row = (t * B + b) * 4 * H;
        const stepGates = [0, 1, 2, 3].map((n) => near(gates[row + n * H + j]));
        const anew = isAnew(window, t, b);
        const [now, previous] = [c[after(window, t) + own], anew ? 0 : c[before(window, t) + own]].map(near);
        const back = stepBack(stepGates, now, previous, arriving(dh[t * B * H + own]), dc);
        for (const [n, d] of back.dz.entries()) wanted.set(row + n * H + j, d);
        dc = anew ? near(0) : back.dcBefore;
        next = anew ? "none" : row;
      }
      wantedDh.set(own, arriving(0));
      wantedDc.set(own, dc);
    }
  }
  return [
    ...mismatch("dz", dz, wanted.values, wanted.bounds),
    ...mismatch("dh of the initial state", dh0, wantedDh.values, wantedDh.bounds),
    ...mismatch("dc of the initial state", dc0, wantedDc.values, wantedDc.bounds),
  ];
}

function windowErrors(window: Window, { h, c, dz, dh0, dc0 }: Outcome): string[] {
  const inputs = window.z.map((x) => (Number.isNaN(x) ? 0 : x));
  const expected = oracle(lstm, window, inputs, new Float64Array(4 * window.H));
  return [
    ...farFrom("h", outputsOf(window, h), expected.outputs),
    ...farFrom("the final h", finalIn(window, h), expected.finalH),
    ...farFrom("the final c", finalIn(window, c), expected.finalC),
    ...farFrom("dz", dz, expected.dInputs),
    ...farFrom("the initial h's gradient", dh0, expected.dInitialH),
    ...farFrom("the initial c's gradient", dc0, expected.dInitialC),
  ];
}

describeCell("LSTM", cells.lstm, (random, sizes, way) => {
  const window = draw(random, sizes, way, 4);
  const faults = (outcome: Outcome): string[] => [
    ...forwardFaults(window, outcome),
    ...backwardFaults(window, outcome),
    ...windowErrors(window, outcome),
  ];
  return { window, faults };
});
