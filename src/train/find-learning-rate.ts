/** Finds a learning rate by a range test: the rate grows with each update until the loss does. */

import type { TrainingData } from "../data/training-data.js";
import {
  DivergenceError,
  InvalidStateError,
  requireInteger,
  requireNumber,
  requireOptions,
} from "../errors.js";
import { requireNetwork } from "../network/network.js";
import type { Network } from "../network/types.js";
import { MOST, optimizerMemory, type Optimizer } from "../optimize/optimizer.js";
import { naturalLogarithm } from "../random.js";
import { exponential } from "../elementary.js";
import { requireFunction, requireOptimizer, type TrainOptions } from "./options.js";
import { train } from "./train.js";

/** Configures `findLearningRate`; what else training depends on is as for `train`. */
export interface FindLearningRateOptions extends Pick<
  TrainOptions,
  "learner" | "updateEvery" | "accumulate" | "loss" | "clipNorm" | "clipValue" | "signal"
> {
  /** Makes a new optimizer, as `() => adam()` does; the test sets its learning rate, and resets it at the end. */
  optimizer: () => Optimizer;
  /** The first learning rate, at least 1e-30; default 1e-6. */
  from?: number;
  /** The last, above `from`; default 1. */
  to?: number;
  /** Updates from the first to the last, at least 2; default 200. */
  steps?: number;
  /** Share of the moving mean of the losses that stays from update to update, from 0 to below 1; default 0.9. */
  smoothing?: number;
}

/** Holds what a range test saw, update by update. */
export interface LearningRateSearch {
  /** Each a constant factor above the one before. */
  readonly rates: readonly number[];
  /** The loss as each of the rates found it, as a moving mean. */
  readonly losses: readonly number[];
  /** A rate to begin with; undefined where no rate made the loss fall. */
  readonly suggestion: number | undefined;
  /** Whether the test ended because the loss grew; false: it reached `to`. */
  readonly diverged: boolean;
}

/** The suggestion is this share of the rate with the least loss. */
const SHARE = 0.1;

/** How much of the least loss, or of the fall down to it, the loss may be above it before the test ends. */
const RISE = 3;

/** Takes the moving mean of losses, without the pull towards 0 of a mean that starts there (as Kingma & Ba 2015 do). */
class MovingMean {
  private readonly kept: number;
  private sum = 0;
  private weight = 0;

  constructor(kept: number) {
    this.kept = kept;
  }

  add(loss: number): number {
    this.sum = this.kept * this.sum + (1 - this.kept) * loss;
    this.weight = this.kept * this.weight + (1 - this.kept);
    return this.sum / this.weight;
  }
}

/** Gathers what the test saw, and says when it has seen enough. */
class Search {
  private readonly rates: number[] = [];
  private readonly losses: number[] = [];
  /** The place of the least loss. */
  private least = 0;

  /** Adds a loss, and returns whether it is so far above the least that more updates can only be worse. */
  add(rate: number, loss: number): boolean {
    const { rates, losses } = this;
    if (losses.length > 0 && loss < losses[this.least]) this.least = losses.length;
    rates.push(rate);
    losses.push(loss);
    const least = losses[this.least];
    return loss - least > Math.max(RISE * Math.abs(least), losses[0] - least);
  }

  end(diverged: boolean): LearningRateSearch {
    const { rates, losses, least } = this;
    return { rates, losses, suggestion: least > 0 ? SHARE * rates[least] : undefined, diverged };
  }
}

/** Returns rates from the first to the last, each a constant factor above the one before. */
function rateAt(from: number, to: number, steps: number): (step: number) => number {
  const range = naturalLogarithm(to) - naturalLogarithm(from);
  return (step) => (step === steps - 1 ? to : from * exponential((step / (steps - 1)) * range));
}

/**
 * Tries learning rates on a copy of the network, one an update, from low to high, and says what became of the loss: the
 * range test of Smith (2017, "Cyclical learning rates for training neural networks", arXiv 1506.01186), whose rates grow
 * along a line there and by a constant factor here. Past the rate where the loss is least, updates undo what was learned;
 * the suggestion is a tenth of that rate. The test ends early once the loss has grown by more than three times the least,
 * and above the first, or is not finite.
 *
 * The network stays as it is. The data is walked as by `train`, as many epochs as there are updates for: data that can be
 * walked once is then used up. An update without targets counts as a loss of 0, as in the events of `train`.
 *
 * Throws a TypeError or RangeError for a wrong argument, a window that does not fit the network, an epoch without windows,
 * and targets that are a gradient, which have no loss; an InvalidStateError for an optimizer that is not new; and
 * signal.reason.
 */
export async function findLearningRate(
  network: Network,
  data: TrainingData,
  options: FindLearningRateOptions,
): Promise<LearningRateSearch> {
  const { optimizer, from, to, steps, smoothing, ...rest } = requireOptions("options", options, [
    "learner",
    "updateEvery",
    "accumulate",
    "loss",
    "clipNorm",
    "clipValue",
    "signal",
    "optimizer",
    "from",
    "to",
    "steps",
    "smoothing",
  ]);
  requireFunction("optimizer", optimizer);
  const first = requireNumber("from", from ?? 1e-6, { least: 1e-30, below: MOST });
  const last = requireNumber("to", to ?? 1, { above: first, most: MOST });
  const maxSteps = requireInteger("steps", steps ?? 200, 2);
  const mean = new MovingMean(requireNumber("smoothing", smoothing ?? 0.9, { least: 0, below: 1 }));
  const made = optimizer();
  requireOptimizer(made);
  if (optimizerMemory(made)?.bound === true)
    throw new InvalidStateError(`"optimizer" expected a function that makes a new optimizer, got one in use`);
  const schedule = rateAt(first, last, maxSteps);
  using copy = requireNetwork(network).clone();
  const search = new Search();
  try {
    for await (const event of train(copy, data, { ...rest, optimizer: made, schedule, maxSteps })) {
      if (event.epochEnd) continue;
      if (Number.isNaN(event.loss))
        throw new RangeError(`"data" expected targets that have a loss, got a gradient`);
      if (search.add(event.learningRate, mean.add(event.loss))) return search.end(true);
    }
    return search.end(false);
  } catch (error) {
    if (error instanceof DivergenceError) return search.end(true);
    throw error;
  } finally {
    made.reset();
  }
}
