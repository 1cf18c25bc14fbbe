import type { TrainingData } from "../data/training-data.js";
import { requireInteger, requireOptions } from "../errors.js";
import type { LossFunction } from "../learn/learner.js";
import { requireNetwork } from "../network/network.js";
import { outputWidth } from "../network/sizes.js";
import type { Loss, Network } from "../network/types.js";
import { measure } from "./measure.js";
import { Metrics, type Measurements } from "./metrics/metrics.js";
import { requireLossOption } from "./options.js";
import { Pace } from "./pace.js";
import { requireData } from "./read-windows.js";

/** Configures `evaluate`. */
export interface EvaluateOptions {
  /** As for `train`. */
  loss?: Loss | LossFunction;
  /** k of `topK`, for classes; default: none. */
  topK?: number;
}

/** Holds the result of `evaluate`: the mean loss, and what says more where the loss and the targets have it. */
export interface Evaluation extends Measurements {
  /** Mean over all targets, by their weights: nats for classes, squared error for values, unless another loss was asked for. */
  loss: number;
  /** Number of targets: steps for classes, elements for values, sequences for labels; 0: the loss is 0, and nothing else is there. */
  count: number;
}

/**
 * Measures a network over data without training: the mean loss over all targets, the state carried where the
 * windows say so, and with it accuracy, F1 and perplexity for classes, errors and R² for values, coverage for quantiles, the
 * edit distance of the best path for `ctc()`. The network's parameters, gradients and tape stay as they are, and the event loop gets
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
  const { loss, topK } = requireOptions("options", options, ["loss", "topK"]);
  requireLossOption(loss);
  const O = outputWidth(checked.options);
  if (topK !== undefined) requireInteger("options.topK", topK, 1, O);
  const metrics = new Metrics(O, loss, topK);
  const observe = metrics.observe.bind(metrics);
  const mean = await measure(checked, { name: "data", data, loss, observe }, new Pace());
  return { ...mean, ...(mean.count > 0 && metrics.read(mean.loss)) };
}
