import { requireNumber, requireObject } from "../../errors.js";
import { BudgetedPass } from "../recompute/budgeted-pass.js";
import { createLearner, type Learner, type LearnerContext, type LearnerRun } from "../learner.js";
import { wholeTape } from "./whole-tape.js";

export interface BpttOptions {
  /**
   * Bytes to stay within: of tape, saved states, recomputation, and outputs. Parameters, what is derived from them (weights as
   * the kernels read them), gradients and optimizer do not count, nor do the window's own arrays. Default: no limit.
   */
  memoryBudget?: number;
}

/**
 * Back-propagation through time (Werbos 1990), over each window as a whole: one gradient a window, exact but for its
 * start, where it is truncated. Where a window carries, its state goes on from the window before.
 *
 * With a `memoryBudget` it keeps as much of the tape, and as many states between blocks of steps, as fit, and computes the
 * rest again (Gruslys et al. 2016, "Memory-efficient backpropagation through time", arXiv 1606.03401), by the schedule of
 * fewest forward steps: the same gradient, but for the rounding of sums that are cut at other places. Outputs exist block by
 * block; a loss of the caller's own needs them all at once, and then they count. A bidirectional network cannot be cut: its
 * budget must hold the whole window. A window that needs more than the budget is a RangeError that says the least possible.
 */
export function bptt(options: BpttOptions = {}): Learner {
  const { memoryBudget } = requireObject("options", options);
  if (memoryBudget === undefined) return createLearner("bptt", wholeTape);
  requireNumber("memoryBudget", memoryBudget, { above: 0 });
  return createLearner("bptt", (context) => withinBudget(context, memoryBudget));
}

function withinBudget(context: LearnerContext, memoryBudget: number): LearnerRun {
  const pass = new BudgetedPass(context, memoryBudget);
  return {
    *window(checked) {
      if (!checked.carry) pass.restart();
      yield pass.gradient(checked);
    },
    end: () => [],
    dispose: () => {
      pass.dispose();
    },
  };
}
