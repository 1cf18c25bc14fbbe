import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readDimension, type Dimension, type ListDimension } from "../../../src/cli/sweep/dimensions.js";
import { drawnTrials, gridSize, gridTrials } from "../../../src/cli/sweep/trials.js";

const lists = fc
  .array(fc.uniqueArray(fc.integer({ min: 0, max: 99 }), { minLength: 2, maxLength: 4 }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((all) =>
    all.map((values, i): ListDimension => ({
      kind: "list",
      name: `o${i}`,
      values: values.map(String),
      numeric: true,
    })),
  );

const finite = { noNaN: true, noDefaultInfinity: true } as const;
const ranges = fc
  .oneof(
    fc.tuple(fc.integer({ min: -100, max: 1000 }), fc.integer({ min: 1, max: 1e6 })).map(([low, more]) => ({
      low,
      high: low + more,
      whole: true,
    })),
    fc
      .tuple(fc.double({ ...finite, min: 1e-30, max: 1e3 }), fc.double({ ...finite, min: 1.0001, max: 1e6 }))
      .map(([low, times]) => ({ low, high: low * times, whole: false })),
    fc.double({ ...finite, min: 1e-3, max: 1 }).map((high) => ({ low: 0, high, whole: false })),
  )
  .chain((range) =>
    fc.boolean().map((even) => ({
      kind: "range" as const,
      name: "range",
      ...range,
      even: even || range.low <= 0,
    })),
  );

const dimensions: fc.Arbitrary<readonly Dimension[]> = fc
  .tuple(lists, fc.option(ranges, { nil: undefined }))
  .map(([some, range]) => (range === undefined ? some : [range, ...some]));

const counts = fc.integer({ min: 1, max: 30 });
const seeds = fc.maxSafeInteger();

describe("all combinations", () => {
  it("are as many as the values' numbers multiplied, all different, the last option changing fastest", () => {
    fc.assert(
      fc.property(lists, (some) => {
        const trials = gridTrials(some);
        expect(trials).toHaveLength(gridSize(some));
        expect(new Set(trials.map(({ options }) => JSON.stringify(options))).size).toBe(trials.length);
        expect(trials.map(({ number }) => number)).toEqual(trials.map((_, i) => i + 1));
        let each = 1;
        for (const { name, values } of some.toReversed()) {
          for (const [i, { options }] of trials.entries())
            expect(options[name]).toBe(values[Math.floor(i / each) % values.length]);
          each *= values.length;
        }
      }),
    );
  });
});

describe("drawn combinations", () => {
  it("are the same for the same seed, and more of them begin with the same ones", () => {
    fc.assert(
      fc.property(dimensions, counts, counts, seeds, (some, count, more, seed) => {
        const trials = drawnTrials(some, count, seed);
        expect(drawnTrials(some, count, seed)).toEqual(trials);
        expect(drawnTrials(some, count + more, seed).slice(0, trials.length)).toEqual(trials);
      }),
    );
  });

  it("are different, within what was typed, and written as options are", () => {
    fc.assert(
      fc.property(dimensions, counts, seeds, (some, count, seed) => {
        const trials = drawnTrials(some, count, seed);
        expect(new Set(trials.map(({ options }) => JSON.stringify(options))).size).toBe(trials.length);
        for (const { options } of trials) {
          for (const dimension of some) {
            const value = options[dimension.name];
            if (dimension.kind === "list") {
              expect(dimension.values).toContain(value);
              continue;
            }
            expect(value).toMatch(dimension.whole ? /^-?\d+$/ : /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/);
            expect(Number(value)).toBeGreaterThanOrEqual(dimension.low);
            expect(Number(value)).toBeLessThanOrEqual(dimension.high);
          }
        }
      }),
    );
  });

  it("are all that there are where more are asked for", () => {
    fc.assert(
      fc.property(lists, seeds, (some, seed) => {
        const size = gridSize(some);
        fc.pre(size <= 20);
        const drawn = drawnTrials(some, size + 5, seed).map(({ options }) => JSON.stringify(options));
        expect(drawn.sort()).toEqual(
          gridTrials(some)
            .map(({ options }) => JSON.stringify(options))
            .sort(),
        );
      }),
    );
  });

  it("differ from seed to seed", () => {
    const range = readDimension("x", "decimal", "0.001..1");
    const firsts = Array.from({ length: 20 }, (_, seed) => drawnTrials([range], 1, seed)[0].options["x"]);
    expect(new Set(firsts).size).toBeGreaterThan(15);
  });

  it("have as many in each half of a range: by its logarithm of numbers, evenly of shares and seeds", () => {
    const halves = (kind: "decimal" | "whole" | "share" | "seed", text: string, middle: number): number => {
      const trials = drawnTrials([readDimension("x", kind, text)], 1000, 1);
      const values = trials.map(({ options }) => Number(options["x"]));
      return values.filter((value) => value < middle).length / values.length;
    };
    // Of 1000 draws the share's standard deviation is 0.016; of whole numbers fewer are different.
    expect(Math.abs(halves("decimal", "0.0001..1", 0.01) - 0.5)).toBeLessThan(0.07);
    expect(Math.abs(halves("share", "0.0001..1", 0.5) - 0.5)).toBeLessThan(0.07);
    expect(Math.abs(halves("whole", "100..1000000", 10_000) - 0.5)).toBeLessThan(0.07);
    expect(Math.abs(halves("seed", "0..999999", 500_000) - 0.5)).toBeLessThan(0.07);
  });

  it("have short decimals, unless the range is too narrow for them", () => {
    const drawn = (text: string): string[] =>
      drawnTrials([readDimension("x", "decimal", text)], 50, 2).map(({ options }) => options["x"]);
    for (const value of drawn("0.001..0.02"))
      expect(Number(Number(value).toPrecision(3))).toBe(Number(value));
    expect(drawn("0.1001..0.1002")).toHaveLength(50);
  });
});
