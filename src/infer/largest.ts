/**
 * Fills `kept` with the places of the largest of at least as many numbers, largest first, the first of equals before
 * the others. None of the numbers is NaN.
 */
export function keepLargest(values: Float32Array, kept: Int32Array): void {
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (count === kept.length && value <= values[kept[count - 1]]) continue;
    if (count < kept.length) count++;
    let at = count - 1;
    for (; at > 0 && values[kept[at - 1]] < value; at--) kept[at] = kept[at - 1];
    kept[at] = i;
  }
}
