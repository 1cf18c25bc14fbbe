import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bits, exponential, perplexity } from "../../../src/train/metrics/information.js";

/** Math.exp is within 1 ulp in every engine, exponential within 2. */
const ULPS = 3 * 2 ** -52;

describe("e^x", () => {
  it("is within a few units in the last place", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.double({ min: -700, max: 709.78, noNaN: true }),
          fc.double({ min: -1, max: 1, noNaN: true }),
          fc.integer({ min: -1009, max: 1023 }).map((k) => k * Math.LN2),
        ),
        (x) => {
          expect(Math.abs(exponential(x) / Math.exp(x) - 1)).toBeLessThanOrEqual(ULPS);
        },
      ),
      { numRuns: 20_000 },
    );
  });

  it.each([
    [0, 1],
    [-0, 1],
    [709.782712893384, Math.exp(709.782712893384)],
    [709.7827128933841, Infinity],
    [Infinity, Infinity],
    [-701, 0],
    [-Infinity, 0],
    [NaN, NaN],
  ])("of %d is %d", (x, y) => {
    expect(exponential(x) === y || Math.abs(exponential(x) / y - 1) <= ULPS || Number.isNaN(y)).toBe(true);
    if (Number.isNaN(y)) expect(exponential(x)).toBeNaN();
  });

  it("grows", () => {
    for (let x = -20; x < 20; x += 0.0137) expect(exponential(x + 1e-9)).toBeGreaterThan(exponential(x));
  });
});

describe("a loss in other words", () => {
  it.each([2, 3, 65, 50_000])("is as hard as a choice among %d, and takes as many bits", (choices) => {
    const loss = Math.log(choices);
    expect(Math.abs(perplexity(loss) / choices - 1)).toBeLessThan(1e-14);
    expect(Math.abs(bits(loss) - Math.log2(choices))).toBeLessThan(1e-14);
  });
});
