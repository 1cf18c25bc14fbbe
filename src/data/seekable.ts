/** Lets data be iterated from any window on, so that a training which goes on need not walk to its place. */

import type { TrainingData, TrainingWindow } from "./training-data.js";

/** Begins data anywhere. */
export interface Seekable {
  /** The number of the order that the next iteration has; an iteration raises it. */
  order: number;
  /** Windows in an iteration of this order. */
  windows(order: number): number;
  /** The windows of this order from the `first`-th on; `order` stays as it is. */
  from(order: number, first: number): Iterable<TrainingWindow>;
}

const seekables = new WeakMap<TrainingData, Seekable>();

export function makeSeekable(data: TrainingData, seekable: Seekable): void {
  seekables.set(data, seekable);
}

/** Returns how to begin data anywhere; undefined for what can only be walked. */
export function seekableOf(data: TrainingData): Seekable | undefined {
  return seekables.get(data);
}
