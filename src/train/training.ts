import { DisposedError } from "../errors.js";
import { WindowChecks } from "../learn/windows/checked-window.js";
import type { GradientEvent, LearnerRun } from "../learn/learner.js";
import { requireNetwork } from "../network/network.js";
import type { Network } from "../network/types.js";
import { measure } from "./measure.js";
import type { TrainPlan } from "./options.js";
import { Pace } from "./pace.js";
import { Patience } from "./patience.js";
import { readWindows } from "./read-windows.js";
import { Throughput } from "./throughput.js";
import { Updates } from "./updates.js";

/** Describes one event of `train`. */
export interface Progress {
  /** Updates so far. */
  step: number;
  /** Epochs begun, this one included. */
  epoch: number;
  /**
   * Mean loss over the update's targets, before the update; at an epoch's end, the mean over the epoch's
   * targets. NaN where targets are a gradient.
   */
  loss: number;
  /** The joint L2 norm of all gradients before clipping; at an epoch's end, that of the last update. */
  gradientNorm: number;
  /** The learning rate of the update; at an epoch's end, that of the last update. */
  learningRate: number;
  /**
   * Steps (T·B) a second over about the last second of work; data, validation and the caller's own time do
   * not count.
   */
  tokensPerSecond: number;
  /**
   * True on one more event after an epoch's last update. An epoch that maxSteps or patience cuts short has
   * none.
   */
  epochEnd: boolean;
  /** Mean loss over the validation data's targets; only on events that validated. */
  validationLoss?: number;
}

/** Runs one training, from its first update to its last. */
export class Training {
  private readonly plan: TrainPlan;
  private readonly pace: Pace;
  private readonly learner: LearnerRun;
  private readonly checks: WindowChecks;
  private readonly updates: Updates;
  private readonly patience: Patience | undefined;
  private readonly throughput = new Throughput();
  private epoch = 0;
  /** Σ weight·loss of the epoch's updates. */
  private lossSum = 0;
  /** Σ weight of the epoch's updates. */
  private weight = 0;
  /** The last update's event. */
  private last: Progress | undefined;
  private over = false;

  constructor(plan: TrainPlan) {
    const { network, loss, signal, patience, begin } = plan;
    this.plan = plan;
    this.pace = new Pace(signal);
    this.learner = begin({ network, loss, reduction: "mean", seed: network.options.seed });
    this.checks = new WindowChecks(network, loss);
    this.updates = new Updates(plan);
    this.patience = patience === undefined ? undefined : new Patience(network, patience);
  }

  async *run(): AsyncGenerator<Progress, void> {
    const { network, epochs, signal } = this.plan;
    signal?.throwIfAborted();
    network.zeroGradients();
    try {
      while (this.epoch < epochs && !this.over) yield* this.runEpoch();
    } finally {
      this.learner.dispose?.();
      zeroGradients(network);
    }
  }

  private async *runEpoch(): AsyncGenerator<Progress, void> {
    const { data, signal } = this.plan;
    this.epoch++;
    this.lossSum = 0;
    this.weight = 0;
    this.checks.restart();
    for await (const window of readWindows("data", data, signal)) {
      yield* this.apply(this.learner.window(this.checks.check(window)));
      if (this.over) return;
    }
    yield* this.apply(this.learner.end());
    if (!this.over && this.last !== undefined) yield await this.endEpoch(this.last);
  }

  private async *apply(gradients: Iterable<GradientEvent>): AsyncGenerator<Progress, void> {
    const { network } = this.plan;
    await this.pace.breathe();
    this.throughput.start();
    for (const gradient of gradients) {
      const event = this.update(gradient);
      if (this.validatesNow()) event.validationLoss = await this.validate();
      yield event;
      network.zeroGradients();
      if (this.over) return;
      await this.pace.breathe();
      this.throughput.start();
    }
  }

  private update(gradient: GradientEvent): Progress {
    const { updates, throughput, epoch } = this;
    const update = updates.apply(gradient);
    throughput.stop(gradient.steps);
    const { weight = gradient.count } = gradient;
    this.lossSum += update.loss * weight;
    this.weight += weight;
    this.over = updates.step >= this.plan.maxSteps;
    this.last = {
      step: updates.step,
      epoch,
      ...update,
      tokensPerSecond: throughput.perSecond,
      epochEnd: false,
    };
    return { ...this.last };
  }

  /** Returns whether a validation is due after the update that was just made. */
  private validatesNow(): boolean {
    const { validation, validateEvery } = this.plan;
    if (validation === undefined) return false;
    return validateEvery === undefined ? this.over : this.updates.step % validateEvery === 0;
  }

  private async endEpoch(last: Progress): Promise<Progress> {
    const { validation, validateEvery } = this.plan;
    const loss = this.weight > 0 ? this.lossSum / this.weight : 0;
    const event = { ...last, loss, epochEnd: true };
    const validates = validation !== undefined && validateEvery === undefined;
    return validates ? { ...event, validationLoss: await this.validate() } : event;
  }

  private async validate(): Promise<number> {
    const { network, validation, loss: asked } = this.plan;
    if (validation === undefined) return NaN;
    const { loss } = await measure(
      requireNetwork(network),
      { name: "validation", data: validation, loss: asked },
      this.pace,
    );
    if (!Number.isFinite(loss)) this.updates.diverge(`the validation loss was ${loss}`);
    if (this.patience?.runsOut(loss) === true) this.over = true;
    return loss;
  }
}

/** Zeroes the gradients of a network, unless the caller has disposed of it. */
function zeroGradients(network: Network): void {
  try {
    network.zeroGradients();
  } catch (error) {
    if (!(error instanceof DisposedError)) throw error;
  }
}
