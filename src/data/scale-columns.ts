/** Scales the numbers of sequences. */

/** Says how numbers are scaled: (x − offset)/factor. */
export interface Scale {
  /** Their mean. */
  readonly offset: number;
  /** Their standard deviation, above 0; 1 where all numbers were the same. */
  readonly factor: number;
}

/** Returns the scale of column `i` of all [T, width] arrays together, by Welford's recurrence. */
export function standardScale(arrays: readonly Float64Array[], width: number, i: number): Scale {
  let [count, mean, squares] = [0, 0, 0];
  for (const array of arrays) {
    for (let at = i; at < array.length; at += width) {
      const from = array[at] - mean;
      mean += from / ++count;
      squares += from * (array[at] - mean);
    }
  }
  const deviation = Math.sqrt(squares / count);
  // Of equal numbers rounding alone may be left, which is nothing to divide by.
  return { offset: mean, factor: deviation > 1e-12 * Math.abs(mean) ? deviation : 1 };
}

/** Returns [T, I] numbers by the scale of each column. Throws a RangeError for one too far from all before. */
export function scaled(
  name: string,
  values: Float64Array,
  scales: readonly Scale[],
): Float32Array<ArrayBuffer> {
  return Float32Array.from(values, (value, at) => {
    const { offset, factor } = scales[at % scales.length];
    const result = Math.fround((value - offset) / factor);
    if (!Number.isFinite(result)) {
      throw new RangeError(
        `"${name}.values[${at}]" expected a number near those learned from, ${offset} ± ${factor}, got ${value}`,
      );
    }
    return result;
  });
}
