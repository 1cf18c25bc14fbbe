import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Random } from "../../../src/random.js";
import { fillInPlace, readColumn, requireFillable } from "../../../src/data/table/missing.js";
import { fitScaling, scaled, scalingKinds, unscaled } from "../../../src/data/table/scaling.js";
import { findSeason } from "../../../src/data/table/season.js";

const finite = fc.double({ min: -1e9, max: 1e9, noNaN: true });

describe("a scaling", () => {
  it.each(scalingKinds)("%s undoes itself, and survives JSON", (kind) => {
    const value = kind === "log" ? fc.double({ min: 1e-9, max: 1e9, noNaN: true }) : finite;
    const columns = fc.array(
      fc.oneof({ weight: 9, arbitrary: value }, { weight: 1, arbitrary: fc.constant(NaN) }),
    );
    fc.assert(
      fc.property(columns, columns, (fitted, given) => {
        const scaling = fitScaling("column", Float64Array.from(fitted), kind);
        const saved: unknown = JSON.parse(JSON.stringify(scaling));
        expect(saved).toEqual(scaling);
        const back = unscaled(scaled("column", Float64Array.from(given), scaling), scaling);
        // A spread of 1e9 around a small value, or the reverse, costs digits: relative to the largest of all.
        const largest = Math.max(1, ...fitted.filter(Number.isFinite).map(Math.abs));
        back.forEach((x, i) => {
          const tolerance = kind === "log" ? 1e-12 * given[i] : 1e-14 * (largest + Math.abs(given[i]));
          if (Number.isNaN(given[i])) expect(x).toBeNaN();
          else expect(Math.abs(x - given[i])).toBeLessThanOrEqual(tolerance);
        });
      }),
    );
  });

  it.each([
    ["standard", [2, NaN, 4], [-1, NaN, 1]],
    ["minmax", [2, 3, 6], [-1, -0.5, 1]],
    ["log", [1, Math.E ** 2], [-1, 1]],
    ["none", [2, 3], [2, 3]],
    ["standard", [5, 5], [0, 0]],
    ["minmax", [5], [0]],
    ["standard", [], []],
    ["minmax", [-Number.MAX_VALUE, Number.MAX_VALUE], [-1, 1]],
  ] as const)("%s of %j", (kind, values, expected) => {
    const column = Float64Array.from(values);
    const result = scaled("column", column, fitScaling("column", column, kind));
    result.forEach((x, i) => {
      expect(Number.isNaN(x)).toBe(Number.isNaN(expected[i]));
      expect(x || 0).toBeCloseTo(expected[i] || 0, 12);
    });
    expect(result).toHaveLength(expected.length);
  });

  it.each([0, -1, 1e-310])("log refuses %j, and names the row", (value) => {
    expect(() => fitScaling("co2", Float64Array.of(1, NaN, value), "log")).toThrow(
      `"co2[2]" expected a number above 0, for its logarithm, got ${value}`,
    );
  });
});

describe("a missing value", () => {
  it.each([
    ["previous", [1, NaN, NaN, 4, NaN], [1, 1, 1, 4, 4]],
    ["linear", [1, NaN, NaN, 4, NaN], [1, 2, 3, 4, 4]],
    ["linear", [Number.MAX_VALUE, NaN, -Number.MAX_VALUE], [Number.MAX_VALUE, 0, -Number.MAX_VALUE]],
    ["refuse", [1, 2], [1, 2]],
  ] as const)("is filled: %s of %j", (fill, given, expected) => {
    const values = Float64Array.from(given);
    requireFillable("column", values, fill);
    const filled = fillInPlace(values, fill);
    values.forEach((x, i) => {
      expect(x).toBeCloseTo(expected[i], 12);
    });
    expect([...filled]).toEqual(given.map((x) => (Number.isNaN(x) ? 1 : 0)));
  });

  it.each([
    [
      "refuse",
      [1, NaN],
      /^"column\[1\]" expected a number, got none: the fill "previous" or "linear" puts one/,
    ],
    [
      "previous",
      [NaN, 1],
      /^"column\[0\]" expected a number, since there is none before it to fill it with, got none$/,
    ],
    ["linear", [NaN], /^"column\[0\]" expected a number, since/],
  ] as const)("is refused: %s of %j", (fill, given, message) => {
    expect(() => {
      requireFillable("column", Float64Array.from(given), fill);
    }).toThrow(message);
  });

  it.each<[string, unknown, RegExp]>([
    ["a text", ["1"], /^"x\[0\]" expected a number, got "1"$/],
    ["a hole", [1, undefined], /^"x\[1\]" expected a number, got undefined$/],
    [
      "infinity",
      [1, Infinity],
      /^"x\[1\]" expected a finite number, or NaN where it is missing, got Infinity$/,
    ],
    ["no list", 7, /^"x" expected an array of numbers, got 7$/],
    ["another length", [1], /^"x" expected 2 values, one a row, got 1$/],
  ])("is no number: %s", (_, given, message) => {
    expect(() =>
      readColumn("x", given, Array.isArray(given) && given.length === 1 && given[0] === 1 ? 2 : undefined),
    ).toThrow(message);
  });
});

describe("a season without dates", () => {
  const wave = (period: number, length: number, noise: number): Float64Array => {
    const random = new Random(1);
    return Float64Array.from(
      { length },
      (_, i) => Math.sin((2 * Math.PI * i) / period) + noise * (random.uniform() - 0.5) + 0.01 * i,
    );
  };

  it.each([
    [4, 60, 0],
    [7, 100, 0.2],
    [12, 200, 0.2],
    [50, 400, 0],
    [168, 1000, 0],
  ])("of %i rows is found among %i", (period, length, noise) => {
    expect(findSeason(wave(period, length, noise))).toBe(period);
  });

  it.each([
    ["a line", Float64Array.from({ length: 100 }, (_, i) => 3 * i)],
    ["noise", wave(1e9, 300, 1)],
    ["too few rows", wave(12, 20, 0)],
    ["a value", Float64Array.of(1)],
    ["nothing", new Float64Array()],
  ])("is none in %s", (_, values) => {
    expect(findSeason(values)).toBeUndefined();
  });
});
