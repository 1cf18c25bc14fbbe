import { requireNumber, requireObject } from "../../errors.js";
import { Dynamics } from "../../network/dynamics/dynamics.js";
import { divisorOf, makeTargets, targetKind } from "../../network/model/targets.js";
import { requireNetwork } from "../../network/network.js";
import type { State } from "../../network/types.js";
import { Random } from "../../random.js";
import { askLoss } from "../windows/callers-loss.js";
import type { CheckedWindow } from "../windows/checked-window.js";
import {
  createLearner,
  requireOneDirection,
  type GradientEvent,
  type Learner,
  type LearnerContext,
  type LearnerRun,
} from "../learner.js";
import { copySteps, joinStretches, windowOf, type Stretch } from "../windows/stretches.js";

export interface ArtbpOptions {
  /** L0: the mean number of steps between cuts, above 1. */
  meanLength: number;
  /** α, above 1: how thin the tail of long stretches is; default 4. */
  alpha?: number;
}

/**
 * Anticipated reweighted truncated back-propagation (Tallec & Ollivier 2017, "Unbiasing truncated backpropagation through
 * time", arXiv 1705.08209): after each step a cut with probability c = α/((α − 1)·L0 + d), d steps after the last one, and
 * back-propagation from cut to cut in which errors grow by 1/(1 − c) wherever there was none. Unbiased, of little noise. One
 * gradient a stretch; all sequences of a batch are cut at once. Stretches have a mean length of L0 and a tail (with α = 4 and
 * L0 = 16 one in a thousand is longer than 210), and the memory follows the longest.
 *
 * Throws a RangeError for a bidirectional network, and at a window that carries on one in which sequences ended early:
 * stretches go across windows.
 */
export function artbp(options: ArtbpOptions): Learner {
  const { meanLength, alpha = 4 } = requireObject("options", options);
  requireNumber("meanLength", meanLength, { above: 1 });
  requireNumber("alpha", alpha, { above: 1 });
  return createLearner("artbp", (context) => {
    requireOneDirection(context.network, "artbp");
    return new ArtbpRun(context, (d) => alpha / ((alpha - 1) * meanLength + d));
  });
}

/** Tells these draws from others of the same seed. */
const CUT_STREAM = 0x617274;

class ArtbpRun implements LearnerRun {
  private readonly context: LearnerContext;
  private readonly random: Random;
  /** The probability of a cut after the d-th step of a stretch. */
  private readonly cutAfter: (d: number) => number;
  /** Copies of the steps since the last cut. */
  private pending: Stretch[] = [];
  private pendingSteps = 0;
  private dynamics: Dynamics | undefined;
  private kind: string | undefined;
  private state: State | undefined;
  private started = false;
  /** Whether a sequence of the last window ended early, so that it does not go on. */
  private endedEarly = false;

  constructor(context: LearnerContext, cutAfter: (d: number) => number) {
    this.context = context;
    this.random = new Random(context.seed, CUT_STREAM);
    this.cutAfter = cutAfter;
    this.state = context.state;
  }

  *window(checked: CheckedWindow): Generator<GradientEvent, void> {
    const { inputs, carry } = checked;
    if (carry && this.endedEarly) {
      throw new RangeError(
        `"carry" expected false after a window in which sequences ended early ("inputs.lengths"), got true: artbp learns ` +
          `from stretches across windows; use bptt()`,
      );
    }
    this.endedEarly = inputs.lengths?.some((length) => length < inputs.steps) === true;
    if (!carry) yield* this.finish();
    this.started = true;
    // All copies are made before the first gradient: then the caller may use the window's arrays anew.
    const stretches: { stretch: Stretch; cut: boolean }[] = [];
    for (let from = 0, to = 0, d = this.pendingSteps; to < inputs.steps;) {
      to++;
      const cut = this.random.uniform() < this.cutAfter(++d);
      if (!cut && to < inputs.steps) continue;
      stretches.push({ stretch: copySteps(checked, from, to), cut });
      [from, d] = [to, 0];
    }
    for (const { stretch, cut } of stretches) {
      this.pending.push(stretch);
      this.pendingSteps += stretch.inputs.steps;
      if (cut) yield this.flush();
    }
  }

  *end(): Generator<GradientEvent, void> {
    yield* this.finish();
  }

  dispose(): void {
    this.dynamics?.dispose();
    this.dynamics = undefined;
  }

  /** A sequence ended, which is no cut: nothing was left out. */
  private *finish(): Generator<GradientEvent, void> {
    if (this.pendingSteps > 0) yield this.flush();
    if (this.started) this.state = undefined;
  }

  private flush(): GradientEvent {
    const stretch = joinStretches(this.pending);
    this.pending = [];
    this.pendingSteps = 0;
    const { network, loss, reduction } = this.context;
    const { inputs, targets, count } = stretch;
    const { steps, batch } = inputs;
    const dynamics = this.prepare(steps, batch, inputs.kind);
    dynamics.state = this.state;
    dynamics.forward(inputs, 0, steps);
    let sum: number | undefined;
    if (loss !== undefined) {
      const { parameters } = requireNetwork(network).model;
      const asked = askLoss(loss, dynamics.outputs(), windowOf(stretch), parameters);
      dynamics.loss(makeTargets("gradient", asked.gradient, asked.gradient.length), 0, 1);
      sum = asked.loss;
    } else if (targets !== undefined) {
      const scale = 1 / divisorOf(targets, reduction);
      sum = dynamics.loss(targets, 0, scale) * scale;
      if (!targetKind(targets.kind).hasLoss) sum = undefined;
    }
    dynamics.vjp({ losses: true, weights: this.weightsOf(steps) }).accumulate();
    this.state = dynamics.state;
    return { loss: sum, count, steps: steps * batch };
  }

  /** w_1 = 1, w_{d+1} = w_d/(1 − c_d): an error from step d + n reaches step d with w_{d+n}/w_d. */
  private weightsOf(steps: number): Float32Array {
    const weights = new Float32Array(steps);
    for (let d = 1, weight = 1; d <= steps; weight /= 1 - this.cutAfter(d), d++) weights[d - 1] = weight;
    return weights;
  }

  /** Memory for so many steps or more. */
  private prepare(steps: number, batch: number, inputs: "tokens" | "values"): Dynamics {
    const kind = `${batch} ${inputs}`;
    if (this.dynamics !== undefined && this.kind === kind && this.dynamics.steps >= steps)
      return this.dynamics;
    this.dynamics?.dispose();
    this.dynamics = undefined;
    let most = 1;
    while (most < steps) most *= 2;
    this.dynamics = new Dynamics(requireNetwork(this.context.network).model, { batch, steps: most, inputs });
    this.kind = kind;
    return this.dynamics;
  }
}
