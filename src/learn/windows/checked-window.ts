/** The windows of training data, checked on their own and against the window that they carry on. */

import type { TrainingWindow } from "../../data/training-data.js";
import { requireBoolean, requireObject } from "../../errors.js";
import { requireSequence, requireTarget } from "../../network/arguments.js";
import { countSteps } from "../../network/model/batch.js";
import { targetKindNames } from "../../network/model/targets.js";
import type { Network } from "../../network/types.js";
import type { Stretch } from "./stretches.js";

/** A window as it came, and what is to be learned from it, checked: rules below check nothing again. */
export interface CheckedWindow extends Stretch {
  readonly window: TrainingWindow;
}

/** A carried run keeps its batch, and the kinds of its inputs and targets ("none" without targets). */
interface Kinds {
  readonly batch: number;
  readonly inputs: string;
  readonly targets: string;
}

/** Throws a TypeError or RangeError. With a loss of the caller's own there may be no targets. */
function requireWindow(
  { inputs: sequence, targets: given }: TrainingWindow,
  { options }: Network,
  callersLoss: boolean,
): Pick<Stretch, "inputs" | "targets" | "count"> {
  const inputs = requireSequence(sequence, options, "inputs");
  const target = requireObject("targets", given);
  if (callersLoss && targetKindNames.every((kind) => target[kind] === undefined))
    return { inputs, targets: undefined, count: countSteps(inputs) };
  const targets = requireTarget(target, inputs, options);
  return { inputs, targets, count: targets.count };
}

/** Returns whether the window says that it carries: one that reads both ways has no state to carry. */
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

  /** Begins an epoch with the next window. */
  restart(): void {
    this.before = undefined;
  }

  /** Throws a TypeError or RangeError that names what is wrong with the window. */
  check(window: TrainingWindow): CheckedWindow {
    const given = requireObject("window", window);
    const carry = requireCarry(given.carry, this.network) && this.before !== undefined;
    const checked = requireWindow(given, this.network, this.callersLoss);
    const { inputs, targets } = checked;
    const kinds = { batch: inputs.batch, inputs: inputs.kind, targets: targets?.kind ?? "none" };
    if (carry && this.before !== undefined) requireSameKinds(this.before, kinds);
    this.before = kinds;
    return { window: given, ...checked, carry };
  }
}
