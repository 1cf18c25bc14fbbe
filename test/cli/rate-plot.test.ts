import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plotRates, writeRate } from "../../src/cli/rate-plot.js";

const rates = Array.from({ length: 41 }, (_, i) => 10 ** (i / 10 - 4));
/** Flat, falls to 1 at 10^-1, and rises far above. */
const losses = Array.from({ length: 41 }, (_, i) => (i < 10 ? 3 : i <= 30 ? 3 - (i - 10) / 10 : i - 29));
const search = { rates, losses, suggestion: 0.01, diverged: true };

describe("losses against learning rates", () => {
  it("are a curve over a logarithmic axis, with the suggestion below it", () => {
    expect(plotRates(search, { width: 51, height: 6 }, true)).toEqual([
      "     3.3 |",
      "         |**************                  *",
      "         |              *****             *",
      "         |                   *****       *",
      "         |                        ****   *",
      "       1 |                            ***",
      "         +-----------------------------------------",
      "          1e-4      1e-3      1e-2      1e-1    1e0",
      "                              ^ 0.01",
    ]);
  });

  it("are dots of Braille where the terminal has them", () => {
    const lines = plotRates({ ...search, suggestion: 0.9 }, { width: 31, height: 3 }, false);
    expect(lines).toEqual([
      "     3.3 ┤⠒⠒⠒⠒⠒⠢⢄⡀        ⢰",
      "         ┤       ⠈⠑⠢⠤⣀    ⡎",
      "       1 ┤            ⠉⠒⠤⡠⠃",
      "         └─────────────────────",
      "          1e-4 1e-3 1e-2 1e-1",
      "                          0.9 ↑",
    ]);
  });

  it.each([
    ["no suggestion", { rates: [1, 2], losses: [1, 2], suggestion: undefined }, ["2", "1"]],
    ["nothing that changed", { rates: [1, 2, 4], losses: [5, 5, 5], suggestion: undefined }, ["10", "5"]],
    ["losses below 0", { rates: [1, 2, 4], losses: [-2, -4, -3], suggestion: 0.2 }, ["-1.7", "-4"]],
    ["large losses", { rates: [1, 2], losses: [2e9, 1e9], suggestion: 0.2 }, ["2e+9", "1e+9"]],
  ])("show the range of what is there: %s", (_, found, labels) => {
    const lines = plotRates({ ...found, diverged: false }, { width: 40, height: 4 }, true);
    expect(lines).toHaveLength(7);
    expect([lines[0], lines[3]].map((line) => line.slice(0, 8).trim())).toEqual(labels);
    expect(lines.slice(0, 4).join("")).toContain("*");
    expect(lines[6].includes("^")).toBe(found.suggestion !== undefined);
  });

  it("are not plotted where there are fewer than two", () => {
    const one = { rates: [1], losses: [1], suggestion: undefined, diverged: true };
    for (const found of [one, { ...one, rates: [], losses: [] }])
      expect(plotRates(found, { width: 40, height: 4 }, true)).toEqual(["(too few losses to plot)"]);
  });

  it("keep to their size, whatever was found", () => {
    const loss = fc.double({ min: -1e6, max: 1e12, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(loss, { minLength: 2, maxLength: 60 }),
        fc.integer({ min: -30, max: 20 }),
        fc.double({ min: 0, max: 3, noNaN: true }),
        fc.integer({ min: 20, max: 100 }),
        fc.integer({ min: 2, max: 14 }),
        fc.boolean(),
        (given, from, factor, width, height, ascii) => {
          const grown = given.map((_, i) => 10 ** (from + (i / given.length) * factor * 3));
          const found = { rates: grown, losses: given, suggestion: grown[1] / 10, diverged: false };
          const lines = plotRates(found, { width, height }, ascii);
          expect(lines).toHaveLength(height + 3);
          for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
          expect(lines.join("")).not.toMatch(/NaN|Infinity|undefined/);
        },
      ),
      { numRuns: 300 },
    );
  });
});

it.each([
  [0.0031622, "0.0032"],
  [12.34, "12"],
  [3.1622e-7, "3.2e-7"],
  [1, "1"],
  [3.21e-6, "3.2e-6"],
  [99_999, "1e+5"],
])("writes the rate %d as %s", (rate, text) => {
  expect(writeRate(rate)).toBe(text);
});
