/** The table of learning rules says what is there, and what they are. */

import { describe, expect, it } from "vitest";
import { learningRules, type LearningRule } from "../../src/index.js";
import { requireLearner } from "../../src/learn/learner.js";
import { requireOnline } from "../../src/learn/online/online-learners.js";
import { makersOf } from "../project/made-by.js";
import { madeRules, ruleNames, ruleOptions } from "./rules.js";

/** Options of any rule, those that the tests do not know among them; tells of each that it is asked for. */
function anyOptions(asked: (name: string) => void = () => undefined): object {
  return new Proxy(ruleOptions, {
    get: (known, name) => {
      if (typeof name === "string") asked(name);
      return (Reflect.get(known, name) as unknown) ?? 4;
    },
    // No rule has them all, and those that it has not are refused.
    ownKeys: () => [],
  });
}

function isLearner(value: unknown): boolean {
  try {
    requireLearner("learner", value);
    return true;
  } catch {
    return false;
  }
}

describe("learningRules", () => {
  it("has every function of the library that makes a learner, by its name", () => {
    const table = ruleNames.map((name) => [name, learningRules[name].create]);
    expect(makersOf(anyOptions(), isLearner)).toEqual(Object.fromEntries(table));
  });

  it.each(madeRules)("$name: says what it is called, and whether it is online", ({ name, learner }) => {
    expect(learner.name).toBe(name);
    const ask = () => requireOnline(learner, "a test", "no");
    if (learningRules[name].online) expect(ask).not.toThrow();
    else expect(ask).toThrow(RangeError);
  });

  it.each(madeRules)("$name: names the options that it reads", ({ name }) => {
    const asked = new Set<string>();
    const { options, ...rule }: LearningRule = learningRules[name];
    rule.create(anyOptions((option) => asked.add(option)));
    expect([...asked].sort()).toEqual([...options].sort());
  });
});
