/** When a kernel's work is worth handing out: what a hand-over costs, and what threads are given at a time. */

/**
 * Operations below which a part is not worth a thread: some 10 µs of products, three times what it takes to hand a part out and
 * to see that it is done.
 */
export const LEAST = 4e5;

/** Operations of the longest part of a product: some tenths of a second, in which a thread gives no sign of life. */
const MOST = 4e9;

/** Operations that an element of a time loop without a product stands for: they read and write more than they compute. */
export const ELEMENT = 40;

/** Who there is to share work. */
export interface Crew {
  readonly threads: number;
  /** Operations below which a part is not worth a thread. */
  readonly least: number;
  /** Returns the address of the word that a thread's time loops change. */
  beat(thread: number): number;
}

/** Returns how many threads to share work of so many operations among, which has at most `most` parts. */
export function countParts(operations: number, { threads, least }: Crew, most: number): number {
  return Math.max(1, Math.min(threads, most, Math.floor(operations / least)));
}

/**
 * Returns into how many rounds to cut a product, so that its threads are heard of in between; each of the `parts` parts of a
 * round has at least `step` rows or columns.
 */
export function countRounds(operations: number, parts: number, size: number, step: number): number {
  return Math.max(1, Math.min(Math.ceil(operations / (MOST * parts)), Math.floor(size / step / parts)));
}

/** Cuts [0, size) into `parts` ranges, at multiples of `step` where each has at least one; returns where each begins, and the end. */
export function cut(size: number, parts: number, step: number): number[] {
  const unit = size >= parts * step ? step : 1;
  return Array.from({ length: parts + 1 }, (_, i) =>
    i === parts ? size : Math.floor((size * i) / parts / unit) * unit,
  );
}
