/** Shares a network's work among threads, where --threads asks for some. */

import { createThreadPool, WorkerError, type ThreadPool } from "../index.js";
import { MOST_THREADS } from "../threads/control.js";
import { wholeNumber, type OptionHelp } from "./arguments.js";
import { Failure } from "./failure.js";

/** What the option is for, where a network is used. */
export const threadsOption: OptionHelp = {
  value: "<n>",
  help: "cores that share the network's work (1): pays for large networks. The numbers are the same, bit for bit",
};

/** Returns the number of threads, 1 where none was given. Throws a Failure. */
export function readThreads(text: string | undefined): number {
  const threads = wholeNumber("threads", text, 1, 1);
  if (threads > MOST_THREADS)
    throw new Failure(`--threads expects a whole number of at most ${MOST_THREADS}, not "${threads}"`);
  return threads;
}

/** Returns the kernels as a title says them: "wide kernels, 2 threads". */
export function kernelsInWords(build: string, threads: number): string {
  return `${build} kernels${threads === 1 ? "" : `, ${threads} threads`}`;
}

async function startThreads(threads: number): Promise<ThreadPool> {
  try {
    return await createThreadPool({ size: threads });
  } catch (error) {
    if (!(error instanceof WorkerError)) throw error;
    throw new Failure(`--threads ${threads}: ${error.message}`, 1);
  }
}

/** What is said when a thread has died, before what stands and what to do. */
export const DIED = "a thread of --threads died, or had no core for more than a second";

/**
 * Calls `use` with a pool of so many threads, which ends with the call; the kernels that networks are to run on must be there. Throws a
 * Failure where the threads do not start, or one dies on the way.
 */
export async function onThreads<Value>(
  threads: number,
  use: (pool: ThreadPool) => Promise<Value>,
): Promise<Value> {
  using pool = await startThreads(threads);
  try {
    return await use(pool);
  } catch (error) {
    if (!(error instanceof WorkerError)) throw error;
    throw new Failure(`${DIED}: try again, or with fewer threads`, 1);
  }
}
