/** The windows of training data, checked on their own and against the window that they carry on. */

import type { TrainingWindow } from "../../data/training-data.js";
import { requireBoolean, requireObject } from "../../errors.js";
import { requireSequence, requireTarget, type Goal, type Inputs } from "../../network/arguments.js";
import type { Network } from "../../network/types.js";

/** What a carried run keeps: B, "tokens" or "values", and "classes", "values", "gradient" or "none". */
interface Kinds {
  readonly batch: number;
  readonly inputs: string;
  readonly targets: string;
}

export interface CheckedWindow {
  /** As it came. */
  readonly window: TrainingWindow;
  readonly inputs: Inputs;
  /** Undefined where there are none but a loss of the caller's own. */
  readonly goal: Goal | undefined;
  /** Whether it carries on the window before it, and so fits it; false for the first of an epoch. */
  readonly carry: boolean;
  /** Targets, or steps that are no padding where there are no targets. */
  readonly count: number;
}

/**
 * A window's inputs and targets, checked; with a loss of the caller's own there may be no targets. A stretch's
 * lengths may be 0.
 */
export function requireWindow(
  { inputs: sequence, targets }: TrainingWindow,
  { options }: Network,
  callersLoss: boolean,
  leastLength: 0 | 1 = 1,
): Pick<CheckedWindow, "inputs" | "goal" | "count"> {
  const inputs = requireSequence(sequence, options, "inputs", leastLength);
  const { classes, values, gradient } = requireObject("targets", targets);
  const none = classes === undefined && values === undefined && gradient === undefined;
  if (callersLoss && none) {
    const { steps, batch, lengths } = inputs;
    const count = lengths?.reduce((sum, length) => sum + length, 0) ?? steps * batch;
    return { inputs, goal: undefined, count };
  }
  const goal = requireTarget(targets, inputs, options);
  return { inputs, goal, count: goal.count };
}

/** Whether the window says that it carries: one that reads both ways has no state to carry. */
function requireCarry(carry: boolean | undefined, { options }: Network): boolean {
  const carries = requireBoolean("carry", carry ?? false);
  if (carries && options.bidirectional)
    throw new RangeError(`"carry" expected false for a bidirectional network, got true`);
  return carries;
}

function requireSameKinds(before: Kinds, now: Kinds): void {
  const names = { batch: "inputs.batch", inputs: "inputs", targets: "targets" };
  for (const key of ["batch", "inputs", "targets"] as const) {
    if (before[key] !== now[key]) {
      throw new RangeError(
        `"${names[key]}" expected ${before[key]}, as in the window that this one carries on, got ${now[key]}`,
      );
    }
  }
}

export class WindowChecks {
  private readonly network: Network;
  private readonly callersLoss: boolean;
  private before: Kinds | undefined;

  constructor(network: Network, callersLoss: boolean) {
    this.network = network;
    this.callersLoss = callersLoss;
  }

  /** The next window begins an epoch. */
  restart(): void {
    this.before = undefined;
  }

  /** Throws a TypeError or RangeError that names what is wrong with the window. */
  check(window: TrainingWindow): CheckedWindow {
    const given = requireObject("window", window);
    const carry = requireCarry(given.carry, this.network) && this.before !== undefined;
    const checked = requireWindow(given, this.network, this.callersLoss);
    const { inputs, goal } = checked;
    const kinds = { batch: inputs.batch, inputs: inputs.kind, targets: goal?.kind ?? "none" };
    if (carry && this.before !== undefined) requireSameKinds(this.before, kinds);
    this.before = kinds;
    return { window: given, ...checked, carry };
  }
}
