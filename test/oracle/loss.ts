/** Computes the losses, their counts and their gradients with respect to the outputs. */

import { eachStep } from "./lengths.js";
import { crossEntropyOf, elementLoss, smoothed, type OracleLoss, type RowLoss } from "./losses.js";

export type { OracleLoss } from "./losses.js";

/** Declares the public `Target` with arrays of any type; at most one of the first three is given. */
export interface OracleTarget {
  /** [T, B]; −1: no target at this step. */
  classes?: ArrayLike<number>;
  /** [T, B, O]; NaN: no target there. */
  values?: ArrayLike<number>;
  /** dLoss/dOutputs, [T, B, O]. */
  gradient?: ArrayLike<number>;
  /** [T, B]; default 1. */
  weights?: ArrayLike<number>;
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

/** Returns a loss's value at each row, for the targets that are given. */
function rowLossOf(
  { classes, values, gradient: given }: OracleTarget,
  width: number,
  outputs: Float64Array,
  gradient: Float64Array,
  asked: OracleLoss | undefined,
): (row: number) => RowLoss {
  const none = { loss: 0, count: 0, divisor: 0 };
  const rowsOf = (row: number) =>
    [outputs, gradient].map((array) => array.subarray(row * width, (row + 1) * width));
  if (given !== undefined) {
    return (row) => {
      for (let i = row * width; i < (row + 1) * width; i++) gradient[i] = given[i];
      return { loss: NaN, count: width, divisor: width };
    };
  }
  const loss: OracleLoss = asked ?? { name: classes === undefined ? "meanSquaredError" : "crossEntropy" };
  if (loss.name === "crossEntropy") {
    const probabilities = (row: number): Float64Array | undefined => {
      const q = new Float64Array(width);
      if (classes !== undefined) {
        if (classes[row] === -1) return undefined;
        if (!(classes[row] >= 0 && classes[row] < width))
          throw new RangeError(`class ${classes[row]} of ${width}`);
        q[classes[row]] = 1;
        return q;
      }
      q.set(Array.from({ length: width }, (_, k) => values?.[row * width + k] ?? NaN));
      return q.every(Number.isNaN) ? undefined : q;
    };
    return (row) => {
      const q = probabilities(row);
      if (q === undefined) return none;
      const [x, d] = rowsOf(row);
      return { loss: crossEntropyOf(x, smoothed(q, loss.labelSmoothing), d), count: 1, divisor: 1 };
    };
  }
  if (values === undefined) return () => none;
  const Q = loss.name === "quantile" ? loss.levels.length : 1;
  return (row) => {
    const sum = { ...none };
    for (let k = 0; k < width; k++) {
      const target = values[(row * width) / Q + Math.floor(k / Q)];
      if (Number.isNaN(target)) continue;
      const [value, derivative] = elementLoss(loss, outputs[row * width + k], target, k);
      gradient[row * width + k] = derivative;
      sum.loss += value;
      sum.count += 1 / Q;
      sum.divisor += 1;
    }
    return sum;
  };
}

/**
 * Returns the loss of `outputs`, [T, B, width], by the loss that is asked for or the targets' own. Without any target, the
 * loss and its gradient are 0.
 */
export function oracleLoss(
  outputs: Float64Array,
  width: number,
  lengths: readonly number[],
  target: OracleTarget,
  reduction: Reduction = "mean",
  asked?: OracleLoss,
): LossResult {
  const gradient = new Float64Array(outputs.length);
  const steps = outputs.length / width / lengths.length;
  const sum = { loss: 0, count: 0, divisor: 0 };
  const { weights } = target;
  const at = rowLossOf(target, width, outputs, gradient, asked);
  eachStep(steps, lengths, (row) => {
    const { loss, count, divisor } = at(row);
    const weight = weights?.[row] ?? 1;
    for (let i = row * width; i < (row + 1) * width; i++) gradient[i] *= weight;
    sum.loss += weight * loss;
    sum.count += count;
    sum.divisor += weight * divisor;
  });
  const mean = reduction === "mean" && target.gradient === undefined && sum.divisor > 0;
  const divisor = mean ? sum.divisor : 1;
  return {
    loss: sum.loss / divisor,
    count: Math.round(sum.count),
    gradient: gradient.map((d) => d / divisor),
  };
}
