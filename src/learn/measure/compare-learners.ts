import { describe, requireInteger, requireOptions } from "../../errors.js";
import type { Loss, Network, Sequence, State, Target } from "../../network/types.js";
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

/** Configures `compareLearners`. */
export interface CompareLearnersOptions {
  /** State that the sequence starts from; default zeros. */
  state?: State;
  /**
   * Number of gradients of a rule that draws, by consecutive seeds; default 16. Other rules are asked once.
   */
  draws?: number;
  /** The first of the seeds, any safe integer; default the network's option `seed`. */
  seed?: number;
  /** Default softmax cross-entropy for classes and squared error for values; none with a gradient. */
  loss?: Loss;
}

/** Describes a rule's gradient and what it costs. */
export interface LearnerMeasurement extends SampleMeasurement {
  /** The mean of the draws' losses, which differ by rounding alone; NaN where the target is a gradient. */
  loss: number;
  /** Time of the fastest draw, including a copy of the network and its memory. */
  milliseconds: number;
  /**
   * The most bytes of WebAssembly memory at a time besides the network's parameters and gradients: windows,
   * packed weights, and what the rule keeps there. Copies of inputs and states in JavaScript's own memory do
   * not count.
   */
  bytes: number;
}

/** Holds one learner's measurements, or why there are none. */
export interface LearnerComparison {
  /** The learner's name. */
  name: string;
  /** The measurements; undefined for a learner that refused the network or the sequence. */
  measured?: LearnerMeasurement;
  /** The message of the RangeError with which the learner refused. */
  refused?: string;
}

/** Holds the result of `compareLearners`. */
export interface LearnersComparison {
  /** Loss and full gradient, by `bptt()` over the whole sequence, as means over its targets. */
  full: GradientEstimate;
  /** One entry for each learner, in the order given. */
  learners: LearnerComparison[];
}

/**
 * Compares the gradients of learning rules with full back-propagation through time, on one sequence, at fixed
 * parameters: bias, noise, time and memory. The network stays as it is: `estimateGradient` makes the
 * gradients, on copies without dropout. A rule that refuses the network or the sequence has an entry that
 * says why.
 *
 * ```ts
 * const rules = [tbptt({ k1: 16 }), tbptt({ k1: 16, k2: 32 }), uoro()];
 * for (const { name, measured } of compareLearners(network, sequence, target, rules).learners)
 *   console.log(name, measured?.overall.relativeDifference, measured?.noise, measured?.milliseconds);
 * ```
 *
 * Throws a TypeError or RangeError for a bad argument, before anything happens, and an OutOfMemoryError where
 * there is no room for the full gradient.
 */
export function compareLearners(
  network: Network,
  sequence: Sequence,
  target: Target,
  learners: readonly Learner[],
  options: CompareLearnersOptions = {},
): LearnersComparison {
  const question = requireQuestion(
    network,
    sequence,
    target,
    requireOptions("options", options, ["state", "loss", "draws", "seed"]),
  );
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
