/** The memory by which threads of a pool speak: words that are read and written atomically, and the calls that are to be made. */

/** The most threads: each has memory of its own, and more share work than any network has. */
export const MOST_THREADS = 256;

/** Parts of a round's work, a thread: some threads are slower than others, or have the core to themselves later. */
export const SPLIT = 4;

// Words, each in a cache line of its own, so that none waits for what another is written for.
const LINE = 16;
/** Counts the rounds of work; END: threads are to end. */
export const ROUND = 0;
/** The parts that nobody has taken yet. */
export const LEFT = LINE;
/** The parts that are done. */
export const DONE = 2 * LINE;
/** How many threads sleep, and have to be woken. */
export const SLEEPERS = 3 * LINE;
/** 1 while the caller sleeps, and has to be woken. */
export const AWAITED = 4 * LINE;

/** Returns the word with the last round that a thread has seen. */
export function seenBy(thread: number): number {
  return (4 + thread) * LINE;
}

/** Words for so many threads, the caller included. */
export function wordsOf(threads: number): number {
  return seenBy(threads);
}

export const END = -1;

/** Numbers of a part: which kernel, how many arguments, which of them a thread has its own of and how many bytes further, the arguments. */
export const PART = 64;
/** Where the arguments begin. */
export const ARGUMENTS = 4;

/** Milliseconds that a thread looks for work before it sleeps: waking it takes tens of microseconds. */
export const SPIN = 0.05;

/** What a worker gets when it starts. */
export interface PoolStart {
  /** Its number, from 1: 0 is the caller. */
  readonly thread: number;
  readonly control: SharedArrayBuffer;
  readonly parts: SharedArrayBuffer;
  /** One a build, with the memory of its engine. */
  readonly engines: readonly { readonly module: WebAssembly.Module; readonly memory: WebAssembly.Memory }[];
  /** The kernels' names, in the order of their numbers: of build b's kernel k it is b·names + k. */
  readonly names: readonly string[];
}

/**
 * Takes a part that nobody has taken; returns its number, or -1 if there is none. A thread that comes late takes one of the next
 * round, whose parts are there before they are counted.
 */
export function takePart(words: Int32Array): number {
  for (;;) {
    const left = Atomics.load(words, LEFT);
    if (left <= 0) return -1;
    if (Atomics.compareExchange(words, LEFT, left, left - 1) === left) return left - 1;
  }
}
