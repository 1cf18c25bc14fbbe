import { DivergenceError, requireNumber } from "../errors.js";
import type { GradientEvent } from "../learn/learner.js";
import { restoreParameters, snapshotParameters } from "../network/snapshot.js";
import { clipGradientNorm, clipGradientValue, gradientNorm } from "../optimize/clip.js";
import { requireNetwork } from "../network/network.js";
import type { PlainData, PlainReader } from "../plain-data.js";
import type { TrainPlan } from "./options.js";
import { followOf, type ScheduleRun } from "./schedules/follow.js";
import type { Schedule } from "./schedules/schedule.js";

export interface Update {
  /** Mean over the update's targets, before the update; NaN where the targets were a gradient. */
  readonly loss: number;
  /** The joint L2 norm of all gradients before clipping. */
  readonly gradientNorm: number;
  readonly learningRate: number;
}

/** Clips the gradients and returns their joint L2 norm before; a norm that is not finite scales nothing. */
export function clipGradients({
  network,
  clipNorm,
  clipValue,
}: Pick<TrainPlan, "network" | "clipNorm" | "clipValue">): number {
  const norm = clipNorm === undefined ? gradientNorm(network) : clipGradientNorm(network, clipNorm);
  if (clipValue !== undefined) clipGradientValue(network, clipValue);
  return norm;
}

/** Returns the scheduled learning rate for the update after `step` updates; undefined without a schedule. */
export function scheduledRate(schedule: Schedule | undefined, step: number): number | undefined {
  return schedule && requireNumber(`schedule(${step})`, schedule(step), { least: 0 });
}

/** Makes the updates of one training, each from the network's present gradients. */
export class Updates {
  /** Updates so far. */
  step = 0;
  /** Follows a schedule that is no function. */
  readonly follower: ScheduleRun | undefined;
  private readonly plan: TrainPlan;
  private lastFiniteLoss = NaN;
  /** A copy of the parameters before the last update, which gave a finite loss and gradient norm. */
  private proven: Float32Array | undefined;

  /** `followed`: what the follower saved. Throws a FormatError for something else. */
  constructor(plan: TrainPlan, followed?: PlainData) {
    this.plan = plan;
    this.follower = followOf(plan.schedule)?.(followed);
  }

  save(): PlainData {
    const { step, lastFiniteLoss, proven, follower } = this;
    return { step, lastFiniteLoss, proven, follower: follower?.save() };
  }

  /** Reads what was saved. Returns a function that goes on with it. Throws a FormatError. */
  read(saved: PlainReader): () => void {
    const [step, lastFiniteLoss] = [saved.field("step").integer(), saved.field("lastFiniteLoss").number()];
    const proven = saved.field("proven");
    const { count } = requireNetwork(this.plan.network).model.parameters;
    const kept = proven.given ? proven.floats(count) : undefined;
    return () => {
      this.step = step;
      this.lastFiniteLoss = lastFiniteLoss;
      this.proven = kept;
    };
  }

  /** Clips and makes an update; throws a DivergenceError when the loss or the norm is not finite. */
  apply({ loss }: Pick<GradientEvent, "loss">): Update {
    const { network, optimizer, schedule } = this.plan;
    if (loss !== undefined && !Number.isFinite(loss)) this.diverge(`the loss was ${loss}`);
    const norm = clipGradients(this.plan);
    if (!Number.isFinite(norm)) this.diverge(`the gradient norm was ${norm}`);
    if (loss !== undefined) this.lastFiniteLoss = loss;
    const rate = typeof schedule === "function" ? scheduledRate(schedule, this.step) : this.follower?.rate;
    if (rate !== undefined) optimizer.learningRate = rate;
    this.proven = snapshotParameters(network, this.proven);
    optimizer.step(network);
    this.step++;
    return { loss: loss ?? NaN, gradientNorm: norm, learningRate: optimizer.learningRate };
  }

  /** Restores the last parameters of finite loss and norm, resets the optimizer, throws a DivergenceError. */
  diverge(what: string): never {
    const { network, optimizer } = this.plan;
    if (this.proven !== undefined) restoreParameters(network, this.proven);
    optimizer.reset();
    throw new DivergenceError(this.step, this.lastFiniteLoss, what);
  }
}
