import { requireInteger, requireNumber, requireOptions } from "../../errors.js";
import { RecurrentNetwork } from "../../network/network.js";
import type { Loss, Network, Sequence, State, Target } from "../../network/types.js";
import { Random } from "../../random.js";
import { requireQuestion, requireSeed, type Question } from "../measure/estimate-gradient.js";
import { fitDecay, horizonOf, type GradientDecay } from "./decay.js";
import { countLosses, followLosses, type FlowSums, type LossCounts } from "./lag-norms.js";
import type { Saturation } from "./saturation.js";
import { predictBias, searchTruncation, type Truncation } from "./truncation.js";

/** Configures `gradientFlow`. */
export interface GradientFlowOptions {
  /** State that the sequence starts from; default zeros. */
  state?: State;
  /** The most steps whose losses are followed back; default 16. More take longer and make the norms surer. */
  losses?: number;
  /** Seed that chooses those steps, any safe integer; default the network's option `seed`. */
  seed?: number;
  /** Default softmax cross-entropy for classes and squared error for values; none with a gradient. */
  loss?: Loss;
  /** Relative bias of the gradient that a truncation may have, above 0; default 0.1. */
  tolerance?: number;
  /** Share of the norms' sum, between 0 and 1, that may lie beyond the horizon; default 0.01. */
  beyond?: number;
}

/** Describes how large gradients are by lag, the number of steps that they have travelled back. */
export interface LagFlow {
  /**
   * Gradient norms by lag, from 0: the root mean square of ‖∂ℓ_t/∂s_{t−lag}‖ over single steps' losses ℓ_t
   * and sequences, in nats, or squared units of the targets, a unit of state. s is h, and in an LSTM h and c
   * together, as what its next step starts from: c carries most of what reaches far.
   */
  norms: Float64Array;
  /** Geometric fit of the norms; undefined for fewer than two lags with a gradient. */
  decay: GradientDecay | undefined;
  /**
   * The smallest lag beyond which at most the share `beyond` of the norms' sum is left; norms past the last
   * lag are taken to fall as `decay` does. Undefined where the sequence is too short to show it.
   */
  horizon: number | undefined;
}

/** Describes the gradient flow in one layer, and how saturated its units are. */
export interface LayerFlow extends LagFlow {
  /** Gradient norms by lag, from 0, like `norms` but of h alone. */
  hiddenNorms: Float64Array;
  /** Saturation of each of the layer's gates, candidates and states. */
  saturation: Saturation[];
}

/** Holds the result of `gradientFlow`, as plain numbers and arrays, which can be cloned to another thread. */
export interface GradientFlow {
  /** The mean loss over the sequence's targets; NaN where the target is a gradient. */
  loss: number;
  /** The steps, from 0, whose losses were followed, ascending. */
  followed: Int32Array;
  /** One entry for each layer, the lowest first. */
  layers: LayerFlow[];
  /** The flow of all layers together: norms are the root of the sum of the layers' squares. */
  overall: LagFlow;
  /** The truncations that the search for the recommended one measured, the shortest first. */
  truncations: Truncation[];
  /**
   * The shortest `tbptt({ k1: n, k2: 2n })`, n a power of two, whose relative bias on the sequence is at most
   * the tolerance. Undefined where none with k2 below the sequence's steps is: use `bptt()` then, or look at
   * a longer sequence.
   */
  recommended: Truncation | undefined;
  /** The most bytes that `bptt()` over the whole sequence takes at a time, to compare with a truncation's. */
  bytes: number;
}

/** Separates these draws from others with the same seed. */
const FLOW_STREAM = 11;

/**
 * Measures how gradients travel back through time in a network: how large they are by lag, how fast they
 * fall, how many units are saturated and let none through, and how far errors must go back
 * (`tbptt`'s k1 and k2) for a given relative bias.
 *
 * It back-propagates the loss of single steps t, ∂ℓ_t/∂h_{t−lag}, with what reaches a lower layer through
 * those above it at the same step (Aicher, Foti & Fox 2019, arXiv 1905.07473: E‖∂ℓ_t/∂s_{t−k}‖). The steps
 * are the last one with a target and `losses − 1` before it, drawn evenly, or all of them where there are no
 * more. It takes about as many passes backwards over the sequence as there are losses, one for `bptt()`, and
 * two to six for truncations. Lags go up to the last step with a target: a sequence a few times longer than
 * the memory sought shows it. Where sequences begin anew (`resets`), a loss counts at the lags back to there.
 *
 * ```ts
 * const { overall, recommended } = gradientFlow(network, inputs, targets, { tolerance: 0.1 });
 * console.log(overall.decay?.rate, overall.horizon);
 * if (recommended) train(network, data, { learner: tbptt(recommended), … });
 * ```
 *
 * Works on a copy of the network without dropout: the network's gradients, tape, parameters and dropout stay
 * as they are.
 *
 * Throws a TypeError or RangeError for a bad argument, a RangeError for a bidirectional network or without
 * any target, and an OutOfMemoryError.
 */
export function gradientFlow(
  network: Network,
  sequence: Sequence,
  target: Target,
  options: GradientFlowOptions = {},
): GradientFlow {
  const question = requireQuestion(
    network,
    sequence,
    target,
    requireOptions("options", options, ["state", "loss", "losses", "seed", "tolerance", "beyond"]),
  );
  requireOneWay(question.network);
  if (question.window.targets.whole !== undefined)
    throw new RangeError(
      `"options.loss" expected one of single steps, got ctc(), which needs whole sequences`,
    );
  const { losses = 16, seed = network.options.seed, tolerance = 0.1, beyond = 0.01 } = options;
  requireInteger("options.losses", losses, 1);
  requireSeed(seed);
  requireNumber("options.tolerance", tolerance, { above: 0 });
  requireNumber("options.beyond", beyond, { above: 0, below: 1 });
  const { inputs, targets } = question.window;
  const counted = countLosses(targets, inputs);
  const followed = chooseSteps(counted.byStep, losses, new Random(seed, FLOW_STREAM));
  if (followed.length === 0)
    throw new RangeError(`"targets" expected at least one target, got none: there is no gradient to follow`);
  const sums = follow(question, counted, followed);
  const layers = sums.layers.map(({ h, c, units }) => ({
    ...lagFlow([h, c], sums.counts, beyond),
    hiddenNorms: normsOf([h], sums.counts),
    saturation: units,
  }));
  const overall = lagFlow(
    sums.layers.flatMap(({ h, c }) => [h, c]),
    sums.counts,
    beyond,
  );
  const { full, measured, recommended } = searchTruncation(
    question,
    (k1, k2) => predictBias(overall.norms, counted.byLag, k1, k2),
    tolerance,
  );
  return {
    loss: full.loss,
    followed: Int32Array.from(followed),
    layers,
    overall,
    truncations: measured,
    recommended,
    bytes: full.bytes,
  };
}

function requireOneWay({ options }: Network): void {
  if (options.bidirectional)
    throw new RangeError(
      `"network" expected one that reads one way, got a bidirectional one: its gradients travel both ways through time`,
    );
}

/**
 * Returns all steps with a target, or, where there are more than `most`, the last one and one drawn from each
 * of `most − 1` equal parts of those before it.
 */
function chooseSteps(targets: Int32Array, most: number, random: Random): number[] {
  const steps = Array.from(targets.keys()).filter((t) => targets[t] > 0);
  if (steps.length <= most) return steps;
  const before = steps.length - 1;
  const parts = most - 1;
  const chosen = Array.from({ length: parts }, (_, i) => {
    const [from, to] = [Math.floor((i * before) / parts), Math.floor(((i + 1) * before) / parts)];
    return steps[from + random.integer(to - from)];
  });
  return [...chosen, steps[before]];
}

/** Follows the losses on a copy of the network. */
function follow(
  { network, window, state }: Question,
  losses: LossCounts,
  followed: readonly number[],
): FlowSums {
  const { inputs, targets } = window;
  const { model } = network;
  const copy = new RecurrentNetwork(model.engine, { ...model.options, dropout: 0 });
  try {
    copy.model.parameters.copyFrom(model.parameters);
    const reaches = (lag: number): boolean => followed.some((t) => losses.reaching(t, lag) > 0);
    let lags = 1;
    while (lags <= followed[followed.length - 1] && reaches(lags)) lags++;
    return followLosses({ network: copy, inputs, targets, losses, state, followed, lags });
  } finally {
    copy.dispose();
  }
}

/** Returns root mean squares by lag, from sums of squares. */
function normsOf(parts: readonly Float64Array[], counts: Float64Array): Float64Array {
  return counts.map((count, lag) => Math.sqrt(parts.reduce((sum, part) => sum + part[lag], 0) / count));
}

function lagFlow(parts: readonly Float64Array[], counts: Float64Array, beyond: number): LagFlow {
  const norms = normsOf(parts, counts);
  const decay = fitDecay(norms);
  return { norms, decay, horizon: horizonOf(norms, decay, beyond) };
}
