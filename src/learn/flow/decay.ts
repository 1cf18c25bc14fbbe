/** How norms by lag fall, and where what is left of them stops to matter. */

import { naturalLogarithm } from "../../random.js";

/** A geometric fit, norm ≈ scale · rateˡᵃᵍ, by least squares of ln norm over lags. */
export interface GradientDecay {
  /** What the norm is multiplied by from one lag to the next: below 1 gradients vanish, above it they explode. */
  rate: number;
  scale: number;
  /** Lags that were fitted: from 1 on, where the norm is above 2^-24 of the largest. */
  lags: number;
  /** The root mean square of what ln norm is off the line. */
  error: number;
}

/** Less than this share of the largest is lost in a float32 sum. */
const ROUNDING = 1 / (1 << 24);

/**
 * Undefined for fewer than two lags. Lag 0 is left out: it is the loss's own gradient, which no recurrence shaped, and has
 * no part in an LSTM's c.
 */
export function fitDecay(norms: Float64Array): GradientDecay | undefined {
  // Where gradients explode, float32 ends: what comes after is no number.
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

/** eˣ from arithmetic that rounds the same everywhere (Math.exp does not), within about 1e-13 for |x| below 700. */
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

/** What is beyond the last lag, if norms go on falling as fitted; Infinity where they do not fall. */
function beyond(norms: Float64Array, decay: GradientDecay | undefined): number {
  const last = norms[norms.length - 1];
  if (last === 0) return 0;
  return decay !== undefined && decay.rate < 1 ? (last * decay.rate) / (1 - decay.rate) : Infinity;
}

/**
 * The smallest lag k for which the norms of all larger lags are together at most `share` of all norms' sum; those past the
 * last lag are taken to fall as fitted. Undefined where k is not among the lags.
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
