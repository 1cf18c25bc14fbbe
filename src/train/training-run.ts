import { DisposedError, InvalidStateError } from "../errors.js";
import { requireKept, type GradientEvent, type LearnerRun } from "../learn/learner.js";
import { WindowChecks, type WindowKinds } from "../learn/windows/checked-window.js";
import { requireNetwork } from "../network/network.js";
import { restoreParameters, snapshotParameters } from "../network/snapshot.js";
import type { PlainData } from "../plain-data.js";
import { Accumulation } from "./accumulation.js";
import { Averaging } from "./averaging.js";
import { Best } from "./best.js";
import { DataPlace } from "./data-place.js";
import { measure } from "./measure.js";
import type { TrainPlan } from "./options.js";
import { Pace } from "./pace.js";
import { Throughput } from "./throughput.js";
import type { Progress } from "./training.js";
import { Updates } from "./updates.js";

/** Holds what says where in its course a training is. */
export interface Course {
  /** Epochs begun. */
  epoch: number;
  /** Whether the last of them has more to come, be it its end. */
  inEpoch: boolean;
  /** Σ weight·loss of the epoch's updates. */
  lossSum: number;
  /** Σ weight of the epoch's updates. */
  weight: number;
  /** The last update's event. */
  last: Progress | undefined;
  /** An event whose update was made, but which was not handed out: its validation was interrupted. */
  owed: Progress | undefined;
}

/** Runs one training, from its first update to its last. */
export class TrainingRun {
  readonly plan: TrainPlan;
  readonly course: Course = {
    epoch: 0,
    inEpoch: false,
    lossSum: 0,
    weight: 0,
    last: undefined,
    owed: undefined,
  };
  readonly learner: LearnerRun;
  readonly checks: WindowChecks;
  readonly updates: Updates;
  readonly best: Best;
  readonly averaging: Averaging | undefined;
  readonly accumulation: Accumulation | undefined;
  readonly data: DataPlace;
  readonly validation: DataPlace | undefined;
  private readonly pace: Pace;
  private readonly throughput = new Throughput();
  /** Whether the last window was not begun yet. */
  private waiting = false;
  /** Kinds of the window before the last one. */
  kindsBefore: WindowKinds | undefined;
  private over = false;
  /** Whether an event is being made. */
  private busy = false;
  /** Whether an error ended training; where it stands is then no use. */
  private failed = false;
  /** What the rule remembered when training ended. */
  private memory: (() => PlainData) | undefined;
  /** The parameters that training would go on with, once the network was given others: the best, or averaged ones. */
  private running: Float32Array | undefined;

  /** `followed`: what the follower of a schedule saved. */
  constructor(plan: TrainPlan, followed?: PlainData) {
    const { network, data, validation, loss, signal, begin, averaging, accumulate } = plan;
    this.plan = plan;
    this.pace = new Pace(signal);
    this.updates = new Updates(plan, followed);
    this.best = new Best(plan);
    this.averaging = averaging && new Averaging(network, averaging.decay);
    this.accumulation = accumulate > 1 ? new Accumulation(network, accumulate) : undefined;
    this.data = new DataPlace("data", data, signal);
    this.validation = validation && new DataPlace("validation", validation, signal);
    this.checks = new WindowChecks(network, loss);
    this.learner = begin({ network, loss, reduction: "mean", seed: network.options.seed });
  }

  /** Whether the last window has more to learn from. */
  get unfinished(): boolean {
    return this.waiting || this.learner.unfinished === true;
  }

  /** The kinds that the next window is compared with. */
  get kinds(): WindowKinds | undefined {
    return this.unfinished ? this.kindsBefore : this.checks.before;
  }

  /** Returns what the rule remembers, and the parameters that training goes on with. Throws as `Training.save` says. */
  snapshot(): { readonly memory: PlainData; readonly parameters: Float32Array | undefined } {
    if (this.busy)
      throw new InvalidStateError(`save() expected no next() under way: await it, or its event, first`);
    if (this.failed)
      throw new InvalidStateError(
        `save() expected a training that no error ended: what was saved before it is the last that can be gone on with`,
      );
    requireNetwork(this.plan.network);
    const memory = (this.memory ?? this.learnerMemory())();
    return { memory: this.plan.ranks?.joined(memory) ?? memory, parameters: this.running };
  }

  async *run(): AsyncGenerator<Progress, void> {
    const { ranks, signal } = this.plan;
    this.busy = true;
    let how: "ended" | "left" = "left";
    try {
      for await (const event of this.events()) {
        this.busy = false;
        yield event;
        this.busy = true;
      }
      how = "ended";
    } catch (error) {
      const stopped = signal?.aborted === true && error === Reflect.get(signal, "reason");
      this.failed = !stopped && ranks?.stopped !== true;
      await ranks?.fail(error);
      throw error;
    } finally {
      this.end();
      this.busy = false;
      await ranks?.end(how);
    }
  }

  private async *events(): AsyncGenerator<Progress, void> {
    const { network, epochs, signal, ranks } = this.plan;
    signal?.throwIfAborted();
    await ranks?.begin();
    network.zeroGradients();
    yield* this.handOut();
    this.over ||= this.updates.step >= this.plan.maxSteps || this.best.exhausted;
    while (!this.over && (this.course.inEpoch || this.course.epoch < epochs)) yield* this.runEpoch();
  }

  private async *runEpoch(): AsyncGenerator<Progress, void> {
    const { checks, course, data, learner } = this;
    if (!course.inEpoch) {
      Object.assign(course, { epoch: course.epoch + 1, inEpoch: true, lossSum: 0, weight: 0 });
      checks.restart();
      data.begin();
    }
    for await (const window of data.windows()) {
      this.kindsBefore = checks.before;
      const checked = checks.check(window);
      const own = this.plan.ranks?.part(checked) ?? checked;
      this.waiting = true;
      yield* this.apply(learner.window(own));
      if (this.over) return;
    }
    yield* this.apply(learner.end());
    yield* this.applyLeft();
    if (this.over) return;
    course.inEpoch = false;
    if (course.last === undefined) return;
    const loss = course.weight > 0 ? course.lossSum / course.weight : 0;
    course.owed = { ...course.last, loss, epochEnd: true };
    yield* this.handOut();
  }

  private async *apply(gradients: Iterable<GradientEvent>): AsyncGenerator<Progress, void> {
    const { accumulation } = this;
    const { ranks } = this.plan;
    await this.breathe();
    this.waiting = false;
    this.throughput.start();
    let events = 0;
    for (const own of gradients) {
      const gradient = ranks === undefined ? own : await ranks.combine(own);
      if (accumulation === undefined) yield* this.update(gradient);
      else if (++events > 1) {
        throw new RangeError(
          `"accumulate" expected 1 with ${this.plan.learner.name}(), which gave several gradients a window: use bptt()`,
        );
      } else if (accumulation.add(gradient)) yield* this.update(accumulation.take());
      else this.throughput.stop(0);
      if (this.over) return;
      await this.breathe();
      this.throughput.start();
    }
  }

  private async breathe(): Promise<void> {
    await this.pace.breathe();
    this.plan.ranks?.throwIfStopped();
  }

  /** Makes the update of an epoch's last windows, where they are fewer than one is made of. */
  private async *applyLeft(): AsyncGenerator<Progress, void> {
    const { accumulation, over } = this;
    if (over || accumulation === undefined || accumulation.pending === 0) return;
    yield* this.update(accumulation.take());
  }

  /** Moves the parameters along the network's gradients, and hands the event out. */
  private async *update(gradient: GradientEvent): AsyncGenerator<Progress, void> {
    const { updates, throughput, course } = this;
    const update = updates.apply(gradient);
    this.averaging?.observe();
    throughput.stop(gradient.steps);
    const { weight = gradient.count } = gradient;
    course.lossSum += update.loss * weight;
    course.weight += weight;
    this.over = updates.step >= this.plan.maxSteps;
    course.last = {
      step: updates.step,
      epoch: course.epoch,
      ...update,
      tokensPerSecond: throughput.perSecond,
      epochEnd: false,
    };
    course.owed = { ...course.last };
    yield* this.handOut();
    this.plan.network.zeroGradients();
  }

  /** Validates, where it is time to, and yields the event that is owed, if any. */
  private async *handOut(): AsyncGenerator<Progress, void> {
    const { owed } = this.course;
    if (owed === undefined) return;
    const event = this.validatesAt(owed) ? { ...owed, validationLoss: await this.validate() } : owed;
    this.course.owed = undefined;
    yield event;
  }

  private validatesAt({ epochEnd, step }: Progress): boolean {
    const { validation, validateEvery, maxSteps } = this.plan;
    if (validation === undefined) return false;
    if (validateEvery !== undefined) return !epochEnd && step % validateEvery === 0;
    return epochEnd || step >= maxSteps;
  }

  private async validate(): Promise<number> {
    const { averaging, best, pace, plan, updates, validation } = this;
    if (validation === undefined) return NaN;
    validation.begin();
    const present = averaging?.swapIn();
    let loss: number;
    try {
      const by = { name: "validation", data: validation.windows(), loss: plan.loss };
      ({ loss } = await measure(requireNetwork(plan.network), by, pace, plan.ranks));
      if (Number.isFinite(loss) && best.observe(loss)) this.over = true;
    } catch (error) {
      validation.undo();
      throw error;
    } finally {
      if (present !== undefined) restoreParameters(plan.network, present);
    }
    if (!Number.isFinite(loss)) updates.diverge(`the validation loss was ${loss}`);
    updates.follower?.observe(loss);
    if (best.exhausted) this.settle();
    return loss;
  }

  /** Leaves the network as training is to leave it, and keeps what going on would need. */
  private end(): void {
    const { failed, learner } = this;
    const { network } = this.plan;
    try {
      requireNetwork(network);
      if (!failed) this.memory = this.learnerMemory();
      this.settle();
      network.zeroGradients();
    } catch (error) {
      // The caller may have disposed of it.
      if (!(error instanceof DisposedError)) throw error;
    } finally {
      learner.dispose?.();
    }
  }

  /** Gives the network the parameters that it is to end with, where those are not the last. */
  private settle(): void {
    const { plan, best, averaging, failed, running } = this;
    const { network, keepBest = false } = plan;
    const wantsBest = keepBest || (best.exhausted && !failed);
    if (running !== undefined || !(wantsBest || averaging !== undefined)) return;
    const present = snapshotParameters(network);
    if ((wantsBest && best.restore()) || (!failed && averaging?.swapIn() !== undefined))
      this.running = present;
  }

  /** Returns what the rule remembers, or throws what stands against that, when it is asked for. */
  private learnerMemory(): () => PlainData {
    try {
      const memory = requireKept(this.learner, this.plan.learner).save();
      return () => memory;
    } catch (error) {
      return () => {
        throw error;
      };
    }
  }
}
