/** Finds how long the season of values is that have no dates. */

/** Autocorrelation from which on a lag is taken for a season. */
const LEAST_CORRELATION = 0.3;

/** The longest season that is looked for. */
const LONGEST_SEASON = 400;

/** Rows that are looked at, the last ones. */
const LOOK = 20_000;

/** Returns how alike numbers, of mean 0, are to those `lag` before them, from -1 to 1; 0 where they do not vary. */
function correlation(numbers: Float64Array, lag: number): number {
  let [product, before, behind] = [0, 0, 0];
  for (let i = lag; i < numbers.length; i++) {
    product += numbers[i] * numbers[i - lag];
    before += numbers[i - lag] * numbers[i - lag];
    behind += numbers[i] * numbers[i];
  }
  const squares = Math.sqrt(before) * Math.sqrt(behind);
  return squares > 0 ? product / squares : 0;
}

/** Returns what values without dates show as their season: the lag at which their changes are most alike. Undefined for none. */
export function findSeason(values: Float64Array): number | undefined {
  const known = values.subarray(-LOOK);
  const changes = Float64Array.from(known.subarray(1), (x, i) => x - known[i]);
  const mean = changes.reduce((sum, x) => sum + x / changes.length, 0);
  const centred = changes.map((x) => x - mean);
  // What is left of a straight line is rounding.
  if (centred.every((x) => Math.abs(x) <= 1e-9 * Math.abs(mean))) return undefined;
  const longest = Math.min(LONGEST_SEASON, Math.floor(changes.length / 3));
  const lags = Array.from({ length: longest + 2 }, (_, lag) => correlation(centred, lag));
  const peaks = [...lags.keys()].filter(
    (lag) => lag >= 2 && lag <= longest && lags[lag] >= lags[lag - 1] && lags[lag] >= lags[lag + 1],
  );
  const highest = Math.max(LEAST_CORRELATION / 0.9, ...peaks.map((lag) => lags[lag]));
  // Whole multiples of a season are as high: the shortest that is nearly so.
  return peaks.find((lag) => lags[lag] >= 0.9 * highest);
}
