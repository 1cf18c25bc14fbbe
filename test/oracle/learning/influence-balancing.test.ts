/** Runs each rule on the online problem on which truncated rules go the wrong way. */

import { describe, expect, it } from "vitest";
import { Random } from "../../../src/random.js";
import { descend, influenceBalancing, optimum } from "./influence-balancing.js";
import { blockRtrl, rtrl, snap1 } from "./influence.js";
import { gradientOf, type Problem, type Rule } from "./problem.js";
import { kfRtrl, noBackTrack, uoro } from "./rank-one.js";
import { artbp, bptt, tbptt } from "./truncated.js";

/** Returns θ after each update. */
function course(rule: Rule, learningRate: number, steps: number, seed = 1): number[] {
  const random = new Random(seed);
  const problem = influenceBalancing(steps);
  return [
    ...descend(
      problem,
      rule(problem, (p) => random.uniform() < p),
      learningRate,
    ),
  ];
}

function distance(theta: number): number {
  return Math.abs(theta - optimum);
}

const first = distance(0.5);

describe("influence balancing", () => {
  /** Starts at the fixed point of θ = 0.5, s = (I − A)^-1 θ v, where every step has the same gradient. */
  function settled(steps: number): Problem {
    let s = influenceBalancing(1).initial;
    const { recurrence } = influenceBalancing(1);
    for (let t = 0; t < 500; t++) s = recurrence.forward(s, s);
    return influenceBalancing(steps, { s });
  }

  it("has its optimum at −1/6", () => {
    // s_1 tends to −6 θ.
    const { recurrence } = influenceBalancing(1, { theta: optimum });
    let s = influenceBalancing(1).initial;
    for (let t = 0; t < 500; t++) s = recurrence.forward(s, s);
    expect(s[0]).toBeCloseTo(1, 12);
  });

  it("has the gradient's sign right only from 41 steps of true truncation, or windows of 110", () => {
    const right = (k1: number, k2: number): boolean => {
      const gradients = [...tbptt({ k1, k2 })(settled(2 * k2))];
      return gradients[gradients.length - 1][0] > 0; // θ is to fall from 0.5
    };
    const counts = Array.from({ length: 60 }, (_, i) => i + 1);
    expect(counts.filter((k2) => right(1, k2))).toEqual(counts.filter((k2) => k2 >= 41));
    const windows = Array.from({ length: 65 }, (_, i) => 2 * i + 2);
    expect(windows.filter((k) => right(k, k))).toEqual(windows.filter((k) => k >= 110));
    expect(gradientOf(settled(1000), bptt)[0]).toBeGreaterThan(0);
  });

  it.each([
    { name: "RTRL", rule: rtrl },
    { name: "block RTRL of 8", rule: blockRtrl({ block: 8 }) },
    { name: "SnAp-1, whose one parameter reaches all", rule: snap1 },
  ])("$name finds it within 3000 steps", ({ rule }) => {
    expect(distance(course(rule, 1e-4, 3000).at(-1) ?? NaN)).toBeLessThan(1e-6);
  });

  it.each([
    { window: 1, learningRate: 1e-4 },
    { window: 10, learningRate: 1e-5 },
    { window: 50, learningRate: 1e-5 },
    { window: 100, learningRate: 1e-6 },
  ])("windows of $window go the wrong way, further and further", ({ window, learningRate }) => {
    const thetas = course(tbptt({ k1: window }), learningRate, 10_000).map(distance);
    const last = thetas.at(-1) ?? NaN;
    expect(last).toBeGreaterThan(first);
    expect(last).toBeGreaterThan(thetas[Math.floor(thetas.length / 2)]);
  });

  it.each([200, 300])("windows of %i come closer with every tenth of the way", (window) => {
    const thetas = course(tbptt({ k1: window }), 1e-6, 30_000).map(distance);
    const tenth = Math.floor(thetas.length / 10);
    const marks = [first, ...Array.from({ length: 10 }, (_, i) => thetas[(i + 1) * tenth - 1])];
    for (let i = 1; i < marks.length; i++) expect(marks[i]).toBeLessThan(marks[i - 1]);
  });

  // The bound is 0.1, from a distance of 0.67: the rules are unbiased, and at these rates still noisy.
  it.each([
    { name: "UORO", rule: uoro(), learningRate: 1e-5, steps: 10_000 },
    { name: "UORO in blocks of 4", rule: uoro({ block: 4 }), learningRate: 1e-5, steps: 10_000 },
    { name: "NoBackTrack", rule: noBackTrack, learningRate: 1e-5, steps: 10_000 },
    { name: "KF-RTRL", rule: kfRtrl, learningRate: 1e-5, steps: 10_000 },
    { name: "ARTBP of 16", rule: artbp({ meanLength: 16 }), learningRate: 1e-6, steps: 100_000 },
  ])("$name finds it", ({ rule, learningRate, steps }) => {
    const thetas = course(rule, learningRate, steps);
    const tail = thetas.slice(-Math.floor(thetas.length / 10));
    expect(distance(tail.reduce((sum, theta) => sum + theta, 0) / tail.length)).toBeLessThan(0.1);
  });
});
