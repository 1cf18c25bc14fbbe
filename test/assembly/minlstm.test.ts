import { describe, expect, it } from "vitest";
import { cells } from "../../src/network/cells/by-name.js";
import { Random } from "../../src/random.js";
import { builds } from "../builds.js";
import { minlstm } from "../oracle/cells/minlstm.js";
import {
  after,
  before,
  describeWindow,
  draw,
  farFrom,
  finalIn,
  isPast,
  oracle,
  outputsOf,
  runCell,
  slots,
  stepsFor,
  timesOf,
  waysOf,
  type Outcome,
  type Window,
} from "./gated-windows.js";
import { Guarded, mismatch, unit } from "./guarded.js";
import { difference, Expected, near, product, sigmoid, sum, type Near } from "./running-error.js";
import { sizes } from "./values.js";

/** i/(f + i), whose sum and quotient are rounded once each; f and i are as the kernel made them. */
function shareOf(f: number, i: number): Near {
  const inverse = 1 / (f + i);
  return product(near(i), { value: inverse, error: 1.01 * unit * inverse });
}

/** Every step by itself, from the state and the gates that the kernel made: each within what rounding can do. */
function forwardFaults(window: Window, { h, gates }: Outcome): string[] {
  const { T, B, H, z, h0 } = window;
  const wantedH = new Expected(slots(window, new Float32Array(T * B * H), h0));
  const wantedz = new Expected(z);
  for (let t = 0; t < T; t++) {
    for (let b = 0; b < B; b++) {
      const past = isPast(window, t, b);
      const [from, to] = [before(window, t) + b * H, after(window, t) + b * H];
      const row = (t * B + b) * 3 * H;
      for (let j = 0; j < H; j++) {
        if (past) {
          wantedH.values[to + j] = h[from + j];
          continue;
        }
        wantedz.set(row + j, sigmoid(near(z[row + j])));
        wantedz.set(row + H + j, sigmoid(near(z[row + H + j])));
        wantedz.set(row + 2 * H + j, near(z[row + 2 * H + j]));
        const share = shareOf(gates[row + j], gates[row + H + j]);
        const candidate = near(gates[row + 2 * H + j]);
        const own = near(h[from + j]);
        wantedH.set(to + j, sum(own, product(share, difference(candidate, own))));
      }
    }
  }
  // Past a length nobody reads them: they come in NaN and may stay.
  const read = gates.map((x, at) => (Number.isNaN(z[at]) ? 0 : x));
  const wanted = wantedz.values.map((x, at) => (Number.isNaN(z[at]) ? 0 : x));
  return [
    ...mismatch("f, i, c", read, wanted, wantedz.bounds),
    ...mismatch("h", h, wantedH.values, wantedH.bounds),
  ];
}

/** As forwardFaults, for the gradients; the errors of dh·(1 − u), which nobody sees, are carried along. */
function backwardFaults(window: Window, { h, gates, dz, dh0 }: Outcome): string[] {
  const { B, H, dh, dFinal } = window;
  const wanted = new Expected(new Float32Array(dz.length));
  const wantedDh = new Expected(dh0);
  for (let b = 0; b < B; b++) {
    for (let j = 0; j < H; j++) {
      const own = b * H + j;
      let carried: Near = near(0);
      let last = true;
      for (const t of timesOf(window, b).reverse()) {
        const row = (t * B + b) * 3 * H;
        const given = dh[t * B * H + own];
        const arriving: Near = last ? near(given + dFinal[own]) : sum(near(given), carried);
        last = false;
        const [f, i] = [gates[row + j], gates[row + H + j]];
        const share = shareOf(f, i);
        const keep = difference(near(1), share);
        const away = difference(near(gates[row + 2 * H + j]), near(h[before(window, t) + own]));
        const dShare = product(product(arriving, away), product(share, keep));
        wanted.set(row + j, product(dShare, difference(near(f), near(1))));
        wanted.set(row + H + j, product(dShare, difference(near(1), near(i))));
        wanted.set(row + 2 * H + j, product(arriving, share));
        carried = product(arriving, keep);
      }
      wantedDh.set(own, last ? near(dFinal[own]) : carried);
    }
  }
  return [
    ...mismatch("df, di, dc", dz, wanted.values, wanted.bounds),
    ...mismatch("dh of the initial state", dh0, wantedDh.values, wantedDh.bounds),
  ];
}

function windowErrors(window: Window, { h, dz, dh0 }: Outcome): string[] {
  const inputs = window.z.map((x) => (Number.isNaN(x) ? 0 : x));
  const expected = oracle(minlstm, window, inputs, new Float64Array(0));
  return [
    ...farFrom("h", outputsOf(window, h), expected.outputs),
    ...farFrom("the final h", finalIn(window, h), expected.finalH),
    ...farFrom("df, di, dc", dz, expected.dInputs),
    ...farFrom("the initial h's gradient", dh0, expected.dInitialH),
  ];
}

/** One of each build whose tensors stand at multiples of 64 bytes, and one of each with tensors 32 past. */
const subjects = [0, 8].map((offset) => builds.map((build) => ({ build, on: new Guarded(build, offset) })));

describe("the minLSTM window, T from 1 to 9 and B from 1 to 7, in every build", () => {
  it.each(sizes)("H = %i: each step is within its rounding, and the window is the oracle's", (H) => {
    const random = new Random(H);
    const found: string[] = [];
    for (const T of stepsFor(H)) {
      for (let B = 1; B <= 7; B++) {
        for (const way of waysOf(random, { T, B, H })) {
          const window = draw(random, { T, B, H }, way, 0, 3);
          for (const { build, on } of subjects[B % 2]) {
            const outcome = runCell(on, cells.minlstm, window);
            const faults = [
              ...forwardFaults(window, outcome),
              ...backwardFaults(window, outcome),
              ...windowErrors(window, outcome),
              ...outcome.faults,
              ...on.finish(),
            ];
            found.push(...faults.map((fault) => `${build} ${describeWindow(window)}: ${fault}`));
          }
        }
      }
    }
    expect(found).toEqual([]);
  });
});
