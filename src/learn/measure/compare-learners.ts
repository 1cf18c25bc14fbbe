import { describe, requireInteger, requireObject } from "../../errors.js";
import type { Network, Sequence, State, Target } from "../../network/types.js";
import { bptt } from "../back/bptt.js";
import {
  askGradient,
  requireQuestion,
  requireSeed,
  type Answer,
  type GradientEstimate,
  type Question,
} from "./estimate-gradient.js";
import { GradientSample, type SampleMeasurement } from "./gradient-sample.js";
import { requireLearner, type BeginLearning, type Learner } from "../learner.js";

export interface CompareLearnersOptions {
  /** What the sequence starts from; default zeros. */
  state?: State;
  /** Gradients of a rule that draws, with as many consecutive seeds; default 16. A rule that does not draw is asked once. */
  draws?: number;
  /** The first of the seeds, default the network's option `seed`. */
  seed?: number;
}

/** What a rule's gradient is like, and what it costs. */
export interface LearnerMeasurement extends SampleMeasurement {
  /** The mean of the draws' losses, which differ by rounding alone; NaN where the target is a gradient. */
  loss: number;
  /** Time of the fastest draw, a copy of the network and its memory included. */
  milliseconds: number;
  /**
   * The most WebAssembly memory at a time, besides the network's parameters and gradients: windows, packed weights, and what
   * the rule keeps there. Copies of inputs and states in JavaScript's own memory are not in it.
   */
  bytes: number;
}

/** One learner's row. */
export interface LearnerComparison {
  name: string;
  /** Undefined for a learner that refused. */
  measured?: LearnerMeasurement;
  /** Why it did: the message of its RangeError. */
  refused?: string;
}

export interface LearnersComparison {
  /** The full gradient, by `bptt()` over the whole sequence, of the mean over its targets. */
  full: GradientEstimate;
  /** One for each learner, in their order. */
  learners: LearnerComparison[];
}

/**
 * Holds the gradients of learning rules against full back-propagation through time, on one sequence, at fixed parameters:
 * bias, noise, time and memory. As `estimateGradient`, which makes the gradients, it leaves the network as it is, and is
 * without dropout. A rule that refuses the network or the sequence has a row that says why.
 *
 * ```ts
 * const { learners } = compareLearners(network, sequence, target, [tbptt({ k1: 16 }), tbptt({ k1: 16, k2: 32 }), uoro()]);
 * for (const { name, measured } of learners)
 *   console.log(name, measured?.overall.relativeDifference, measured?.noise, measured?.milliseconds, measured?.bytes);
 * ```
 *
 * Throws a TypeError or RangeError for a bad argument, before anything happens, and an OutOfMemoryError where there is no
 * room for the full gradient.
 */
export function compareLearners(
  network: Network,
  sequence: Sequence,
  target: Target,
  learners: readonly Learner[],
  options: CompareLearnersOptions = {},
): LearnersComparison {
  const question = requireQuestion(network, sequence, target, requireObject("options", options));
  const begins = requireLearners(learners);
  const { draws = 16, seed = network.options.seed } = options;
  requireInteger("options.draws", draws, 1);
  requireSeed(seed);
  requireInteger("options.seed + options.draws", seed + draws, Number.MIN_SAFE_INTEGER);
  const full = askGradient(question, requireLearner("learner", bptt()), seed);
  const rows = begins.map(({ name, begin }) => {
    try {
      return { name, measured: measureLearner(question, begin, full, { draws, seed }) };
    } catch (error) {
      if (error instanceof RangeError) return { name, refused: error.message };
      throw error;
    }
  });
  const gradients = new Map([...full.gradients].map(([name, sum]) => [name, Float32Array.from(sum)]));
  return { full: { loss: full.loss, gradients }, learners: rows };
}

function requireLearners(learners: unknown): { name: string; begin: BeginLearning }[] {
  if (!Array.isArray(learners))
    throw new TypeError(`"learners" expected an array of learners, got ${describe(learners)}`);
  return learners.map((learner: Learner, i) => {
    const begin = requireLearner(`learners[${i}]`, learner);
    return { name: learner.name, begin };
  });
}

function measureLearner(
  question: Question,
  begin: BeginLearning,
  full: Answer,
  { draws, seed }: { draws: number; seed: number },
): LearnerMeasurement {
  const sample = new GradientSample(full.gradients);
  let milliseconds = Infinity;
  let bytes = 0;
  let loss = 0;
  for (let i = 0; i < draws; i++) {
    const started = performance.now();
    const answer = askGradient(question, begin, seed + i);
    milliseconds = Math.min(milliseconds, performance.now() - started);
    bytes = Math.max(bytes, answer.bytes);
    loss += (answer.loss - loss) / (i + 1);
    sample.add(answer.gradients);
    if (!answer.draws) return { ...sample.measure(), noise: 0, samplingError: 0, loss, milliseconds, bytes };
  }
  return { ...sample.measure(), loss, milliseconds, bytes };
}
