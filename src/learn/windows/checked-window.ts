/** Checks windows of training data on their own and against the window that they carry on. */

import type { TrainingWindow } from "../../data/training-data.js";
import { requireBoolean, requireObject } from "../../errors.js";
import { requireSequence } from "../../network/arguments.js";
import { requireTarget } from "../../network/target-arguments.js";
import { countSteps } from "../../network/model/batch.js";
import { targetKind, targetKindNames } from "../../network/model/targets.js";
import type { Network } from "../../network/types.js";
import { definitionOf } from "../../network/losses/definition.js";
import { isLossFunction, type LearnerContext } from "../learner.js";
import { copyOf, type Stretch } from "./stretches.js";

/**
 * Holds a window as it came, and the checked stretch to learn from: rules need not check it again. The stretch's arrays are copies,
 * so that the caller may change the window's at any time.
 */
export interface CheckedWindow extends Stretch {
  readonly window: TrainingWindow;
}

/** Records what a carried window keeps: batch, kind of inputs, kind of targets ("none" without targets). */
export interface WindowKinds {
  readonly batch: number;
  readonly inputs: string;
  readonly targets: string;
}

/** The kinds of targets that a loss function may do without; it reads any others by itself. */
const ROW_KINDS = targetKindNames.filter((kind) => targetKind(kind).loss !== undefined);

/**
 * Returns the window's checked inputs and targets; with a loss function of the caller's own there may be no targets.
 * Throws a TypeError or RangeError.
 */
function requireWindow(
  { inputs: sequence, targets, sequenceTargets }: TrainingWindow,
  { options }: Network,
  loss: LearnerContext["loss"],
): Pick<Stretch, "inputs" | "targets" | "count"> {
  const inputs = requireSequence(sequence, options, "inputs");
  if (sequenceTargets !== undefined && options.bidirectional && options.output === "step") {
    throw new RangeError(
      `"sequenceTargets" expected none for a bidirectional network with an output a step, whose reverse direction would learn ` +
        `from one step alone: create the network with output: "sequence", or give targets of every step`,
    );
  }
  const target = requireObject("targets", (options.output === "sequence" && sequenceTargets) || targets);
  if (isLossFunction(loss) && ROW_KINDS.every((kind) => target[kind] === undefined))
    return { inputs, targets: undefined, count: countSteps(inputs) };
  const checked = requireTarget(target, inputs, options, "targets", definitionOf(loss));
  return { inputs, targets: checked, count: checked.count };
}

/** Returns whether the window carries. Throws a RangeError if it does and the network is bidirectional. */
function requireCarry(carry: boolean | undefined, { options }: Network): boolean {
  const carries = requireBoolean("carry", carry ?? false);
  if (carries && options.bidirectional)
    throw new RangeError(`"carry" expected false for a bidirectional network, got true`);
  return carries;
}

function requireSameKinds(before: WindowKinds, now: WindowKinds): void {
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
  private readonly loss: LearnerContext["loss"];
  /** Of the last window; undefined at the start of an epoch. */
  before: WindowKinds | undefined;

  constructor(network: Network, loss?: LearnerContext["loss"]) {
    this.network = network;
    this.loss = loss;
  }

  /** Lets the next window begin an epoch. */
  restart(): void {
    this.before = undefined;
  }

  /** Returns the checked window. Throws a TypeError or RangeError that names what is wrong with it. */
  check(window: TrainingWindow): CheckedWindow {
    const given = requireObject("window", window);
    const carry = requireCarry(given.carry, this.network) && this.before !== undefined;
    const checked = requireWindow(given, this.network, this.loss);
    const { inputs, targets } = checked;
    const kinds = { batch: inputs.batch, inputs: inputs.kind, targets: targets?.kind ?? "none" };
    if (carry && this.before !== undefined) requireSameKinds(this.before, kinds);
    this.before = kinds;
    return copyOf({ window: given, ...checked, lengths: inputs.lengths, carry });
  }
}
