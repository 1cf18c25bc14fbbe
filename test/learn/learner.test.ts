import { describe, expect, it } from "vitest";
import { bptt } from "../../src/learn/bptt.js";
import { createLearner, requireLearner, type Learner } from "../../src/learn/learner.js";
import { tbptt } from "../../src/learn/tbptt.js";

describe("a learner", () => {
  it.each([
    [bptt(), "bptt"],
    [bptt({}), "bptt"],
    [tbptt({ k1: 4 }), "tbptt"],
    [tbptt({ k1: 4, k2: 4 }), "tbptt"],
  ])("shows its name alone", (learner, name) => {
    expect(learner).toStrictEqual({ name });
    expect(Object.isFrozen(learner)).toBe(true);
  });

  it("begins as it was made to", () => {
    const begin = () => ({ window: () => [], end: () => [] });
    expect(requireLearner("learner", createLearner("mine", begin))).toBe(begin);
  });

  it.each([[null], [undefined], ["bptt"], [{}], [{ name: "bptt" }], [{ ...bptt() }], [bptt], [4]])(
    "that the library did not make is refused: %o",
    (foreign) => {
      expect(() => requireLearner("learner", foreign)).toThrow(TypeError);
      expect(() => requireLearner("learner", foreign)).toThrow(
        /^"learner" expected one made by bptt\(\), tbptt\(\), …, got /,
      );
    },
  );
});

describe("options", () => {
  /** Whatever the types say. */
  const given = (make: (options: never) => Learner, options?: unknown): Learner => make(options as never);

  const refused: [string, () => unknown, typeof Error, RegExp][] = [
    ["bptt null", () => given(bptt, null), TypeError, /"options" expected an object, got null/],
    [
      "a budget",
      () => bptt({ memoryBudget: 1e6 }),
      RangeError,
      /"memoryBudget" .*got 1000000.* not available/,
    ],
    ["no number", () => given(bptt, { memoryBudget: "1" }), TypeError, /"memoryBudget" expected a number/],
    ["tbptt alone", () => given(tbptt), TypeError, /"options" expected an object, got undefined/],
    ["no k1", () => given(tbptt, {}), TypeError, /"k1" expected an integer, got undefined/],
    ["k1 = 0", () => tbptt({ k1: 0 }), RangeError, /"k1" expected an integer of at least 1, got 0/],
    ["k1 = -0", () => tbptt({ k1: -0 }), RangeError, /"k1" .* got -0/],
    ["k1 = 1.5", () => tbptt({ k1: 1.5 }), RangeError, /"k1" .* got 1.5/],
    ["k1 = NaN", () => tbptt({ k1: NaN }), RangeError, /"k1" .* got NaN/],
    ["k2 = NaN", () => tbptt({ k1: 4, k2: NaN }), RangeError, /"k2" .* got NaN/],
    ["k2 < k1", () => tbptt({ k1: 4, k2: 3 }), RangeError, /"k2" expected at least k1 = 4, got 3/],
    ["k2 > k1", () => tbptt({ k1: 4, k2: 8 }), RangeError, /"k2" expected k1 = 4, got 8.* not available/],
  ];
  it.each(refused)("refused: %s", (_, make, type, message) => {
    expect(make).toThrow(type);
    expect(make).toThrow(message);
  });
});
