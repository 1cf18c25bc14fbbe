import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { editDistance } from "../../src/index.js";
import { invoke, noNumbers } from "../network/untyped.js";

/** Of few values, so that many agree. */
const list = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 12 });

/** The definition, by recursion. */
function byDefinition(a: readonly number[], b: readonly number[]): number {
  if (a.length === 0 || b.length === 0) return a.length + b.length;
  const [restA, restB] = [a.slice(1), b.slice(1)];
  if (a[0] === b[0]) return byDefinition(restA, restB);
  return 1 + Math.min(byDefinition(restA, b), byDefinition(a, restB), byDefinition(restA, restB));
}

const codes = (text: string): number[] => Array.from(text, (letter) => letter.charCodeAt(0));

describe("editDistance", () => {
  it.each([
    ["", "", 0],
    ["", "abc", 3],
    ["kitten", "sitting", 3],
    ["saturday", "sunday", 3],
    ["abc", "bca", 2],
    ["aaaa", "aa", 2],
  ])("of %j and %j is %i", (a, b, distance) => {
    expect(editDistance(codes(a), codes(b))).toBe(distance);
  });

  it("is what its definition says", () => {
    const short = fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 6 });
    fc.assert(fc.property(short, short, (a, b) => editDistance(a, b) === byDefinition(a, b)));
  });

  it("is a metric", () => {
    fc.assert(
      fc.property(list, list, list, (a, b, c) => {
        const distance = editDistance(a, b);
        expect(distance === 0).toBe(a.join() === b.join());
        expect(editDistance(b, a)).toBe(distance);
        expect(editDistance(a, c)).toBeLessThanOrEqual(distance + editDistance(b, c));
      }),
    );
  });

  it("is between the difference of the lengths and the longer one's", () => {
    fc.assert(
      fc.property(list, list, (a, b) => {
        expect(editDistance(a, b)).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
        expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });

  it("is at most the number of edits that were made, and the same with more around both", () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat(2), fc.nat(3)), { maxLength: 5 });
    fc.assert(
      fc.property(list, edits, list, list, (a, made, before, after) => {
        const b = [...a];
        for (const [at, kind, value] of made) {
          const added = kind === 0 ? [] : [value];
          b.splice(at % (b.length + 1), kind === 1 ? 0 : 1, ...added);
        }
        const distance = editDistance(a, b);
        expect(distance).toBeLessThanOrEqual(made.length);
        expect(editDistance([...before, ...a, ...after], [...before, ...b, ...after])).toBe(distance);
      }),
    );
  });

  it("reads any list of numbers, −0 as 0", () => {
    expect(editDistance(Int32Array.of(1, 2, 3), Float32Array.of(1, 2))).toBe(1);
    expect(editDistance({ length: 1, 0: Infinity }, [Infinity])).toBe(0);
    expect(editDistance([0], [-0])).toBe(0);
  });

  const library = { editDistance };
  const noLists = [undefined, null, 5, "text", {}, () => 0, 1n, { length: "2" }];

  it.each(["a", "b"])("refuses what is no list of numbers for %s", (argument) => {
    const call = (value: unknown) => () =>
      invoke(library, "editDistance", ...(argument === "a" ? [value, [1]] : [[1], value]));
    for (const value of noLists) {
      expect(call(value)).toThrow(TypeError);
      expect(call(value)).toThrow(`"${argument}" expected an array of numbers, got `);
    }
    for (const element of noNumbers) {
      expect(call([1, element])).toThrow(TypeError);
      expect(call([1, element])).toThrow(new RegExp(`^"${argument}" expected numbers, got .* at 1$`));
    }
    expect(call([1, NaN])).toThrow(RangeError);
    expect(call({ length: -1 })).toThrow(RangeError);
    // A length alone takes no memory.
    expect(call({ length: 2 ** 50 })).toThrow(/got undefined at 0$/);
  });
});
