/** When a kernel's work is worth sharing: what a round costs, and what threads are given at a time. */

import { SPLIT } from "./control.js";

/**
 * Operations below which a part is not worth a thread that is awake: some 10 µs of products, five times what it takes to begin a
 * round and to see that it is done.
 */
export const LEAST = 4e5;

/** How many times as many they are where a round does not follow another at once, so that threads may sleep. */
const ASLEEP = 2.5;

/**
 * Operations of the longest part of a product, in which a thread gives no sign of life: half a second of a core that makes 2 GFLOPS, and
 * less than a second of one that a thread shares with others at work.
 */
const MOST = 1e9;

/** Operations that an element of a time loop without a product stands for: they read and write more than they compute. */
export const ELEMENT = 40;

/** Who there is to share work. */
export interface Crew {
  readonly threads: number;
  /** Operations below which a part is not worth a thread. */
  readonly least: number;
  /** Returns the address of the word that a part's time loops change. */
  beat(part: number): number;
}

/**
 * Returns into how many parts to cut a step's product, of so many operations, at most `most`: one a thread, since the next step
 * waits for it.
 */
export function countStepParts(operations: number, { threads, least }: Crew, most: number): number {
  return Math.max(1, Math.min(threads, most, Math.floor(operations / least)));
}

/**
 * Returns into how many parts to cut work of so many operations, at most `most`: more than threads, so that one that is slow or late
 * takes fewer; `split`: how many a thread at most.
 */
export function countParts(operations: number, crew: Crew, most: number, split: number): number {
  const worth = Math.floor(operations / (ASLEEP * crew.least));
  const all = crew.threads * Math.min(Math.max(Math.floor(split), 1), SPLIT);
  if (worth < 2 || most < 2) return 1;
  // Parts that are few are as many for each.
  const parts = Math.min(all, most, worth);
  return parts > crew.threads ? parts - (parts % crew.threads) : parts;
}

/** Returns whether the passes of a window are worth sharing: of so many operations in all, and so many steps. */
export function isWorth(operations: number, steps: number, least: number): boolean {
  return operations >= 2 * least * (steps > 1 ? ASLEEP : 1);
}

/**
 * Returns into how many rounds to cut a product, so that its threads are heard of in between; each of the `parts` parts of a
 * round has at least `step` rows or columns.
 */
export function countRounds(operations: number, parts: number, size: number, step: number): number {
  return Math.max(1, Math.min(Math.ceil(operations / (MOST * parts)), Math.floor(size / step / parts)));
}

/** A range of what is divided: its first place, and how many there are. */
export type Range = readonly [first: number, count: number];

/** Cuts [0, size) into `parts` ranges, at multiples of `step` where each has at least one. */
export function cut(size: number, parts: number, step: number): Range[] {
  const unit = size >= parts * step ? step : 1;
  const bound = (i: number): number => (i === parts ? size : Math.floor((size * i) / parts / unit) * unit);
  return Array.from({ length: parts }, (_, i) => [bound(i), bound(i + 1) - bound(i)]);
}
