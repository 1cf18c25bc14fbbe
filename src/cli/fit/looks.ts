/** When a training is looked at: its held-out loss is taken, and what it has learned is shown. */

/** Updates from one look to the next, at least and at most, where looks are an epoch apart. */
export const LEAST_UPDATES = 50;
export const MOST_UPDATES = 500;

/** Returns the updates from one look to the next where looks go by epochs: an epoch's, or so many of it that they are evenly apart. */
export function lookEvery(epochUpdates: number): number {
  return Math.max(LEAST_UPDATES, Math.ceil(epochUpdates / Math.ceil(epochUpdates / MOST_UPDATES)));
}

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
