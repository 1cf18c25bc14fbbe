import { DivergenceError, requireNumber } from "../errors.js";
import type { GradientEvent } from "../learn/learner.js";
import { restoreParameters, snapshotParameters } from "../network/snapshot.js";
import { clipGradientNorm, clipGradientValue, gradientNorm } from "../optimize/clip.js";
import type { TrainPlan } from "./options.js";

export interface Update {
  /** NaN where the targets were a gradient. */
  readonly loss: number;
  /** Before clipping. */
  readonly gradientNorm: number;
  readonly learningRate: number;
}

/** Clips the gradients that stand in the network; returns their joint norm before. One that is not finite stays. */
export function clipGradients({
  network,
  clipNorm,
  clipValue,
}: Pick<TrainPlan, "network" | "clipNorm" | "clipValue">): number {
  const norm = clipNorm === undefined ? gradientNorm(network) : clipGradientNorm(network, clipNorm);
  if (clipValue !== undefined) clipGradientValue(network, clipValue);
  return norm;
}

/** As the schedule says, if there is one, for the update after `step` updates. */
export function scheduledRate(schedule: TrainPlan["schedule"], step: number): number | undefined {
  return schedule && requireNumber(`schedule(${step})`, schedule(step), { least: 0 });
}

/** The updates of one training, each from the gradients that stand in the network. */
export class Updates {
  /** Updates so far. */
  step = 0;
  private readonly plan: TrainPlan;
  private lastFiniteLoss = NaN;
  /** The parameters before the last update, which gave a finite loss and norm: one copy. */
  private proven: Float32Array | undefined;

  constructor(plan: TrainPlan) {
    this.plan = plan;
  }

  /** Clips and steps. Throws a DivergenceError when the loss or the norm is not finite. */
  apply({ loss }: GradientEvent): Update {
    const { network, optimizer } = this.plan;
    if (loss !== undefined && !Number.isFinite(loss)) this.diverge(`the loss was ${loss}`);
    const norm = clipGradients(this.plan);
    if (!Number.isFinite(norm)) this.diverge(`the gradient norm was ${norm}`);
    if (loss !== undefined) this.lastFiniteLoss = loss;
    const rate = scheduledRate(this.plan.schedule, this.step);
    if (rate !== undefined) optimizer.learningRate = rate;
    this.proven = snapshotParameters(network, this.proven);
    optimizer.step(network);
    this.step++;
    return { loss: loss ?? NaN, gradientNorm: norm, learningRate: optimizer.learningRate };
  }

  /** Ends training with the last parameters that gave a finite loss and norm, and the optimizer as if new. */
  diverge(what: string): never {
    const { network, optimizer } = this.plan;
    if (this.proven !== undefined) restoreParameters(network, this.proven);
    optimizer.reset();
    throw new DivergenceError(this.step, this.lastFiniteLoss, what);
  }
}
