import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as library from "../../../src/train/schedules/schedules.js";
import {
  constantSchedule,
  cosineSchedule,
  exponentialSchedule,
  linearSchedule,
  stepSchedule,
  type Schedule,
} from "../../../src/train/schedules/schedules.js";
import { halfCosine } from "../../../src/train/schedules/decay.js";
import { power } from "../../../src/train/schedules/schedule.js";
import { adam } from "../../../src/optimize/adam.js";
import { train } from "../../../src/train/train.js";
import { invoke } from "../../network/untyped.js";
import { collect, tokenNetwork, tokenWindow } from "../windows.js";

/** Checked by hand against the formulas; √½ and √2 are of cos π/4. A step, and the rate of its update. */
type Table = [step: number, rate: number][];

// prettier-ignore
const tables: [name: string, schedule: Schedule, table: Table][] = [
  ["constant", constantSchedule({ rate: 0.3 }), [[0, 0.3], [1, 0.3], [1e15, 0.3]]],
  ["constant, warmed up in 3", constantSchedule({ rate: 0.4, warmUp: 3 }), [[0, 0.1], [1, 0.2], [2, 0.3], [3, 0.4], [4, 0.4], [99, 0.4]]],
  ["steps of 3", stepSchedule({ rate: 0.5, every: 3 }), [[0, 0.5], [2, 0.5], [3, 0.05], [5, 0.05], [6, 0.005], [9, 0.0005], [3e9, 0]]],
  ["steps of 1, halved", stepSchedule({ rate: 1, every: 1, factor: 0.5 }), [[0, 1], [1, 0.5], [2, 0.25], [10, 1 / 1024]]],
  ["steps to nothing", stepSchedule({ rate: 1, every: 2, factor: 0 }), [[1, 1], [2, 0], [9, 0]]],
  ["exponential", exponentialSchedule({ rate: 0.2, factor: 0.9 }), [[0, 0.2], [1, 0.18], [2, 0.162], [3, 0.1458], [1e9, 0]]],
  ["exponential over 4", exponentialSchedule({ rate: 1, factor: 0.25, every: 4 }), [[0, 1], [1, Math.SQRT1_2], [2, 0.5], [3, Math.SQRT1_2 / 2], [4, 0.25], [6, 0.125], [8, 0.0625]]],
  ["exponential that stays", exponentialSchedule({ rate: 3, factor: 1, every: 7 }), [[0, 3], [5, 3], [700, 3]]],
  ["cosine", cosineSchedule({ rate: 0.8, steps: 4 }), [[0, 0.8], [1, 0.4 * (1 + Math.SQRT1_2)], [2, 0.4], [3, 0.4 * (1 - Math.SQRT1_2)], [4, 0], [5, 0], [1e12, 0]]],
  ["cosine of 6 after 2", cosineSchedule({ rate: 1.2, steps: 8, warmUp: 2, least: 0.2 }), [[0, 0.4], [1, 0.8], [2, 1.2], [4, 0.95], [5, 0.7], [6, 0.45], [8, 0.2], [99, 0.2]]],
  ["line", linearSchedule({ rate: 1, steps: 5 }), [[0, 1], [1, 0.8], [2, 0.6], [3, 0.4], [4, 0.2], [5, 0], [6, 0]]],
  ["line of 4 after 1", linearSchedule({ rate: 1, steps: 5, warmUp: 1, least: 0.2 }), [[0, 0.5], [1, 1], [2, 0.8], [3, 0.6], [4, 0.4], [5, 0.2], [99, 0.2]]],
];

describe("a schedule's rates are those of the table", () => {
  it.each(tables)("%s", (_, schedule, table) => {
    for (const [step, rate] of table) expect(schedule(step), `step ${step}`).toBeCloseTo(rate, 14);
  });
});

/** Down to 2^-900, since subnormal numbers round by far more than an ulp. */
const rates = fc.oneof(fc.constant(0), fc.double({ min: 2 ** -900, max: 1e3, noNaN: true }));
const counts = fc.integer({ min: 1, max: 5000 });
const decays = [cosineSchedule, linearSchedule] as const;

describe("what falls to an end", () => {
  it("warms up, falls and never rises, from the whole rate to the least, both exactly", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...decays),
        rates,
        fc.double({ min: 0, max: 1, noNaN: true }),
        counts,
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (make, rate, share, steps, warm) => {
          const [least, warmUp] = [rate * share, Math.floor(steps * warm)];
          const schedule = make({ rate, steps, warmUp, least });
          const given = Array.from({ length: steps + 2 }, (_, step) => schedule(step));
          // A product and a sum are rounded to either side: two ulp of the rate.
          const rounding = rate * 2 ** -51;
          given.forEach((value, step) => {
            if (step === 0) return;
            if (step <= warmUp) expect(value).toBeGreaterThanOrEqual(given[step - 1]);
            else expect(value).toBeLessThanOrEqual(given[step - 1] + rounding);
          });
          expect(given[warmUp]).toBe(rate);
          expect(given.slice(steps)).toEqual([least, least]);
          for (const value of given.slice(warmUp)) expect(value).toBeGreaterThanOrEqual(least - rounding);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("takes a cosine of its own, exact at both ends and within 4e-16", () => {
    expect([0, 1].map(halfCosine)).toEqual([1, 0]);
    const expected = (t: number): number => (1 + Math.cos(Math.PI * t)) / 2;
    const errors = Array.from({ length: 100_001 }, (_, i) =>
      Math.abs(halfCosine(i / 100_000) - expected(i / 100_000)),
    );
    expect(errors.reduce((most, error) => Math.max(most, error))).toBeLessThan(4e-16);
  });
});

describe("what falls by a factor", () => {
  it("agrees with Math.pow within 1e-12 of itself", () => {
    const factors = fc.double({ min: 1e-300, max: 1, noNaN: true });
    fc.assert(
      fc.property(factors, counts, fc.nat(20_000), (factor, every, step) => {
        const near = (given: number, expected: number): void => {
          // Below, numbers have fewer digits.
          if (expected > 1e-290) expect(Math.abs(given / expected - 1)).toBeLessThan(1e-12);
          else expect(given).toBeLessThan(1e-289);
        };
        near(stepSchedule({ rate: 1, every, factor })(step), factor ** Math.floor(step / every));
        near(exponentialSchedule({ rate: 1, factor, every })(step), factor ** (step / every));
      }),
    );
  });

  it("is that of a product, factor by factor, where it is exact", () => {
    for (let n = 0; n <= 1000; n++) expect(power(0.5, n)).toBe(2 ** -n);
    expect([power(0, 0), power(0, 3), power(1, Number.MAX_SAFE_INTEGER)]).toEqual([1, 0, 1]);
  });
});

// prettier-ignore
const refused: [name: string, options: object, message: string][] = [
  ["constantSchedule", { rate: -1 }, `"rate" expected a finite number at least 0 and at most 1e+30, got -1`],
  ["constantSchedule", { rate: 1, warmUp: 0.5 }, `"warmUp" expected an integer of at least 0, got 0.5`],
  ["constantSchedule", {}, `"rate" expected a number, got undefined`],
  ["stepSchedule", { rate: 1 }, `"every" expected an integer, got undefined`],
  ["stepSchedule", { rate: 1, every: 0 }, `"every" expected an integer of at least 1, got 0`],
  ["stepSchedule", { rate: 1, every: 2, factor: 1.5 }, `"factor" expected a finite number at least 0 and at most 1, got 1.5`],
  ["exponentialSchedule", { rate: 1, factor: 0 }, `"factor" expected a finite number at least 1e-300 and at most 1, got 0`],
  ["exponentialSchedule", { rate: 1, factor: 1, every: NaN }, `"every" expected an integer of at least 1, got NaN`],
  ["cosineSchedule", { rate: Infinity, steps: 1 }, `"rate" expected a finite number at least 0 and at most 1e+30, got Infinity`],
  ["cosineSchedule", { rate: 1, steps: 0 }, `"steps" expected an integer of at least 1, got 0`],
  ["cosineSchedule", { rate: 1, steps: 5, warmUp: 5 }, `"warmUp" expected an integer from 0 to 4, got 5`],
  ["linearSchedule", { rate: 1, steps: 5, least: 2 }, `"least" expected a finite number at least 0 and at most 1, got 2`],
];

describe("a bad option", () => {
  it.each(refused)("%s %j", (name, options, message) => {
    expect(() => invoke(library, name, options)).toThrow(message);
  });

  it.each(tables)("a step that is no number of updates: %s", (_, schedule) => {
    for (const step of [-1, 0.5, NaN, Infinity])
      expect(() => schedule(step)).toThrow(`"step" expected an integer of at least 0, got ${step}`);
    expect(() => invoke({ schedule }, "schedule", "1")).toThrow(`"step" expected an integer, got "1"`);
  });
});

it("train follows one, update by update", async () => {
  const schedule = cosineSchedule({ rate: 0.1, steps: 6, warmUp: 2 });
  const { events } = await collect(
    train(tokenNetwork(), [tokenWindow()], { optimizer: adam(), schedule, maxSteps: 8 }),
  );
  const used = events.filter(({ epochEnd }) => !epochEnd).map(({ learningRate }) => learningRate);
  expect(used).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map(schedule));
  expect(used.slice(6)).toEqual([0, 0]);
});
