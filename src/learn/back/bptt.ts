import { requireNumber, requireOptions } from "../../errors.js";
import { BudgetedPass } from "../recompute/budgeted-pass.js";
import { createLearner, type Learner, type LearnerContext, type LearnerRun } from "../learner.js";
import { definitionOf } from "../../network/losses/definition.js";
import { keepOptions, PlainReader } from "../../plain-data.js";
import { SAVED } from "../windows/saved-stretch.js";
import { wholeTape } from "./whole-tape.js";

/** Configures `bptt`. */
export interface BpttOptions {
  /**
   * Bytes that the tape, saved states, recomputation and outputs may take together. Parameters, what is
   * derived from them (weights as the kernels read them), gradients, the optimizer, the window's own arrays
   * and what each further thread of a pool works in do not count. Default: no limit.
   */
  memoryBudget?: number;
}

/**
 * Creates a learner for back-propagation through time (Werbos 1990) over each window as a whole. A window
 * yields one gradient, exact but for the truncation at the window's start. A window that carries starts from
 * the final state of the window before.
 *
 * With a `memoryBudget` the learner keeps as much of the tape, and as many states between blocks of steps
 * (checkpoints), as fit, and computes the rest again (Gruslys et al. 2016, "Memory-efficient backpropagation
 * through time", arXiv 1606.03401), by the schedule with the fewest forward steps. The gradient is the same
 * but for the rounding of sums that are split at other places. Outputs exist one block at a time; a loss of
 * the caller's own needs them all at once, and then they count. A bidirectional network cannot be split into
 * blocks: its budget must hold the whole window.
 *
 * Throws a TypeError or RangeError for a bad option. Training throws a RangeError, which names the least
 * possible budget, for a window that needs more than the budget.
 */
export function bptt(options: BpttOptions = {}): Learner {
  const { memoryBudget } = requireOptions("options", options, ["memoryBudget"]);
  if (memoryBudget === undefined) return createLearner("bptt", wholeTape);
  requireNumber("memoryBudget", memoryBudget, { above: 0 });
  const learner = createLearner("bptt", (context) => withinBudget(context, memoryBudget));
  return keepOptions(learner, { memoryBudget });
}

function withinBudget(context: LearnerContext, memoryBudget: number): LearnerRun {
  if (definitionOf(context.loss)?.requireWhole !== undefined) {
    throw new RangeError(
      `"learner" expected bptt() without a memoryBudget for the loss ctc(), which needs all outputs at once`,
    );
  }
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
    save: () => pass.save(),
    restore(saved) {
      pass.restore(new PlainReader(SAVED, saved));
    },
  };
}
