/** Runs a network on whole sequences of any lengths. */

import { joinInputs, LARGEST, requireItemInputs, type SequenceItem } from "../data/items.js";
import { describe, InvalidStateError, requireChoice, requireInteger, requireOptions } from "../errors.js";
import { requireSequence } from "../network/arguments.js";
import type { Inputs } from "../network/model/batch.js";
import { createResult } from "../network/model/transfer.js";
import { requireNetwork, type RecurrentNetwork } from "../network/network.js";
import { outputWidth } from "../network/sizes.js";
import { softmax } from "../network/softmax.js";
import type { Network } from "../network/types.js";
import { keepLargest } from "./largest.js";

/** Configures how `predict` and `predictClasses` go through the items. */
interface Batching {
  /** Sequences that run side by side; the results do not depend on it. Default 16. */
  batch?: number;
}

/** Configures `predict`. */
export interface PredictOptions extends Batching {
  /**
   * What becomes of each step's outputs. "none", the default: nothing. "softmax": probabilities of O classes, one of
   * which is right. "sigmoid": O probabilities that know nothing of each other, σ(x) = 1/(1 + e^−x).
   */
  activation?: "none" | "softmax" | "sigmoid";
}

/** Configures `predictClasses`. */
export interface PredictClassesOptions extends Batching {
  /** K, how many classes to give for each step; default 1. */
  topK?: number;
}

/** Holds the likeliest classes of a sequence, likeliest first; [K] where the network has one output a sequence. */
export interface ClassPrediction {
  /** [T, K]. Of equally likely classes the lower comes first. */
  classes: Int32Array;
  /** [T, K], by softmax over all classes. */
  probabilities: Float32Array;
}

/**
 * Sequences a batch. Of sequences of 20 to 200 steps, an LSTM of 64 units reads 457, 585, 615, 618 and 531 thousand steps a
 * second in batches of 1, 4, 16, 32 and 256, one of 512 units 12, 16, 17, 16 and 10: past 16 only memory grows.
 */
const BATCH = 16;

/** Checks every item before any is run. Throws a TypeError or RangeError that names the item. */
function requireItems(network: RecurrentNetwork, items: readonly SequenceItem["inputs"][]): Inputs[] {
  if (!Array.isArray(items)) {
    throw new TypeError(`"items" expected an array of sequences, got ${describe(items)}`);
  }
  const checked = Array.from(items, (item: SequenceItem["inputs"], i) => {
    const name = `items[${i}]`;
    const { steps, array } = requireItemInputs(name, item);
    const inputs = array instanceof Float32Array ? { values: array } : { tokens: array };
    return requireSequence({ ...inputs, steps, batch: 1 }, network.options, name);
  });
  checked.forEach(({ kind }, i) => {
    if (kind !== checked[0].kind)
      throw new RangeError(`"items[${i}]" expected ${checked[0].kind}, as the first item, got ${kind}`);
  });
  return checked;
}

/** Returns the outputs of each item, run beside items of about its length. */
function runItems(network: RecurrentNetwork, items: readonly Inputs[], batch: number): Float32Array[] {
  const results: Float32Array[] = items.map(() => new Float32Array());
  // Longest first: if memory does not suffice, it shows at once.
  const order = items.map((_, i) => i).sort((a, b) => items[b].steps - items[a].steps);
  for (let first = 0; first < order.length; first += batch) {
    const places = order.slice(first, first + batch);
    const outputs = runBatch(
      network,
      places.map((place) => items[place]),
    );
    places.forEach((place, b) => {
      results[place] = outputs[b];
    });
  }
  return results;
}

function runBatch(network: RecurrentNetwork, items: readonly Inputs[]): Float32Array[] {
  const width = outputWidth(network.options);
  const { steps, batch, lengths, array } = joinInputs(items);
  const padded = lengths.some((length) => length < steps);
  const { outputs } = network.forwardInputs(
    { steps, batch, kind: items[0].kind, array, lengths: padded ? lengths : undefined, resets: undefined },
    undefined,
    { training: false, keepTape: false, hidden: false },
  );
  // T, or 1 where the network has one output a sequence.
  const rows = outputs.length / (batch * width);
  return items.map((item, b) => {
    const own = createResult("outputs", Math.min(rows, item.steps) * width);
    for (let to = 0, from = b * width; to < own.length; to += width, from += batch * width) {
      own.set(outputs.subarray(from, from + width), to);
    }
    return own;
  });
}

/** Replaces each output x by σ(x), the first of the two probabilities that softmax makes of x and 0. */
function applySigmoid(outputs: Float32Array): void {
  const pairs = createResult("outputs", 2 * outputs.length);
  outputs.forEach((x, i) => (pairs[2 * i] = x));
  softmax(pairs, 2, pairs);
  outputs.forEach((_, i) => (outputs[i] = pairs[2 * i]));
}

/**
 * Returns each item's outputs at its own length, [T, O], in the items' order; [O] where the network has one output a
 * sequence (`output: "sequence"`). Each sequence starts from a state of zeros. Items of about one length run side
 * by side; an item's outputs have the same bits whatever else is there. The network's parameters, gradients and tape
 * stay as they are. An item is what `sequenceSet` takes for `inputs`, and all are tokens or all are values.
 *
 * Throws a TypeError or RangeError for a wrong argument or an item that does not fit the network, and names it; an
 * OutOfMemoryError; a DisposedError.
 */
export function predict(
  network: Network,
  items: readonly SequenceItem["inputs"][],
  options: PredictOptions = {},
): Float32Array[] {
  const checked = requireNetwork(network);
  const { batch = BATCH, activation = "none" } = requireOptions("options", options, ["batch", "activation"]);
  requireInteger("batch", batch, 1, LARGEST);
  requireChoice("activation", activation, ["none", "softmax", "sigmoid"]);
  const results = runItems(checked, requireItems(checked, items), batch);
  for (const outputs of results) {
    if (activation === "softmax") softmax(outputs, outputWidth(checked.options), outputs);
    if (activation === "sigmoid") applySigmoid(outputs);
  }
  return results;
}

/** Returns the K likeliest classes of each row of outputs. Throws an InvalidStateError. */
function likeliestClasses(outputs: Float32Array, width: number, K: number, item: number): ClassPrediction {
  const unfit = outputs.findIndex((x) => !Number.isFinite(x));
  if (unfit >= 0) {
    throw new InvalidStateError(
      `the network's outputs are not finite (${outputs[unfit]} for class ${unfit % width} of items[${item}]): ` +
        `its parameters diverged, or the item's values are not finite`,
    );
  }
  const rows = outputs.length / width;
  const classes = new Int32Array(rows * K);
  const probabilities = createResult("probabilities", rows * K);
  const all = softmax(outputs, width);
  for (let row = 0; row < rows; row++) {
    const own = classes.subarray(row * K, (row + 1) * K);
    keepLargest(outputs.subarray(row * width, (row + 1) * width), own);
    own.forEach((one, k) => (probabilities[row * K + k] = all[row * width + one]));
  }
  return { classes, probabilities };
}

/**
 * Returns each item's likeliest classes at each of its steps, or for the whole sequence where the network has one
 * output a sequence, with their probabilities: for networks that learned classes. Items run as by `predict`.
 *
 * Throws what `predict` throws, a RangeError for a `topK` above the number of outputs, and an InvalidStateError for
 * outputs that are not finite.
 */
export function predictClasses(
  network: Network,
  items: readonly SequenceItem["inputs"][],
  options: PredictClassesOptions = {},
): ClassPrediction[] {
  const { options: sizes } = requireNetwork(network);
  const { batch = BATCH, topK = 1 } = requireOptions("options", options, ["batch", "topK"]);
  const width = outputWidth(sizes);
  requireInteger("topK", topK, 1, width);
  return predict(network, items, { batch }).map((outputs, i) => likeliestClasses(outputs, width, topK, i));
}
