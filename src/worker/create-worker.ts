/** Makes the worker of a caller who gives none. */

import { makeWorker, type MadeWorker } from "../threads/make-worker.js";
import { script } from "./generated/script.js";

/** Says what to do where no worker can be made of a Blob. */
export const ADVICE =
  `where a Content-Security-Policy forbids worker-src blob:, give startWorker ` +
  `{ worker: () => new Worker(…) } of a file that calls serveNetworks()`;

/** Makes a worker of the script: as a Blob, or in Node as a thread. `forget` frees the Blob, once the worker has started. */
export function createWorker(): MadeWorker {
  return makeWorker(script, "bptt", ADVICE);
}
