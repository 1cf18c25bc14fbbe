/** Tests whether draws of a random gradient have the expected mean, where they cannot be enumerated. */

import { addScaled, combine, dot, norm, zeros } from "./vectors.js";

/** The most deviations that pass; a right reference reached 4.8 in 1,800 runs of 4000 draws. */
const mostDeviations = 5.5;

export interface MeanTestOptions {
  /** Number of coordinates, the first ones, that the rule estimates at random: most of them must vary. */
  recurrent: number;
  /**
   * Directions along which the mean is tested too, for small systematic errors that no coordinate shows;
   * those of no length are left out.
   */
  directions?: readonly Float64Array[];
  /** What is allowed for rounding, as a share of the expected gradient's norm; default 1e-5, for float32. */
  rounding?: number;
}

export interface MeanVerdict {
  /** The largest |mean − expected|, less what is allowed for rounding, in standard errors. */
  deviations: number;
  /** Share of the recurrent coordinates that vary. */
  varying: number;
  /** Noise of one draw, tr Cov / ‖expected‖². */
  noise: number;
  /** ‖mean − expected‖ / ‖expected‖; chance brings sqrt(noise / draws). */
  error: number;
  passes: boolean;
}

export class MeanTest {
  private readonly expected: Float64Array;
  private readonly recurrent: number;
  private readonly directions: readonly Float64Array[];
  private readonly allowed: number;
  /** Sums of draw − expected, by coordinate and then by direction, and sums of their squares. */
  private readonly sums: Float64Array;
  private readonly squares: Float64Array;
  private draws = 0;

  constructor(expected: Float64Array, { recurrent, directions = [], rounding = 1e-5 }: MeanTestOptions) {
    this.expected = expected.slice();
    this.recurrent = recurrent;
    this.directions = directions
      .filter((direction) => norm(direction) > 0)
      .map((direction) => direction.map((value) => value / norm(direction)));
    this.allowed = rounding * norm(expected);
    this.sums = zeros(expected.length + this.directions.length);
    this.squares = zeros(this.sums.length);
  }

  add(draw: Float64Array): void {
    const difference = combine(1, draw, -1, this.expected);
    const all = Float64Array.of(...difference, ...this.directions.map((each) => dot(each, difference)));
    addScaled(this.sums, 1, all);
    addScaled(
      this.squares,
      1,
      all.map((value) => value * value),
    );
    this.draws++;
  }

  verdict(): MeanVerdict {
    const N = this.draws;
    const size = this.expected.length;
    const means = this.sums.map((sum) => sum / N);
    const variances = this.squares.map((sum, i) => Math.max(0, (sum - N * means[i] ** 2) / (N - 1)));
    // 0 / 0 is no deviation: a coordinate that does not vary and is within what is allowed.
    const deviations = means.reduce((most, mean, i) => {
      const beyond = Math.max(0, Math.abs(mean) - this.allowed);
      return Math.max(most, beyond === 0 ? 0 : beyond / Math.sqrt(variances[i] / N));
    }, 0);
    const deviating = [...variances.subarray(0, this.recurrent)].filter((v) => Math.sqrt(v) > this.allowed);
    const varying = deviating.length / this.recurrent;
    const square = dot(this.expected, this.expected);
    return {
      deviations,
      varying,
      noise: variances.subarray(0, size).reduce((sum, value) => sum + value, 0) / square,
      error: norm(means.subarray(0, size)) / Math.sqrt(square),
      passes: deviations < mostDeviations && varying > 0.5,
    };
  }
}
