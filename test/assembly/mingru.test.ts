import { cells } from "../../src/network/cells/by-name.js";
import { mingru } from "../oracle/cells/mingru.js";
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
  difference,
  Expected,
  near,
  product,
  sigmoid,
  sigmoidSlope,
  sum,
  type Near,
} from "./running-error.js";

/** Every step by itself, from the state and the gates that the kernel made: each within what rounding can do. */
function forwardFaults(window: Window, { h, gates }: Outcome): string[] {
  const { T, B, H, z, h0 } = window;
  const wantedH = new Expected(slots(window, new Float32Array(T * B * H), h0));
  const wantedz = new Expected(z);
  for (let t = 0; t < T; t++) {
    for (let b = 0; b < B; b++) {
      const past = isPast(window, t, b);
      const keep = isAnew(window, t, b) ? 0 : 1;
      const [from, to] = [before(window, t) + b * H, after(window, t) + b * H];
      const row = (t * B + b) * 2 * H;
      for (let j = 0; j < H; j++) {
        if (past) {
          wantedH.values[to + j] = h[from + j];
          continue;
        }
        wantedz.set(row + j, sigmoid(near(z[row + j])));
        wantedz.set(row + H + j, near(z[row + H + j]));
        const [update, candidate] = [near(gates[row + j]), near(gates[row + H + j])];
        const own = near(keep * h[from + j]);
        wantedH.set(to + j, sum(own, product(update, difference(candidate, own))));
      }
    }
  }
  // Past a length nobody reads them: they come in NaN and may stay.
  const read = gates.map((x, at) => (Number.isNaN(z[at]) ? 0 : x));
  const wanted = wantedz.values.map((x, at) => (Number.isNaN(z[at]) ? 0 : x));
  return [
    ...mismatch("z, c", read, wanted, wantedz.bounds),
    ...mismatch("h", h, wantedH.values, wantedH.bounds),
  ];
}

/** As forwardFaults, for the gradients; the errors of dh·(1 − z), which nobody sees, are carried along. */
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
        const row = (t * B + b) * 2 * H;
        const given = dh[t * B * H + own];
        const arriving: Near = last ? near(given + dFinal[own]) : sum(near(given), carried);
        last = false;
        const [z, c] = [near(gates[row + j]), near(gates[row + H + j])];
        const anew = isAnew(window, t, b);
        const away = difference(c, near(anew ? 0 : h[before(window, t) + own]));
        wanted.set(row + j, product(product(arriving, away), sigmoidSlope(z)));
        wanted.set(row + H + j, product(arriving, z));
        carried = anew ? near(0) : product(arriving, difference(near(1), z));
      }
      wantedDh.set(own, last ? near(dFinal[own]) : carried);
    }
  }
  return [
    ...mismatch("dz, dc", dz, wanted.values, wanted.bounds),
    ...mismatch("dh of the initial state", dh0, wantedDh.values, wantedDh.bounds),
  ];
}

function windowErrors(window: Window, { h, dz, dh0 }: Outcome): string[] {
  const inputs = window.z.map((x) => (Number.isNaN(x) ? 0 : x));
  const expected = oracle(mingru, window, inputs, new Float64Array(0));
  return [
    ...farFrom("h", outputsOf(window, h), expected.outputs),
    ...farFrom("the final h", finalIn(window, h), expected.finalH),
    ...farFrom("dz, dc", dz, expected.dInputs),
    ...farFrom("the initial h's gradient", dh0, expected.dInitialH),
  ];
}

describeCell("minGRU", cells.mingru, (random, sizes, way) => {
  const window = draw(random, sizes, way, 0, 2);
  const faults = (outcome: Outcome): string[] => [
    ...forwardFaults(window, outcome),
    ...backwardFaults(window, outcome),
    ...windowErrors(window, outcome),
  ];
  return { window, faults };
});
