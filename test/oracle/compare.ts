/**
 * Returns max|a − b| / max|b|: how far a is from the reference b, as a share of b's largest number. It is 0
 * when both are all zeros, and Infinity when b alone is, or when a NaN stands anywhere.
 */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new RangeError(`${a.length} values against ${b.length}`);
  let difference = 0;
  let largest = 0;
  for (let i = 0; i < b.length; i++) {
    difference = Math.max(difference, Math.abs(a[i] - b[i])); // a NaN stays
    largest = Math.max(largest, Math.abs(b[i]));
  }
  if (!Number.isFinite(difference)) return Infinity;
  return difference === 0 ? 0 : difference / largest;
}
