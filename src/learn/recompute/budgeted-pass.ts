/** Back-propagation through windows within a memory budget: what does not fit is computed again. */

import { InvalidStateError } from "../../errors.js";
import { readRegion } from "../../memory/regions.js";
import { requireTarget } from "../../network/arguments.js";
import { type Inputs } from "../../network/model/batch.js";
import { blockBytes } from "./block-sizes.js";
import { BlockTapes } from "./block-tapes.js";
import type { Model } from "../../network/model/model.js";
import { divisorOf, targetKind } from "../../network/model/targets.js";
import { requireNetwork } from "../../network/network.js";
import { outputWidth } from "../../network/sizes.js";
import { clearPadding, createResult } from "../../network/model/transfer.js";
import type { State } from "../../network/types.js";
import { askLoss } from "../windows/callers-loss.js";
import type { CheckedWindow } from "../windows/checked-window.js";
import type { GradientEvent, LearnerContext, LossFunction } from "../learner.js";
import { planRecompute, type RecomputePlan } from "./plan.js";
import { recomputeWindow } from "./recompute-window.js";

/** How to run a window within the budget; `outputBytes`: outputs that exist all at once, outside the blocks. */
export function planWindow(
  model: Model,
  { steps, batch, kind }: Pick<Inputs, "steps" | "batch" | "kind">,
  budgetBytes: number,
  outputBytes = 0,
): RecomputePlan {
  const block = (length: number) => ({ steps: length, batch, inputs: kind });
  return planRecompute({
    steps,
    budgetBytes,
    whole: model.options.bidirectional,
    workBytes: (length) => outputBytes + blockBytes.work(model, block(length)),
    hiddenBytes: blockBytes.state(model, block(1)),
    blockBytes: (length) => blockBytes.tape(model, block(length)),
  });
}

/** A plan takes some milliseconds; so many are remembered. */
const MOST_PLANS = 1000;

/** One window after the other, the state carried from each to the next. */
export class BudgetedPass {
  private readonly context: LearnerContext;
  private readonly budgetBytes: number;
  private state: State | undefined;
  private first: State | undefined;
  /** By what they are for: windows of all lengths come again and again. */
  private readonly plans = new Map<string, RecomputePlan>();
  private tapes: BlockTapes | undefined;

  constructor(context: LearnerContext, budgetBytes: number) {
    this.context = context;
    this.budgetBytes = budgetBytes;
    this.first = context.state;
  }

  /** The next window starts from zeros; the very first one from the context's state. */
  restart(): void {
    this.state = this.first;
    this.first = undefined;
  }

  /** The gradient over the whole window. Throws a RangeError for a budget that is too small, and an OutOfMemoryError. */
  gradient(checked: CheckedWindow): GradientEvent {
    const { network, reduction, loss: callersLoss } = this.context;
    const { inputs, targets, count } = checked;
    const { model } = requireNetwork(network);
    const steps = inputs.steps * inputs.batch;
    if (callersLoss !== undefined) {
      return { loss: this.callersPass(model, checked, callersLoss), count, steps };
    }
    if (targets === undefined) throw new Error("a window without targets came, and no loss of the caller's");
    const divisor = divisorOf(targets, reduction);
    const { plan, tapes } = this.prepare(model, inputs, 0);
    const { loss, state } = recomputeWindow(tapes, plan, {
      inputs,
      state: this.state,
      targets: () => targets,
      scale: 1 / divisor,
    });
    this.state = state;
    return { loss: targetKind(targets.kind).hasLoss ? loss / divisor : undefined, count, steps };
  }

  dispose(): void {
    this.tapes?.release();
    this.tapes = undefined;
  }

  /** All outputs are there for the loss at once, [T, B, O], and count. */
  private callersPass(model: Model, { inputs, window }: CheckedWindow, lossFunction: LossFunction): number {
    const { steps, batch } = inputs;
    const width = outputWidth(model.options);
    const { plan, tapes } = this.prepare(model, inputs, steps * batch * width * 4);
    const outputs = createResult("outputs", steps * batch * width);
    const { version } = model.parameters;
    let asked = 0;
    const { state } = recomputeWindow(tapes, plan, {
      // A copy: the caller, who comes in between, may write to the window's.
      inputs: { ...inputs, array: inputs.array.slice() },
      state: this.state,
      swept: (slot, block) => {
        const from = outputs.subarray(block * plan.block * batch * width);
        readRegion(model.engine.arena.f32, tapes.outputs(slot, block), from);
      },
      targets: () => {
        clearPadding(outputs, inputs, width);
        const { loss, gradient } = askLoss(lossFunction, outputs, window);
        asked = loss;
        requireNetwork(this.context.network);
        if (model.parameters.version !== version)
          throw new InvalidStateError(
            `"loss" expected to leave the network's parameters, got others after it`,
          );
        return requireTarget({ gradient }, inputs, model.options);
      },
      scale: 1,
    });
    this.state = state;
    return asked;
  }

  /** Memory for windows like this one: what there is, or, in its place, other. */
  private prepare(
    model: Model,
    inputs: Inputs,
    outputBytes: number,
  ): { plan: RecomputePlan; tapes: BlockTapes } {
    const plan = this.planFor(model, inputs, outputBytes);
    const sizes = { steps: plan.block, batch: inputs.batch, inputs: inputs.kind };
    if (this.tapes?.holds(sizes, plan.slots) !== true) {
      this.dispose();
      this.tapes = new BlockTapes(model, sizes, plan.slots);
    }
    return { plan, tapes: this.tapes };
  }

  private planFor(model: Model, inputs: Inputs, outputBytes: number): RecomputePlan {
    const key = `${inputs.steps} ${inputs.batch} ${inputs.kind}`;
    const known = this.plans.get(key);
    if (known !== undefined) return known;
    const plan = planWindow(model, inputs, this.budgetBytes, outputBytes);
    if (this.plans.size >= MOST_PLANS) this.plans.clear();
    this.plans.set(key, plan);
    return plan;
  }
}
