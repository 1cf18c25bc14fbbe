/** Back-propagates through windows within a memory budget: what does not fit is computed again. */

import { InvalidStateError } from "../../errors.js";
import { readRegion } from "../../memory/regions.js";
import { requireTarget } from "../../network/target-arguments.js";
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
import { callersLoss, type GradientEvent, type LearnerContext, type LossFunction } from "../learner.js";
import type { PlainData, PlainReader } from "../../plain-data.js";
import { readState, requireFitting, saveState } from "../windows/saved-stretch.js";
import { weightOf } from "../windows/stretches.js";
import { planRecompute, type RecomputePlan } from "./plan.js";
import { recomputeWindow } from "./recompute-window.js";

/** Plans how to run a window within the budget. `outputBytes`: outputs that exist outside the blocks. */
export function planWindow(
  model: Model,
  { steps, batch, kind, resets }: Pick<Inputs, "steps" | "batch" | "kind" | "resets">,
  budgetBytes: number,
  outputBytes = 0,
): RecomputePlan {
  const anew = resets !== undefined;
  const block = (length: number) => ({ steps: length, batch, inputs: kind, resets: anew });
  return planRecompute({
    steps,
    budgetBytes,
    whole: model.options.bidirectional,
    workBytes: (length) => outputBytes + blockBytes.work(model, block(length)),
    hiddenBytes: blockBytes.state(model, block(1)),
    blockBytes: (length) => blockBytes.tape(model, block(length)),
  });
}

/** The most plans that are remembered; making one takes some milliseconds. */
const MOST_PLANS = 1000;

/** A budgeted pass takes one window after the other and carries the state from each to the next. */
export class BudgetedPass {
  private readonly context: LearnerContext;
  private readonly budgetBytes: number;
  private state: State | undefined;
  private first: State | undefined;
  /** Plans by steps, batch and kind of inputs, since windows of the same lengths come again. */
  private readonly plans = new Map<string, RecomputePlan>();
  private tapes: BlockTapes | undefined;

  constructor(context: LearnerContext, budgetBytes: number) {
    this.context = context;
    this.budgetBytes = budgetBytes;
    this.first = context.state;
  }

  /** Lets the next window start from zeros, or the very first one from the context's state. */
  restart(): void {
    this.state = this.first;
    this.first = undefined;
  }

  save(): PlainData {
    return { state: saveState(this.state) };
  }

  restore(saved: PlainReader): void {
    this.state = readState(saved.field("state"), this.context.network);
    this.first = undefined;
  }

  /**
   * Adds the gradient over the whole window and returns its event. Throws a RangeError for a budget that is
   * too small, and an OutOfMemoryError.
   */
  gradient(checked: CheckedWindow): GradientEvent {
    const { network, reduction } = this.context;
    const lossFunction = callersLoss(this.context);
    const { inputs, targets, count } = checked;
    const { model } = requireNetwork(network);
    requireFitting(this.state, inputs.batch, network);
    const steps = inputs.steps * inputs.batch;
    const weight = weightOf(checked);
    if (lossFunction !== undefined) {
      return { loss: this.callersPass(model, checked, lossFunction), count, weight, steps };
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
    return { loss: targetKind(targets.kind).hasLoss ? loss / divisor : undefined, count, weight, steps };
  }

  dispose(): void {
    this.tapes?.release();
    this.tapes = undefined;
  }

  /**
   * Runs a window with the caller's own loss, for which all outputs exist at once; returns it.
   */
  private callersPass(model: Model, { inputs, window }: CheckedWindow, lossFunction: LossFunction): number {
    const { steps, batch } = inputs;
    const width = outputWidth(model.options);
    const { onePerSequence } = model;
    const length = (onePerSequence ? 1 : steps) * batch * width;
    const { plan, tapes } = this.prepare(model, inputs, length * 4);
    const outputs = createResult("outputs", length);
    const { version } = model.parameters;
    let lossValue = 0;
    const { state } = recomputeWindow(tapes, plan, {
      // The caller's loss comes in between and may write to the window's array, so this is a copy.
      inputs: { ...inputs, array: inputs.array.slice() },
      state: this.state,
      swept: (slot, block) => {
        // With one output a sequence, the last block's remain.
        const blockOutputs = outputs.subarray(onePerSequence ? 0 : block * plan.block * batch * width);
        readRegion(model.engine.arena.f32, tapes.outputs(slot, block), blockOutputs);
      },
      targets: () => {
        if (!onePerSequence) clearPadding(outputs, inputs, width);
        const { loss, gradient } = askLoss(lossFunction, outputs, window);
        lossValue = loss;
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
    return lossValue;
  }

  /** Returns a plan and memory for a window like this one: the present memory, or, in its place, other. */
  private prepare(
    model: Model,
    inputs: Inputs,
    outputBytes: number,
  ): { plan: RecomputePlan; tapes: BlockTapes } {
    const plan = this.planFor(model, inputs, outputBytes);
    const { batch, kind, resets } = inputs;
    const sizes = { steps: plan.block, batch, inputs: kind, resets: resets !== undefined };
    if (this.tapes?.holds(sizes, plan.slots) !== true) {
      this.dispose();
      this.tapes = new BlockTapes(model, sizes, plan.slots);
    }
    return { plan, tapes: this.tapes };
  }

  private planFor(model: Model, inputs: Inputs, outputBytes: number): RecomputePlan {
    const { steps, batch, kind, resets } = inputs;
    const key = `${steps} ${batch} ${kind} ${resets === undefined ? "whole" : "anew"}`;
    const known = this.plans.get(key);
    if (known !== undefined) return known;
    const plan = planWindow(model, inputs, this.budgetBytes, outputBytes);
    if (this.plans.size >= MOST_PLANS) this.plans.clear();
    this.plans.set(key, plan);
    return plan;
  }
}
