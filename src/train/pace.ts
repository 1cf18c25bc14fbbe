/** Gives the event loop its turns in a long computation, and ends it by a signal. */

import type { StopSignal } from "./stop-signal.js";

/** Milliseconds between turns: with 8 ms for the work of one window, the event loop waits at most 16. */
const TURN_DUE = 8;

/** Resolves in a task of its own, after the timers, signals and input that are waiting. */
export function macrotask(): Promise<void> {
  return new Promise((resolve) => {
    if ("setImmediate" in globalThis) {
      setImmediate(resolve);
    } else {
      // Not a timer: browsers hold nested ones back for 4 ms.
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(undefined);
    }
  });
}

export class Pace {
  readonly signal: StopSignal | undefined;
  private lastTurn = performance.now();

  constructor(signal?: StopSignal) {
    this.signal = signal;
  }

  /** Gives the event loop a due turn between two pieces of work, then throws if the signal says so. */
  async breathe(): Promise<void> {
    if (performance.now() - this.lastTurn >= TURN_DUE) {
      await macrotask();
      this.lastTurn = performance.now();
    }
    this.signal?.throwIfAborted();
  }
}
