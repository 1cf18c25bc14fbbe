/** The memory by which threads of a pool speak: words that are read and written atomically, and the calls that each is to make. */

/** The most threads: each has memory of its own, and more share work than any network has. */
export const MOST_THREADS = 256;

/** Words of a thread, from WORDS·i on: a cache line, so that none waits for what another writes. */
export const WORDS = 16;
/** Counts the pieces of work that the thread was given. */
export const GIVEN = 0;
/** Counts those that it has done. */
export const DONE = 1;
/** 1 while it waits and has to be woken. */
export const ASLEEP = 2;
/** 1 while the caller waits for it, and has to be woken. */
export const AWAITED = 3;
/** GIVEN of a thread that is to end. */
export const END = -1;

/** Numbers of a call: which kernel, how many arguments, the arguments; a thread's piece has one call. */
export const CALL = 64;

/** Milliseconds that a thread looks for work before it sleeps: waking it takes tens of microseconds. */
export const SPIN = 0.05;

/** What a worker gets when it starts. */
export interface PoolStart {
  /** Its number, from 1: 0 is the caller. */
  readonly thread: number;
  readonly control: SharedArrayBuffer;
  readonly calls: SharedArrayBuffer;
  /** One a build, with the memory of its engine. */
  readonly engines: readonly { readonly module: WebAssembly.Module; readonly memory: WebAssembly.Memory }[];
  /** The kernels' names, in the order of their numbers: of build b's kernel k it is b·names + k. */
  readonly names: readonly string[];
}
