/// <reference lib="esnext.disposable" preserve="true" />

/** Workers over one shared memory, of `createThreadPool`. */
export interface ThreadPool extends Disposable {
  /** Threads that share the work, the calling one included. */
  readonly size: number;
  /** Ends the workers; the networks go on with the calling thread alone. Idempotent. */
  dispose(): void;
}
