import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plotLogarithmic, showsUnicode } from "../../src/cli/plot.js";
import { share, size } from "../../src/cli/format.js";

const falling = Array.from({ length: 41 }, (_, lag) => 10 ** (-lag / 10));

describe("a plot on a logarithmic axis", () => {
  it("has a straight line where values fall geometrically", () => {
    expect(plotLogarithmic(falling, { width: 29, height: 5 }, true, "back")).toEqual([
      "   1e0 |***",
      "  1e-1 |   *****",
      "  1e-2 |        *****",
      "  1e-3 |             *****",
      "  1e-4 |                  ***",
      "       +---------------------",
      "        0        20   40 back",
    ]);
  });

  it("draws dots of Braille, finer", () => {
    expect(plotLogarithmic([1, 0.1], { width: 18, height: 2 }, false, "back").slice(0, 2)).toEqual([
      "   1e0 ┤⠉⠒⠢⢄⣀",
      "  1e-1 ┤     ⠉⠑⠢⠤⣀",
    ]);
  });

  it("leaves out what is zero, not finite, or eight decades down", () => {
    const lines = plotLogarithmic(
      [1, NaN, 1e-3, 1e-3, 0, Infinity, 1e-30],
      { width: 40, height: 9 },
      true,
      "",
    );
    const stars = lines.slice(0, 9).join("").replace(/[^*]/g, "");
    expect(lines[0]).toMatch(/^ {3}1e0 \|\*$/);
    expect(stars.length).toBeLessThan(12);
    expect(plotLogarithmic([0, NaN], { width: 40, height: 9 }, true, "")).toEqual(["(nothing above zero)"]);
  });

  it("keeps to its size, whatever the values", () => {
    const value = fc.oneof(fc.double({ min: 0, noNaN: true }), fc.constantFrom(0, 1e-300, 1, NaN, Infinity));
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 20, max: 100 }),
        fc.integer({ min: 2, max: 14 }),
        fc.boolean(),
        (values, width, height, ascii) => {
          const lines = plotLogarithmic(values, { width, height }, ascii, "back");
          if (lines.length === 1) return;
          expect(lines).toHaveLength(height + 2);
          for (const line of lines.slice(0, -1)) expect(line.length).toBeLessThanOrEqual(width);
        },
      ),
      { numRuns: 200 },
    );
  });

  it.each([
    [{ LANG: "en_GB.UTF-8" }, "linux", true],
    [{ LC_ALL: "C", LANG: "en_GB.UTF-8" }, "linux", false],
    [{ LC_CTYPE: "de_DE.utf8" }, "darwin", true],
    [{}, "linux", false],
    [{ LANG: "C.UTF-8", TERM: "dumb" }, "linux", false],
    [{ WT_SESSION: "x" }, "win32", true],
    [{ LANG: "C.UTF-8" }, "win32", false],
  ])("%j on %s: Unicode %s", (environment, platform, expected) => {
    expect(showsUnicode(environment, platform)).toBe(expected);
  });
});

describe("figures for people", () => {
  it.each([
    [0, "0 %"],
    [1e-9, "< 0.1 %"],
    [0.0123, "1.2 %"],
    [0.0999, "10 %"],
    [0.5, "50 %"],
    [40, "4,000 %"],
    [Infinity, "∞"],
    [NaN, "?"],
  ])("%d is %s", (value, expected) => {
    expect(share(value)).toBe(expected);
  });

  it.each([
    [1, "1 kB"],
    [123456, "121 kB"],
    [3 * 1024 * 1024, "3.0 MB"],
    [64 * 1024 * 1024, "64 MB"],
  ])("%d bytes are %s", (bytes, expected) => {
    expect(size(bytes)).toBe(expected);
  });
});
