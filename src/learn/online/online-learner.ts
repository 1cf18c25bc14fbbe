/** Rules that learn as time goes on: block by block, in memory that does not grow with the sequence. */

import type { Goal } from "../../network/arguments.js";
import { isDiagonal } from "../../network/cell.js";
import { cells } from "../../network/cells.js";
import { Dynamics } from "../../network/dynamics.js";
import { requireNetwork } from "../../network/network.js";
import type { Rows } from "../../network/rows.js";
import type { Network } from "../../network/types.js";
import { Random } from "../../random.js";
import { askLoss } from "../callers-loss.js";
import type { CheckedWindow } from "../checked-window.js";
import {
  createLearner,
  requireOneDirection,
  type GradientEvent,
  type Learner,
  type LearnerContext,
  type LearnerRun,
} from "../learner.js";
import { copySteps } from "../stretches.js";

/** What a rule keeps of the past, over one network and batch. */
export interface OnlineRule {
  /**
   * After a block ran and its losses' gradients stand in `dynamics`: adds the gradient of the recurrent parameters that the
   * block's losses have by way of the present parameters, now and in the past, and moves what it keeps of the past on.
   */
  advance(): void;
  /** A sequence begins: the past is forgotten. */
  reset(): void;
  /** All that it keeps of the past, by name, to be saved and restored. */
  readonly memory: Readonly<Record<string, Rows>>;
}

export interface OnlineRuleContext {
  readonly network: Network;
  readonly dynamics: Dynamics;
  /** For rules that draw; the same throughout a training. */
  readonly random: () => Random;
}

export interface OnlineRulePlan {
  readonly name: string;
  /** The most steps of a block. */
  readonly block: number;
  /** Whether it needs each gradient as one product of a state's part and an input's, which an embedding has not. */
  readonly factored?: boolean;
  /** Whether it is for cells alone whose units do not see each other's states. */
  readonly diagonal?: boolean;
  readonly create: (context: OnlineRuleContext) => OnlineRule;
}

const plans = new WeakMap<Learner, OnlineRulePlan>();

/** A learner that gives one gradient a window, of all its losses; its blocks end where windows do. */
export function createOnlineLearner(plan: OnlineRulePlan): Learner {
  const learner = createLearner(plan.name, (context) => new OnlineRun(plan, context));
  plans.set(learner, plan);
  return learner;
}

const diagonalCells = Object.entries(cells).flatMap(([name, cell]) =>
  isDiagonal(cell) ? [`"${name}"`] : [],
);

/** How an online rule works; undefined for other learners. */
export function onlinePlanOf(learner: Learner): OnlineRulePlan | undefined {
  return plans.get(learner);
}

/** Throws a RangeError for a network that the rule does not cover. */
export function requireCovered(plan: OnlineRulePlan, network: Network): void {
  const { name, factored = false, diagonal = false } = plan;
  requireOneDirection(network, name);
  const { cell } = network.options;
  if (diagonal && !isDiagonal(cells[cell])) {
    throw new RangeError(
      `"learner" expected rtrl(), blockRtrl() or snap1() for cell "${cell}", got ${name}(): it is for cells whose units ` +
        `do not see each other's states, ${diagonalCells.join(", ")}`,
    );
  }
  if (factored && network.options.embeddingSize > 0) {
    throw new RangeError(
      `"learner" expected bptt(), tbptt(), artbp(), rtrl(), blockRtrl() or uoro() for a network with an embedding, ` +
        `got ${name}(): its gradient is no product of two factors`,
    );
  }
}

/** A rule with the network that it runs. */
export class OnlineRun implements LearnerRun {
  private readonly plan: OnlineRulePlan;
  private readonly context: LearnerContext;
  private drawn: Random | undefined;
  private dynamics: Dynamics | undefined;
  private rule: OnlineRule | undefined;
  private kind: string | undefined;
  private started = false;

  constructor(plan: OnlineRulePlan, context: LearnerContext) {
    requireCovered(plan, context.network);
    this.plan = plan;
    this.context = context;
  }

  *window(checked: CheckedWindow): Generator<GradientEvent, void> {
    const { inputs, carry, count } = checked;
    const { dynamics, rule } = this.prepare(checked);
    if (!carry) {
      dynamics.state = this.started ? undefined : this.context.state;
      rule.reset();
    }
    this.started = true;
    let sum = 0;
    for (let first = 0; first < inputs.steps; first += this.plan.block) {
      const steps = Math.min(this.plan.block, inputs.steps - first);
      dynamics.forward(inputs, first, steps);
      sum += this.lossOf(dynamics, checked, first, steps);
      rule.advance();
    }
    const mean = this.context.reduction === "mean" && count > 0 && this.context.loss === undefined;
    const isGradient = checked.goal?.kind === "gradient" && this.context.loss === undefined;
    yield {
      loss: isGradient ? undefined : mean ? sum / count : sum,
      count,
      steps: inputs.steps * inputs.batch,
    };
  }

  end(): Iterable<GradientEvent> {
    // The next window carries nothing, and so starts anew.
    return [];
  }

  dispose(): void {
    this.dynamics?.dispose();
    [this.dynamics, this.rule, this.kind] = [undefined, undefined, undefined];
  }

  /** The losses of a block: their sum, or, of the caller's own, the block's share of their mean over blocks. */
  private lossOf(dynamics: Dynamics, checked: CheckedWindow, first: number, steps: number): number {
    const { loss, reduction } = this.context;
    const { goal, inputs } = checked;
    if (loss !== undefined) {
      const stretch = copySteps(checked, first, first + steps);
      const asked = askLoss(loss, dynamics.outputs(), stretch);
      const gradient: Goal = { kind: "gradient", array: asked.gradient, count: asked.gradient.length };
      dynamics.loss(gradient, 0, 1);
      return (asked.loss * steps) / inputs.steps;
    }
    if (goal === undefined) return 0;
    const scale = reduction === "mean" && goal.kind !== "gradient" && goal.count > 0 ? 1 / goal.count : 1;
    return dynamics.loss(goal, first, scale);
  }

  /** Memory of the window's batch and kind of inputs. Throws an OutOfMemoryError, nothing changed. */
  private prepare({ inputs }: CheckedWindow): { dynamics: Dynamics; rule: OnlineRule } {
    const kind = `${inputs.batch} ${inputs.kind}`;
    if (this.dynamics !== undefined && this.rule !== undefined && this.kind === kind)
      return { dynamics: this.dynamics, rule: this.rule };
    const { network } = this.context;
    const sizes = { batch: inputs.batch, steps: this.plan.block, inputs: inputs.kind };
    const dynamics = new Dynamics(requireNetwork(network).model, sizes);
    try {
      const random = (): Random => (this.drawn ??= new Random(this.context.seed, ONLINE_STREAM));
      const rule = this.plan.create({ network, dynamics, random });
      this.dynamics?.dispose();
      [this.dynamics, this.rule, this.kind] = [dynamics, rule, kind];
      return { dynamics, rule };
    } catch (error) {
      dynamics.dispose();
      throw error;
    }
  }
}

/** Tells these draws from others of the same seed. */
const ONLINE_STREAM = 0x6f6e6c;

/** ±1 at the units of a row of a joint state, zeros in its padding. */
export function drawSigns(rows: Rows, row: number, units: Int32Array, random: Random): void {
  for (let i = 0; i < units.length;) {
    const bits = random.bits();
    for (let bit = 0; bit < 32 && i < units.length; bit++, i++)
      rows.set(row, units[i], (bits >>> bit) & 1 ? 1 : -1);
  }
}

/** (‖a‖ + ε)/(‖b‖ + ε) under a root: what balances the two factors of a product. */
export function balance(a: number, b: number): number {
  return Math.sqrt((a + EPSILON) / (b + EPSILON));
}

const EPSILON = 1e-7;
