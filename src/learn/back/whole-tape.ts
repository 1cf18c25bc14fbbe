/**
 * Holds `bptt()` without a budget, the default of `train`: in a module of its own, so that programs that use
 * only the default do not bundle the code for budgets.
 */

import { CarriedPass } from "./carried-pass.js";
import { PlainReader } from "../../plain-data.js";
import { SAVED } from "../windows/saved-stretch.js";
import type { LearnerContext, LearnerRun } from "../learner.js";

export function wholeTape(context: LearnerContext): LearnerRun {
  const pass = new CarriedPass(context);
  return {
    *window(checked) {
      if (!checked.carry) pass.restart();
      yield pass.gradient(checked);
    },
    end: () => [], // the first window of an epoch carries nothing
    save: () => pass.save(),
    restore(saved) {
      pass.restore(new PlainReader(SAVED, saved));
    },
  };
}
