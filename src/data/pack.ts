/** Lays sequences one after another into the rows of windows, so that little of a window is padding. */

/** Counts the steps of an epoch's windows that nothing is learned from, with and without packing. */
export interface Padding {
  readonly packed: number;
  readonly unpacked: number;
}

/**
 * Yields windows of at most `batch` rows, each a list of sequences' numbers whose lengths add up to at most `most`, which no
 * length is above. Each sequence, in the order given, goes into the first row that has room; where none has, the window is
 * full and the next begins.
 */
export function* packRows(
  order: readonly number[],
  lengthOf: (sequence: number) => number,
  batch: number,
  most: number,
): Generator<number[][], void> {
  let rows: number[][] = [];
  let used: number[] = [];
  for (const sequence of order) {
    const length = lengthOf(sequence);
    let row = used.findIndex((steps) => steps + length <= most);
    if (row === -1 && used.length === batch) {
      yield rows;
      [rows, used] = [[], []];
    }
    if (row === -1) {
      row = rows.push([]) - 1;
      used.push(0);
    }
    rows[row].push(sequence);
    used[row] += length;
  }
  if (rows.length > 0) yield rows;
}

/** Yields the same sequences in rows of their own. */
export function* oneARow(order: readonly number[], batch: number): Generator<number[][], void> {
  for (let first = 0; first < order.length; first += batch)
    yield order.slice(first, first + batch).map((sequence) => [sequence]);
}

/** Returns the steps of padding where each window's rows are padded to its longest. */
export function paddingOf(
  windows: Iterable<readonly (readonly number[])[]>,
  lengthOf: (sequence: number) => number,
): number {
  let padding = 0;
  for (const rows of windows) {
    const lengths = rows.map((row) => row.reduce((sum, sequence) => sum + lengthOf(sequence), 0));
    const longest = lengths.reduce((most, length) => Math.max(most, length), 0);
    padding += lengths.reduce((sum, length) => sum + longest - length, 0);
  }
  return padding;
}
