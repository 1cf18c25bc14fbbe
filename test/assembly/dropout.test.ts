import { describe, expect, it } from "vitest";
import { createEngine, type Engine } from "../../src/memory/engine.js";
import { roundUp } from "../../src/memory/regions.js";
import { applyDropout } from "../../src/network/model/dropout.js";
import { Random } from "../../src/random.js";
import { builds } from "../builds.js";
import { Guarded, mismatch } from "./guarded.js";
import { fractions } from "./values.js";

const N = 1_000_000;

/**
 * Standard deviations. A mean or a correlation of 10^6 independent draws is further off in one of 1.7 million masks; the
 * masks are the same in every run.
 */
const MOST = 5;

function thresholdOf(p: number): number {
  return Math.round(p * 2 ** 32);
}

/** mask · 1 with factor 1 in a row of `count`: 1 where an element is kept. */
function maskOf(on: Guarded, p: number, key: number, first = 0, count = N): Float32Array {
  const x = on.output("x", 1, count, {}, new Float32Array(count).fill(1));
  on.engine.kernels.dropout(x.pointer, x.pointer, key, first, thresholdOf(p), 1, roundUp(count, 8));
  const mask = on.read(x);
  expect(on.finish()).toEqual([]);
  return mask;
}

function meanOf(mask: Float32Array): number {
  return mask.reduce((sum, x) => sum + x, 0) / mask.length;
}

/** How correlated two masks are of which each element is 1 with probability 1 − p, in standard deviations. */
function correlation(one: Float32Array, two: Float32Array, p: number): number {
  const kept = 1 - p;
  let sum = 0;
  for (let i = 0; i < one.length; i++) sum += (one[i] - kept) * (two[i] - kept);
  return sum / (p * kept) / Math.sqrt(one.length);
}

/** Far apart, next to each other, and of one bit each. */
const keys = [0, 1, 2, 3, 0xffff_ffff, 0x8000_0000, 0x9e37_79b9, 0x1234_5678, 0x1234_5679, 0x8000_0001];

describe.each(builds)("the dropout kernel, %s", (build) => {
  const on = new Guarded(build);

  it.each([0.1, 0.5, 0.9])("p = %d: keeps 1 − p of a million elements, evenly over them", (p) => {
    const variance = p * (1 - p);
    for (const key of keys) {
      const mask = maskOf(on, p, key);
      expect(mask.every((x) => x === 0 || x === 1)).toBe(true);
      expect(Math.abs(meanOf(mask) - (1 - p))).toBeLessThan(MOST * Math.sqrt(variance / N));
      // Of 1000 stretches of 1000, Σ (kept − mean)²/variance is χ² of 1000 degrees: 1000 ± √2000.
      let spread = 0;
      for (let at = 0; at < N; at += 1000) {
        spread += (meanOf(mask.subarray(at, at + 1000)) - (1 - p)) ** 2 / (variance / 1000);
      }
      expect(Math.abs(spread - 1000)).toBeLessThan(MOST * Math.sqrt(2000));
    }
  });

  it.each([0.1, 0.5, 0.9])("p = %d: masks of two keys are independent", (p) => {
    const masks = keys.map((key) => maskOf(on, p, key));
    for (const [i, one] of masks.entries()) {
      for (const two of masks.slice(i + 1)) expect(Math.abs(correlation(one, two, p))).toBeLessThan(MOST);
    }
  });

  it.each([0.1, 0.5, 0.9])(
    "p = %d: elements next to each other, in a row or a column, are independent",
    (p) => {
      for (const key of keys) {
        const mask = maskOf(on, p, key);
        for (const apart of [1, 2, 3, 4, 8, 16, 64, 1024, 65536]) {
          const found = correlation(mask.subarray(apart), mask.subarray(0, N - apart), p);
          expect(Math.abs(found)).toBeLessThan(MOST);
        }
      }
    },
  );

  it("masks of keys next to each other are independent, shifted by some elements too", () => {
    const masks = [0, 1, 2, 3].map((key) => maskOf(on, 0.5, key));
    for (const one of masks) {
      for (const two of masks) {
        for (let shift = 1; shift <= 4; shift++) {
          const found = correlation(one.subarray(shift), two.subarray(0, N - shift), 0.5);
          expect(Math.abs(found)).toBeLessThan(MOST);
        }
      }
    }
  });

  it("gives x · factor, rounded once, or 0; the same in place", () => {
    const random = new Random(31);
    for (const p of [0.1, 0.3, 0.5, 0.9, 0.999]) {
      for (const count of [1, 3, 4, 5, 8, 17, 64, 1000]) {
        const key = random.bits();
        const mask = maskOf(on, p, key, 0, count);
        const factor = Math.fround(1 / (1 - p));
        const values = fractions(random, count);
        const expected = values.map((x, i) => (mask[i] === 1 ? x * factor : 0));
        const from = on.input("from", 1, count, values);
        const to = on.output("to", 1, count);
        const same = on.output("both", 1, count, {}, values);
        const rest = [key, 0, thresholdOf(p), 1 / (1 - p), from.stride] as const;
        on.engine.kernels.dropout(to.pointer, from.pointer, ...rest);
        on.engine.kernels.dropout(same.pointer, same.pointer, ...rest);
        const found = [
          ...mismatch("to", on.read(to), expected),
          ...mismatch("both", on.read(same), expected),
        ];
        expect([...found, ...on.finish()]).toEqual([]);
      }
    }
  });

  it("gives the same mask again, and a window cut into stretches gives the whole one's, past 2^32 elements too", () => {
    const random = new Random(32);
    const count = 4096;
    for (const start of [0, 8, 2 ** 31 - 64, 2 ** 32 - 2048]) {
      for (let round = 0; round < 20; round++) {
        const key = random.bits();
        const whole = maskOf(on, 0.4, key, start, count);
        expect(new Set(whole).size).toBe(2);
        expect(mismatch("again", maskOf(on, 0.4, key, start, count), whole)).toEqual([]);
        for (let at = 0; at < count;) {
          const length = Math.min(count - at, 8 * (1 + random.integer(100)));
          const stretch = maskOf(on, 0.4, key, (start + at) % 2 ** 32, length);
          expect(mismatch(`from ${at}`, stretch, whole.subarray(at, at + length))).toEqual([]);
          at += length;
        }
      }
    }
  });

  it("keeps every element of p = 0", () => {
    for (const key of keys) expect(maskOf(on, 0, key).every((x) => x === 1)).toBe(true);
  });

  it("keeps what the other build keeps", () => {
    for (const key of keys) {
      const [one, two] = [on, new Guarded("simd")].map((guarded) => maskOf(guarded, 0.5, key, 0, 10_000));
      expect(mismatch("mask", one, two)).toEqual([]);
    }
  });
});

/** An engine that only notes what its dropout kernel was to do. */
function notingEngine() {
  const calls: Parameters<Engine["kernels"]["dropout"]>[] = [];
  const real = createEngine("simd");
  const dropout = (...values: (typeof calls)[number]): void => {
    calls.push(values);
  };
  return { engine: { ...real, kernels: { ...real.kernels, dropout } }, calls };
}

interface Mask {
  seed: number;
  window: number;
  index: number;
}

/** The keys of masks. */
function keysOf(masks: readonly Mask[]): number[] {
  const { engine, calls } = notingEngine();
  const region = { pointer: 4096, rows: 6, columns: 5, stride: 8 };
  for (const { seed, window, index } of masks) {
    applyDropout(engine, { probability: 0.5, seed, window }, index, region, region, 0);
  }
  return calls.map(([, , key]) => key);
}

describe("a network's masks", () => {
  const seeds = [0, 1, 2, 3, -1, -2, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1, 1 - 2 ** 53];

  it("have keys that all differ: by seed, window and layer, 17600 of them", () => {
    const masks = seeds.flatMap((seed) =>
      Array.from({ length: 1600 }, (_, i) => ({ seed, window: i >> 3, index: i % 8 })),
    );
    const found = keysOf(masks);
    expect(found.every((key) => Number.isInteger(key) && key >= 0 && key < 2 ** 32)).toBe(true);
    expect(new Set(found).size).toBe(17_600);
  });

  it("have keys that all differ in a training of 200000 windows, for each step of the hash can be undone", () => {
    for (const index of [0, 3]) {
      const masks = Array.from({ length: 200_000 }, (_, window) => ({ seed: 7, window, index }));
      expect(new Set(keysOf(masks)).size).toBe(200_000);
    }
  });

  it.each(builds)("are independent from window to window, layer to layer and seed to seed, %s", (build) => {
    const on = new Guarded(build);
    const near: Mask[] = [
      { seed: 0, window: 0, index: 0 },
      { seed: 0, window: 1, index: 0 },
      { seed: 0, window: 2, index: 0 },
      { seed: 0, window: 0, index: 1 },
      { seed: 0, window: 1, index: 1 },
      { seed: 1, window: 0, index: 0 },
      { seed: 1, window: 1, index: 0 },
    ];
    const masks = keysOf(near).map((key) => maskOf(on, 0.3, key));
    for (const [i, one] of masks.entries()) {
      for (const two of masks.slice(i + 1)) expect(Math.abs(correlation(one, two, 0.3))).toBeLessThan(MOST);
    }
  });

  it("start at the element of a window's first row, over rows with their padding", () => {
    const { engine, calls } = notingEngine();
    const region = { pointer: 4096, rows: 6, columns: 5, stride: 8 };
    const from = { ...region, pointer: 8192 };
    for (const [probability, threshold] of [
      [0.25, 2 ** 30],
      [0.5, 2 ** 31],
      [1 - 2 ** -40, 2 ** 32 - 1],
    ]) {
      for (const firstRow of [0, 3, 2 ** 29, 2 ** 29 + 5]) {
        applyDropout(engine, { probability, seed: 1, window: 2 }, 3, region, from, firstRow);
        const [to, source, , ...rest] = calls.pop() ?? [];
        expect([to, source]).toEqual([4096, 8192]);
        expect(rest).toEqual([(firstRow * 8) % 2 ** 32, threshold, 1 / (1 - probability), 48]);
      }
    }
  });
});
