import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { snap1 } from "../../src/learn/online/snap1.js";
import { createNetwork } from "../../src/network/create-network.js";
import { adam } from "../../src/optimize/adam.js";
import { Random } from "../../src/random.js";
import {
  anomalyScorer,
  type AnomalyScore,
  type AnomalyScorerOptions,
} from "../../src/train/anomaly-scorer.js";
import { onlineSession } from "../../src/train/online-session.js";
import { invoke, noNumbers, noObjects } from "../network/untyped.js";

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const n = sorted.length;
  return (sorted[(n - 1) >> 1] + sorted[n >> 1]) / 2;
}

const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;

/** The same by the definitions: 0.6745 and 0.7979 of a normal distribution's deviation. */
function scoreOf(x: number, others: readonly number[]): AnomalyScore {
  const center = median(others);
  const distances = others.map((other) => Math.abs(other - center));
  const [middle, average] = [
    median(distances) / 0.6744897501960817,
    mean(distances) / Math.sqrt(2 / Math.PI),
  ];
  const larger = others.filter((other) => other >= x).length;
  return {
    score: x === center ? 0 : (x - center) / (middle > 0 ? middle : average),
    pValue: (1 + larger) / (1 + others.length),
  };
}

/** Few values, so that many are equal, or any. */
const series = fc.oneof(
  fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 60 }),
  fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { maxLength: 60 }),
);
const options = fc
  .integer({ min: 2, max: 25 })
  .chain((window) => fc.record({ window: fc.constant(window), warmUp: fc.integer({ min: 2, max: window }) }));

function scoreAll(residuals: readonly number[], given: AnomalyScorerOptions): (AnomalyScore | undefined)[] {
  const scorer = anomalyScorer(given);
  return residuals.map((residual) => scorer.add(residual));
}

describe("the score of a residual", () => {
  it("is its distance from the median of those before it, in deviations, and its rank among them", () => {
    fc.assert(
      fc.property(series, options, (residuals, given) => {
        scoreAll(residuals, given).forEach((found, i) => {
          const others = residuals.slice(Math.max(0, i - given.window), i);
          if (others.length < given.warmUp) {
            expect(found).toBe(undefined);
            return;
          }
          const expected = scoreOf(residuals[i], others);
          expect(found?.pValue).toBe(expected.pValue);
          if (Number.isFinite(expected.score))
            expect(Math.abs((found?.score ?? NaN) - expected.score)).toBeLessThanOrEqual(
              1e-12 * Math.abs(expected.score),
            );
          else expect(found?.score).toBe(expected.score);
        });
      }),
      { numRuns: 500 },
    );
  });

  it.each<[string, number[], number, AnomalyScore]>([
    ["normal", [1, 2, 3, 4, 5], 3 + 1.482602218505602, { score: 1, pValue: 2 / 6 }],
    ["below", [1, 2, 3, 4, 5], 3 - 2 * 1.482602218505602, { score: -2, pValue: 1 }],
    ["the median", [1, 2, 4, 5], 3, { score: 0, pValue: 3 / 5 }],
    ["more than half equal", [0, 0, 0, 4], Math.sqrt(Math.PI / 2), { score: 1, pValue: 2 / 5 }],
    ["all equal, it too", [7, 7, 7], 7, { score: 0, pValue: 1 }],
    ["all equal, and it above", [7, 7, 7], 7.5, { score: Infinity, pValue: 1 / 4 }],
    ["all equal, and it below", [7, 7, 7], 6, { score: -Infinity, pValue: 1 }],
    ["-0 is 0", [0, -0, 0], -0, { score: 0, pValue: 1 }],
    [
      "the largest there are",
      [-1e300, 1e300, -1e300, 1e300],
      1e300,
      { score: 0.6744897501960817, pValue: 3 / 5 },
    ],
  ])("%s", (_, others, residual, expected) => {
    const found = scoreAll([...others, residual], { warmUp: 2 }).at(-1);
    expect(found?.score).toBeCloseTo(expected.score, 12);
    expect(found?.pValue).toBe(expected.pValue);
  });

  it("has a p-value that keeps its promise, for skewed residuals too", () => {
    const random = new Random(1, 1);
    const normal = random.normal.bind(random);
    for (const draw of [normal, () => normal() ** 2]) {
      const found = scoreAll(Array.from({ length: 20_000 }, draw), { window: 199 }).filter(
        (one) => one !== undefined,
      );
      for (const level of [0.01, 0.05, 0.2]) {
        const share = found.filter(({ pValue }) => pValue <= level).length / found.length;
        // Five standard deviations of as many independent ones; the whole window's are a multiple of 1/200.
        expect(share).toBeLessThan(level + 5 * Math.sqrt(level / found.length));
        expect(share).toBeGreaterThan(level - 5 * Math.sqrt(level / found.length));
      }
    }
  });

  it("is not blunted by anomalies before it, and grows usual with half a window of them", () => {
    const random = new Random(2, 1);
    const scorer = anomalyScorer({ window: 100 });
    const normal = () => scorer.add(random.normal());
    for (let i = 0; i < 100; i++) normal();
    const spikes = Array.from({ length: 10 }, () => scorer.add(1000 + random.normal()));
    for (const found of spikes) expect(found?.score).toBeGreaterThan(600);
    for (let i = 0; i < 60; i++) scorer.add(1000 + random.normal());
    expect(Math.abs(scorer.add(1000)?.score ?? NaN)).toBeLessThan(4);
  });

  it("finds what does not belong into a stream that a session learns", () => {
    using network = createNetwork({ cell: "gru", inputSize: 1, hiddenSize: 12, outputSize: 1, seed: 1 });
    using session = onlineSession(network, { learner: snap1(), optimizer: adam({ learningRate: 3e-3 }) });
    const scorer = anomalyScorer();
    const strange = new Set([1400, 1700, 1999]);
    const random = new Random(3, 1);
    const stream = Array.from(
      { length: 2001 },
      (_, t) => Math.sin(t / 4) + 0.05 * random.normal() + (strange.has(t) ? 1 : 0),
    );
    const found = [];
    for (let t = 0; t < 2000; t++) {
      const { loss } = session.learn(Float32Array.of(stream[t]), Float32Array.of(stream[t + 1]));
      const one = scorer.add(loss);
      if (t >= 1000 && one !== undefined) found.push({ t: t + 1, ...one });
    }
    const alarms = found.filter(({ pValue }) => pValue <= 1 / 257).map(({ t }) => t);
    for (const t of strange) expect(alarms).toContain(t);
    // What follows an anomaly is one too, since the network read it; without any, 4 of 1000 are expected.
    const apart = alarms.filter((t) => ![...strange].some((one) => t >= one && t < one + 30));
    expect(apart.length).toBeLessThan(12);
  });
});

describe("a scorer", () => {
  it("goes on from what it saved, through JSON", () => {
    fc.assert(
      fc.property(series, series, options, (before, after, given) => {
        const scorer = anomalyScorer(given);
        for (const residual of before) scorer.add(residual);
        const saved = scorer.save();
        expect(saved).toEqual(before.slice(-given.window).map((x) => x + 0));
        const other = anomalyScorer(given);
        [3, 1, 4, 1, 5].forEach((residual) => other.add(residual));
        other.restore(JSON.parse(JSON.stringify(saved)) as number[]);
        for (const residual of after) expect(other.add(residual)).toEqual(scorer.add(residual));
        expect(saved).toHaveLength(Math.min(given.window, before.length));
      }),
    );
  });

  it("remembers the latest of too many", () => {
    const scorer = anomalyScorer({ window: 3, warmUp: 3 });
    scorer.restore([9, 9, 1, 2, 3]);
    expect(scorer.save()).toEqual([1, 2, 3]);
    expect(scorer.add(2)).toEqual({ score: 0, pValue: 3 / 4 });
  });

  it("refuses what is no residual, and stays as it was", () => {
    const scorer = anomalyScorer({ window: 4, warmUp: 2 });
    for (const residual of [1, 2, 3]) scorer.add(residual);
    for (const wrong of [...noNumbers, NaN, Infinity, -Infinity, 2e300]) {
      expect(() => invoke(scorer, "add", wrong)).toThrow(/^"residual" expected a /);
      expect(() => invoke(scorer, "restore", [1, wrong])).toThrow(/^"residuals\[1\]" expected a /);
    }
    for (const wrong of noObjects.filter((one) => !Array.isArray(one)))
      expect(() => invoke(scorer, "restore", wrong)).toThrow(
        /^"residuals" expected an array of numbers, got /,
      );
    expect(() => scorer.add(NaN)).toThrow(
      new RangeError(`"residual" expected a finite number at least -1e+300 and at most 1e+300, got NaN`),
    );
    expect(scorer.save()).toEqual([1, 2, 3]);
    expect(scorer.add(2)).toEqual({ score: 0, pValue: 3 / 4 });
  });

  it.each<[object, string]>([
    [{ window: 1 }, `"window" expected an integer from 2 to 100000, got 1`],
    [{ window: 100_001 }, `"window" expected an integer from 2 to 100000, got 100001`],
    [{ warmUp: 1 }, `"warmUp" expected an integer from 2 to 256, got 1`],
    [{ window: 9, warmUp: 10 }, `"warmUp" expected an integer from 2 to 9, got 10`],
  ])("refuses %j", (given, message) => {
    expect(() => anomalyScorer(given)).toThrow(new RangeError(message));
  });

  it("waits for 32 residuals, or for a window of fewer", () => {
    for (const [given, warmUp] of [
      [{}, 32],
      [{ window: 5 }, 5],
    ] as const) {
      const found = scoreAll(
        Array.from({ length: 40 }, (_, i) => i),
        given,
      );
      expect(found.findIndex((one) => one !== undefined)).toBe(warmUp);
    }
  });
});
