import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  isDimension,
  readDimension,
  typedValues,
  type Dimension,
  type ValueKind,
} from "../../../src/cli/sweep/dimensions.js";

const list = (name: string, values: string[], numeric = true): Dimension => ({
  kind: "list",
  name,
  values,
  numeric,
});

const kinds: readonly ValueKind[] = ["word", "whole", "decimal", "share", "seed"];

describe("what is varied", () => {
  it.each<[ValueKind, string, Dimension]>([
    ["whole", "64,128,256", list("x", ["64", "128", "256"])],
    ["whole", " 64, 128 ", list("x", ["64", "128"])],
    ["word", "gru,lstm", list("x", ["gru", "lstm"], false)],
    ["decimal", ".1,1e-3,2", list("x", [".1", "1e-3", "2"])],
    ["seed", "-1,0", list("x", ["-1", "0"])],
    [
      "decimal",
      "0.001..0.02",
      { kind: "range", name: "x", low: 0.001, high: 0.02, whole: false, even: false },
    ],
    ["decimal", "1e-4..1E-2", { kind: "range", name: "x", low: 1e-4, high: 1e-2, whole: false, even: false }],
    ["decimal", "0...5", { kind: "range", name: "x", low: 0, high: 0.5, whole: false, even: true }],
    ["whole", "32..512", { kind: "range", name: "x", low: 32, high: 512, whole: true, even: false }],
    ["whole", "0..8", { kind: "range", name: "x", low: 0, high: 8, whole: true, even: true }],
    ["share", "0.1..0.5", { kind: "range", name: "x", low: 0.1, high: 0.5, whole: false, even: true }],
    ["seed", "-5..5", { kind: "range", name: "x", low: -5, high: 5, whole: true, even: true }],
  ])("%s %s", (kind, text, dimension) => {
    expect(isDimension(kind, text)).toBe(true);
    expect(readDimension("x", kind, text)).toEqual(dimension);
  });

  it.each<[ValueKind, string]>([
    ["whole", "64"],
    ["decimal", "-0.5e-3"],
    ["word", "gru"],
    ["word", "a..b"],
  ])("not %s %s", (kind, text) => {
    expect(isDimension(kind, text)).toBe(false);
  });

  it.each<[ValueKind, string, RegExp]>([
    ["whole", "64,,128", /--x expects values with commas between them in a sweep, not "64,,128"/],
    ["word", "gru,", /--x expects values with commas/],
    ["whole", "64,128,64", /--x has 64 twice/],
    ["decimal", "0.1,.1", /--x has \.1 twice/],
    ["word", "gru,lstm,gru", /--x has gru twice/],
    ["whole", "9..3", /--x expects a range from less to more in a sweep, such as 1\.\.10, not "9\.\.3"/],
    ["whole", "3..3", /--x expects a range from less to more/],
    ["decimal", "1..", /--x expects a range from less to more/],
    ["decimal", "1..2..3", /--x expects a range from less to more/],
    ["decimal", "1..2,5", /--x expects a range from less to more/],
    ["decimal", "-1e308..1e308", /--x expects a range from less to more/],
    ["decimal", "0..Infinity", /--x expects a range from less to more/],
    ["whole", "1.5..3", /--x expects a range of whole numbers in a sweep, not "1\.5\.\.3"/],
    ["seed", "0..1e20", /--x expects a range of whole numbers/],
  ])("%s %s is refused", (kind, text, message) => {
    expect(() => readDimension("x", kind, text)).toThrow(message);
  });

  it("is a list of the very words that were typed", () => {
    const word = fc.stringMatching(/^[a-z][a-z-]{0,6}$/);
    fc.assert(
      fc.property(fc.uniqueArray(word, { minLength: 2 }), (words) => {
        expect(typedValues(readDimension("x", "word", words.join(",")))).toEqual(words);
      }),
    );
  });

  it("is any range of numbers, as they are written", () => {
    const ends = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 });
    fc.assert(
      fc.property(ends, ends, fc.constantFrom("decimal", "share"), (a, b, kind) => {
        fc.pre(a < b);
        const dimension = readDimension("x", kind, `${a}..${b}`);
        expect(dimension).toMatchObject({ kind: "range", low: Number(String(a)), high: Number(String(b)) });
        expect(typedValues(dimension)).toEqual([String(a), String(b)]);
      }),
    );
  });

  it("is read or refused with the option's name, whatever is typed", () => {
    const text = fc.string({ unit: fc.constantFrom(...Array.from("0129.,-e ab")), maxLength: 12 });
    fc.assert(
      fc.property(text, fc.constantFrom(...kinds), (typed, kind) => {
        fc.pre(isDimension(kind, typed));
        let dimension: Dimension;
        try {
          dimension = readDimension("x", kind, typed);
        } catch (error) {
          expect(String(error)).toContain("--x ");
          return;
        }
        const values = typedValues(dimension);
        expect(values.length).toBeGreaterThan(1);
        expect(new Set(values).size).toBe(values.length);
        if (dimension.kind === "range") expect(dimension.high).toBeGreaterThan(dimension.low);
      }),
      { numRuns: 1000 },
    );
  });
});
