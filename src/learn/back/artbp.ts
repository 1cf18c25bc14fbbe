import { requireNumber, requireOptions } from "../../errors.js";
import { Dynamics } from "../../network/dynamics/dynamics.js";
import type { Inputs } from "../../network/model/batch.js";
import { divisorOf, gradientTargets, targetKind } from "../../network/model/targets.js";
import { requireNetwork } from "../../network/network.js";
import type { State } from "../../network/types.js";
import { keepOptions, PlainReader, type PlainData } from "../../plain-data.js";
import { Random } from "../../random.js";
import { askLoss } from "../windows/callers-loss.js";
import type { CheckedWindow } from "../windows/checked-window.js";
import {
  createLearner,
  callersLoss,
  cuts,
  requireStepwise,
  type GradientEvent,
  type KeptRun,
  type Learner,
  type LearnerContext,
} from "../learner.js";
import {
  readState,
  readStretch,
  requireFitting,
  SAVED,
  saveState,
  saveStretch,
} from "../windows/saved-stretch.js";
import { copyOf, joinStretches, stepsOf, weightOf, windowOf, type Stretch } from "../windows/stretches.js";

/** Configures `artbp`. */
export interface ArtbpOptions {
  /** L0: the mean number of steps between cuts, above 1. */
  meanLength: number;
  /** α, above 1: how thin the tail of long stretches is; default 4. */
  alpha?: number;
}

/**
 * Creates a learner for anticipated reweighted truncated back-propagation (ARTBP; Tallec & Ollivier 2017,
 * "Unbiasing truncated backpropagation through time", arXiv 1705.08209). After each step the sequence is cut
 * with probability c = α/((α − 1)·L0 + d), d being the number of steps since the last cut. Errors go back
 * from cut to cut and are multiplied by 1/(1 − c) at every step without a cut, so that the gradient is
 * unbiased and has little noise. Each stretch between cuts yields one gradient; all sequences of a batch are
 * cut at once. Stretches have a mean length of L0 and a long tail (with α = 4 and L0 = 16 one in a thousand
 * is longer than 210 steps), and memory grows with the longest.
 *
 * Throws a TypeError or RangeError for a bad option. Training throws a RangeError for a bidirectional
 * network, and at a window that carries on one in which sequences ended early, since stretches reach across
 * windows.
 */
export function artbp(options: ArtbpOptions): Learner {
  const { meanLength, alpha = 4 } = requireOptions("options", options, ["meanLength", "alpha"]);
  requireNumber("meanLength", meanLength, { above: 1 });
  requireNumber("alpha", alpha, { above: 1 });
  const learner = createLearner("artbp", (context) => {
    requireStepwise(context, "artbp");
    return new ArtbpRun(context, (d) => alpha / ((alpha - 1) * meanLength + d));
  });
  return keepOptions(cuts(learner), { meanLength, alpha });
}

/** Separates these draws from others with the same seed. */
const CUT_STREAM = 0x617274;

class ArtbpRun implements KeptRun {
  /** Whether steps of the window that came last are still to be taken in. */
  unfinished = false;
  private readonly context: LearnerContext;
  private readonly random: Random;
  /** The probability of a cut after the d-th step of a stretch. */
  private readonly cutAfter: (d: number) => number;
  /** The steps since the last cut. */
  private pending: Stretch[] = [];
  private pendingSteps = 0;
  private dynamics: Dynamics | undefined;
  private kind: string | undefined;
  private state: State | undefined;
  private started = false;
  /** Whether a sequence of the last window ended before the window, which then cannot be carried on. */
  private endedEarly = false;
  /** Steps of the unfinished window that were taken in. */
  private taken = 0;

  constructor(context: LearnerContext, cutAfter: (d: number) => number) {
    this.context = context;
    this.random = new Random(context.seed, CUT_STREAM);
    this.cutAfter = cutAfter;
    this.state = context.state;
  }

  *window(checked: CheckedWindow): Generator<GradientEvent, void> {
    const { inputs, carry } = checked;
    const { steps } = inputs;
    if (this.taken === 0) {
      if (carry && this.endedEarly) {
        throw new RangeError(
          `"carry" expected false after a window in which sequences ended early ("inputs.lengths"), got true: artbp learns ` +
            `from stretches across windows; use bptt()`,
        );
      }
      this.unfinished = true;
      if (!carry) yield* this.finish();
      this.endedEarly = inputs.lengths?.some((length) => length < steps) === true;
    }
    this.started = true;
    for (let from = this.taken, to = from, d = this.pendingSteps; to < steps;) {
      to++;
      const cut = this.random.uniform() < this.cutAfter(++d);
      if (!cut && to < steps) continue;
      const stretch = stepsOf(checked, from, to);
      // What waits for the next window is no reason to keep the whole of this one.
      this.pending.push(cut ? stretch : copyOf(stretch));
      this.pendingSteps += to - from;
      [from, d] = [to, 0];
      this.taken = to < steps ? to : 0;
      this.unfinished = to < steps;
      if (cut) yield this.flush();
    }
  }

  save(): PlainData {
    const { unfinished, taken, started, endedEarly } = this;
    const pending = this.pending.map(saveStretch);
    const random = Uint32Array.from(this.random.words);
    return { unfinished, taken, started, endedEarly, pending, random, state: saveState(this.state) };
  }

  restore(data: PlainData): void {
    const saved = new PlainReader(SAVED, data);
    const pending = saved
      .field("pending")
      .list()
      .map((stretch) => readStretch(stretch, this.context));
    this.random.words = saved.field("random").words();
    this.state = readState(saved.field("state"), this.context.network);
    this.started = saved.field("started").boolean();
    this.endedEarly = saved.field("endedEarly").boolean();
    this.unfinished = saved.field("unfinished").boolean();
    this.taken = saved.field("taken").integer();
    this.pending = pending;
    this.pendingSteps = pending.reduce((sum, { inputs }) => sum + inputs.steps, 0);
  }

  *end(): Generator<GradientEvent, void> {
    yield* this.finish();
  }

  dispose(): void {
    this.dynamics?.dispose();
    this.dynamics = undefined;
  }

  /** Yields the gradient of the pending steps at the sequences' end, which is no cut: no loss is left out. */
  private *finish(): Generator<GradientEvent, void> {
    if (this.pendingSteps > 0) yield this.flush();
    if (this.started) this.state = undefined;
  }

  private flush(): GradientEvent {
    const stretch = joinStretches(this.pending);
    this.pending = [];
    this.pendingSteps = 0;
    const { network, reduction } = this.context;
    const loss = callersLoss(this.context);
    const { inputs, targets, count } = stretch;
    const { steps, batch } = inputs;
    requireFitting(this.state, batch, network);
    const dynamics = this.prepare(inputs);
    dynamics.state = this.state;
    dynamics.forward(inputs, 0, steps);
    let sum: number | undefined;
    if (loss !== undefined) {
      const { parameters } = requireNetwork(network).model;
      const answer = askLoss(loss, dynamics.outputs(), windowOf(stretch), parameters);
      dynamics.loss(gradientTargets(answer.gradient, steps, batch), 0, 1);
      sum = answer.loss;
    } else if (targets !== undefined) {
      const scale = 1 / divisorOf(targets, reduction);
      sum = dynamics.loss(targets, 0, scale) * scale;
      if (!targetKind(targets.kind).hasLoss) sum = undefined;
    }
    dynamics.vjp({ losses: true, weights: this.weightsOf(steps) }).accumulate();
    this.state = dynamics.state;
    return { loss: sum, count, weight: weightOf(stretch), steps: steps * batch };
  }

  /**
   * Returns the weights of the losses of a stretch, [steps]: w_1 = 1, w_{d+1} = w_d/(1 − c_d). An error from
   * step d + n reaches step d with w_{d+n}/w_d.
   */
  private weightsOf(steps: number): Float32Array {
    const weights = new Float32Array(steps);
    for (let d = 1, weight = 1; d <= steps; weight /= 1 - this.cutAfter(d), d++) weights[d - 1] = weight;
    return weights;
  }

  /** Returns memory for at least so many steps; reuses it while batch and kind of inputs stay the same. */
  private prepare({ steps, batch, kind: inputs, resets: given }: Inputs): Dynamics {
    const kind = `${batch} ${inputs}`;
    const held = this.kind === kind ? this.dynamics : undefined;
    const anew = given !== undefined;
    if (held !== undefined && held.steps >= steps && (held.resets || !anew)) return held;
    const resets = anew || held?.resets === true;
    this.dynamics?.dispose();
    this.dynamics = undefined;
    let room = 1;
    while (room < steps) room *= 2;
    const sizes = { batch, steps: room, inputs, resets };
    this.dynamics = new Dynamics(requireNetwork(this.context.network).model, sizes);
    this.kind = kind;
    return this.dynamics;
  }
}
