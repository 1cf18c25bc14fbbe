/** Measures how near outputs come to values, in one pass over the rows. */

/** Says which of a row's outputs stands for each of K values: the one at k·stride + offset. */
export interface RegressionColumns {
  /** K, the targets a row. */
  readonly targets: number;
  /** Outputs for each target; default 1. More with quantiles: the levels, of which `offset` is the one to measure. */
  readonly stride?: number | undefined;
  /** Default 0. */
  readonly offset?: number | undefined;
}

/** Holds what was measured of each output, [K]. */
export interface OutputErrors {
  /** Σ w·|o − y| / Σ w. */
  readonly meanAbsoluteError: Float64Array;
  /** √(Σ w·(o − y)² / Σ w). */
  readonly rootMeanSquaredError: Float64Array;
  /**
   * 1 − Σ w·(o − y)² / Σ w·(y − ȳ)², ȳ being the weighted mean of the output's targets: 1 is perfect, 0 as good as ȳ.
   * NaN where the targets do not vary.
   */
  readonly rSquared: Float64Array;
}

/** Holds what was measured. Each target weighs w, its row's weight. NaN stands for what is not defined, 0/0. */
export interface RegressionResult {
  /** Number of targets, elements that are not NaN. */
  readonly count: number;
  /** Sum of the targets' weights; `count` without weights. */
  readonly weight: number;
  /** Over the targets of all outputs together. */
  readonly meanAbsoluteError: number;
  /** Over the targets of all outputs together: the root of the mean squared error. */
  readonly rootMeanSquaredError: number;
  /** The mean over the outputs whose targets vary, as scikit-learn's `r2_score`. */
  readonly rSquared: number;
  readonly perOutput: OutputErrors;
}

export class RegressionMetrics {
  private readonly stride: number;
  private readonly offset: number;
  private count = 0;
  /** Sums over each output's targets, [K]. */
  private readonly weight: Float64Array;
  private readonly absolute: Float64Array;
  private readonly square: Float64Array;
  /** The weighted mean of an output's targets so far, and Σ w·(y − mean)², by the update of West 1979. */
  private readonly mean: Float64Array;
  private readonly spread: Float64Array;

  constructor({ targets, stride = 1, offset = 0 }: RegressionColumns) {
    this.stride = stride;
    this.offset = offset;
    this.weight = new Float64Array(targets);
    this.absolute = new Float64Array(targets);
    this.square = new Float64Array(targets);
    this.mean = new Float64Array(targets);
    this.spread = new Float64Array(targets);
  }

  /** Adds rows: outputs [rows, K·stride]; values [rows, K], NaN for no target; weights [rows], default 1. */
  add(outputs: Float32Array, values: Float32Array, weights?: Float32Array): void {
    const { stride, offset, weight, absolute, square } = this;
    const K = weight.length;
    for (let i = 0, row = 0; i < values.length; row++) {
      const w = weights === undefined ? 1 : weights[row];
      for (let k = 0; k < K; k++, i++) {
        const value = values[i];
        if (Number.isNaN(value)) continue;
        this.count++;
        // Nothing is divided by a sum of 0.
        if (w === 0) continue;
        const error = outputs[i * stride + offset] - value;
        weight[k] += w;
        absolute[k] += w * Math.abs(error);
        square[k] += w * error * error;
        this.spreadOut(k, value, w);
      }
    }
  }

  result(): RegressionResult {
    const { count, weight, absolute, square, spread } = this;
    const rSquared = square.map((one, k) => (spread[k] > 0 ? 1 - one / spread[k] : NaN));
    // An output that is not finite makes R² NaN where the targets vary, and then their mean too.
    const varied = rSquared.filter((_, k) => spread[k] > 0);
    return {
      count,
      weight: sum(weight),
      meanAbsoluteError: sum(absolute) / sum(weight),
      rootMeanSquaredError: Math.sqrt(sum(square) / sum(weight)),
      rSquared: sum(varied) / varied.length,
      perOutput: {
        meanAbsoluteError: absolute.map((one, k) => one / weight[k]),
        rootMeanSquaredError: square.map((one, k) => Math.sqrt(one / weight[k])),
        rSquared,
      },
    };
  }

  /**
   * Moves the mean and spread of an output's targets on (West 1979, "Updating mean and variance estimates: an improved
   * method"): Σ w·y² − (Σ w·y)²/Σ w would lose all digits for targets far from 0.
   */
  private spreadOut(k: number, value: number, w: number): void {
    const { mean, spread, weight } = this;
    const before = value - mean[k];
    mean[k] += before * (w / weight[k]);
    spread[k] += w * before * (value - mean[k]);
  }
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
