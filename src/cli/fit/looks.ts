/** When a training is looked at: its held-out loss is taken, and what it has learned is shown. */

/** How much of the training is added to get from an early look to the next. */
const GROWTH = 0.5;

/** The first look, as a share of the distance between late ones: a small text can be learned by heart within moments. */
const FIRST = 1 / 30;

/**
 * Returns the shares of a training at which it is looked at, below 1: evenly, about `looks` times, and more often at its beginning.
 * Its end is looked at besides.
 */
export function lookShares(looks: number): readonly number[] {
  const spacing = 1 / looks;
  const shares: number[] = [];
  for (let at = spacing * FIRST; at < 1 - spacing / 2; at += Math.min(spacing, at * GROWTH)) shares.push(at);
  return shares;
}
