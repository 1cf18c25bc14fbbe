/** How much memory a call takes. */

import { GCProfiler, getHeapStatistics } from "node:v8";
import { engineFor } from "../../../src/memory/engine.js";

export interface Outcome {
  readonly error: unknown;
  /** Bytes, no fewer than were in use at once. */
  readonly bytes: number;
  /** Of them, those of JavaScript's heap: all that was allocated, whether it was in use at once or not. */
  readonly heap: number;
}

interface Sample {
  readonly used: number;
  readonly external: number;
}

function sample(): Sample {
  const { used_heap_size: used, external_memory: external } = getHeapStatistics();
  return { used, external };
}

/**
 * Runs a call and returns what it threw, if anything, and the memory that it took: what it allocated on JavaScript's heap between
 * any two garbage collections, the most that its arrays took beside the heap, and the most of the kernels' memory.
 */
export function measure(run: () => void): Outcome {
  const { arena } = engineFor();
  const reserved = arena.reserved;
  arena.peak = reserved;
  let error: unknown;
  const profiler = new GCProfiler();
  profiler.start();
  const first = sample();
  try {
    run();
  } catch (thrown) {
    error = thrown ?? new Error("it threw nothing");
  }
  const last = sample();
  const { statistics } = profiler.stop();
  const samples = statistics.flatMap(({ beforeGC, afterGC }) =>
    [beforeGC, afterGC].map(({ heapStatistics: { usedHeapSize: used, externalMemory: external } }) => ({
      used,
      external,
    })),
  );
  const all = [first, ...samples, last];
  let heap = 0;
  // From the start, or the end of a collection, to the beginning of the next, or the end.
  for (let i = 0; i < all.length; i += 2) heap += Math.max(all[i + 1].used - all[i].used, 0);
  const beside = Math.max(...all.map(({ external }) => external)) - first.external;
  if (arena.reserved !== reserved)
    error = new Error(`${arena.reserved - reserved} bytes were not given back`);
  return { error, heap, bytes: heap + beside + arena.peak - reserved };
}
