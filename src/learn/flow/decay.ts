/** Fits how gradient norms fall with the lag, and finds the lag beyond which little of them is left. */

import { naturalLogarithm } from "../../random.js";

/** A gradient decay is a geometric fit, norm ≈ scale · rateˡᵃᵍ, by least squares of ln norm over lags. */
export interface GradientDecay {
  /** Factor of the norm from one lag to the next: gradients vanish below 1 and explode above. */
  rate: number;
  /** Norm that the fit gives at lag 0, in the unit of the norms. */
  scale: number;
  /** Number of lags that were fitted: those from 1 on whose norm is above 2^-24 of the largest. */
  lags: number;
  /** Root mean square of the differences between ln norm and the fitted line. */
  error: number;
}

/** A norm below this share of the largest is lost in a float32 sum. */
const ROUNDING = 1 / (1 << 24);

/**
 * Returns the fit, or undefined for fewer than two lags. Lag 0 is left out: it is the loss's own gradient,
 * which no recurrence shaped, and has no part in an LSTM's c.
 */
export function fitDecay(norms: Float64Array): GradientDecay | undefined {
  // Exploding gradients leave float32's range; what comes after is no number.
  const least = ROUNDING * norms.reduce((most, norm) => (norm < Infinity ? Math.max(most, norm) : most), 0);
  const points: { lag: number; value: number }[] = [];
  for (let lag = 1; lag < norms.length; lag++) {
    const norm = norms[lag];
    if (norm > least && norm < Infinity) points.push({ lag, value: naturalLogarithm(norm) });
  }
  if (points.length < 2) return undefined;
  const mean = (of: (point: { lag: number; value: number }) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [lag, value] = [mean((point) => point.lag), mean((point) => point.value)];
  const slope =
    mean((point) => (point.lag - lag) * (point.value - value)) / mean((point) => square(point.lag - lag));
  const start = value - slope * lag;
  const error = Math.sqrt(mean((point) => square(point.value - start - slope * point.lag)));
  return { rate: exponential(slope), scale: exponential(start), lags: points.length, error };
}

function square(x: number): number {
  return x * x;
}

/** Returns eˣ within about 1e-13 for |x| < 700; rounds the same everywhere, which Math.exp does not. */
function exponential(x: number): number {
  let halvings = 0;
  while (Math.abs(x) > 0.5) {
    x /= 2;
    halvings++;
  }
  // xᵏ/k! falls below 2^-53 of the sum after 15 terms.
  let sum = 1;
  for (let k = 15; k >= 1; k--) sum = 1 + (sum * x) / k;
  for (let i = 0; i < halvings; i++) sum *= sum;
  return sum;
}

/** Returns the sum of the norms beyond the last lag as the fit has it; Infinity where it does not fall. */
function beyond(norms: Float64Array, decay: GradientDecay | undefined): number {
  const last = norms[norms.length - 1];
  if (last === 0) return 0;
  return decay !== undefined && decay.rate < 1 ? (last * decay.rate) / (1 - decay.rate) : Infinity;
}

/**
 * Returns the smallest lag k for which the norms of all larger lags sum to at most `share` of the sum of all
 * norms. Norms past the last lag are taken to fall as fitted. Returns undefined where k is not among the
 * lags.
 */
export function horizonOf(
  norms: Float64Array,
  decay: GradientDecay | undefined,
  share: number,
): number | undefined {
  let rest = beyond(norms, decay);
  const all = norms.reduce((sum, norm) => sum + norm, rest);
  if (!(all < Infinity) || rest > share * all) return undefined;
  let lag = norms.length - 1;
  while (lag > 0 && rest + norms[lag] <= share * all) rest += norms[lag--];
  return lag;
}
