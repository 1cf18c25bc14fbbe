/** Implements the session that `onlineSession` returns. */

import { describe, DisposedError, DivergenceError, requireFloat32Array, requireInteger } from "../errors.js";
import type { Learner } from "../learn/learner.js";
import { OnlineProcess, type RunningRule } from "../learn/online/online-process.js";
import { makeDisposable } from "../memory/disposable.js";
import { requireResets, requireState, requireStepInput, zeroState } from "../network/arguments.js";
import { requireTarget } from "../network/target-arguments.js";
import { definitionOf } from "../network/losses/definition.js";
import { noTargets, targetKind, type Targets } from "../network/model/targets.js";
import { clearSequences } from "../network/model/transfer.js";
import type { RecurrentNetwork } from "../network/network.js";
import { outputWidth } from "../network/sizes.js";
import type { State, StepInput, Target } from "../network/types.js";
import type { InputKind } from "../network/model/batch.js";
import { optimizerMemory } from "../optimize/optimizer.js";
import type { LearnedStep, OnlineSession, StepTarget } from "./online-session-types.js";
import type { SessionPlan } from "./session-plan.js";
import { restoreProgress, saveProgress, type SessionParts } from "./session-progress.js";
import { clipGradients, scheduledRate } from "./updates.js";

function copyState({ h, c }: State): State {
  return c === undefined ? { h: h.slice() } : { h: h.slice(), c: c.slice() };
}

/** Returns the checked target of one step, in any of its forms; throws a TypeError or RangeError. */
function requireStepTarget(target: StepTarget, { batch, network, loss }: SessionPlan): Targets {
  const { options } = network;
  const sizes = { steps: 1, batch };
  const require = (given: Target): Targets =>
    requireTarget(given, sizes, options, "target", definitionOf(loss));
  if (target instanceof Int32Array) return require({ classes: target });
  if (target instanceof Float32Array) return require({ values: target });
  if (typeof target !== "number") {
    if (typeof target === "object" && !ArrayBuffer.isView(target)) return require(target);
    throw new TypeError(
      `"target" expected a class, an Int32Array of classes, a Float32Array of values, or an object with classes, values ` +
        `or gradient, got ${describe(target)}`,
    );
  }
  if (batch !== 1)
    throw new RangeError(`"target" expected ${batch} classes ([B=${batch}]), got the number ${target}`);
  const O = outputWidth(options);
  if (O === 1)
    throw new RangeError(`"target" expected a Float32Array for a network of one output, got ${target}`);
  return require({ classes: Int32Array.of(requireInteger("target", target, -1, O - 1)) });
}

export class LearningSession implements OnlineSession {
  declare readonly [Symbol.dispose]: () => void;
  readonly network: RecurrentNetwork;
  readonly learner: Learner;
  readonly batch: number;
  private readonly plan: SessionPlan;
  private readonly noTarget: Targets;
  private parts: SessionParts;
  private lastFiniteLoss = NaN;
  /** Whether the network's gradients belong to an update that was made. */
  private spent = true;
  private disposed = false;

  static {
    makeDisposable(this.prototype);
  }

  constructor(plan: SessionPlan) {
    this.plan = plan;
    this.network = plan.network;
    this.learner = plan.learner;
    this.batch = plan.batch;
    this.noTarget = noTargets(plan.batch);
    const begins = copyState(plan.state ?? zeroState(plan.batch, plan.network.options));
    this.parts = { process: this.createProcess(), steps: 0, updates: 0, begins };
  }

  get steps(): number {
    return this.parts.steps;
  }

  get updates(): number {
    return this.parts.updates;
  }

  get state(): State {
    this.requireAlive();
    const { begins, process } = this.parts;
    return begins === undefined ? process.require().dynamics.state : copyState(begins);
  }

  set state(state: State) {
    this.requireAlive();
    const initial = requireState("state", state, this.batch, this.network.options);
    if (initial === undefined) throw new TypeError(`"state" expected an object, got undefined`);
    this.parts.begins = copyState(initial);
  }

  learn(input: StepInput, target: StepTarget, out?: Float32Array): LearnedStep {
    this.requireAlive();
    const inputs = requireStepInput(input, this.batch, this.network.options);
    const targets = requireStepTarget(target, this.plan);
    this.requireSameKind(targets);
    const result = this.requireOut(out);
    const { process } = this.parts;
    const isUpdate = process.pending.steps + 1 >= this.plan.updateEvery;
    const rate = isUpdate ? this.prepareUpdate() : undefined;
    const running = this.runningFor(inputs.kind);
    const { dynamics, rule } = running;
    const { model } = this.network;
    const masks = model.droppedWindows;
    dynamics.forward(inputs, 0, 1);
    const outputs = dynamics.outputs();
    const { kind, count, weight } = targets;
    const { hasLoss } = targetKind(kind);
    const sum = dynamics.putLoss(targets, 0, 1);
    if (hasLoss && !Number.isFinite(sum)) {
      this.goBack(running, masks);
      this.diverge(`the loss was ${sum}`);
    }
    this.startGradient();
    dynamics.addHeadGradients();
    rule.advance();
    const former = process.pending.kind;
    process.add({ inputs, targets, count });
    if (count === 0) process.pending.kind = former ?? kind;
    if (isUpdate) this.update(running, masks, rate);
    this.parts.begins = undefined;
    this.parts.steps++;
    result.set(outputs);
    const loss = weight > 0 ? sum / weight : sum;
    if (count > 0 && hasLoss) this.lastFiniteLoss = loss;
    return { loss, count, outputs: result };
  }

  step(input: StepInput, out?: Float32Array): Float32Array {
    this.requireAlive();
    const inputs = requireStepInput(input, this.batch, this.network.options);
    const result = this.requireOut(out);
    const { dynamics, rule } = this.runningFor(inputs.kind);
    dynamics.forward(inputs, 0, 1);
    dynamics.outputs(result);
    dynamics.putLoss(this.noTarget, 0, 1);
    rule.advance();
    this.parts.begins = undefined;
    this.parts.steps++;
    return result;
  }

  reset(which?: Uint8Array): void {
    this.requireAlive();
    const { network, batch, parts } = this;
    if (which === undefined) {
      parts.begins = zeroState(batch, network.options);
      return;
    }
    const given = requireResets("which", which, batch, `[B=${batch}]`);
    const { state } = this;
    clearSequences(state, given, network.options.hiddenSize);
    if (parts.begins === undefined) parts.process.beginSome(state, given);
    else parts.begins = state;
  }

  save(): Uint8Array {
    this.requireAlive();
    return saveProgress(this.plan, this.parts);
  }

  restore(bytes: Uint8Array): void {
    this.requireAlive();
    const process = this.createProcess();
    try {
      const parts = restoreProgress(bytes, this.plan, process);
      this.parts.process.dispose();
      this.parts = parts;
      this.spent = process.pending.steps === 0;
    } catch (error) {
      process.dispose();
      throw error;
    }
  }

  dispose(): void {
    this.disposed = true;
    this.parts.process.dispose();
  }

  private createProcess(): OnlineProcess {
    const { network, rule, loss, seed } = this.plan;
    return new OnlineProcess(rule, { network, loss, reduction: "mean", seed });
  }

  /**
   * Returns the rule, ready for an input of this kind. Throws a RangeError for a kind other than the
   * sequence's, and an OutOfMemoryError.
   */
  private runningFor(kind: InputKind): RunningRule {
    const { begins, process } = this.parts;
    if (begins !== undefined) {
      const running = process.prepare(this.batch, kind, 1);
      process.begin(begins);
      return running;
    }
    const running = process.require();
    if (running.inputs === kind) return running;
    throw new RangeError(
      `"input" expected ${running.inputs}, as in the steps before, got ${kind}: reset() begins a new sequence`,
    );
  }

  /**
   * Throws a RangeError for targets of another kind than the pending ones: a mean of classes and values
   * together would say nothing.
   */
  private requireSameKind({ kind, count }: Targets): void {
    const { pending } = this.parts.process;
    if (pending.count === 0 || count === 0 || pending.kind === kind) return;
    throw new RangeError(
      `"target" expected ${pending.kind}, as in the steps before that the next update is made of, got ${kind}`,
    );
  }

  private requireOut(out: Float32Array | undefined): Float32Array {
    const [B, O] = [this.batch, outputWidth(this.network.options)];
    return out === undefined
      ? new Float32Array(B * O)
      : requireFloat32Array("out", out, B * O, `[B=${B}, O=${O}]`);
  }

  /** Does what may fail in an update while nothing is changed; returns any scheduled learning rate. */
  private prepareUpdate(): number | undefined {
    const { optimizer, network, schedule } = this.plan;
    optimizerMemory(optimizer)?.prepare(network);
    return scheduledRate(schedule, this.parts.updates);
  }

  /** Zeroes gradients that belong to a past update, so that the network's are of the new gradient alone. */
  private startGradient(): void {
    if (this.spent) this.network.model.parameters.zeroGradients();
    this.spent = false;
  }

  private update(running: RunningRule, masks: number, rate: number | undefined): void {
    const { network, optimizer } = this.plan;
    this.parts.process.take();
    this.spent = true;
    const norm = clipGradients(this.plan);
    if (!Number.isFinite(norm)) {
      this.goBack(running, masks);
      running.rule.reset();
      network.model.parameters.zeroGradients();
      this.diverge(`the gradient norm was ${norm}`);
    }
    if (rate !== undefined) optimizer.learningRate = rate;
    optimizer.step(network);
    this.parts.updates++;
  }

  /** Undoes the step that was just made; `masks` is the former number of windows with dropout masks. */
  private goBack({ dynamics }: RunningRule, masks: number): void {
    dynamics.undo();
    this.network.model.droppedWindows = masks;
  }

  private diverge(what: string): never {
    throw new DivergenceError(this.parts.updates, this.lastFiniteLoss, what, "The parameters are as before");
  }

  private requireAlive(): void {
    if (this.disposed) throw new DisposedError("the session was disposed of");
    this.network.requireAlive();
  }
}
