/** Makes the worker of a caller who gives none. */

import { script } from "./generated/script.js";
import { findThreads } from "./threads.js";
import type { WorkerLike } from "./worker-like.js";
import { WorkerError } from "./worker-error.js";

/** Says what to do where no worker can be made of a Blob. */
export const ADVICE =
  `where a Content-Security-Policy forbids worker-src blob:, give startWorker ` +
  `{ worker: () => new Worker(…) } of a file that calls serveNetworks()`;

/** Makes a worker of the script: as a Blob, or in Node as a thread. `forget` frees the Blob, once the worker has started. */
export function createWorker(): { worker: WorkerLike; forget: () => void } {
  if ("Worker" in globalThis) return createWebWorker();
  const threads = findThreads();
  if (threads === undefined) throw new WorkerError(`there are no workers here; ${ADVICE}`);
  // No flags of the program's: what it preloads has no business in the worker.
  const worker = new threads.Worker(script, { eval: true, name: "bptt", execArgv: [] });
  return { worker, forget: () => undefined };
}

function createWebWorker(): { worker: WorkerLike; forget: () => void } {
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const forget = (): void => {
    URL.revokeObjectURL(url);
  };
  try {
    return { worker: new Worker(url, { type: "module", name: "bptt" }), forget };
  } catch (error) {
    forget();
    throw new WorkerError(`the worker could not be made: ${ADVICE}`, { cause: error });
  }
}
