import { describe, expect, it } from "vitest";
import { Random } from "../../../src/random.js";
import { relativeError } from "../compare.js";
import { checkpointedBptt, forwardSteps, type Kept } from "./checkpointed.js";
import { networkProblem, randomEpisode, randomNetwork } from "./network-problem.js";
import { gradientOf } from "./problem.js";
import { bptt } from "./truncated.js";

const both: Kept[] = ["states", "tapes"];

/** Returns C(t, m), the least forwards for all t up to T and m up to M, by its recursion over the split y. */
function leastForwards(T: number, M: number, kept: Kept): number[][] {
  const least = [Array.from({ length: T + 1 }, () => Infinity)];
  for (let m = 1; m <= M; m++) {
    least.push([0]);
    for (let t = 1; t <= T; t++) least[m].push(cost(t, m));
  }
  return least;

  function cost(t: number, m: number): number {
    if (m === 1) return (t * (t + 1)) / 2;
    if (m >= t) return kept === "states" ? 2 * t - 1 : t;
    const last = kept === "states" ? t - 1 : t;
    const costs = Array.from({ length: last }, (_, i) => {
      const y = i + 1;
      return y + least[m - 1][t - y] + least[m][kept === "states" ? y : y - 1];
    });
    return Math.min(...costs);
  }
}

describe.each(both)("BPTT with slots for %s", (kept) => {
  const sizes = { cell: "lstm", inputSize: 2, hiddenSize: 2, outputSize: 2 } as const;

  it("costs what the recursion says is least", () => {
    const [T, M] = [150, 12];
    const least = leastForwards(T, M, kept);
    for (let m = 1; m <= M; m++)
      for (let t = 1; t <= T; t++) expect(forwardSteps(t, m, kept), `t = ${t}, m = ${m}`).toBe(least[m][t]);
  });

  it("has BPTT's gradient, in these slots and at this cost", () => {
    const random = new Random(1);
    const network = randomNetwork(sizes, random);
    for (let T = 1; T <= 20; T++) {
      const problem = networkProblem(network, randomEpisode(sizes, T, "classes", random));
      const full = gradientOf(problem, bptt);
      for (const slots of [1, 2, 3, 5, 20]) {
        const work = { forwards: 0, slots: 0 };
        const gradient = gradientOf(problem, checkpointedBptt({ slots, kept }, work));
        // The gradient is the same sum over steps.
        expect(relativeError(gradient, full)).toBeLessThan(1e-12);
        expect(work.forwards).toBe(forwardSteps(T, slots, kept));
        expect(work.slots).toBeLessThanOrEqual(slots);
      }
    }
  });
});

it.each([
  { slots: 1, states: 500500, tapes: 500500 },
  { slots: 2, states: 29820, tapes: 28864 },
  { slots: 3, states: 13155, tapes: 12172 },
  { slots: 5, states: 7284, tapes: 6292 },
  { slots: 10, states: 4636, tapes: 3640 },
  { slots: 20, states: 3747, tapes: 2750 },
  { slots: 31, states: 3439, tapes: 2442 },
  { slots: 50, states: 2948, tapes: 1950 },
  { slots: 100, states: 2898, tapes: 1900 },
  { slots: 200, states: 2798, tapes: 1800 },
])("1000 steps with $slots slots run $states forwards, or $tapes with tapes", ({ slots, states, tapes }) => {
  expect(forwardSteps(1000, slots, "states")).toBe(states);
  expect(forwardSteps(1000, slots, "tapes")).toBe(tapes);
});
