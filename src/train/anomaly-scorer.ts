/** Says of a series of residuals, one by one, how unusual each is. */

import { describe, requireInteger, requireNumber, requireOptions } from "../errors.js";

/** Configures `anomalyScorer`. */
export interface AnomalyScorerOptions {
  /** Residuals that a new one is compared with, the latest; from 2 to 100,000; default 256. */
  window?: number;
  /** Residuals before the first one that is scored, from 2 to `window`; default 32, or `window` where it is less. */
  warmUp?: number;
}

/** Says how unusual a residual is among those before it. */
export interface AnomalyScore {
  /**
   * How far above their median it lies (below it: negative), in standard deviations, as their median absolute deviation
   * tells them of normal residuals. Infinity or -Infinity for one that differs where all others are equal, or as good as.
   */
  readonly score: number;
  /**
   * The share of residuals, itself among them, that are at least as large. Of residuals that are independent and of one
   * distribution, whichever it is, no more than a share ε has a p-value of at most ε.
   */
  readonly pValue: number;
}

/** Compares residuals with those before them. */
export interface AnomalyScorer {
  /**
   * Scores a residual, then remembers it; undefined in the warm-up. Throws a TypeError or RangeError, nothing changed, for
   * what is no number from -1e300 to 1e300: NaN is refused.
   */
  add(residual: number): AnomalyScore | undefined;
  /** Returns all that the scorer remembers, as JSON can hold it: the latest residuals, the oldest first. */
  save(): number[];
  /**
   * Remembers these residuals in place of its own, the oldest first, and of too many the latest, without scoring them. Throws a
   * TypeError or RangeError, nothing changed, for anything else than an array of numbers from -1e300 to 1e300.
   */
  restore(residuals: readonly number[]): void;
}

const LARGEST_WINDOW = 100_000;
/** Differences of two, and sums of as many of them as the largest window has, are finite. */
const MOST = 1e300;

/** The standard deviation of a normal distribution, in median and in mean absolute deviations: 1/Φ⁻¹(3/4) and √(π/2). */
const PER_MEDIAN_DEVIATION = 1.482602218505602;
const PER_MEAN_DEVIATION = 1.2533141373155003;

const requireResidual = (name: string, residual: unknown): number =>
  requireNumber(name, residual, { least: -MOST, most: MOST });

/** Holds numbers in ascending order. */
class SortedNumbers {
  private readonly values: Float64Array;
  private count = 0;

  constructor(capacity: number) {
    this.values = new Float64Array(capacity);
  }

  /** Returns how many are below x. */
  below(x: number): number {
    let [low, high] = [0, this.count];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.values[middle] < x) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  add(x: number): void {
    const at = this.below(x);
    this.values.copyWithin(at + 1, at, this.count++);
    this.values[at] = x;
  }

  /** Removes one that is there. */
  remove(x: number): void {
    const at = this.below(x);
    this.values.copyWithin(at, at + 1, this.count--);
  }

  clear(): void {
    this.count = 0;
  }

  median(): number {
    const { values, count } = this;
    return (values[(count - 1) >> 1] + values[count >> 1]) / 2;
  }

  /** Returns the median of |x - center|, by a walk from the center outwards. */
  medianDeviation(center: number): number {
    const { values, count } = this;
    let right = this.below(center);
    let left = right - 1;
    let [last, before] = [0, 0];
    for (let taken = 0; taken <= count >> 1; taken++) {
      const [down, up] = [
        left >= 0 ? center - values[left] : Infinity,
        right < count ? values[right] - center : Infinity,
      ];
      before = last;
      last = Math.min(down, up);
      if (down < up) left--;
      else right++;
    }
    return count % 2 === 1 ? last : (before + last) / 2;
  }

  meanDeviation(center: number): number {
    let sum = 0;
    for (let i = 0; i < this.count; i++) sum += Math.abs(this.values[i] - center);
    return sum / this.count;
  }
}

/** Returns the distance in standard deviations. */
function standardized(distance: number, numbers: SortedNumbers, center: number): number {
  if (distance === 0) return 0;
  const deviation = PER_MEDIAN_DEVIATION * numbers.medianDeviation(center);
  // More than half of them are equal.
  return distance / (deviation > 0 ? deviation : PER_MEAN_DEVIATION * numbers.meanDeviation(center));
}

/**
 * Creates a scorer of anomalies: it tells how unusual each residual of a series is among the latest ones before it. Give it the
 * losses of an `onlineSession` (but those of steps whose `count` is 0), or a prediction's distance from what came: the
 * session learns what is usual, and a residual that stands out says that something else happened.
 *
 * The score is the modified z-score of Iglewicz & Hoaglin (1993, "How to detect and handle outliers"), 0.6745·(x −
 * median)/MAD, with the mean absolute deviation in its place where the MAD is 0; they call 3.5 and more an outlier. It fits
 * distances with a sign; losses are skewed, and score high more often: for them the p-value is the better measure, that of
 * conformal anomaly detection (Laxhammar & Falkman 2014, "Online learning and sequential anomaly detection in
 * trajectories"). The least that it can be is 1/(window + 1).
 *
 * Anomalies are remembered as all else is, and do not move the median: what goes on for half a window is then usual. A residual
 * takes time that grows with `window`, some microseconds with the default. Throws a TypeError or RangeError for a bad option.
 */
export function anomalyScorer(options: AnomalyScorerOptions = {}): AnomalyScorer {
  const given = requireOptions("options", options, ["window", "warmUp"]);
  const window = requireInteger("window", given.window ?? 256, 2, LARGEST_WINDOW);
  const warmUp = requireInteger("warmUp", given.warmUp ?? Math.min(32, window), 2, window);
  let latest: number[] = [];
  const sorted = new SortedNumbers(window + 1);
  const remember = (residual: number): void => {
    latest.push(residual);
    sorted.add(residual);
    if (latest.length > window) sorted.remove(latest.shift() ?? NaN);
  };
  return {
    add(residual) {
      const x = requireResidual("residual", residual);
      let found: AnomalyScore | undefined;
      if (latest.length >= warmUp) {
        const center = sorted.median();
        found = {
          score: standardized(x - center, sorted, center),
          pValue: (1 + latest.length - sorted.below(x)) / (latest.length + 1),
        };
      }
      remember(x);
      return found;
    },
    save: () => latest.slice(),
    restore(residuals) {
      if (!Array.isArray(residuals))
        throw new TypeError(`"residuals" expected an array of numbers, got ${describe(residuals)}`);
      const numbers = Array.from(residuals, (residual, i) => requireResidual(`residuals[${i}]`, residual));
      latest = [];
      sorted.clear();
      numbers.slice(-window).forEach(remember);
    },
  };
}
