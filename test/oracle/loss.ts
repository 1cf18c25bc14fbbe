/** Computes the losses, their counts and their gradients with respect to the outputs. */

import { eachStep } from "./lengths.js";

/** Declares the public `Target` with arrays of any type; at most one of the three is given. */
export interface OracleTarget {
  /** [T, B]; −1: no target at this step. */
  classes?: ArrayLike<number>;
  /** [T, B, O]; NaN: no target there. */
  values?: ArrayLike<number>;
  /** dLoss/dOutputs, [T, B, O]. */
  gradient?: ArrayLike<number>;
}

export type Reduction = "mean" | "sum";

export interface LossResult {
  /** Mean or sum of the losses; NaN when the target is a gradient. */
  loss: number;
  /** Number of targets: steps for classes, elements for values and for a gradient. */
  count: number;
  /** dLoss/dOutputs, [T, B, O]. */
  gradient: Float64Array;
}

interface Sum {
  loss: number;
  count: number;
}

/** Returns −log softmax(row)[target], and adds softmax(row) − onehot(target) to the gradient. */
function crossEntropyAt(row: Float64Array, target: number, gradient: Float64Array): number {
  if (!(target >= 0 && target < row.length)) throw new RangeError(`class ${target} of ${row.length}`);
  const largest = row.reduce((most, logit) => Math.max(most, logit), -Infinity);
  const total = row.reduce((sum, logit) => sum + Math.exp(logit - largest), 0);
  for (let k = 0; k < row.length; k++) gradient[k] += Math.exp(row[k] - largest) / total;
  gradient[target] -= 1;
  return largest + Math.log(total) - row[target];
}

function classesLoss(
  classes: ArrayLike<number>,
  width: number,
  outputs: Float64Array,
  gradient: Float64Array,
) {
  return (step: number): Sum => {
    if (classes[step] === -1) return { loss: 0, count: 0 };
    const [from, to] = [step * width, (step + 1) * width];
    const loss = crossEntropyAt(outputs.subarray(from, to), classes[step], gradient.subarray(from, to));
    return { loss, count: 1 };
  };
}

function valuesLoss(values: ArrayLike<number>, width: number, outputs: Float64Array, gradient: Float64Array) {
  return (step: number): Sum => {
    const sum = { loss: 0, count: 0 };
    for (let i = step * width; i < (step + 1) * width; i++) {
      if (Number.isNaN(values[i])) continue;
      const error = outputs[i] - values[i];
      gradient[i] = 2 * error;
      sum.loss += error * error;
      sum.count += 1;
    }
    return sum;
  };
}

function callersLoss(given: ArrayLike<number>, width: number, gradient: Float64Array) {
  return (step: number): Sum => {
    for (let i = step * width; i < (step + 1) * width; i++) gradient[i] = given[i];
    return { loss: NaN, count: width };
  };
}

/** Returns the loss of `outputs`, [T, B, width]. Without any target, the loss and its gradient are 0. */
export function oracleLoss(
  outputs: Float64Array,
  width: number,
  lengths: readonly number[],
  target: OracleTarget,
  reduction: Reduction = "mean",
): LossResult {
  const gradient = new Float64Array(outputs.length);
  const steps = outputs.length / width / lengths.length;
  const sum = { loss: 0, count: 0 };
  const { classes, values, gradient: given } = target;
  const at =
    classes !== undefined
      ? classesLoss(classes, width, outputs, gradient)
      : values !== undefined
        ? valuesLoss(values, width, outputs, gradient)
        : given !== undefined
          ? callersLoss(given, width, gradient)
          : () => ({ loss: 0, count: 0 });
  eachStep(steps, lengths, (step) => {
    const { loss, count } = at(step);
    sum.loss += loss;
    sum.count += count;
  });
  const divisor = reduction === "mean" && given === undefined ? Math.max(1, sum.count) : 1;
  return { loss: sum.loss / divisor, count: sum.count, gradient: gradient.map((d) => d / divisor) };
}
