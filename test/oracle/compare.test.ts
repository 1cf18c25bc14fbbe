import { describe, expect, it } from "vitest";
import { relativeError } from "./compare.js";
import { centralDifferences } from "./differences.js";

describe("relativeError", () => {
  it.each([
    { a: [1, 2, 3], b: [1, 2, 4], error: 0.25 },
    { a: [-8], b: [8], error: 2 },
    { a: [0, 0], b: [0, -0], error: 0 },
    { a: [1e-30], b: [0], error: Infinity },
    { a: [NaN, 1], b: [1, 1], error: Infinity },
    { a: [1, 1], b: [1, NaN], error: Infinity },
    { a: [NaN], b: [NaN], error: Infinity },
    { a: [Infinity], b: [Infinity], error: Infinity },
    { a: [1], b: [Infinity], error: Infinity },
  ])("of $a from $b is $error", ({ a, b, error }) => {
    expect(relativeError(a, b)).toBe(error);
    expect(relativeError(Float32Array.from(a), Float64Array.from(b))).toBe(error);
  });

  it("refuses different lengths", () => {
    expect(() => relativeError([1], [1, 1])).toThrow(RangeError);
  });
});

describe("centralDifferences", () => {
  it("of x³ are 3x², and leave x as it was", () => {
    const x = Float64Array.of(-2, 0.5, 3);
    const slopes = centralDifferences(() => x.reduce((sum, value) => sum + value ** 3, 0), x);
    expect(relativeError(slopes, [12, 0.75, 27])).toBeLessThan(1e-8);
    expect([...x]).toEqual([-2, 0.5, 3]);
  });
});
