import { requireNumber, requireObject } from "../errors.js";
import { CarriedPass } from "./carried-pass.js";
import { createLearner, type Learner } from "./learner.js";

export interface BpttOptions {
  /** Bytes to stay within; not available yet. */
  memoryBudget?: number;
}

/**
 * Back-propagation through time (Werbos 1990), over each window as a whole: one gradient a window, exact but for its
 * start, where it is truncated. Where a window carries, its state goes on from the window before.
 */
export function bptt(options: BpttOptions = {}): Learner {
  const { memoryBudget } = requireObject("options", options);
  if (memoryBudget !== undefined) {
    requireNumber("memoryBudget", memoryBudget, { above: 0 });
    throw new RangeError(
      `"memoryBudget" expected none, got ${memoryBudget}: it is not available in this version`,
    );
  }
  return createLearner("bptt", (context) => {
    const pass = new CarriedPass(context);
    return {
      *window({ window, carry }) {
        if (!carry) pass.restart();
        yield pass.gradient(window);
      },
      end: () => [], // the first window of an epoch carries nothing
    };
  });
}
