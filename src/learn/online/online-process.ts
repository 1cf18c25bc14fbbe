/** Runs an online rule on one network: block after block of steps, and the gradient that they add up to. */

import type { Inputs } from "../../network/model/batch.js";
import { Dynamics } from "../../network/dynamics/dynamics.js";
import { gradientTargets, targetKind, type TargetKindName } from "../../network/model/targets.js";
import { requireNetwork } from "../../network/network.js";
import type { State } from "../../network/types.js";
import type { InputKind } from "../../network/model/batch.js";
import { Random } from "../../random.js";
import { askLoss } from "../windows/callers-loss.js";
import type { CheckedWindow } from "../windows/checked-window.js";
import { callersLoss, type GradientEvent, type LearnerContext } from "../learner.js";
import { stepsOf, weightOf, windowOf, type Stretch } from "../windows/stretches.js";
import type { OnlineRule, OnlineRulePlan } from "./online-rule.js";

/** Holds a rule and the memory that it runs in, for one batch and kind of inputs. */
export interface RunningRule {
  readonly dynamics: Dynamics;
  readonly rule: OnlineRule;
  readonly inputs: InputKind;
}

/** Sums up what the pending gradient, which was not handed out yet, covers so far. */
export interface PendingGradient {
  /** Steps along the sequence, and targets in them. */
  steps: number;
  count: number;
  /** Σ of the targets' weights. */
  weight: number;
  /** T·B, the steps of all sequences. */
  positions: number;
  /** Σ of the targets' losses; with a loss of the caller's own, Σ of each loss times its steps. */
  loss: number;
  kind: TargetKindName | undefined;
}

const NOTHING: PendingGradient = { steps: 0, count: 0, weight: 0, positions: 0, loss: 0, kind: undefined };

/** Separates these draws from others with the same seed. */
const ONLINE_STREAM = 0x6f6e6c;

export class OnlineProcess {
  /**
   * The pending gradient, which stands as a sum in the network's gradients. Where it is to become a mean,
   * nothing else may be there.
   */
  pending: PendingGradient = { ...NOTHING };
  private readonly plan: OnlineRulePlan;
  private readonly context: LearnerContext;
  /** The rule and its memory; undefined before `prepare`. */
  running: RunningRule | undefined;
  /** The pending gradient of a process that was saved, which is put among the network's before the process goes on. */
  keptGradients: Float32Array | undefined;
  private drawn: Random | undefined;

  constructor(plan: OnlineRulePlan, context: LearnerContext) {
    this.plan = plan;
    this.context = context;
  }

  /**
   * Returns the rule with memory for this batch and kind of inputs, kept while they stay the same, and for
   * blocks of up to `longest` steps, in which sequences may begin anew if `anew` says so. Throws an
   * OutOfMemoryError, and then changes nothing.
   */
  prepare(batch: number, inputs: InputKind, longest: number, anew = false): RunningRule {
    const least = Math.min(this.plan.block, longest);
    const held = this.running;
    const same = held?.inputs === inputs && held.dynamics.batch === batch;
    if (same && held.dynamics.steps >= least && (held.dynamics.resets || !anew)) return held;
    const { network } = this.context;
    // The larger memory has all that the one before had.
    const steps = same ? Math.max(least, held.dynamics.steps) : least;
    const resets = anew || (same && held.dynamics.resets);
    const sizes = { batch, steps, inputs, resets };
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

  /** Returns the rule's generator's state, empty where the rule does not draw; set it before `prepare`. */
  get words(): readonly number[] {
    return this.drawn?.words ?? [];
  }

  set words(words: readonly number[]) {
    if (words.length === 0) return;
    this.drawn = new Random(this.context.seed, ONLINE_STREAM);
    this.drawn.words = words;
  }

  /** Starts a sequence from the state given, or from zeros, and forgets the past. */
  begin(state: State | undefined): void {
    const { dynamics, rule } = this.require();
    dynamics.state = state;
    rule.reset();
  }

  /**
   * Lets all sequences go on from the state given, those of `which`, [B], that have a 1 with their past forgotten: of each
   * of the rule's rows that are a sample's.
   */
  beginSome(state: State, which: Uint8Array): void {
    const { dynamics, rule } = this.require();
    dynamics.state = state;
    for (const rows of Object.values(rule.memory)) {
      const each = rows.count / dynamics.batch;
      for (let row = 0; row < rows.count; row++) if (which[Math.floor(row / each)] === 1) rows.zero(row);
    }
  }

  /** Learns from steps [from, to) of the window, in blocks. */
  stretch(checked: CheckedWindow, from: number, to: number): void {
    const { dynamics, rule } = this.require();
    const { inputs } = checked;
    this.putKeptGradients();
    for (let first = from; first < to; first += this.plan.block) {
      const steps = Math.min(this.plan.block, to - first);
      dynamics.forward(inputs, first, steps);
      this.pending.loss += this.lossOf(checked, first, steps);
      rule.advance();
    }
    this.add(stepsOf(checked, from, to));
  }

  /** Adds to the pending gradient that this stretch was learned from. */
  add(
    stretch: Pick<Stretch, "targets" | "count"> & { readonly inputs: Pick<Inputs, "steps" | "batch"> },
  ): void {
    const { inputs, targets, count } = stretch;
    this.pending.steps += inputs.steps;
    this.pending.positions += inputs.steps * inputs.batch;
    this.pending.count += count;
    this.pending.weight += weightOf(stretch);
    this.pending.kind = targets?.kind;
  }

  /** Finishes the pending gradient, as a mean if it is to be one, and returns its event. */
  take(): GradientEvent {
    this.putKeptGradients();
    const { steps, count, weight, positions, loss, kind } = this.pending;
    const { network, reduction } = this.context;
    this.pending = { ...NOTHING };
    const event = { count, weight, steps: positions };
    if (callersLoss(this.context) !== undefined) {
      if (steps > 1) requireNetwork(network).model.parameters.scaleGradients(1 / steps);
      return { ...event, loss: loss / steps };
    }
    if (kind !== undefined && !targetKind(kind).hasLoss) return { ...event, loss: undefined };
    if (reduction === "sum" || weight === 0 || weight === 1) return { ...event, loss };
    requireNetwork(network).model.parameters.scaleGradients(1 / weight);
    return { ...event, loss: loss / weight };
  }

  dispose(): void {
    this.running?.dynamics.dispose();
    this.running = undefined;
  }

  /** Returns the running rule; `prepare` must have been called. */
  require(): RunningRule {
    if (this.running === undefined) throw new Error("an online rule was asked to run before it was prepared");
    return this.running;
  }

  private putKeptGradients(): void {
    if (this.keptGradients === undefined) return;
    requireNetwork(this.context.network).model.parameters.writeGradients(this.keptGradients);
    this.keptGradients = undefined;
  }

  /** Puts the gradients of the block's losses into `dynamics` and returns the sum of the losses. */
  private lossOf(checked: CheckedWindow, first: number, steps: number): number {
    const { dynamics } = this.require();
    const loss = callersLoss(this.context);
    if (loss !== undefined) {
      const { parameters } = requireNetwork(this.context.network).model;
      const answer = askLoss(
        loss,
        dynamics.outputs(),
        windowOf(stepsOf(checked, first, first + steps)),
        parameters,
      );
      // The gradient is weighted by its steps, as the loss is: all blocks together make a mean over steps.
      const array = steps === 1 ? answer.gradient : answer.gradient.map((g) => steps * g);
      dynamics.loss(gradientTargets(array, steps, checked.inputs.batch), 0, 1);
      return answer.loss * steps;
    }
    return checked.targets === undefined ? 0 : dynamics.loss(checked.targets, first, 1);
  }
}

/** Copies the state and the rule's memory into larger memory, where the same sequence goes on. */
function moveOn(to: Pick<RunningRule, "dynamics" | "rule">, from: RunningRule): void {
  to.dynamics.state = from.dynamics.state;
  for (const [name, rows] of Object.entries(to.rule.memory)) rows.write(from.rule.memory[name].read());
}
