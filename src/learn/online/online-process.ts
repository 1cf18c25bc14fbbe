/** An online rule at work on one network: stretch after stretch of steps, and the gradient that they add up to. */

import type { Inputs } from "../../network/model/batch.js";
import { Dynamics } from "../../network/dynamics/dynamics.js";
import { makeTargets, targetKind, type TargetKindName } from "../../network/model/targets.js";
import { requireNetwork } from "../../network/network.js";
import type { State } from "../../network/types.js";
import type { InputKind } from "../../network/model/batch.js";
import { Random } from "../../random.js";
import { askLoss } from "../windows/callers-loss.js";
import type { CheckedWindow } from "../windows/checked-window.js";
import type { GradientEvent, LearnerContext } from "../learner.js";
import { copySteps, countIn, windowOf } from "../windows/stretches.js";
import type { OnlineRule, OnlineRulePlan } from "./online-rule.js";

/** A rule with the memory that it runs in, of one batch and kind of inputs. */
export interface RunningRule {
  readonly dynamics: Dynamics;
  readonly rule: OnlineRule;
  readonly inputs: InputKind;
}

/** What the gradient under way is the gradient of. */
export interface PendingGradient {
  /** Steps along the sequence, and targets. */
  steps: number;
  count: number;
  /** T·B. */
  positions: number;
  /** Σ of the targets' losses; of the caller's own, each times its steps. */
  loss: number;
  kind: TargetKindName | undefined;
}

const NOTHING: PendingGradient = { steps: 0, count: 0, positions: 0, loss: 0, kind: undefined };

/** Tells these draws from others of the same seed. */
const ONLINE_STREAM = 0x6f6e6c;

export class OnlineProcess {
  /** Stands as a sum in the network's gradients, where nothing else may be where it is to become a mean. */
  pending: PendingGradient = { ...NOTHING };
  private readonly plan: OnlineRulePlan;
  private readonly context: LearnerContext;
  private drawn: Random | undefined;
  private running: RunningRule | undefined;

  constructor(plan: OnlineRulePlan, context: LearnerContext) {
    this.plan = plan;
    this.context = context;
  }

  /**
   * Memory of the batch and kind of inputs, kept while they stay the same, for blocks of up to `longest` steps. Throws an
   * OutOfMemoryError, nothing changed.
   */
  prepare(batch: number, inputs: InputKind, longest: number): RunningRule {
    const steps = Math.min(this.plan.block, longest);
    const held = this.running;
    const same = held?.inputs === inputs && held.dynamics.batch === batch;
    if (same && held.dynamics.steps >= steps) return held;
    const { network } = this.context;
    const sizes = { batch, steps, inputs };
    const dynamics = new Dynamics(requireNetwork(network).model, sizes);
    try {
      const random = (): Random => (this.drawn ??= new Random(this.context.seed, ONLINE_STREAM));
      const rule = this.plan.create({ network, dynamics, random });
      if (same) moveOn({ dynamics, rule }, held);
      this.dispose();
      return (this.running = { dynamics, rule, inputs });
    } catch (error) {
      dynamics.dispose();
      throw error;
    }
  }

  /** The state of what the rule draws from; empty where it does not draw. To be set before `prepare`. */
  get words(): readonly number[] {
    return this.drawn?.words ?? [];
  }

  set words(words: readonly number[]) {
    if (words.length === 0) return;
    this.drawn = new Random(this.context.seed, ONLINE_STREAM);
    this.drawn.words = words;
  }

  /** A sequence begins, from zeros unless a state is given. */
  begin(state: State | undefined): void {
    const { dynamics, rule } = this.require();
    dynamics.state = state;
    rule.reset();
  }

  /** Learns from steps [from, to) of the window, in blocks. */
  stretch(checked: CheckedWindow, from: number, to: number): void {
    const { dynamics, rule } = this.require();
    const { inputs } = checked;
    for (let first = from; first < to; first += this.plan.block) {
      const steps = Math.min(this.plan.block, to - first);
      dynamics.forward(inputs, first, steps);
      this.pending.loss += this.lossOf(checked, first, steps);
      rule.advance();
    }
    this.add(inputs, checked.targets?.kind, to - from, countIn(checked, from, to));
  }

  /** So many more steps, learned from, belong to the gradient under way. */
  add(inputs: Inputs, kind: TargetKindName | undefined, steps: number, count: number): void {
    this.pending.steps += steps;
    this.pending.positions += steps * inputs.batch;
    this.pending.count += count;
    this.pending.kind = kind;
  }

  /** The gradient under way is done: a mean, if it is to be one. The next begins. */
  take(): GradientEvent {
    const { steps, count, positions, loss, kind } = this.pending;
    const { network, reduction, loss: callersLoss } = this.context;
    this.pending = { ...NOTHING };
    const event = { count, steps: positions };
    if (callersLoss !== undefined) {
      if (steps > 1) requireNetwork(network).model.parameters.scaleGradients(1 / steps);
      return { ...event, loss: loss / steps };
    }
    if (kind !== undefined && !targetKind(kind).hasLoss) return { ...event, loss: undefined };
    if (reduction === "sum" || count <= 1) return { ...event, loss };
    requireNetwork(network).model.parameters.scaleGradients(1 / count);
    return { ...event, loss: loss / count };
  }

  dispose(): void {
    this.running?.dynamics.dispose();
    this.running = undefined;
  }

  /** What runs, after `prepare`. */
  require(): RunningRule {
    if (this.running === undefined) throw new Error("an online rule was asked to run before it was prepared");
    return this.running;
  }

  /** Of a block that ran. */
  private lossOf(checked: CheckedWindow, first: number, steps: number): number {
    const { dynamics } = this.require();
    const { loss } = this.context;
    if (loss !== undefined) {
      const { parameters } = requireNetwork(this.context.network).model;
      const asked = askLoss(
        loss,
        dynamics.outputs(),
        windowOf(copySteps(checked, first, first + steps)),
        parameters,
      );
      // Weighed by its steps, as the loss is: together the blocks are a mean over all steps.
      const array = steps === 1 ? asked.gradient : asked.gradient.map((g) => steps * g);
      dynamics.loss(makeTargets("gradient", array, array.length), 0, 1);
      return asked.loss * steps;
    }
    return checked.targets === undefined ? 0 : dynamics.loss(checked.targets, first, 1);
  }
}

/** The same sequence goes on in more memory. */
function moveOn(to: Pick<RunningRule, "dynamics" | "rule">, from: RunningRule): void {
  to.dynamics.state = from.dynamics.state;
  for (const [name, rows] of Object.entries(to.rule.memory)) rows.write(from.rule.memory[name].read());
}
