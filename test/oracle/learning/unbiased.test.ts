/**
 * Tests unbiased rules by enumeration of all draws, weighted by their probability: no sampling, so that a
 * bias of 1e-11 would show.
 */

import { describe, expect, it } from "vitest";
import { cellNames } from "../../../src/network/cells/by-name.js";
import { Random } from "../../../src/random.js";
import { cells } from "../cells/by-name.js";
import { relativeError } from "../compare.js";
import { enumerate } from "./enumerate.js";
import { snap1 } from "./influence.js";
import { networkProblem, randomEpisode, randomNetwork } from "./network-problem.js";
import { gradientOf, noDraws, type Draw, type Problem, type Rule } from "./problem.js";
import { kfRtrl, noBackTrack, uoro } from "./rank-one.js";
import type { StackSizes } from "./stack.js";
import { artbp, bptt, cutProbability, tbptt } from "./truncated.js";

/** Rounding of sums of up to 2^12 gradients, each some ten times the mean. */
const rounding = 1e-12;

type Shape = Pick<StackSizes, "cell"> & Partial<StackSizes>;

function problemWith(shape: Shape, steps: number): Problem {
  const random = new Random(8);
  const sizes = { inputSize: 2, hiddenSize: 2, outputSize: 2, ...shape };
  const network = randomNetwork(sizes, random);
  const initial = Float64Array.from(
    { length: networkProblem(network, { inputs: [], targets: [] }).recurrence.stateSize },
    () => 0.5 * random.normal(),
  );
  return networkProblem(network, { ...randomEpisode(sizes, steps, "values", random), initial });
}

const shapes: Shape[] = [
  ...cellNames.map((cell) => ({ cell })),
  { cell: "elman", layers: 2 },
  { cell: "gru", layers: 2 },
  { cell: "elman", embeddingSize: 2 },
  { cell: "gru", outputSize: 0 },
];

function nameOf({ cell, layers = 1, embeddingSize = 0, outputSize = 2 }: Shape): string {
  return `${cell}, ${layers} layers, embedding ${embeddingSize}, head ${outputSize}`;
}

/** A case is a rule, T for S units (at most 2^12 patterns of draws), and how many draws it makes. */
interface Case {
  rule: string;
  run: Rule;
  steps: (S: number, layers: number) => number;
  draws: (S: number, T: number, layers: number) => number;
  factored?: boolean;
}

const rules: Case[] = [
  { rule: "UORO", run: uoro(), steps: (_S, layers) => (layers > 1 ? 3 : 4), draws: (S, T) => S * (T - 1) },
  { rule: "UORO in blocks of 2", run: uoro({ block: 2 }), steps: () => 5, draws: (S) => S * 2 },
  { rule: "UORO in blocks of 3", run: uoro({ block: 3 }), steps: () => 6, draws: (S) => S },
  {
    rule: "NoBackTrack",
    run: noBackTrack,
    steps: (S) => (S > 2 ? 3 : 4),
    draws: (S, T) => (S + 1) * (T - 1),
  },
  {
    rule: "KF-RTRL",
    run: kfRtrl,
    steps: () => 5,
    draws: (_S, T, layers) => (T - 1) * layers,
    factored: true,
  },
  { rule: "ARTBP", run: artbp({ meanLength: 2 }), steps: () => 7, draws: (_S, T) => T - 1 },
  {
    rule: "ARTBP with α = 2",
    run: artbp({ meanLength: 1.5, alpha: 2 }),
    steps: () => 7,
    draws: (_S, T) => T - 1,
  },
];

const table = rules.flatMap((rule) =>
  shapes
    .filter((shape) => rule.factored !== true || (shape.embeddingSize ?? 0) === 0)
    .map((shape) => ({ ...rule, shape, network: nameOf(shape) })),
);

it.each(table)("$rule is unbiased: $network", ({ run, shape, steps, draws }) => {
  const { layers = 1 } = shape;
  const S = layers * (cells[shape.cell].keepsC ? 4 : 2);
  const T = steps(S, layers);
  const problem = problemWith(shape, T);
  const P = problem.recurrence.parameters.length;
  const full = gradientOf(problem, bptt);
  const recurrent = (rule: Rule, draw?: Draw): Float64Array => gradientOf(problem, rule, draw).subarray(0, P);
  const { mean, probability, patterns, noise } = enumerate((draw) => recurrent(run, draw));
  expect(patterns).toBe(2 ** draws(S, T, layers));
  expect(probability).toBeCloseTo(1, 12);
  expect(relativeError(mean, full.subarray(0, P))).toBeLessThan(rounding);
  // A rule that is secretly exact, or has next to nothing to carry, tests nothing.
  expect(noise).toBeGreaterThan(1e-3);
  expect(relativeError(recurrent(tbptt({ k1: 1 }), noDraws), full.subarray(0, P))).toBeGreaterThan(1e-2);
  // The head's gradient is exact, whatever is drawn.
  for (const draw of [() => true, () => false])
    expect(relativeError(gradientOf(problem, run, draw).subarray(P), full.subarray(P))).toBeLessThan(
      rounding,
    );
});

describe("what is biased shows", () => {
  const problem = problemWith({ cell: "elman" }, 4);
  const full = gradientOf(problem, bptt);

  it.each([
    { name: "TBPTT with k2 = 1", rule: tbptt({ k1: 1 }) },
    { name: "SnAp-1", rule: snap1 },
  ])("$name", ({ rule }) => {
    const { mean, patterns } = enumerate((draw) => gradientOf(problem, rule, draw));
    expect(patterns).toBe(1);
    expect(relativeError(mean, full)).toBeGreaterThan(1e-2);
  });

  it.each([
    { name: "UORO", rule: uoro(), signs: 2 },
    { name: "NoBackTrack", rule: noBackTrack, signs: 3 },
  ])("$name with one sign for all units", ({ rule, signs }) => {
    const { mean } = enumerate((draw) => {
      let drawn = 0;
      let sign = false;
      return gradientOf(problem, rule, (p) => (drawn++ % signs === 0 ? (sign = draw(p)) : sign));
    });
    expect(relativeError(mean, full)).toBeGreaterThan(1e-2);
  });

  it("KF-RTRL with one sign always", () => {
    expect(
      relativeError(
        gradientOf(problem, kfRtrl, () => true),
        full,
      ),
    ).toBeGreaterThan(1e-2);
  });

  it("ARTBP with cuts more likely than it accounts for", () => {
    const rule = artbp({ meanLength: 2 });
    const { mean } = enumerate((draw) => gradientOf(problem, rule, (p) => draw(p + 0.1)));
    expect(relativeError(mean, full)).toBeGreaterThan(1e-2);
  });
});

describe("ARTBP's segments", () => {
  it.each([
    { meanLength: 16, alpha: 4 },
    { meanLength: 16 },
    { meanLength: 1.5, alpha: 4 },
    { meanLength: 40, alpha: 5 },
  ])("of $meanLength, α = $alpha have that mean length", (options) => {
    // The probability of going on for d steps falls as d^-(α − 1), or faster.
    let mean = 0;
    let survives = 1;
    for (let d = 1; d < 1e6; d++) {
      mean += survives;
      survives *= 1 - cutProbability(options, d);
    }
    expect(mean).toBeCloseTo(options.meanLength, 6);
  });

  it("of 16 are below about 100 in 99 of 100, and below 210 in 999 of 1000", () => {
    const lengths: number[] = [];
    let survives = 1;
    for (let d = 1; lengths.length < 2; d++) {
      survives *= 1 - cutProbability({ meanLength: 16 }, d);
      if (survives <= [0.01, 0.001][lengths.length]) lengths.push(d);
    }
    expect(lengths[0]).toBeGreaterThan(70);
    expect(lengths[0]).toBeLessThan(110);
    expect(lengths[1]).toBeGreaterThan(180);
    expect(lengths[1]).toBeLessThan(230);
  });

  it("are cut anew from 1: the first draw after a cut has the first probability", () => {
    const asked: number[] = [];
    const problem = problemWith({ cell: "elman" }, 6);
    const options = { meanLength: 3 };
    gradientOf(problem, artbp(options), (p) => asked.push(p) === 2);
    expect(asked).toEqual([1, 2, 1, 2, 3].map((d) => cutProbability(options, d)));
  });
});
