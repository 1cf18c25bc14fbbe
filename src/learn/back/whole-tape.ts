/** `bptt()` without a budget, which is `train`'s default: apart, so that the default does not bring what budgets take. */

import { CarriedPass } from "./carried-pass.js";
import type { LearnerContext, LearnerRun } from "../learner.js";

export function wholeTape(context: LearnerContext): LearnerRun {
  const pass = new CarriedPass(context);
  return {
    *window(checked) {
      if (!checked.carry) pass.restart();
      yield pass.gradient(checked);
    },
    end: () => [], // the first window of an epoch carries nothing
  };
}
