/** Reads the windows of one epoch, in order. */

import type { TrainingData, TrainingWindow } from "../data/training-data.js";
import { describe } from "../errors.js";
import type { StopSignal } from "./stop-signal.js";

export function requireData(name: string, data: unknown): void {
  const isData =
    typeof data === "object" && data !== null && (Symbol.asyncIterator in data || Symbol.iterator in data);
  if (!isData) throw new TypeError(`"${name}" expected an iterable of windows, got ${describe(data)}`);
}

/** Closes an iterator without waiting for its answer: it may wait itself for something that never comes. */
async function abandon(iterator: AsyncIterator<TrainingWindow>): Promise<void> {
  try {
    await iterator.return?.();
  } catch {
    // The signal's reason is thrown instead.
  }
}

/**
 * Returns whether the signal aborts before the promise settles; leaves no listener or unhandled rejection.
 */
async function abortsBefore(pending: Promise<unknown>, signal: StopSignal): Promise<boolean> {
  if (signal.aborted) return true;
  let stop = (): void => undefined;
  const aborted = new Promise<void>((resolve) => {
    stop = resolve;
  });
  signal.addEventListener("abort", stop);
  try {
    await Promise.race([pending, aborted]);
    return signal.aborted;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** Returns the same data, except that waiting for it ends with the signal's reason when the signal aborts. */
function abortable(
  data: AsyncIterable<TrainingWindow>,
  signal: StopSignal | undefined,
): AsyncIterable<TrainingWindow> {
  if (signal === undefined) return data;
  const iterator = data[Symbol.asyncIterator]();
  const watched: AsyncIterator<TrainingWindow> = {
    async next() {
      const pending = Promise.resolve(iterator.next());
      if (await abortsBefore(pending, signal)) {
        void abandon(iterator);
        signal.throwIfAborted();
      }
      return pending;
    },
    async return() {
      await iterator.return?.();
      return { done: true, value: undefined };
    },
  };
  return { [Symbol.asyncIterator]: () => watched };
}

/**
 * Iterates the data anew. Throws a RangeError for no window, and the signal's reason once it aborts. `before`: windows that came
 * before these.
 */
export async function* readWindows(
  name: string,
  data: TrainingData,
  signal?: StopSignal,
  before = 0,
): AsyncGenerator<TrainingWindow, void> {
  let count = before;
  for await (const window of Symbol.asyncIterator in data ? abortable(data, signal) : data) {
    count++;
    yield window;
  }
  if (count > 0) return;
  throw new RangeError(
    `"${name}" expected at least one window each time it is iterated, got none: pass an object whose iterator starts ` +
      `anew, like an array (a generator can be walked once)`,
  );
}
