import { cells } from "../../src/network/cells/by-name.js";
import type { Random } from "../../src/random.js";
import { gru } from "../oracle/cells/gru.js";
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
  type Sizes,
  type Way,
  type Window,
} from "./gated-windows.js";
import { mismatch } from "./guarded.js";
import {
  difference,
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
import { fractions } from "./values.js";

/** A window whose fourth block, q, comes in as the bias b_hn in every row. */
function drawWindow(random: Random, sizesOf: Sizes, way: Way): { window: Window; bias: Float32Array } {
  const { H } = sizesOf;
  const window = draw(random, sizesOf, way, 3);
  const bias = fractions(random, H);
  for (let at = 3 * H; at < window.z.length; at += 4 * H) {
    if (!Number.isNaN(window.z[at])) window.z.set(bias, at);
  }
  return { window, bias };
}

/** Every step by itself, from the state and the gates that the kernel made: each within what rounding can do. */
function forwardFaults(window: Window, { h, gates }: Outcome): string[] {
  const { T, B, H, w, z, h0 } = window;
  const wantedH = new Expected(slots(window, new Float32Array(T * B * H), h0));
  const wantedz = new Expected(z);
  for (let t = 0; t < T; t++) {
    for (let b = 0; b < B; b++) {
      const past = isPast(window, t, b);
      const keep = isAnew(window, t, b) ? 0 : 1;
      const [from, to] = [before(window, t) + b * H, after(window, t) + b * H];
      const row = (t * B + b) * 4 * H;
      for (let j = 0; j < H; j++) {
        if (past) {
          wantedH.values[to + j] = h[from + j];
          continue;
        }
        const at = [0, 1, 2, 3].map((block) => row + block * H + j);
        // The recurrent product's blocks r, z, q are the input's second to fourth.
        const total = [0, 1, 2].map((block) =>
          sumOf(near(z[at[block + 1]]), H, (m) => w[(block * H + j) * H + m] * keep * h[from + m]),
        );
        wantedz.set(at[1], sigmoid(total[0]));
        wantedz.set(at[2], sigmoid(total[1]));
        wantedz.set(at[3], total[2]);
        const [n, r, update, q] = at.map((k) => near(gates[k]));
        wantedz.set(at[0], tanh(sum(near(z[at[0]]), product(r, q))));
        wantedH.set(to + j, sum(n, product(update, difference(near(keep * h[from + j]), n))));
      }
    }
  }
  // Past a length nobody reads them: they come in NaN and may stay.
  const read = gates.map((x, at) => (Number.isNaN(z[at]) ? 0 : x));
  const wanted = wantedz.values.map((x, at) => (Number.isNaN(z[at]) ? 0 : x));
  return [
    ...mismatch("n, r, z, q", read, wanted, wantedz.bounds),
    ...mismatch("h", h, wantedH.values, wantedH.bounds),
  ];
}

/** The gradients of unit j's n, r, z, q in one step, and of h_{t-1} without the products'. */
function stepBack([n, r, z, q]: Near[], hBefore: Near, dh: Near) {
  const dn = product(product(dh, difference(near(1), z)), tanhSlope(n));
  const dr = product(product(dn, q), sigmoidSlope(r));
  const dUpdate = product(product(dh, difference(hBefore, n)), sigmoidSlope(z));
  return { gradients: [dn, dr, dUpdate, product(dn, r)], dhBefore: product(dh, z) };
}

/** As forwardFaults, for the gradients: from the next step's as the kernel made them; the errors of dh·z are carried along. */
function backwardFaults(window: Window, { h, gates, dz, dh0 }: Outcome): string[] {
  const { B, H, w, dh, dFinal } = window;
  const wanted = new Expected(new Float32Array(dz.length));
  const wantedDh = new Expected(dh0);
  for (let b = 0; b < B; b++) {
    for (let j = 0; j < H; j++) {
      const own = b * H + j;
      let carried = near(dFinal[own]);
      let next: number | "final" | "none" = "final";
      const arriving = (given: number): Near => {
        if (next === "final") return near(given + dFinal[own]);
        if (next === "none") return near(given);
        const from = next + H;
        return sumOf(sum(near(given), carried), 3 * H, (k) => w[k * H + j] * dz[from + k]);
      };
      for (const t of timesOf(window, b).reverse()) {
        const row = (t * B + b) * 4 * H;
        const stepGates = [0, 1, 2, 3].map((block) => near(gates[row + block * H + j]));
        const anew = isAnew(window, t, b);
        const hBefore = near(anew ? 0 : h[before(window, t) + own]);
        const back = stepBack(stepGates, hBefore, arriving(dh[t * B * H + own]));
        for (const [block, d] of back.gradients.entries()) wanted.set(row + block * H + j, d);
        carried = back.dhBefore;
        next = anew ? "none" : row;
      }
      wantedDh.set(own, arriving(0));
    }
  }
  return [
    ...mismatch("dn, dr, dz, dq", dz, wanted.values, wanted.bounds),
    ...mismatch("dh of the initial state", dh0, wantedDh.values, wantedDh.bounds),
  ];
}

/** Rows of blocks n, r, z, q in the oracle's order: r, z, n. */
function asOracle(rows: Float32Array, H: number): Float32Array {
  const order = [1, 2, 0];
  return Float32Array.from({ length: (rows.length / 4) * 3 }, (_, i) => {
    const [row, block] = [Math.floor(i / (3 * H)), Math.floor(i / H) % 3];
    return rows[(row * 4 + order[block]) * H + (i % H)];
  });
}

/** What the recurrent product's blocks sum to over all rows, [3, H]: the gradient of b_hh. */
function recurrentSums(rows: Float32Array, H: number): Float32Array {
  const sums = new Float64Array(3 * H);
  for (let row = 0; row < rows.length; row += 4 * H) {
    for (let k = 0; k < 3 * H; k++) sums[k] += rows[row + H + k];
  }
  return Float32Array.from(sums);
}

function windowErrors(window: Window, bias: Float32Array, { h, dz, dh0 }: Outcome): string[] {
  const { H } = window;
  const inputs = asOracle(window.z, H).map((x) => (Number.isNaN(x) ? 0 : x));
  const biasHh = new Float64Array(3 * H);
  biasHh.set(bias, 2 * H);
  const expected = oracle(gru, window, inputs, biasHh);
  return [
    ...farFrom("h", outputsOf(window, h), expected.outputs),
    ...farFrom("the final h", finalIn(window, h), expected.finalH),
    ...farFrom("dr, dz, dn", asOracle(dz, H), expected.dInputs),
    ...farFrom("the bias's gradient", recurrentSums(dz, H), expected.dBias),
    ...farFrom("the initial h's gradient", dh0, expected.dInitialH),
  ];
}

describeCell("GRU", cells.gru, (random, sizes, way) => {
  const { window, bias } = drawWindow(random, sizes, way);
  const faults = (outcome: Outcome): string[] => [
    ...forwardFaults(window, outcome),
    ...backwardFaults(window, outcome),
    ...windowErrors(window, bias, outcome),
  ];
  return { window, faults };
});
