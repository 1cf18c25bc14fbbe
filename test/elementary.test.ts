import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exponential, onCircle } from "../src/elementary.js";

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

describe("a point on the circle", () => {
  it("is within 2^-52 of the sine and cosine", () => {
    fc.assert(
      fc.property(fc.double({ min: -2, max: 2, noNaN: true }), (x) => {
        const { sine, cosine } = onCircle(x);
        // The engine's own function is within an ulp, and 2πx is rounded before it gets there.
        const slack = 2 ** -52 + 2 ** -53 + 4 * Math.PI * Math.abs(x) * 2 ** -53;
        expect(Math.abs(sine - Math.sin(2 * Math.PI * x))).toBeLessThanOrEqual(slack);
        expect(Math.abs(cosine - Math.cos(2 * Math.PI * x))).toBeLessThanOrEqual(slack);
        expect(Math.abs(sine * sine + cosine * cosine - 1)).toBeLessThanOrEqual(2 ** -51);
      }),
      { numRuns: 20_000 },
    );
  });

  it.each([
    [0, 0, 1],
    [0.25, 1, 0],
    [0.5, 0, -1],
    [0.75, -1, 0],
    [-0.25, -1, 0],
    [1e15, 0, 1],
    [-1.5, 0, -1],
  ])("at %d turns is (%d, %d)", (x, sine, cosine) => {
    const point = onCircle(x);
    expect([point.sine + 0, point.cosine + 0]).toEqual([sine, cosine]);
  });

  it.each([NaN, Infinity, -Infinity])("of %d turns is no number", (x) => {
    expect(onCircle(x)).toEqual({ sine: NaN, cosine: NaN });
  });
});
