/** What a thread that trains on a pool and the one that kills the pool's threads tell each other. */

/** What is done while a thread is killed; "idle": nothing, it is killed between two calls. */
export const works = ["updates", "train", "evaluate", "predict", "session", "learn", "idle"] as const;
export type Work = (typeof works)[number];

/** How the trainer is started. */
export interface KillStart {
  readonly seed: number;
  readonly work: Work;
  /** Threads of the pool, the trainer included. */
  readonly threads: number;
  /** A Float64Array with the moment of the kill, in milliseconds; 0 before. */
  readonly clock: SharedArrayBuffer;
}

export type FromTrainer =
  /** A thread of the pool is to be made, and told this. */
  | { readonly make: number; readonly start: unknown }
  | { readonly end: number }
  /** From now on a thread may be killed. */
  | { readonly go: true }
  | { readonly outcome: KillOutcome };

export type ToTrainer = { readonly ready: number } | { readonly killed: true } | { readonly ended: number };

/** What came of a pool of which a thread was killed. */
export interface KillOutcome {
  /** The error's class, and what it said. */
  readonly error: string;
  /** From the kill, or the first call after it, to the error. */
  readonly milliseconds: number;
  /** What was not as it was before the call that failed, or as it is after it; empty: all was. */
  readonly changed: readonly string[];
}
