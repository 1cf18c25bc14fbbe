import { describe, expect, it } from "vitest";
import { Random } from "../../../src/random.js";
import { MeanTest, type MeanVerdict } from "./mean-test.js";
import { networkProblem, randomEpisode, randomNetwork } from "./network-problem.js";
import { drawSign, gradientOf, type Draw, type Rule } from "./problem.js";
import { kfRtrl, noBackTrack, uoro } from "./rank-one.js";
import { artbp, bptt, tbptt } from "./truncated.js";
import { combine } from "./vectors.js";

const random = new Random(3);
const sizes = { cell: "elman", inputSize: 2, hiddenSize: 4, outputSize: 2 } as const;
const problem = networkProblem(
  randomNetwork(sizes, random, 0.5),
  randomEpisode(sizes, 12, "classes", random),
);
const recurrent = problem.recurrence.parameters.length;
const full = gradientOf(problem, bptt);
const truncationError = combine(1, gradientOf(problem, tbptt({ k1: 1 })), -1, full);

function verdictOf(rule: Rule, draws: number, drawWith?: (random: Random) => Draw): MeanVerdict {
  const test = new MeanTest(full, { recurrent, directions: [full, truncationError] });
  for (let seed = 0; seed < draws; seed++) {
    const seeded = new Random(seed);
    const draw = drawWith?.(seeded) ?? ((p: number) => seeded.uniform() < p);
    test.add(gradientOf(problem, rule, draw));
  }
  return test.verdict();
}

describe("the test of a mean", () => {
  it.each([
    { name: "UORO", rule: uoro(), noise: [1, 60] },
    { name: "NoBackTrack", rule: noBackTrack, noise: [1, 40] },
    { name: "KF-RTRL", rule: kfRtrl, noise: [0.05, 4] },
    { name: "ARTBP", rule: artbp({ meanLength: 4 }), noise: [0.005, 0.5] },
  ])("passes $name, of a noise as expected", ({ rule, noise }) => {
    const draws = 600;
    const verdict = verdictOf(rule, draws);
    expect(verdict).toMatchObject({ passes: true });
    expect(verdict.noise).toBeGreaterThan(noise[0]);
    expect(verdict.noise).toBeLessThan(noise[1]);
    expect(verdict.error).toBeLessThan(3 * Math.sqrt(verdict.noise / draws));
  });

  it.each([
    { name: "TBPTT with k2 = 1", rule: tbptt({ k1: 1 }) },
    {
      name: "ARTBP with cuts more likely than it accounts for",
      rule: artbp({ meanLength: 4 }),
      drawWith: (seeded: Random) => (p: number) => seeded.uniform() < p + 0.1,
    },
    {
      name: "UORO with one sign for all units",
      rule: uoro(),
      drawWith: (seeded: Random) => {
        let drawn = 0;
        let sign = 1;
        return (): boolean => {
          if (drawn++ % sizes.hiddenSize === 0) sign = drawSign((p) => seeded.uniform() < p);
          return sign > 0;
        };
      },
    },
    { name: "BPTT, which does not vary", rule: bptt },
  ])("fails $name", ({ rule, drawWith }) => {
    expect(verdictOf(rule, 600, drawWith).passes).toBe(false);
  });

  it("sees along a direction what no coordinate shows", () => {
    const size = 400;
    const expected = new Float64Array(size).fill(1);
    const without = new MeanTest(expected, { recurrent: size });
    const along = new MeanTest(expected, { recurrent: size, directions: [expected] });
    const normals = new Random(1);
    for (let i = 0; i < 1000; i++) {
      const draw = expected.map((value) => 1.02 * value + normals.normal());
      without.add(draw);
      along.add(draw);
    }
    expect(without.verdict().passes).toBe(true);
    expect(along.verdict().passes).toBe(false);
  });
});
