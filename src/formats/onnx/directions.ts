/** Tells which runs are the directions of one layer. */

import type { Entry, Run } from "./values.js";

function isSame(a: readonly Run[], b: readonly Run[]): boolean {
  return a.length === b.length && a.every((run, i) => run === b[i]);
}

/** Whether two runs read the same. */
function sameBelow({ below: a }: Run, { below: b }: Run): boolean {
  return "of" in a || "of" in b ? a === b : isSame(a, b);
}

/**
 * Returns the runs that the entries are of, where they are those of one layer: a forward one, or a forward and a reverse one of the
 * same inputs, in this order. Returns what they are instead otherwise, in words. A FormatError where one is not the final state that it
 * was taken for.
 */
export function layerOf(entries: readonly Entry[]): readonly Run[] | string {
  const [first, second] = entries;
  if (entries.length > 2) return `${entries.length} states side by side`;
  for (const { stray } of entries) stray?.by.fail(stray.expected, stray.came);
  if (entries.length === 1) {
    const { origin, reverse, directions } = first.run;
    if (reverse) return `the reverse direction of ${origin.label} alone`;
    return directions === 1 ? [first.run] : `one of two directions of ${origin.label}`;
  }
  if (first.part !== second.part) return "states after each step beside final ones, or h beside c";
  const [a, b] = [first.run, second.run];
  if (a.reverse || !b.reverse) return "directions other than forward, then reverse";
  const related = a.origin === b.origin || (a.directions === 1 && b.directions === 1);
  const alike = a.hiddenSize === b.hiddenSize && a.cell === b.cell && a.lengths === b.lengths;
  return related && alike && sameBelow(a, b)
    ? [a, b]
    : `two directions of different layers, ${a.origin.label} and ${b.origin.label}`;
}
