import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { forwardRuns, MOST_UNITS, mostRepeats, usedSlots } from "../../../src/learn/recompute/costs.js";
import { recomputeSchedule, type RecomputeAction } from "../../../src/learn/recompute/schedule.js";
import { Replayer, sum } from "./replay.js";

describe("recomputeSchedule", () => {
  /** With no slots but those that `usedSlots` says. */
  function expectOptimal(units: number, internal: number, hidden: number): void {
    const slots = { internal, hidden };
    const used = usedSlots(units, slots);
    const { runs, peak, actions } = new Replayer(units, used).replay(recomputeSchedule(units, slots));
    expect(peak).toEqual(used);
    expect(sum(runs)).toBe(forwardRuns(units, slots));
    expect(runs.reduce((most, count) => Math.max(most, count))).toBe(mostRepeats(units, slots));
    expect(runs.at(-1)).toBe(1);
    expect(actions).toBeLessThanOrEqual(5 * units);
  }

  it("back-propagates each unit once, in as few runs and slots as the closed forms say", () => {
    for (let units = 1; units <= 40; units++) {
      for (let internal = 1; internal <= 8; internal++) {
        for (let hidden = 1; hidden <= 8; hidden++) expectOptimal(units, internal, hidden);
      }
    }
  });

  it("does so for any numbers", () => {
    const size = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 1500 }));
    fc.assert(fc.property(fc.integer({ min: 1, max: 1500 }), size, size, expectOptimal), { numRuns: 300 });
  });

  it.each([
    [1, 3],
    [3, 1],
    [1, 1000],
    [5, 40],
    [30000, 2],
  ])("does so for 100,000 units, %d internal and %d hidden slots", (internal, hidden) => {
    expectOptimal(100_000, internal, hidden);
  });

  it("needs no hidden slot where all tapes are kept", () => {
    const slots = { internal: 3, hidden: 0 };
    const { runs } = new Replayer(3, slots).replay(recomputeSchedule(3, slots));
    expect(runs).toEqual([1, 1, 1]);
  });

  it("reads so", () => {
    const actions: RecomputeAction[] = [
      { kind: "save", slot: 0, unit: 0 },
      { kind: "forward", from: 0, to: 2, scratch: 0 },
      { kind: "record", slot: 0, unit: 2 },
      { kind: "record", slot: 1, unit: 3 },
      { kind: "backward", slot: 1, unit: 3 },
      { kind: "backward", slot: 0, unit: 2 },
      { kind: "restore", from: "hidden", slot: 0, unit: 0 },
      { kind: "record", slot: 0, unit: 0 },
      { kind: "record", slot: 1, unit: 1 },
      { kind: "backward", slot: 1, unit: 1 },
      { kind: "backward", slot: 0, unit: 0 },
    ];
    expect([...recomputeSchedule(4, { internal: 2, hidden: 1 })]).toEqual(actions);
  });

  it.each([
    [0, 1, 1, `"units" expected an integer from 1 to ${MOST_UNITS}, got 0`],
    [MOST_UNITS + 1, 1, 1, `"units" expected an integer from 1 to ${MOST_UNITS}, got ${MOST_UNITS + 1}`],
    [5, 0, 1, `"slots.internal" expected an integer of at least 1, got 0`],
    [5, 4, 0, `"slots.hidden" expected an integer of at least 1, got 0`],
  ])("refuses %d units on %d and %d slots", (units, internal, hidden, message) => {
    const begin = () => recomputeSchedule(units, { internal, hidden }).next();
    expect(begin).toThrow(new RangeError(message));
  });
});

describe("the replay", () => {
  const units = 9;
  const slots = { internal: 2, hidden: 2 };
  const actions = [...recomputeSchedule(units, slots)];

  it.each(actions.map((action, k) => [k, action.kind]))("misses action %d, %s", (k) => {
    const without = actions.filter((_, other) => other !== k);
    expect(() => new Replayer(units, slots).replay(without)).toThrow();
  });

  it.each([
    [1, 2],
    [2, 1],
  ])("throws with %d and %d slots", (internal, hidden) => {
    expect(() => new Replayer(units, { internal, hidden }).replay(actions)).toThrow(/no such slot/);
  });
});
