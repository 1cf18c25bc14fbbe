import { describe, expect, it } from "vitest";
import { Random } from "../../src/random.js";
import { builds } from "../builds.js";
import { oracleLoss } from "../oracle/loss.js";
import { Guarded, mismatch, rounding, unit } from "./guarded.js";
import { fractions, sizes } from "./values.js";

/** Below this magnitude a gradient becomes 0. */
const LEAST = 2 ** -110;

interface Loss {
  loss: number;
  gradient: Float32Array;
}

function crossEntropy(
  on: Guarded,
  x: Float32Array,
  columns: number,
  classes: Int32Array,
  scale: number,
): Loss {
  const { kernels, constants } = on.engine;
  const rows = classes.length;
  const logits = on.output("logits", rows, columns, {}, x);
  const targets = on.integers("classes", classes);
  const { pointer, stride } = logits;
  const loss = kernels.crossEntropy(pointer, targets.pointer, 0, constants, scale, 0, rows, columns, stride);
  return { loss, gradient: on.read(logits) };
}

function squaredError(
  on: Guarded,
  x: Float32Array,
  columns: number,
  values: Float32Array,
  scale: number,
): Loss {
  const { kernels, constants } = on.engine;
  const rows = values.length / columns;
  const outputs = on.output("outputs", rows, columns, {}, x);
  const targets = on.input("targets", rows, columns, values);
  const { pointer, stride } = outputs;
  const loss = kernels.squaredError(pointer, targets.pointer, 0, constants, scale, rows, stride);
  return { loss, gradient: on.read(outputs) };
}

/**
 * How far float32 may take a row's probabilities, relative to each, and its loss. Of each d = max − x the rounding is
 * u·d (past 104 the exponential is 0), of its exponential 1.1 ulp ≤ 2.2 u; both pass on to the sum, whose additions (a
 * lane's, then three) come on top.
 */
function errorBounds(row: Float32Array): { each: Float64Array; sum: number } {
  const largest = Math.max(...row);
  const each = Float64Array.from(row, (x) => unit * (Math.min(largest - x, 104) + 2.2));
  const weights = Float64Array.from(row, (x) => Math.exp(x - largest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const passed = weights.reduce((sum, weight, i) => sum + weight * each[i], 0) / total;
  return { each, sum: (passed + rounding(Math.ceil(row.length / 4) + 4)) * 1.001 };
}

/** [T·B] rows of classes against the oracle, the gradient times `scale`. */
function expectCrossEntropy(
  on: Guarded,
  x: Float32Array,
  columns: number,
  classes: Int32Array,
  scale: number,
): void {
  const { loss, gradient } = crossEntropy(on, x, columns, classes, scale);
  const outputs = Float64Array.from(x);
  const oracle = oracleLoss(outputs, columns, [classes.length], { classes }, "sum");
  const expected = oracle.gradient.map((d) => d * Math.fround(scale));
  let lossBound = 1e-14 * oracle.loss;
  const bound = new Float64Array(x.length);
  for (let r = 0; r < classes.length; r++) {
    if (classes[r] < 0) continue;
    const { each, sum } = errorBounds(x.subarray(r * columns, (r + 1) * columns));
    lossBound += sum;
    for (let k = 0; k < columns; k++) {
      const p =
        outputs.length === 0 ? 0 : Math.abs(expected[r * columns + k] + (k === classes[r] ? scale : 0));
      // scale/Σ, its product with p, and the subtraction of the target are rounded too; what is tiny is flushed.
      bound[r * columns + k] =
        p * (each[k] + sum + 3 * unit) * 1.001 + unit * Math.abs(expected[r * columns + k]) + LEAST;
    }
  }
  expect([
    ...mismatch("gradient", gradient, expected, bound),
    ...mismatch("loss", [loss], [oracle.loss], [lossBound]),
    ...on.finish(),
  ]).toEqual([]);
}

const ranges = [1e-3, 1, 30, 1e4, 1e30];

describe.each(builds)("crossEntropy, %s", (build) => {
  const on = new Guarded(build);

  it.each(sizes)("is the oracle's for %i columns, rows without a target included", (columns) => {
    const random = new Random(columns);
    for (const rows of sizes) {
      for (const range of ranges) {
        const classes = Int32Array.from({ length: rows }, () => random.integer(columns + 1) - 1);
        expectCrossEntropy(on, fractions(random, rows * columns, range), columns, classes, 1 / rows);
      }
    }
  });

  it.each([
    ["all equal", [2, 2, 2, 2, 2], 3],
    ["one column", [-7], 0],
    ["far apart, the class above", [1e4, -1e4, 0], 0],
    ["far apart, the class below", [1e4, -1e4, 0], 1],
    ["at the ends of float32", [3.4e38, -3.4e38, 0], 1],
    ["one −∞, of another class", [1, -Infinity, 2], 0],
  ])("is the oracle's for logits %s", (_name, logits, target) => {
    const row = Float32Array.from(logits);
    expectCrossEntropy(on, row, row.length, Int32Array.of(target), 0.5);
  });

  it("has rows of gradients whose sum is 0, but for each one's rounding", () => {
    const random = new Random(9);
    for (const columns of sizes) {
      const { gradient } = crossEntropy(on, fractions(random, columns, 3), columns, Int32Array.of(0), 1);
      // Σ p is off by what the sum, the factor and each product are; the target's −1 is exact.
      const bound = rounding(Math.ceil(columns / 4) + 4 + 3);
      expect(Math.abs(gradient.reduce((sum, d) => sum + d, 0))).toBeLessThanOrEqual(bound);
      expect(on.finish()).toEqual([]);
    }
  });

  it.each([
    ["NaN", NaN],
    ["∞", Infinity],
  ])("of a %s logit is not finite, wherever it stands", (_name, bad) => {
    for (let at = 0; at < 9; at++) {
      for (let target = 0; target < 9; target++) {
        const row = fractions(new Random(at), 9);
        row[at] = bad;
        const { loss } = crossEntropy(on, row, 9, Int32Array.of(target), 1);
        on.finish(); // the padding is not kept when the row is not finite
        expect(loss, `at ${at}, class ${target}`).not.toSatisfy(Number.isFinite);
      }
    }
  });

  it("of all −∞ is NaN, and of −∞ at the class ∞", () => {
    const none = new Float32Array(5).fill(-Infinity);
    expect(crossEntropy(on, none, 5, Int32Array.of(1), 1).loss).toBeNaN();
    none[0] = 1;
    expect(crossEntropy(on, none, 5, Int32Array.of(1), 1).loss).toBe(Infinity);
    on.finish();
  });

  it("looks at no logit of a row without a target", () => {
    const row = Float32Array.of(NaN, Infinity, 1, NaN, 2, 3, 4, 5, 6);
    const { loss, gradient } = crossEntropy(on, row, 3, Int32Array.of(-1, -1, 2), 1);
    expect(loss).toBeCloseTo(Math.log(1 + Math.exp(-1) + Math.exp(-2)), 6);
    expect([...gradient.subarray(0, 6)]).toEqual([0, 0, 0, 0, 0, 0]);
    expect(on.finish()).toEqual([]);
  });
});

describe.each(builds)("softmaxRows, %s", (build) => {
  const on = new Guarded(build);

  it.each(sizes)("of %i columns has rows of probabilities whose sum is 1", (columns) => {
    const random = new Random(columns);
    for (const range of ranges) {
      const x = fractions(random, 5 * columns, range);
      const region = on.output("x", 5, columns, {}, x);
      on.engine.kernels.softmaxRows(region.pointer, on.engine.constants, 5, columns, region.stride);
      const p = on.read(region);
      for (let r = 0; r < 5; r++) {
        const row = x.subarray(r * columns, (r + 1) * columns);
        const largest = Math.max(...row);
        const weights = Float64Array.from(row, (value) => Math.exp(value - largest));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const { each, sum } = errorBounds(row);
        const expected = weights.map((weight) => weight / total);
        // e^-87 is the least exponential that is not 0.
        const bound = expected.map((value, i) => value * (each[i] + sum + 2 * unit) * 1.001 + Math.exp(-87));
        const actual = p.subarray(r * columns, (r + 1) * columns);
        expect(mismatch("p", actual, expected, bound)).toEqual([]);
        const whole = actual.reduce((all, value) => all + value, 0);
        expect(Math.abs(whole - 1)).toBeLessThanOrEqual(rounding(columns + 3));
      }
      expect(on.finish()).toEqual([]);
    }
  });
});

describe.each(builds)("squaredError, %s", (build) => {
  const on = new Guarded(build);

  it.each(sizes)("is the oracle's for %i columns, values without a target included", (columns) => {
    const random = new Random(columns);
    for (const rows of sizes) {
      for (const range of [1e-3, 1, 1e15]) {
        const x = fractions(random, rows * columns, range);
        const values = fractions(random, rows * columns, range).map((value) =>
          random.integer(4) === 0 ? NaN : value,
        );
        const { loss, gradient } = squaredError(on, x, columns, values, 1 / rows);
        const oracle = oracleLoss(Float64Array.from(x), columns, [rows], { values }, "sum");
        const expected = oracle.gradient.map((d) => d * Math.fround(1 / rows));
        // The difference is rounded, and its product with the factor; squares and their sum are in float64.
        const bound = expected.map((d) => Math.abs(d) * rounding(2) + LEAST);
        const lossBound = oracle.loss * (2.1 * unit);
        expect([
          ...mismatch("gradient", gradient, expected, bound),
          ...mismatch("loss", [loss], [oracle.loss], [lossBound]),
          ...on.finish(),
        ]).toEqual([]);
      }
    }
  });

  it("is 0 where the target is NaN, whatever stands there", () => {
    const x = Float32Array.of(NaN, Infinity, -Infinity, 1, 3);
    const { loss, gradient } = squaredError(on, x, 5, Float32Array.of(NaN, NaN, NaN, NaN, 1), 1);
    expect(loss).toBe(4);
    expect([...gradient]).toEqual([0, 0, 0, 0, 4]);
    expect(on.finish()).toEqual([]);
  });

  it.each([NaN, Infinity, -Infinity])("of an output of %d with a target is not finite", (bad) => {
    for (let at = 0; at < 8; at++) {
      const x = new Float32Array(8);
      x[at] = bad;
      const { loss, gradient } = squaredError(on, x, 8, new Float32Array(8), 1);
      expect(loss).not.toSatisfy(Number.isFinite);
      expect(gradient[at]).not.toSatisfy(Number.isFinite);
      expect(on.finish()).toEqual([]);
    }
  });
});
