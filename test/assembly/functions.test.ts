import { describe, expect, it } from "vitest";
import { roundUp } from "../../src/memory/regions.js";
import { Random } from "../../src/random.js";
import { builds } from "../builds.js";
import { Guarded } from "./guarded.js";

/** Below this magnitude results become 0. */
const LEAST = 2 ** -110;

const float = new Float32Array(1);
const bitsOfFloat = new Int32Array(float.buffer);

/** The spacing of float32 numbers at x. */
function ulp(x: number): number {
  float[0] = Math.abs(x);
  const exponent = Math.max(bitsOfFloat[0] >>> 23, 1);
  // Where x rounds up to a power of two, the spacing is that below it.
  const crossed = exponent > 1 && Math.abs(x) < 2 ** (exponent - 127);
  return 2 ** (exponent - (crossed ? 1 : 0) - 127 - 23);
}

/** Float32 numbers of one sign and one exponent (0: subnormal, 255: ∞ and NaN), their mantissas evenly at random. */
function numbersOf(random: Random, sign: 0 | 1, exponent: number, count: number): Float32Array {
  const bits = Int32Array.from(
    { length: count },
    () => (sign << 31) | (exponent << 23) | (random.bits() >>> 9),
  );
  // Both ends of the range too.
  bits[0] = (sign << 31) | (exponent << 23);
  bits[1] = bits[0] | 0x7fffff;
  return new Float32Array(bits.buffer);
}

/** Neighbouring float32 numbers, away from 0. */
function runFrom(start: number, count: number): Float32Array {
  float[0] = start;
  const first = bitsOfFloat[0];
  return new Float32Array(Int32Array.from({ length: count }, (_, i) => first + i).buffer);
}

const exponents = Array.from({ length: 255 }, (_, exponent) => exponent);
const signs = [0, 1] as const;

/** More numbers where tanh bends, 2^-20 … 16, than where it is x or ±1. */
function countAt(exponent: number): number {
  const power = exponent - 127;
  return power >= -20 && power < 4 ? 65536 : 2048;
}

function tanhOf(on: Guarded, x: Float32Array): Float32Array {
  const region = on.output("x", 1, x.length, {}, x);
  on.engine.kernels.tanhRow(region.pointer, region.pointer, on.engine.constants, x.length * 4);
  return on.read(region);
}

/** What tanh promises of one number that is not NaN; undefined when it is kept. */
function fault(x: number, y: number): string | undefined {
  const exact = Math.tanh(x);
  const error = Math.abs(y - exact) / ulp(exact);
  const kept =
    Math.abs(x) < LEAST
      ? y === 0
      : error <= 2.61 &&
        Math.sign(y) === Math.sign(x) &&
        Math.abs(y) <= 1 &&
        !(Math.abs(x) >= 9.02 && y !== Math.sign(x));
  return kept ? undefined : `tanh(${x}) = ${y}, expected ${exact}: ${error} ulp`;
}

describe.each(builds)("tanh, %s", (build) => {
  it("is at most 2.61 ulp off, keeps the sign, and is 0 below 2^-110 and ±1 from 9.02: 4 million numbers", () => {
    const random = new Random(5);
    const on = new Guarded(build);
    const faults: string[] = [];
    let count = 0;
    for (const exponent of exponents) {
      for (const sign of signs) {
        const x = numbersOf(random, sign, exponent, countAt(exponent));
        const y = tanhOf(on, x);
        for (let i = 0; i < x.length && faults.length < 9; i++) {
          const found = fault(x[i], y[i]);
          if (found !== undefined) faults.push(found);
        }
        faults.push(...on.finish());
        count += x.length;
      }
    }
    expect(faults).toEqual([]);
    expect(count).toBeGreaterThan(4e6);
  });

  it("is at most 2.61 ulp off where it is worst: next to 0.06242450699, in the plain build, and 0.06202325597, in the other", () => {
    const on = new Guarded(build);
    const x = [0.06242450699210167, 0.06202325597405434].flatMap((worst) =>
      Array.from({ length: 4096 }, (_, i) => worst * (1 + (i - 2048) * 2 ** -24)),
    );
    const around = Float32Array.from(x);
    const y = tanhOf(on, around);
    expect([...around].flatMap((value, i) => fault(value, y[i]) ?? [])).toEqual([]);
    expect(on.finish()).toEqual([]);
  });

  it.each([
    [0, 0],
    [-0, 0],
    [Infinity, 1],
    [-Infinity, -1],
    [NaN, NaN],
    [LEAST, LEAST],
    [-LEAST, -LEAST],
    [LEAST * (1 - 2 ** -24), 0],
    [2 ** -149, 0],
  ])("of %d is %d, in every lane", (x, expected) => {
    const on = new Guarded(build);
    for (let lane = 0; lane < 8; lane++) {
      const row = new Float32Array(8).fill(0.5);
      row[lane] = x;
      const y = tanhOf(on, row);
      expect(y[lane] + 0).toBe(expected);
      y[lane] = y[(lane + 1) % 8];
      expect(new Set(y).size, "the other lanes are not touched by this one").toBe(1);
    }
    expect(on.finish()).toEqual([]);
  });
});

function sigmoidOf(on: Guarded, x: Float32Array): Float32Array {
  const row = new Float32Array(roundUp(x.length, 8));
  row.set(x);
  const region = on.output("x", 1, row.length, {}, row);
  on.engine.kernels.sigmoidRow(region.pointer, on.engine.constants, row.length * 4);
  return on.read(region).subarray(0, x.length);
}

/** What σ promises of one number that is not NaN; undefined when it is kept. */
function sigmoidFault(x: number, y: number): string | undefined {
  const exact = 1 / (1 + Math.exp(-Math.max(-87, x)));
  const error = Math.abs(y - exact) / ulp(exact);
  const saturated = x < 16.64 || y === 1;
  return error <= SIGMOID_ULP && y > 0 && y <= 1 && saturated
    ? undefined
    : `σ(${x}) = ${y}, expected ${exact}: ${error} ulp`;
}

/** Measured over every float32: 2.481 in both builds, at −16.6357. */
const SIGMOID_ULP = 2.49;

describe.each(builds)("σ, %s", (build) => {
  it("is at most 2.49 ulp off and in (0, 1], 1 from 16.64 and σ(−87) below −87: 4 million numbers", () => {
    const random = new Random(9);
    const on = new Guarded(build);
    const faults: string[] = [];
    let count = 0;
    for (const exponent of exponents) {
      for (const sign of signs) {
        // σ bends from 2^-24, where it leaves 1/2, to 128.
        const power = exponent - 127;
        const x = numbersOf(random, sign, exponent, power >= -24 && power < 7 ? 65536 : 1024);
        const y = sigmoidOf(on, x);
        for (let i = 0; i < x.length && faults.length < 9; i++) {
          const found = sigmoidFault(x[i], y[i]);
          if (found !== undefined) faults.push(found);
        }
        faults.push(...on.finish());
        count += x.length;
      }
    }
    expect(faults).toEqual([]);
    expect(count).toBeGreaterThan(4e6);
  });

  it("is at most 2.49 ulp off next to −16.6357, where it is worst, and keeps the order of neighbours", () => {
    const on = new Guarded(build);
    const random = new Random(10);
    const starts = [-16.6357, -16.63553, -87, -24, -1, -0.5, 0.01, 0.5, 1, 8, 16.635, 87];
    starts.push(...Array.from({ length: 100 }, () => 34 * random.uniform() - 17));
    const faults: string[] = [];
    for (const start of starts) {
      const x = runFrom(start, 12_000);
      const y = sigmoidOf(on, x);
      for (let i = 0; i < x.length; i++) {
        const found = sigmoidFault(x[i], y[i]);
        if (found !== undefined) faults.push(found);
      }
      for (let i = 1; i < x.length; i++) {
        if (Math.sign(y[i] - y[i - 1]) * Math.sign(x[i] - x[i - 1]) < 0)
          faults.push(`not monotone at ${x[i]}`);
      }
      faults.push(...on.finish());
    }
    expect(faults.slice(0, 9)).toEqual([]);
  });

  const atLeast = 1.6458114e-38; // σ(−87)
  it.each([
    [0, 0.5],
    [-0, 0.5],
    [2 ** -149, 0.5],
    [-(2 ** -149), 0.5],
    [1e-9, 0.5],
    [-1e-9, 0.5],
    [17, 1],
    [87, 1],
    [87.00001, 1],
    [3.4e38, 1],
    [Infinity, 1],
    [-87, atLeast],
    [-87.00001, atLeast],
    [-3.4e38, atLeast],
    [-Infinity, atLeast],
    [NaN, NaN],
  ])("of %d is %d, in every lane", (x, expected) => {
    const on = new Guarded(build);
    for (let lane = 0; lane < 24; lane++) {
      const row = new Float32Array(24).fill(0.25);
      row[lane] = x;
      const y = sigmoidOf(on, row);
      // e^-87 itself within the bound; all others exactly.
      if (expected === atLeast) expect(Math.abs(y[lane] - expected)).toBeLessThanOrEqual(3 * ulp(expected));
      else expect(y[lane]).toBe(expected);
      y[lane] = y[(lane + 1) % 24];
      expect(new Set(y).size, "the other lanes are not touched by this one").toBe(1);
    }
    expect(on.finish()).toEqual([]);
  });
});

/** One row's cross-entropy with its first class, and the gradient. */
function crossEntropyOf(on: Guarded, row: Float32Array, scale: number) {
  const { kernels, constants } = on.engine;
  const x = on.output("x", 1, row.length, {}, row);
  const classes = on.integers("classes", [0]);
  const loss = kernels.crossEntropy(
    x.pointer,
    classes.pointer,
    0,
    constants,
    scale,
    0,
    1,
    x.columns,
    x.stride,
  );
  return { loss, gradient: on.read(x), faults: on.finish() };
}

function softmaxOf(on: Guarded, row: Float32Array): Float32Array {
  const x = on.output("x", 1, row.length, {}, row);
  on.engine.kernels.softmaxRows(x.pointer, on.engine.constants, 1, x.columns, x.stride);
  return on.read(x);
}

/** A row whose largest logit is 0, at its start, and what follows is negative: its exponentials are exp(x) themselves. */
function rowOf(random: Random, least: number, most: number): Float32Array {
  const row = Float32Array.from({ length: 200_000 }, () => least + (most - least) * random.uniform());
  row[0] = 0;
  return row;
}

function worstUlp(row: Float32Array, exponentials: Float32Array): number {
  let worst = 0;
  for (let i = 1; i < row.length; i++) {
    const exact = Math.exp(row[i]);
    worst = Math.max(worst, Math.abs(exponentials[i] - exact) / ulp(exact)); // a NaN stays
  }
  return worst;
}

describe.each(builds)("exp and ln, %s", (build) => {
  const on = new Guarded(build);

  it.each([
    [-1, 0],
    [-20, 0],
    [-76, -1],
    [-1e-3, 0],
    [-1e-9, -1e-12],
  ])("exp from %d to %d is at most 1.1 ulp off", (least, most) => {
    const row = rowOf(new Random(6), least, most);
    // The loss is ln Σ in float64, so Σ, a float32, is known exactly; with it as scale, p·scale is exp(x).
    const sum = Math.fround(Math.exp(crossEntropyOf(on, row, 1).loss));
    expect(sum).toBeGreaterThan(1);
    const { gradient, faults } = crossEntropyOf(on, row, sum);
    expect(worstUlp(row, gradient)).toBeLessThanOrEqual(1.1);
    expect(faults).toEqual([]);
  });

  it("exp from −87 to −76 is at most 1.1 ulp off, and below −87 it is 0", () => {
    // So small that Σ rounds to 1: p is exp(x).
    const row = rowOf(new Random(7), -86.99999, -76);
    expect(worstUlp(row, softmaxOf(on, row))).toBeLessThanOrEqual(1.1);
    const under = rowOf(new Random(8), -1e5, -87.00001);
    under.set([-3.4e38, -Infinity, -88, -104], 1);
    expect(softmaxOf(on, under).findLastIndex((p) => p !== 0)).toBe(0);
    expect(on.finish()).toEqual([]);
  });

  it("ln n, the loss of n equal logits, is at most 3 ulp of float64 off", () => {
    const wrong: string[] = [];
    for (const logit of [0, -1e4, 3e38]) {
      for (let n = 1; n <= 300; n++) {
        const { loss } = crossEntropyOf(on, new Float32Array(n).fill(logit), 1);
        // 2 ulp are promised; Math.log may be off by one itself.
        if (!(Math.abs(loss - Math.log(n)) <= 3 * 2 ** -52 * Math.log(n))) wrong.push(`ln ${n} = ${loss}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});
