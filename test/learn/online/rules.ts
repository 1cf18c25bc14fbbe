/** Every online rule that covers all cells, by a name; those that learn in blocks, in short ones and in longer ones. */

import type { Learner } from "../../../src/learn/learner.js";
import { madeRules, makeRule, ruleOptions } from "../rules.js";

export const onlineRules: { name: string; learner: Learner }[] = madeRules
  .filter(({ plan }) => plan !== undefined && plan.diagonal !== true)
  .flatMap(({ name, learner, options }) =>
    options.block === undefined
      ? [{ name, learner }]
      : [1, 4].map((block) => ({
          name: `${name} of ${block}`,
          learner: makeRule(name, { ...ruleOptions, block }).learner,
        })),
  );
