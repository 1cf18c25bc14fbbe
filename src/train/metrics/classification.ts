/** Measures how well outputs name classes, in one pass over the rows. */

/** Configures `ClassificationMetrics`. */
export interface ClassificationMeasures {
  /** C, the outputs a row. */
  readonly classes: number;
  /** k of `topK`; undefined: none. */
  readonly topK?: number | undefined;
  /** Whether to keep the [C, C] confusion matrix; default up to `MOST_CLASSES` classes. */
  readonly confusion?: boolean | undefined;
}

/** Up to here the matrix comes unasked: it then takes 8 MiB at most. */
export const MOST_CLASSES = 1024;

/**
 * Holds what was measured. Each target counts as much as its weight says, in everything but `count`. NaN stands for what
 * is not defined, 0/0.
 */
export interface ClassificationResult {
  /** Number of targets. */
  readonly count: number;
  /** Sum of the targets' weights; `count` without weights. */
  readonly weight: number;
  /** The share of targets whose output was the largest; of equal ones the first is. */
  readonly accuracy: number;
  /** The share of targets that were among the k largest outputs, the first of equals. */
  readonly topK?: number;
  /** [C, C], a row for each true class, a column for each predicted one: the number of targets, or their weights' sum. */
  readonly confusion?: Float64Array;
  /** [C], how many targets each class had. */
  readonly support: Float64Array;
  /** [C], the share of the targets predicted to be of a class that were: TP/(TP + FP). */
  readonly precision: Float64Array;
  /** [C], the share of a class's targets that were predicted to be: TP/(TP + FN). */
  readonly recall: Float64Array;
  /** [C], 2TP/(2TP + FP + FN), the harmonic mean of precision and recall. */
  readonly f1: Float64Array;
  /** The mean of `f1` over the classes that were a target or predicted, as scikit-learn's `f1_score(average="macro")`. */
  readonly macroF1: number;
}

export class ClassificationMetrics {
  private readonly classes: number;
  private readonly k: number | undefined;
  private readonly confusion: Float64Array | undefined;
  private readonly support: Float64Array;
  private readonly predicted: Float64Array;
  private readonly right: Float64Array;
  private count = 0;
  private weight = 0;
  private within = 0;

  constructor({ classes, topK, confusion = classes <= MOST_CLASSES }: ClassificationMeasures) {
    this.classes = classes;
    this.k = topK;
    this.confusion = confusion ? new Float64Array(classes * classes) : undefined;
    this.support = new Float64Array(classes);
    this.predicted = new Float64Array(classes);
    this.right = new Float64Array(classes);
  }

  /**
   * Adds rows: outputs [rows, C]; classes [rows], -1 for no target; weights [rows], default 1. A NaN is never the largest;
   * where all outputs of a row are NaN no class is predicted, which is wrong whatever the target, and the confusion
   * matrix leaves the row out.
   */
  add(outputs: Float32Array, classes: Int32Array, weights?: Float32Array): void {
    const { classes: C, k, confusion, support, predicted, right } = this;
    for (let row = 0, from = 0; row < classes.length; row++, from += C) {
      const target = classes[row];
      if (target < 0) continue;
      const weight = weights === undefined ? 1 : weights[row];
      this.count++;
      this.weight += weight;
      support[target] += weight;
      const best = largest(outputs, from, C);
      if (k !== undefined && rank(outputs, from, C, target) < k) this.within += weight;
      if (best < 0) continue;
      predicted[best] += weight;
      if (best === target) right[best] += weight;
      if (confusion !== undefined) confusion[target * C + best] += weight;
    }
  }

  result(): ClassificationResult {
    const { count, weight, support, predicted, right } = this;
    const f1 = right.map((one, c) => (2 * one) / (predicted[c] + support[c]));
    const defined = f1.filter((one) => !Number.isNaN(one));
    return {
      count,
      weight,
      accuracy: sum(right) / weight,
      ...(this.k !== undefined && { topK: this.within / weight }),
      ...(this.confusion !== undefined && { confusion: this.confusion.slice() }),
      support: support.slice(),
      precision: right.map((one, c) => one / predicted[c]),
      recall: right.map((one, c) => one / support[c]),
      f1,
      macroF1: sum(defined) / defined.length,
    };
  }
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Returns the place of the largest output of a row, the first of equals; -1 if all are NaN. */
function largest(outputs: Float32Array, from: number, C: number): number {
  let best = -1;
  let most = -Infinity;
  for (let c = 0; c < C; c++) {
    const value = outputs[from + c];
    if (value > most || (best < 0 && value === most)) {
      most = value;
      best = c;
    }
  }
  return best;
}

/** Returns how many outputs of a row come before one: larger ones, and equal ones of a lower class; all there are for NaN. */
function rank(outputs: Float32Array, from: number, C: number, place: number): number {
  const own = outputs[from + place];
  if (Number.isNaN(own)) return Infinity;
  let before = 0;
  for (let c = 0; c < C; c++) {
    const value = outputs[from + c];
    if (value > own || (value === own && c < place)) before++;
  }
  return before;
}
