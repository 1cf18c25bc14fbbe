import { describe, expect, it } from "vitest";
import { matrix, roundUp, type Region } from "../../src/memory/regions.js";
import { Random } from "../../src/random.js";
import { builds } from "../builds.js";
import { EPSILON } from "../oracle/norm.js";
import { Guarded, mismatch, rounding, unit } from "./guarded.js";
import { padBlocks } from "./gated-windows.js";
import { fractions, integers, sizes } from "./values.js";

/** Below this magnitude results become 0. */
const LEAST = 2 ** -110;

/** What the kernel takes for its `pass`. */
const Pass = { forward: 0, backward: 1, tangent: 2 } as const;

interface Case {
  rows: number;
  blocks: number;
  units: number;
}

/** Values, [rows, blocks·units], as the kernels' rows of padded blocks hold them; what is past a row's blocks belongs to nobody. */
function place(
  on: Guarded,
  name: string,
  { rows, blocks, units }: Case,
  values: Float32Array,
  more: number,
): Region {
  const stride = roundUp(units, 8);
  const columns = blocks * stride;
  return on.output(
    name,
    rows,
    columns,
    { stride: columns + more, zeros: columns },
    padBlocks(values, units, stride),
  );
}

/** The values of padded blocks, and what is wrong with their padding. */
function read(
  on: Guarded,
  name: string,
  region: Region,
  { units }: Case,
): { values: Float32Array; faults: string[] } {
  const stride = roundUp(units, 8);
  const all = on.read(region);
  const faults = [...all].flatMap((x, i) =>
    i % stride >= units && x !== 0 ? [`${name}: padding is ${x} at ${i}`] : [],
  );
  return { values: all.filter((_, i) => i % stride < units), faults };
}

/** [rows, 8], of which the first is each row's 1/σ; the others belong to nobody. */
function placeScales(on: Guarded, { rows }: Case, values?: Float32Array): Region {
  return on.output("scales", rows, 1, { stride: 8, zeros: 1 }, values);
}

const mean = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, x) => sum + x, 0) / values.length;
const magnitude = (values: ArrayLike<number>): number => mean(Array.from(values, Math.abs));

/** x̂ and 1/σ of a row, and how far float32 may be from them: Higham's γ for the sums, first order in u. */
function normalized(x: Float64Array): {
  normal: Float64Array;
  bound: Float64Array;
  scale: number;
  scaleBound: number;
} {
  const n = x.length;
  const d = x.map((value) => value - mean(x));
  const variance = mean(d.map((value) => value * value));
  const scale = 1 / Math.sqrt(variance + EPSILON);
  const dError = rounding(n + 2) * magnitude(x);
  const varianceError =
    2 * magnitude(d) * (dError + unit * magnitude(d)) + dError ** 2 + rounding(n + 4) * variance;
  // ε itself is rounded, and so are the sum, the root and the quotient.
  const relative = (0.5 * varianceError) / (variance + EPSILON) + 4 * unit;
  const normal = d.map((value) => value * scale);
  const bound = normal.map((value) => scale * dError + Math.abs(value) * (relative + 3 * unit) + LEAST);
  return { normal, bound, scale, scaleBound: 2 * relative * scale };
}

/** (w − mean(w) − x̂·mean(w ⊙ x̂))·scale, and how far float32 may be from it. */
function projected(
  w: Float64Array,
  normal: Float64Array,
  scale: number,
): { d: Float64Array; bound: Float64Array } {
  const n = w.length;
  const products = w.map((value, i) => value * normal[i]);
  const [centre, along] = [mean(w), mean(products)];
  const [centreError, alongError] = [rounding(n + 3) * magnitude(w), rounding(n + 4) * magnitude(products)];
  const d = w.map((value, i) => (value - centre - normal[i] * along) * scale);
  const bound = w.map((value, i) => {
    const terms = Math.abs(value) + Math.abs(centre) + Math.abs(normal[i] * along);
    return Math.abs(scale) * (centreError + Math.abs(normal[i]) * alongError + rounding(6) * terms) + LEAST;
  });
  return { d, bound };
}

const cases = sizes.flatMap((units) => [1, 2, 4].map((blocks) => ({ units, blocks })));
const row = (values: Float32Array, r: number, n: number): Float64Array =>
  Float64Array.from(values.subarray(r * n, (r + 1) * n));

describe.each(builds)("layer normalisation, %s", (build) => {
  const on = new Guarded(build, 8);
  const { kernels, constants } = on.engine;

  /** One row after the other, by a function of the row's number that gives values and bounds. */
  function expectRows(
    what: string,
    actual: Float32Array,
    { rows }: Case,
    of: (r: number) => { values: ArrayLike<number>; bounds: ArrayLike<number> },
  ): string[] {
    const n = actual.length / rows;
    return Array.from({ length: rows }, (_, r) => of(r)).flatMap(({ values, bounds }, r) =>
      mismatch(`${what} of row ${r}`, actual.subarray(r * n, (r + 1) * n), values, bounds),
    );
  }

  it.each(cases)("$blocks blocks of $units: x̂, 1/σ, and z + g ⊙ x̂", ({ units, blocks }) => {
    const random = new Random(units * 10 + blocks);
    for (const rows of [1, 2, 5]) {
      for (const [spread, centre] of [
        [1, 0],
        [0.01, 1],
        [100, -3],
        [0, 5],
        [1e-25, 0],
      ]) {
        const given = { rows, blocks, units };
        const n = blocks * units;
        const x = fractions(random, rows * n, spread).map((value) => value + centre);
        const [z, g] = [fractions(random, rows * n), fractions(random, n, 2)];
        const [xs, zs, scales] = [
          place(on, "x", given, x, 8),
          place(on, "z", given, z, 16),
          placeScales(on, given),
        ];
        const stride = roundUp(units, 8);
        const gain = on.input("gain", 1, blocks * stride, padBlocks(g, units, stride));
        kernels.normalizeRows(
          ...([zs.pointer, xs.pointer, xs.pointer, scales.pointer, gain.pointer, constants] as const),
          ...([Pass.forward, rows, blocks, units, stride, zs.stride, xs.stride] as const),
        );
        const [normal, sums] = [read(on, "x", xs, given), read(on, "z", zs, given)];
        const expected = (r: number) => normalized(row(x, r, n));
        const faults = [
          ...normal.faults,
          ...sums.faults,
          ...expectRows("x̂", normal.values, given, (r) => ({
            values: expected(r).normal,
            bounds: expected(r).bound,
          })),
          ...expectRows("1/σ", on.read(scales), given, (r) => ({
            values: [expected(r).scale],
            bounds: [expected(r).scaleBound],
          })),
          ...expectRows("z", sums.values, given, (r) => {
            const own = row(normal.values, r, n);
            const before = row(z, r, n);
            const values = own.map((value, i) => before[i] + g[i] * value);
            return {
              values,
              bounds: own.map((value, i) => rounding(3) * (Math.abs(before[i]) + Math.abs(g[i] * value))),
            };
          }),
          ...on.finish(),
        ];
        expect(faults).toEqual([]);
      }
    }
  });

  it.each(cases)(
    "$blocks blocks of $units: the gradient of x, and the tangent of g ⊙ x̂",
    ({ units, blocks }) => {
      const random = new Random(units * 10 + blocks);
      for (const rows of [1, 2, 5]) {
        const given = { rows, blocks, units };
        const n = blocks * units;
        const [d, x, z] = [
          fractions(random, rows * n),
          fractions(random, rows * n, 2),
          fractions(random, rows * n),
        ];
        const g = fractions(random, n, 2);
        const scale = fractions(random, rows, 3);
        const stride = roundUp(units, 8);
        const [from, normal] = [place(on, "d", given, d, 16), place(on, "x̂", given, x, 8)];
        const nothing = new Float32Array(rows * n).fill(NaN);
        const [to, sum] = [place(on, "dx", given, nothing, 8), place(on, "dz", given, z, 24)];
        const scales = placeScales(on, given, scale);
        const gain = on.input("gain", 1, blocks * stride, padBlocks(g, units, stride));
        const args = [normal.pointer, scales.pointer, gain.pointer, constants] as const;
        const lengths = [rows, blocks, units, stride] as const;
        const backward = [Pass.backward, ...lengths, from.stride, to.stride] as const;
        kernels.normalizeRows(from.pointer, to.pointer, ...args, ...backward);
        const back = read(on, "dx", to, given);
        const same = read(on, "d", from, given);
        // dx of the tangent must lie as x̂ does.
        const along = place(on, "along", given, d, 8);
        const tangent = [Pass.tangent, ...lengths, sum.stride, along.stride] as const;
        kernels.normalizeRows(sum.pointer, along.pointer, ...args, ...tangent);
        const ahead = read(on, "dx̂", along, given);
        const forth = read(on, "dz", sum, given);
        const faults = [
          ...back.faults,
          ...same.faults,
          ...ahead.faults,
          ...forth.faults,
          ...mismatch("d after backward", same.values, d),
          ...expectRows("dx̂", ahead.values, given, (r) => {
            const { d: values, bound: bounds } = projected(row(d, r, n), row(x, r, n), scale[r]);
            return { values, bounds };
          }),
          ...expectRows("dx", back.values, given, (r) => {
            const w = row(d, r, n).map((value, i) => value * g[i]);
            const { d: values, bound: bounds } = projected(w, row(x, r, n), scale[r]);
            return { values, bounds };
          }),
          ...expectRows("dz", forth.values, given, (r) => {
            const { d: own, bound } = projected(row(d, r, n), row(x, r, n), scale[r]);
            const before = row(z, r, n);
            const values = own.map((value, i) => before[i] + g[i] * value);
            const terms = own.map((value, i) => Math.abs(before[i]) + Math.abs(g[i] * value));
            return { values, bounds: bound.map((one, i) => Math.abs(g[i]) * one + rounding(3) * terms[i]) };
          }),
          ...on.finish(),
        ];
        expect(faults).toEqual([]);
      }
    },
  );

  it("leaves neither x̂ nor gradients below 2^-110, and passes NaN on to the whole row", () => {
    const random = new Random(4);
    const given = { rows: 1, blocks: 2, units: 9 };
    const stride = matrix(1, given.units).stride;
    for (let power = -60; power > -149; power--) {
      const x = fractions(random, 18, 2 ** power);
      const [xs, zs] = [place(on, "x", given, x, 0), place(on, "z", given, new Float32Array(18), 0)];
      const gain = on.input("gain", 1, 2 * stride, padBlocks(fractions(random, 18), 9, stride));
      const scales = placeScales(on, given);
      const args = [xs.pointer, scales.pointer, gain.pointer, constants] as const;
      const lengths = [1, 2, 9, stride, zs.stride, xs.stride] as const;
      kernels.normalizeRows(zs.pointer, xs.pointer, ...args, Pass.forward, ...lengths);
      const dx = place(on, "dx", given, new Float32Array(18), 0);
      const dz = place(on, "dz", given, fractions(random, 18, 2 ** power), 0);
      kernels.normalizeRows(dz.pointer, dx.pointer, ...args, Pass.backward, ...lengths);
      const along = place(on, "along", given, fractions(random, 18, 2 ** power), 0);
      kernels.normalizeRows(zs.pointer, along.pointer, ...args, Pass.tangent, ...lengths);
      for (const region of [xs, dx, along]) {
        expect([...on.read(region)].filter((value) => value !== 0 && Math.abs(value) < LEAST)).toEqual([]);
      }
      expect(on.finish()).toEqual([]);
    }
    for (let at = 0; at < 18; at++) {
      const x = fractions(random, 18);
      x[at] = NaN;
      const [xs, zs] = [place(on, "x", given, x, 0), place(on, "z", given, new Float32Array(18), 0)];
      const gain = on.input("gain", 1, 2 * stride, padBlocks(fractions(random, 18), 9, stride));
      kernels.normalizeRows(
        ...([zs.pointer, xs.pointer, xs.pointer, placeScales(on, given).pointer, gain.pointer] as const),
        ...([constants, Pass.forward, 1, 2, 9, stride, zs.stride, xs.stride] as const),
      );
      expect([...on.read(xs)].filter((_, i) => i % stride < 9).every(Number.isNaN)).toBe(true);
      on.finish(); // padding turns into NaN · 0 where values do
    }
  });

  it("adds up columns' products, and sums", () => {
    const random = new Random(5);
    for (const rows of [0, 1, 7, 8, 9, 30]) {
      for (const width of [8, 24]) {
        const [x, y, start] = [
          integers(random, rows * width),
          integers(random, rows * width),
          integers(random, width),
        ];
        const expected = (by: (i: number) => number): number[] =>
          Array.from(start, (s, c) =>
            Array.from({ length: rows }, (_, r) => by(r * width + c)).reduce((a, b) => a + b, s),
          );
        const xs = on.input("x", rows, width, x, { stride: width + 8, zeros: width });
        const ys = on.input("y", rows, width, y, { stride: width + 16, zeros: width });
        const [products, sums] = [on.output("p", 1, width, {}, start), on.output("s", 1, width, {}, start)];
        kernels.addColumnProducts(
          products.pointer,
          xs.pointer,
          ys.pointer,
          rows,
          width,
          xs.stride,
          ys.stride,
        );
        kernels.addColumnProducts(sums.pointer, xs.pointer, 0, rows, width, xs.stride, 0);
        expect([...on.read(products)]).toEqual(expected((i) => x[i] * y[i]));
        expect([...on.read(sums)]).toEqual(expected((i) => x[i]));
        expect(on.finish()).toEqual([]);
      }
    }
  });
});
