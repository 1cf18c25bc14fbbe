/** Measures how far decoded label sequences are from the true ones. */

/** Returns the least number of insertions, deletions and substitutions that make one list of another. */
export type EditDistance = (a: ArrayLike<number>, b: ArrayLike<number>) => number;

/** Holds what was measured. NaN stands for what is not defined, 0/0. */
export interface LabelResult {
  /** Number of sequences. */
  readonly count: number;
  /** Number of true labels. */
  readonly labels: number;
  /** Sum of the edit distances. */
  readonly edits: number;
  /**
   * edits/labels, over all sequences together (the label error rate of Graves et al. 2006, "Connectionist temporal
   * classification", weighed by length, as word error rates are): above 1 where too much was decoded.
   */
  readonly labelErrorRate: number;
  /** The share of sequences that were decoded without any error. */
  readonly exact: number;
}

export class LabelMetrics {
  private readonly distance: EditDistance;
  private count = 0;
  private labels = 0;
  private edits = 0;
  private right = 0;

  constructor(distance: EditDistance) {
    this.distance = distance;
  }

  /** Adds one sequence. */
  add(decoded: ArrayLike<number>, labels: ArrayLike<number>): void {
    const edits = this.distance(decoded, labels);
    this.count++;
    this.labels += labels.length;
    this.edits += edits;
    if (edits === 0) this.right++;
  }

  result(): LabelResult {
    const { count, labels, edits } = this;
    return { count, labels, edits, labelErrorRate: edits / labels, exact: this.right / count };
  }
}
