/** When a training is looked at, how its learning rate goes, which updates are told of, and the chart of it. */

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lossChart } from "../../../src/cli/fit/chart.js";
import { isTold } from "../../../src/cli/fit/events.js";
import { Clock } from "../../../src/cli/fit/limit.js";
import { lookShares } from "../../../src/cli/fit/looks.js";
import { rateAt, scheduleNames } from "../../../src/cli/fit/rates.js";

describe("looks", () => {
  it.each([2, 8, 24, 100])("%d of them rise, the late ones evenly, the early ones closer", (looks) => {
    const shares = lookShares(looks);
    const gaps = shares.map((share, i) => share - (shares[i - 1] ?? 0));
    expect(shares[0]).toBeLessThan(0.1 / looks);
    expect(shares.at(-1)).toBeLessThan(1);
    expect(shares.at(-1)).toBeGreaterThan(1 - 2 / looks);
    for (const gap of gaps) expect(gap).toBeGreaterThan(0);
    for (const gap of gaps) expect(gap).toBeLessThan(1.001 / looks);
    expect(shares.length).toBeLessThan(looks + 14);
  });
});

describe("a training's share", () => {
  it.each([
    ["steps", 200, 0.25],
    ["epochs", 5, 0.5],
    ["minutes", 2, 0.75],
  ] as const)("of %s is of that", (kind, amount, share) => {
    let seconds = 100;
    const clock = new Clock({ [kind]: amount }, 20, 30, () => seconds);
    seconds += 60;
    expect(clock.share(50)).toBe(share);
    expect(clock.seconds).toBe(90);
    expect(clock.total(50)).toBe(90 / share);
    expect(clock.share(1e9)).toBe(kind === "minutes" ? share : 1);
  });

  it("is that of the limit that it is nearest to", () => {
    let seconds = 0;
    const clock = new Clock({ minutes: 2, steps: 100, epochs: 10 }, 20, 0, () => seconds);
    expect(clock.share(10)).toBe(0.1);
    seconds = 60;
    expect(clock.share(10)).toBe(0.5);
    expect(clock.share(80)).toBe(0.8);
    expect(new Clock({ steps: 1000, epochs: 2 }, 20).share(30)).toBe(0.75);
  });

  it("is 1 at the end of the time, and no more", () => {
    let seconds = 0;
    const clock = new Clock({ minutes: 1 }, 1, 0, () => seconds);
    seconds = 61;
    expect(clock.share(0)).toBe(1);
  });
});

describe("learning rates", () => {
  const rates = (schedule: (typeof scheduleNames)[number], warmUp: number, steps: number): number[] => {
    const clock = new Clock({ steps }, 1, 0, () => 0);
    const at = rateAt({ schedule, rate: 0.1, warmUp }, clock);
    return Array.from({ length: steps }, (_, step) => at(step));
  };

  it("move something at the first update and at the last, warm up, and end low unless they are to stay", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...scheduleNames),
        fc.integer({ min: 20, max: 2000 }),
        fc.double({ min: 0, max: 0.5, noNaN: true }),
        (schedule, steps, warmUp) => {
          const all = rates(schedule, warmUp, steps);
          for (const rate of all) expect(rate > 0 && rate <= 0.1).toBe(true);
          const top = all.indexOf(Math.max(...all));
          expect(top / steps).toBeLessThan(warmUp + 2 / steps);
          for (let i = 1; i <= top; i++) expect(all[i]).toBeGreaterThanOrEqual(all[i - 1]);
          for (let i = top + 1; i < steps; i++) expect(all[i]).toBeLessThanOrEqual(all[i - 1]);
          expect(all[steps - 1]).toBeLessThanOrEqual(schedule === "constant" ? 0.1 : 0.1 / (steps / 4));
        },
      ),
    );
  });

  it("follow the time where that is the limit", () => {
    let seconds = 0;
    const clock = new Clock({ minutes: 1 }, 1, 0, () => seconds);
    const at = rateAt({ schedule: "linear", rate: 1, warmUp: 0 }, clock);
    for (const [now, rate] of [
      [0, 1],
      [15, 0.75],
      [30, 0.5],
      [60, 0],
      [70, 0],
    ]) {
      seconds = now;
      expect(at(12345)).toBeCloseTo(rate, 8);
    }
  });
});

describe("updates that are told of", () => {
  it("are all at first, and some thousand of a million", () => {
    const of = (to: number): number => Array.from({ length: to }, (_, i) => i + 1).filter(isTold).length;
    expect(of(512)).toBe(512);
    expect(of(1024)).toBe(768);
    expect(of(1_000_000)).toBeLessThan(4000);
  });
});

describe("the chart", () => {
  const line = Array.from({ length: 50 }, (_, i) => ({ step: i + 1, value: 3 - i / 25 }));

  it("draws the losses in ASCII or Braille, at the size it is given", () => {
    for (const ascii of [true, false]) {
      const lines = lossChart(line, [{ step: 25, value: 2 }], { width: 40, height: 8 }, ascii);
      expect(lines).toHaveLength(8);
      for (const text of lines) expect(text.length).toBeLessThanOrEqual(40);
      expect(lines[0]).toMatch(/^ 3\.000 /);
      expect(lines[5]).toMatch(/^ 1\.040 /);
      expect(lines.slice(0, 6).join("")).toContain(ascii ? "o" : "●");
      expect(lines[7]).toMatch(/training .* held out +step 50$/);
      expect(/^[\x20-\x7e]*$/.test(lines.join(""))).toBe(ascii);
    }
  });

  it("falls from the left to the right", () => {
    const rows = lossChart(line, [], { width: 40, height: 8 }, true).slice(0, 6);
    const firsts = rows.map((row) => row.indexOf("*"));
    expect(firsts).toEqual([...firsts].sort((a, b) => a - b));
    expect(firsts[0]).toBe(8);
  });

  it("takes whatever numbers there are", () => {
    const point = fc.record({
      step: fc.integer({ min: 1, max: 1e6 }),
      value: fc.oneof(fc.double(), fc.constantFrom(NaN, Infinity, 0, 1e300)),
    });
    fc.assert(
      fc.property(
        fc.array(point),
        fc.array(point),
        fc.integer({ min: 10, max: 90 }),
        fc.integer({ min: 4, max: 20 }),
        (some, others, width, height) => {
          const sorted = some.sort((a, b) => a.step - b.step);
          const lines = lossChart(sorted, others, { width, height }, true);
          expect(lines.length === height || lines.length === 1).toBe(true);
          expect(lines.join("\n")).not.toMatch(/NaN|undefined|Infinity/);
        },
      ),
    );
  });
});
