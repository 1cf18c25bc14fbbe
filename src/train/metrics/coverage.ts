/** Measures whether quantiles are what they say, in one pass over the rows. */

export class QuantileCoverage {
  private readonly targets: number;
  private readonly below: Float64Array;
  private weight = 0;

  /** Takes K, the targets a row, and Q, the number of levels. */
  constructor(targets: number, levels: number) {
    this.targets = targets;
    this.below = new Float64Array(levels);
  }

  /**
   * Adds rows: outputs [rows, K·Q], target k's level q at k·Q + q; values [rows, K], NaN for no target; weights [rows],
   * default 1.
   */
  add(outputs: Float32Array, values: Float32Array, weights?: Float32Array): void {
    const { targets: K, below } = this;
    const Q = below.length;
    for (let i = 0, row = 0; i < values.length; row++) {
      const w = weights === undefined ? 1 : weights[row];
      for (let k = 0; k < K; k++, i++) {
        const value = values[i];
        if (Number.isNaN(value)) continue;
        this.weight += w;
        for (let q = 0; q < Q; q++) if (value <= outputs[i * Q + q]) below[q] += w;
      }
    }
  }

  /**
   * Returns the weighted share of all targets that were at most the quantile of each level, [Q]: about the level itself, where
   * the quantiles are right (calibration, Gneiting et al. 2007, "Probabilistic forecasts, calibration and sharpness"). NaN
   * without targets.
   */
  result(): Float64Array {
    return this.below.map((one) => one / this.weight);
  }
}
