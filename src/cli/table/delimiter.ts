/** Finds out what separates the cells of a CSV file. */

import { Failure } from "../failure.js";
import { parseCsv } from "./parse-csv.js";

/** What may separate cells, by the names that people give. */
export const delimiters = { comma: ",", semicolon: ";", tab: "\t" } as const;
export type DelimiterName = keyof typeof delimiters;

/** How much of a file is looked at. */
const LOOK_BYTES = 1 << 18;
const LOOK_RECORDS = 100;

/** Returns how many cells the header has, and how many of the rows under it have as many. */
function countCells(start: Buffer, delimiter: string): { header: number; alike: number } {
  const counts: number[] = [];
  parseCsv(start, { delimiter, most: LOOK_RECORDS }, ({ cells }) => {
    counts.push(cells.length);
  });
  const [header = 0, ...rows] = counts;
  return { header, alike: rows.filter((count) => count === header).length };
}

/**
 * Returns the character that separates cells: of those that occur in the header, the one by which most rows have as many cells as
 * it has; a comma where none occurs, since there is one column then. Throws a Failure where two do equally well.
 */
export function findDelimiter({ name, bytes }: { name: string; bytes: Buffer }): string {
  const start = bytes.subarray(0, LOOK_BYTES);
  const found = (Object.keys(delimiters) as DelimiterName[])
    .map((word) => ({ word, ...countCells(start, delimiters[word]) }))
    .filter(({ header }) => header > 1)
    .sort((a, b) => b.alike - a.alike);
  if (found.length === 0) return delimiters.comma;
  const [best, second] = found;
  if (found.length > 1 && best.alike === second.alike) {
    throw new Failure(
      `${name}, line 1: expected one kind of delimiter, got ${best.word} and ${second.word}: say which with --delimiter`,
    );
  }
  return delimiters[best.word];
}
