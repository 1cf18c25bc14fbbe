/** Every learning rule that the library has, made. */

import { learningRules, type Learner, type LearningRule, type LearningRuleName } from "../../src/index.js";
import { requireOnline } from "../../src/learn/online/online-learners.js";
import type { OnlineRulePlan } from "../../src/learn/online/online-rule.js";

/** The name of an option that some rule takes. */
export type RuleOptionName = (typeof learningRules)[LearningRuleName]["options"][number];

/** A value of each option, for windows of some steps. */
export const ruleOptions: Readonly<Record<RuleOptionName, number>> = {
  memoryBudget: 1e6,
  k1: 4,
  k2: 9,
  meanLength: 5,
  alpha: 3,
  block: 3,
};

export interface MadeRule {
  readonly name: LearningRuleName;
  /** How an online rule works. */
  readonly plan: OnlineRulePlan | undefined;
  /** What it was made with. */
  readonly options: Readonly<Partial<Record<RuleOptionName, number>>>;
  readonly learner: Learner;
}

/** A rule with those options that it takes. */
export function makeRule(name: LearningRuleName, given = ruleOptions): MadeRule {
  const row: LearningRule = learningRules[name];
  const options: Partial<Record<RuleOptionName, number>> = {};
  for (const option of learningRules[name].options) options[option] = given[option];
  const learner = row.create(options);
  const plan = row.online ? requireOnline(learner, "a test", "no").plan : undefined;
  return { name, plan, options, learner };
}

export const ruleNames = Object.keys(learningRules) as LearningRuleName[];
export const madeRules: readonly MadeRule[] = ruleNames.map((name) => makeRule(name));
