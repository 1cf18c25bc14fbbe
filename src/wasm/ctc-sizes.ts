/** Sizes that the kernel of assembly/ctc.ts, and whoever plans memory and checks labels for it, agree on. */

/** Returns the elements of 4 bytes of `variables` for T steps and sequences of at most L labels. */
export function ctcScratch(T: number, L: number): number {
  // T + 2 rows of variables (m and e) with two guards each, and behind them; a slot for each class; each label's slot.
  return 4 * ((T + 2) * (2 * L + 3) + 2) + 8 * (L + 1) + 4 * Math.ceil(L / 4);
}

/**
 * Returns the steps that a sequence of labels needs at least: one for each, and one for the blank between two neighbours that
 * are equal. In fewer steps its probability is 0.
 */
export function leastCtcSteps(labels: ArrayLike<number>): number {
  let steps = labels.length;
  for (let i = 1; i < labels.length; i++) if (labels[i] === labels[i - 1]) steps++;
  return steps;
}
