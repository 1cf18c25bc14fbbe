import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ctcDecode, editDistance, type CtcDecodeOptions } from "../../src/index.js";
import { Random } from "../../src/random.js";
import { fractions } from "../assembly/values.js";
import { invoke, impostors, misstated, noNumbers } from "../network/untyped.js";
import { collapse, ctcByStates, pathsOf } from "../oracle/ctc.js";
import { oraclePrefixBeam } from "../oracle/prefix-beam.js";

interface Sequence {
  steps: number;
  width: number;
  blank: number;
  /** [T, O]. */
  logits: Float32Array;
}

function lossOf({ logits, width, blank }: Sequence, labels: readonly number[]): number {
  return ctcByStates({ logits: Float64Array.from(logits), width, labels, blank }).loss;
}

/** The least loss of any labels that there can be. */
function leastLoss(given: Sequence): number {
  const { steps, width, blank } = given;
  const all = new Map<string, number[]>();
  for (const path of pathsOf(steps, width)) {
    const labels = collapse(path, blank);
    all.set(labels.join(), labels);
  }
  return Math.min(...[...all.values()].map((labels) => lossOf(given, labels)));
}

function decode({ steps, blank, logits }: Sequence, beam?: number): number[] {
  return [...ctcDecode(logits, { steps, batch: 1, blank, ...(beam === undefined ? {} : { beam }) })[0]];
}

/** Up to 6 steps of up to 4 classes. */
function drawSmall(seed: number): Sequence {
  const random = new Random(seed);
  const [steps, width] = [1 + random.integer(6), 1 + random.integer(4)];
  const range = [0.1, 1, 3, 30, 1e4][seed % 5];
  const logits = fractions(random, steps * width, range);
  // Equal ones too.
  if (random.integer(4) === 0) logits.forEach((x, i) => (logits[i] = Math.round((2 * x) / range)));
  return { steps, width, blank: random.integer(width), logits };
}

/** Logits of a path that is `sure`, and noise. */
function logitsOf(random: Random, path: readonly number[], width: number, sure: number): Float32Array {
  const noise = fractions(random, path.length * width);
  path.forEach((k, t) => (noise[t * width + k] += sure));
  return noise;
}

describe("ctcDecode", () => {
  it.each([
    [[0, 1, 1, 0, 2], 0, [1, 2]],
    [[1, 0, 1], 0, [1, 1]],
    [[1, 1, 1], 0, [1]],
    [[0, 0], 0, []],
    [[0, 2, 0], 2, [0, 0]],
    [[3, 2, 3, 3, 1], 1, [3, 2, 3]],
  ])("takes the best path %j with the blank %i for the labels %j", (path, blank, labels) => {
    const logits = logitsOf(new Random(1), path, 4, 3);
    expect(decode({ steps: path.length, width: 4, blank, logits })).toEqual(labels);
  });

  it("finds the likeliest labels of all with a beam that holds them all, 500 times", () => {
    let better = 0;
    for (let seed = 0; seed < 500; seed++) {
      const given = drawSmall(seed);
      const found = lossOf(given, decode(given, 10_000));
      const least = leastLoss(given);
      // Sums of the same numbers in another order; with logits of 1e4 their logarithms are near 1e5.
      expect(Math.abs(found - least)).toBeLessThanOrEqual(1e-13 * (1e5 + least));
      const greedy = lossOf(given, decode(given));
      expect(greedy).toBeGreaterThanOrEqual(found - 1e-8);
      if (greedy > found + 1e-3) better++;
    }
    expect(better).toBeGreaterThan(50);
  });

  it("adds up paths where the best one alone misleads (Graves 2012, figure 7.5)", () => {
    const logits = Float32Array.of(Math.log(0.6), Math.log(0.4), Math.log(0.6), Math.log(0.4));
    const given = { steps: 2, width: 2, blank: 0, logits };
    expect(decode(given)).toEqual([]); // 0.36
    expect(decode(given, 2)).toEqual([1]); // 0.16 + 2 · 0.24
  });

  it.each([1, 2, 3, 5, 9, 30])("is the oracle's search with a beam of %i", (beam) => {
    // Long enough for prefixes to leave the beam and to come back, while longer ones stayed.
    for (let seed = 0; seed < 60; seed++) {
      const random = new Random(100 * beam + seed);
      const [steps, width] = [20 + random.integer(20), 3 + random.integer(3)];
      const logits = fractions(random, steps * width, [0.3, 1, 3][seed % 3]);
      const blank = random.integer(width);
      const found = decode({ steps, width, blank, logits }, beam);
      expect(found).toEqual(oraclePrefixBeam(logits, width, blank, beam));
    }
  });

  it("finds labels that are sure in a long sequence, with any beam and none", () => {
    const random = new Random(3);
    const labels = Array.from({ length: 120 }, () => 1 + random.integer(29));
    const path = labels.flatMap((label) => [label, label, 0].slice(0, 2 + random.integer(2)).concat(0));
    const given = { steps: path.length, width: 30, blank: 0, logits: logitsOf(random, path, 30, 12) };
    for (const beam of [undefined, 1, 4, 25]) expect(editDistance(decode(given, beam), labels)).toBe(0);
  });

  it("decodes each sequence of a batch up to its length, whatever stands behind it", () => {
    const [steps, batch, width] = [7, 4, 5];
    const sizes = fc.array(fc.integer({ min: 1, max: steps }), { minLength: batch, maxLength: batch });
    fc.assert(
      fc.property(
        sizes,
        fc.nat(),
        fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
        (ends, seed, beam) => {
          const outputs = fractions(new Random(seed), steps * batch * width, 2);
          const expected = ends.map((length, b) => {
            const rows = Array.from({ length }, (_, t) => {
              const start = (t * batch + b) * width;
              return [...outputs.subarray(start, start + width)];
            });
            return decode({ steps: length, width, blank: 2, logits: Float32Array.from(rows.flat()) }, beam);
          });
          for (let t = 0; t < steps; t++)
            for (let b = 0; b < batch; b++)
              if (t >= ends[b]) outputs.fill(NaN, (t * batch + b) * width, (t * batch + b + 1) * width);
          const before = outputs.slice();
          const options = { steps, batch, lengths: Int32Array.from(ends), blank: 2 };
          const found = ctcDecode(outputs, beam === undefined ? options : { ...options, beam });
          expect(found.every((labels) => labels instanceof Int32Array)).toBe(true);
          expect(found.map((labels) => [...labels])).toEqual(expected);
          expect(outputs).toEqual(before);
        },
      ),
    );
  });

  it("knows no step's scale: what is added to all logits of a step changes nothing", () => {
    for (let seed = 0; seed < 100; seed++) {
      const given = drawSmall(5 * seed + 2);
      const shifted = given.logits.map((x, i) => Math.round(64 * x) / 64 + 8 * Math.floor(i / given.width));
      const logits = given.logits.map((x) => Math.round(64 * x) / 64);
      for (const beam of [undefined, 3]) {
        expect(decode({ ...given, logits: shifted }, beam)).toEqual(decode({ ...given, logits }, beam));
      }
    }
  });

  it.each([
    { what: "one step of two labels", logits: [0, 5, 5], best: [1], narrow: [1], wide: [1] },
    // [1] and [2] have three paths each of nine, [] has one; with a beam of 1 the empty start is never left.
    { what: "all equal", logits: [0, 0, 0, 0, 0, 0], best: [], narrow: [], wide: [1] },
    { what: "two classes the likeliest", logits: [0, 5, 5, 0, 5, 5], best: [1], narrow: [1], wide: [1] },
  ])("takes the first of equals: $what", ({ logits, best, narrow, wide }) => {
    const given = { steps: logits.length / 3, width: 3, blank: 0, logits: Float32Array.from(logits) };
    expect(decode(given)).toEqual(best);
    expect(decode(given, 1)).toEqual(narrow);
    for (const beam of [2, 3, 50]) expect(decode(given, beam)).toEqual(wide);
  });

  it("is right for logits at the ends of float32", () => {
    const [high, low] = [3.4e38, -3.4e38];
    const logits = Float32Array.from([high, low, low, low, high, low, low, high, low, low, low, high]);
    for (const beam of [undefined, 1, 100])
      expect(decode({ steps: 4, width: 3, blank: 0, logits }, beam)).toEqual([1, 2]);
  });

  const library = { ctcDecode };
  const six = new Float32Array(6);
  const good = { steps: 3, batch: 1 };
  type Refusal = [argument: string, error: typeof TypeError | typeof RangeError, calls: readonly unknown[][]];
  const withOption = (name: keyof CtcDecodeOptions, values: readonly unknown[]): unknown[][] =>
    values.map((value) => [six, { ...good, [name]: value }]);
  const notWhole = [-1, 1.5, NaN, Infinity, 2 ** 53];
  const refusals: Refusal[] = [
    [
      "outputs",
      TypeError,
      [undefined, null, 5, "text", [1], new Float64Array(6), ...impostors(six)].map((x) => [x, good]),
    ],
    ["outputs", RangeError, [0, 1, 5, 7].map((length) => [new Float32Array(length), good])],
    ["outputs", RangeError, [[misstated(new Float32Array(7), 6), good]]],
    ["outputs", RangeError, [NaN, Infinity, -Infinity].map((x) => [Float32Array.of(0, 0, 0, x, 0, 0), good])],
    ["options", TypeError, [undefined, null, 5, "text", []].map((options) => [six, options])],
    ["steps", TypeError, withOption("steps", noNumbers)],
    ["steps", RangeError, withOption("steps", [0, ...notWhole])],
    ["batch", TypeError, withOption("batch", noNumbers)],
    ["batch", RangeError, withOption("batch", [0, ...notWhole])],
    ["lengths", TypeError, withOption("lengths", [null, 1, [1], Float32Array.of(1)])],
    [
      "lengths",
      RangeError,
      withOption(
        "lengths",
        [[], [0], [-1], [4], [1, 1]].map((x) => Int32Array.from(x)),
      ),
    ],
    ["blank", TypeError, withOption("blank", noNumbers.slice(1))],
    ["blank", RangeError, withOption("blank", [2, ...notWhole])],
    ["beam", TypeError, withOption("beam", noNumbers.slice(1))],
    ["beam", RangeError, withOption("beam", [0, ...notWhole])],
  ];

  it.each(refusals)("refuses a bad %s with a %o", (argument, error, calls) => {
    for (const given of calls) {
      expect(() => invoke(library, "ctcDecode", ...given)).toThrow(error);
      expect(() => invoke(library, "ctcDecode", ...given)).toThrow(`"${argument}" expected `);
    }
  });

  it("says where an output is not finite", () => {
    const outputs = Float32Array.of(0, 0, 0, 0, 0, NaN, 0, 0);
    expect(() => ctcDecode(outputs, { steps: 2, batch: 2 })).toThrow(
      /^"outputs" expected finite numbers, got NaN at \[1, 0, 1\]$/,
    );
    expect(() => ctcDecode(outputs, { steps: 3, batch: 2 })).toThrow(
      /^"outputs" expected a multiple of 6 values \(\[T=3, B=2, O\]\), got 8$/,
    );
  });
});
