import type { TrainingData } from "../data/training-data.js";
import { askLoss } from "../learn/windows/callers-loss.js";
import { WindowChecks, type CheckedWindow } from "../learn/windows/checked-window.js";
import { isLossFunction, type LossFunction } from "../learn/learner.js";
import { requireNetwork, type RecurrentNetwork } from "../network/network.js";
import { weightOf } from "../learn/windows/stretches.js";
import { score } from "../network/score.js";
import type { Loss, Network, State } from "../network/types.js";
import { requireOptions } from "../errors.js";
import { requireLossOption } from "./options.js";
import { Pace } from "./pace.js";
import { readWindows, requireData } from "./read-windows.js";

/** Configures `evaluate`. */
export interface EvaluateOptions {
  /** As for `train`. */
  loss?: Loss | LossFunction;
}

/** Holds the result of `evaluate`. */
export interface Evaluation {
  /** Mean over all targets: nats for classes, squared error for values; 0 without any target. */
  loss: number;
  /** Number of targets: steps for classes, elements for values. */
  count: number;
  /** The share of targets whose class was the likeliest; only where all targets are classes. */
  accuracy?: number;
}

/** Describes what a network is measured by. */
export interface Measure {
  /** The name of the data in error messages. */
  readonly name: string;
  readonly data: TrainingData;
  readonly loss?: Loss | LossFunction | undefined;
}

interface Sums {
  /** Σ weight·loss. */
  loss: number;
  correct?: number | undefined;
  state: State;
}

function scoreOf(
  network: RecurrentNetwork,
  checked: CheckedWindow,
  state: State | undefined,
  loss: Measure["loss"],
): Sums {
  if (isLossFunction(loss)) return callersScore(network, checked, state, loss);
  const { inputs, targets } = checked;
  if (targets === undefined) throw new Error("a window without targets came, and no loss of the caller's");
  return score(network, inputs, targets, state);
}

/** Scores a window by the caller's loss, as `score` does by its targets. */
function callersScore(
  network: Network,
  { window, ...checked }: CheckedWindow,
  state: State | undefined,
  loss: LossFunction,
): Sums {
  const run = network.forward(window.inputs, { state, keepTape: false });
  return { loss: askLoss(loss, run.outputs, window).loss * weightOf(checked), state: run.state };
}

/** Measures the mean loss over all windows, at the given pace. The network stays as it is. */
export async function measure(
  network: RecurrentNetwork,
  { name, data, loss }: Measure,
  pace: Pace,
): Promise<Evaluation> {
  const checks = new WindowChecks(network, loss);
  const total = { loss: 0, count: 0, weight: 0, correct: 0 };
  let allClasses = true;
  let state: State | undefined;
  for await (const window of readWindows(name, data, pace.signal)) {
    await pace.breathe();
    const checked = checks.check(window);
    const initial = checked.carry ? state : undefined;
    const sums = scoreOf(network, checked, initial, loss);
    state = sums.state;
    total.loss += sums.loss;
    total.count += checked.count;
    total.weight += weightOf(checked);
    total.correct += sums.correct ?? 0;
    allClasses &&= sums.correct !== undefined;
  }
  const { count, weight } = total;
  return {
    loss: weight > 0 ? total.loss / weight : 0,
    count,
    ...(allClasses && count > 0 ? { accuracy: total.correct / count } : {}),
  };
}

/**
 * Measures a network's loss over data without training: the mean over all targets, the state carried where
 * the windows say so. The network's parameters, gradients and tape stay as they are, and the event loop gets
 * its turns. Throws a TypeError for data that is no iterable, a RangeError for data without windows or
 * targets that are a gradient, and a TypeError or RangeError for a window that does not fit the network.
 */
export async function evaluate(
  network: Network,
  data: TrainingData,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const checked = requireNetwork(network);
  requireData("data", data);
  const { loss } = requireOptions("options", options, ["loss"]);
  requireLossOption(loss);
  return measure(checked, { name: "data", data, loss }, new Pace());
}
