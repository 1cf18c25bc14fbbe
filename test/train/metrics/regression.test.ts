import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { QuantileCoverage } from "../../../src/train/metrics/coverage.js";
import { RegressionMetrics, type RegressionResult } from "../../../src/train/metrics/regression.js";

interface Element {
  output: number;
  target: number;
}
interface Row {
  elements: Element[];
  weight: number;
}

const float = fc.double({ noNaN: true, min: -100, max: 100 }).map(Math.fround);
/** Targets that differ at all do so by 1/8 or more. */
const eighths = fc.integer({ min: -800, max: 800 }).map((x) => x / 8);

const rows = fc.integer({ min: 1, max: 4 }).chain((K) =>
  fc.tuple(
    fc.constant(K),
    fc.array(
      fc.record({
        elements: fc.array(
          fc.record({ output: float, target: fc.oneof(eighths, fc.constant(NaN), fc.constant(2)) }),
          { minLength: K, maxLength: K },
        ),
        weight: fc.oneof(fc.constant(0), fc.double({ min: 0.25, max: 4, noNaN: true }).map(Math.fround)),
      }),
      { maxLength: 24 },
    ),
  ),
);

function fill(
  metrics: RegressionMetrics,
  given: readonly Row[],
  part: number,
  weighted: boolean,
): RegressionResult {
  for (let from = 0; from < given.length; from += part) {
    const some = given.slice(from, from + part);
    const all = some.flatMap(({ elements }) => elements);
    metrics.add(
      Float32Array.from(all, ({ output }) => output),
      Float32Array.from(all, ({ target }) => target),
      weighted ? Float32Array.from(some, ({ weight }) => weight) : undefined,
    );
  }
  return metrics.result();
}

/** An element with its weight. */
interface Weighed extends Element {
  w: number;
}

function errorsOf(all: readonly Weighed[]) {
  const sum = (of: (one: Weighed) => number): number =>
    all.reduce((total, one) => total + one.w * of(one), 0);
  const weight = sum(() => 1);
  const mean = sum(({ target }) => target) / weight;
  const counted = all.filter(({ w }) => w > 0);
  const varies = counted.some(({ target }) => target !== counted[0].target);
  const spread = sum(({ target }) => (target - mean) ** 2);
  const square = sum(({ output, target }) => (output - target) ** 2);
  return {
    weight,
    mae: sum(({ output, target }) => Math.abs(output - target)) / weight,
    rmse: Math.sqrt(square / weight),
    r2: varies ? 1 - square / spread : NaN,
  };
}

/** What sums of at most 100 terms lose in float64: 100·2^-53 of them. */
const SUMS = 1e-13;
/**
 * The spread about a running mean loses √(1 + ȳ²/variance) times as much (Chan et al. 1983): at most 1.6e4 here, where one
 * of 24 targets is 1/8 apart, of a sixteenth of the others' weight, and ȳ is 100.
 */
const SPREADS = 1e-9;

/** Equal up to a tolerance, relative above 1; or both NaN. */
function expectNear(found: number, expected: number, tolerance = SUMS): void {
  if (Number.isNaN(expected)) expect(found).toBeNaN();
  else expect(Math.abs(found - expected)).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(expected)));
}

describe("regression metrics", () => {
  it("are what their definitions say, whatever the parts they come in", () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 9 }), fc.boolean(), ([K, given], part, weighted) => {
        const found = fill(new RegressionMetrics({ targets: K }), given, part, weighted);
        const columns = Array.from({ length: K }, (_, k) =>
          given
            .map(({ elements, weight }) => ({ ...elements[k], w: weighted ? weight : 1 }))
            .filter(({ target }) => !Number.isNaN(target)),
        );
        const each = columns.map(errorsOf);
        const all = errorsOf(columns.flat());
        expect(found.count).toBe(columns.flat().length);
        expectNear(found.weight, all.weight);
        expectNear(found.meanAbsoluteError, all.mae);
        expectNear(found.rootMeanSquaredError, all.rmse);
        each.forEach(({ mae, rmse, r2 }, k) => {
          expectNear(found.perOutput.meanAbsoluteError[k], mae);
          expectNear(found.perOutput.rootMeanSquaredError[k], rmse);
          expectNear(found.perOutput.rSquared[k], r2, SPREADS);
        });
        const defined = [...found.perOutput.rSquared].filter((r2) => !Number.isNaN(r2));
        const mean = defined.reduce((total, r2) => total + r2, 0) / defined.length;
        if (defined.length === 0) expect(found.rSquared).toBeNaN();
        else expect(found.rSquared).toBe(mean);
      }),
      { numRuns: 500 },
    );
  });

  it("take the variance of targets far from 0 to its digits", () => {
    // 2^20 ± 1/2: their squares' sum, 10^16, has no digit left for the spread.
    const count = 10_000;
    const targets = Float32Array.from({ length: count }, (_, i) => 2 ** 20 + (i % 2) - 0.5);
    const metrics = new RegressionMetrics({ targets: 1 });
    metrics.add(
      targets.map((x, i) => x + (i % 4 < 2 ? 0.25 : -0.25)),
      targets,
    );
    const { rSquared, rootMeanSquaredError } = metrics.result();
    expect(rootMeanSquaredError).toBe(0.25);
    // Spread 1/4, error 1/16; the running mean is right to 2^-33, a step's share of the spread with it.
    expect(Math.abs(rSquared - 0.75)).toBeLessThan(1e-9);
  });

  it("have no R² where targets do not vary, whatever their weights", () => {
    fc.assert(
      fc.property(
        float,
        fc.array(fc.double({ min: 0, max: 9, noNaN: true }), { minLength: 1, maxLength: 30 }),
        (target, weights) => {
          const metrics = new RegressionMetrics({ targets: 1 });
          const values = Float32Array.from(weights, () => target);
          metrics.add(values, values, Float32Array.from(weights));
          expect(metrics.result().rSquared).toBeNaN();
          expect(metrics.result().count).toBe(weights.length);
        },
      ),
    );
  });

  it("give an example done by hand its values", () => {
    const metrics = new RegressionMetrics({ targets: 2 });
    metrics.add(Float32Array.of(0, 2, -1, 2, 8, -5), Float32Array.of(0.5, 1, -1, 1, 7, -6));
    const { rSquared, perOutput, meanAbsoluteError } = metrics.result();
    // Output 0: errors 0.25 + 0 + 1 of a spread of 36.1666…; output 1: 3 of 32.6666…
    expectNear(perOutput.rSquared[0], 1 - 1.25 / (217 / 6));
    expectNear(perOutput.rSquared[1], 1 - 3 / (98 / 3));
    expectNear(rSquared, (2 - 1.25 / (217 / 6) - 3 / (98 / 3)) / 2);
    expect(meanAbsoluteError).toBe(0.75);
  });

  it("measure one level of quantiles", () => {
    const [K, Q] = [2, 3];
    const outputs = Float32Array.of(1, 2, 3, 10, 20, 30, 4, 5, 6, 40, 50, 60);
    const values = Float32Array.of(0, 0, 0, NaN);
    for (let q = 0; q < Q; q++) {
      const metrics = new RegressionMetrics({ targets: K, stride: Q, offset: q });
      metrics.add(outputs, values);
      expect(metrics.result().perOutput.meanAbsoluteError).toEqual(
        Float64Array.of((outputs[q] + outputs[6 + q]) / 2, outputs[3 + q]),
      );
    }
  });
});

describe("the coverage of quantiles", () => {
  it("is the weighted share of targets at or below each level", () => {
    const cases = fc
      .record({ K: fc.integer({ min: 1, max: 3 }), Q: fc.integer({ min: 1, max: 4 }) })
      .chain(({ K, Q }) => {
        const digit = fc.integer({ min: 0, max: 3 });
        const row = fc.record({
          outputs: fc.array(digit, { minLength: K * Q, maxLength: K * Q }),
          values: fc.array(fc.oneof(digit, fc.constant(NaN)), { minLength: K, maxLength: K }),
          weight: digit,
        });
        return fc.tuple(fc.constant(K), fc.constant(Q), fc.array(row, { maxLength: 12 }));
      });
    fc.assert(
      fc.property(cases, fc.boolean(), ([K, Q, given], weighted) => {
        const coverage = new QuantileCoverage(K, Q);
        for (const { outputs, values, weight } of given) {
          const weights = weighted ? Float32Array.of(weight) : undefined;
          coverage.add(Float32Array.from(outputs), Float32Array.from(values), weights);
        }
        const elements = given.flatMap(({ outputs, values, weight }) =>
          values.map((value, k) => ({
            value,
            own: outputs.slice(k * Q, k * Q + Q),
            w: weighted ? weight : 1,
          })),
        );
        const sum = (which: (one: (typeof elements)[number]) => boolean): number =>
          elements.filter(which).reduce((total, { w }) => total + w, 0);
        expect(coverage.result()).toEqual(
          Float64Array.from(
            { length: Q },
            (_, q) => sum(({ value, own }) => value <= own[q]) / sum(({ value }) => !Number.isNaN(value)),
          ),
        );
      }),
    );
  });

  it("is about the level where the quantiles are right", () => {
    // Targets 1, 2, … 100 and their own 10th and 90th percentiles.
    const coverage = new QuantileCoverage(1, 2);
    for (let target = 1; target <= 100; target++)
      coverage.add(Float32Array.of(10, 90), Float32Array.of(target));
    expect(coverage.result()).toEqual(Float64Array.of(0.1, 0.9));
  });
});
