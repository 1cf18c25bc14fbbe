/** Batches sequences of like length, so that little of a window is padding. */

/**
 * Returns where the batches end that ascending lengths are cut into; one of them has what is left over, in the first of the places
 * where least is padding. No batches of these sizes have less: put in the order of their longest sequences, each has one at
 * least as long as the sorted batch has that stands there.
 */
function cutsOf(lengths: readonly number[], batch: number): number[] {
  const batches = Math.ceil(lengths.length / batch);
  const left = lengths.length - (batches - 1) * batch;
  const longest = (end: number): number => lengths[end - 1];
  let short = 0;
  // Steps of windows, padding among them, beside those with the short batch first.
  let [steps, least] = [0, 0];
  for (let i = 0; i + 1 < batches; i++) {
    const top = (i + 1) * batch + left;
    // The short batch and the one behind it change places.
    steps += batch * (longest((i + 1) * batch) - longest(top));
    steps += left * (longest(top) - longest(i * batch + left));
    if (steps < least) [short, least] = [i + 1, steps];
  }
  return Array.from({ length: batches }, (_, i) => (i < short ? (i + 1) * batch : i * batch + left));
}

/**
 * Returns batches of sequences, each in a row of its own: as many as without buckets. So many batches' worth of sequences at a
 * time, in the order given, are sorted by length, equals in that order, and cut into batches; these have no more padding than
 * the same sequences as they came.
 */
export function bucketRows(
  order: readonly number[],
  lengthOf: (sequence: number) => number,
  batch: number,
  pool: number,
): number[][][] {
  const windows: number[][][] = [];
  const most = Math.min(order.length, batch * pool);
  for (let first = 0; first < order.length; first += most) {
    const sorted = order.slice(first, first + most).sort((a, b) => lengthOf(a) - lengthOf(b));
    let from = 0;
    for (const to of cutsOf(sorted.map(lengthOf), batch)) {
      windows.push(sorted.slice(from, to).map((sequence) => [sequence]));
      from = to;
    }
  }
  return windows;
}
