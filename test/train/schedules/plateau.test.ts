import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../../src/errors.js";
import {
  beginPlateau,
  plateauSchedule,
  type PlateauScheduleOptions,
  type PlateauState,
} from "../../../src/train/schedules/plateau.js";
import { followOf, requireSchedule } from "../../../src/train/schedules/follow.js";
import { invoke } from "../../network/untyped.js";

/** The rates after each of the losses. */
function ratesAfter(options: PlateauScheduleOptions, losses: readonly number[]): number[] {
  const run = beginPlateau(plateauSchedule(options));
  return losses.map((loss) => {
    run.observe(loss);
    return run.rate;
  });
}

const half = { rate: 1, factor: 0.5 };
// prettier-ignore
const tables: [name: string, options: PlateauScheduleOptions, steps: [loss: number, rate: number][]][] = [
  ["improving", { ...half, patience: 1 }, [[5, 1], [4, 1], [3.9, 1], [0, 1], [-7, 1]]],
  ["patience 1: at once", { ...half, patience: 1 }, [[5, 1], [5, 0.5], [6, 0.25], [4, 0.25], [4, 0.125]]],
  ["patience 3: in a row", { ...half, patience: 3 }, [[5, 1], [6, 1], [6, 1], [4, 1], [4, 1], [4, 1], [4, 0.5], [5, 0.5], [5, 0.5], [5, 0.25]]],
  ["an improvement that is too small", { ...half, patience: 2, minImprovement: 1 }, [[5, 1], [4.5, 1], [4, 0.5], [3.9, 0.5], [3.8, 0.5], [2.9, 0.25]]],
  ["a cooldown of 2, in which the best is still kept", { ...half, patience: 1, cooldown: 2 }, [[5, 1], [5, 0.5], [6, 0.5], [3, 0.5], [4, 0.25]]],
  ["a cooldown longer than patience", { ...half, patience: 2, cooldown: 3 }, [[5, 1], [5, 1], [5, 0.5], [5, 0.5], [5, 0.5], [5, 0.5], [5, 0.5], [5, 0.25]]],
  ["down to the least", { ...half, patience: 1, least: 0.3 }, [[5, 1], [5, 0.5], [5, 0.3], [5, 0.3]]],
  ["down to nothing", { rate: 1, factor: 0, patience: 1 }, [[5, 1], [5, 0], [5, 0]]],
];

describe("the rate falls", () => {
  it.each(tables)("%s", (_, options, steps) => {
    const losses = steps.map(([loss]) => loss);
    expect(ratesAfter(options, losses)).toEqual(steps.map(([, rate]) => rate));
  });

  it("by 0.1 after 10 validations by default", () => {
    const rates = ratesAfter({ rate: 1 }, new Array<number>(21).fill(2));
    expect(rates.map((rate) => (rate > 0.99 ? 0 : rate > 0.09 ? 1 : 2))).toEqual([
      ...new Array<number>(10).fill(0),
      ...new Array<number>(10).fill(1),
      2,
    ]);
  });

  it("as ReduceLROnPlateau's algorithm has it, whose patience is one less", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -5, max: 5 }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 0, max: 4 }),
        fc.constantFrom(0, 1, 2),
        (losses, patience, cooldown, minImprovement) => {
          const options = { ...half, patience, cooldown, minImprovement, least: 2 ** -6 };
          expect(ratesAfter(options, losses)).toEqual(reduceOnPlateau(options, losses));
        },
      ),
      { numRuns: 500 },
    );
  });
});

/** PyTorch's published algorithm, line by line: halving is exact, so that its products are ours. */
function reduceOnPlateau(
  options: Required<Omit<PlateauScheduleOptions, "rate">>,
  losses: readonly number[],
): number[] {
  let [rate, best, bad, cooling] = [1, Infinity, 0, 0];
  return losses.map((loss) => {
    if (loss < best - options.minImprovement) {
      best = loss;
      bad = 0;
    } else bad += 1;
    if (cooling > 0) {
      cooling -= 1;
      bad = 0;
    }
    if (bad > options.patience - 1) {
      rate = Math.max(rate * options.factor, options.least);
      cooling = options.cooldown;
      bad = 0;
    }
    return rate;
  });
}

describe("a description", () => {
  it("is frozen, shows its options, and serves two trainings that know nothing of each other", () => {
    const schedule = plateauSchedule({ rate: 1, patience: 1 });
    expect(schedule).toEqual({
      ...{ name: "plateau", rate: 1, factor: 0.1, patience: 1, minImprovement: 0, cooldown: 0, least: 0 },
    });
    expect(Object.isFrozen(schedule)).toBe(true);
    const [a, b] = [beginPlateau(schedule), beginPlateau(schedule)];
    a.observe(1);
    a.observe(1);
    expect([a.rate, b.rate]).toEqual([0.1, 1]);
  });

  it("is known from what looks like one", () => {
    const schedule = plateauSchedule({ rate: 1 });
    expect(followOf(schedule)).toBeDefined();
    const others: unknown[] = [{ ...schedule }, null, undefined, 1, [], () => 1];
    expect(others.filter((other) => followOf(other) !== undefined)).toEqual([]);
    for (const right of [schedule, () => 1])
      expect(() => {
        requireSchedule("schedule", right);
      }).not.toThrow();
    expect(() => {
      requireSchedule("schedule", { ...schedule });
    }).toThrow(
      new TypeError(`"schedule" expected a function, or a schedule made by plateauSchedule(), got an object`),
    );
  });

  const refused: [options: object, message: string][] = [
    [{}, `"rate" expected a number, got undefined`],
    [{ rate: -1 }, `"rate" expected a finite number at least 0 and at most 1e+30, got -1`],
    [{ rate: 1, factor: 1 }, `"factor" expected a finite number at least 0 and below 1, got 1`],
    [{ rate: 1, patience: 0 }, `"patience" expected an integer of at least 1, got 0`],
    [{ rate: 1, minImprovement: -1 }, `"minImprovement" expected a finite number at least 0, got -1`],
    [{ rate: 1, cooldown: 1.5 }, `"cooldown" expected an integer of at least 0, got 1.5`],
    [{ rate: 1, least: 2 }, `"least" expected a finite number at least 0 and at most 1, got 2`],
  ];
  it.each(refused)("is refused: %j", (options, message) => {
    expect(() => invoke({ plateauSchedule }, "plateauSchedule", options)).toThrow(message);
  });

  it("has no use for a loss that is not finite, and stays as it was", () => {
    const run = beginPlateau(plateauSchedule({ rate: 1, patience: 1 }));
    const before = run.save();
    for (const loss of [NaN, Infinity, -Infinity])
      expect(() => {
        run.observe(loss);
      }).toThrow(RangeError);
    expect(run.save()).toEqual(before);
  });
});

describe("a saved run", () => {
  it("goes on as if it had not stopped, wherever that was", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 1, maxLength: 40 }),
        fc.nat(39),
        fc.record({
          rate: fc.constantFrom(0.1, 0.3),
          factor: fc.constantFrom(0.1, 0.7),
          patience: fc.integer({ min: 1, max: 3 }),
          cooldown: fc.integer({ min: 0, max: 3 }),
          minImprovement: fc.constantFrom(0, 0.5),
        }),
        (losses, cut, options) => {
          const schedule = plateauSchedule(options);
          let run = beginPlateau(schedule);
          const rates = losses.map((loss, i) => {
            if (i === cut) run = beginPlateau(schedule, structuredClone(run.save()));
            run.observe(loss);
            return run.rate;
          });
          expect(rates).toEqual(ratesAfter(options, losses));
        },
      ),
      { numRuns: 300 },
    );
  });

  it("is a copy", () => {
    const run = beginPlateau(plateauSchedule({ rate: 1, patience: 1 }));
    const saved = run.save();
    saved.falls = 3;
    expect(run.rate).toBe(1);
    const other = beginPlateau(plateauSchedule({ rate: 1, factor: 0.5 }), saved);
    saved.falls = 0;
    expect(other.rate).toBe(0.125);
  });

  it("goes on under other options: the falls so far count with their factor", () => {
    const run = beginPlateau(plateauSchedule({ rate: 1, factor: 0.5, patience: 1, least: 0.25 }));
    for (let i = 0; i < 10; i++) run.observe(1);
    expect(run.rate).toBe(0.25);
    expect(beginPlateau(plateauSchedule({ rate: 8, factor: 0.25 }), run.save()).rate).toBe(0.5);
  });

  const state: PlateauState = { best: 1, misses: 2, cooldown: 3, falls: 4 };
  const refused: [saved: unknown, message: string][] = [
    [null, "expected an object, got null"],
    [7, "expected an object, got 7"],
    [{}, `expected "best" as a number above -Infinity, got undefined`],
    [{ ...state, best: null }, `expected "best" as a number above -Infinity, got null`],
    [{ ...state, best: NaN }, `expected "best" as a number above -Infinity, got NaN`],
    [{ ...state, best: -Infinity }, `expected "best" as a number above -Infinity, got -Infinity`],
    [{ ...state, misses: -1 }, `expected "misses" as an integer of at least 0, got -1`],
    [{ ...state, cooldown: 0.5 }, `expected "cooldown" as an integer of at least 0, got 0.5`],
    [{ ...state, falls: "4" }, `expected "falls" as an integer of at least 0, got "4"`],
    [{ ...state, rate: 1 }, `expected best or misses or cooldown or falls, got "rate"`],
  ];
  it.each(refused)("is refused: %j", (saved, message) => {
    const begin = () => invoke({ beginPlateau }, "beginPlateau", plateauSchedule({ rate: 1 }), saved);
    expect(begin).toThrow(FormatError);
    expect(begin).toThrow(`saved plateau: ${message}`);
  });
});
