/** Makes a worker of a script that stands in a text: no file of its own, which bundlers would have to find. */

import { findThreads } from "./worker-threads.js";
import { WorkerError } from "./worker-error.js";
import type { WorkerLike } from "./worker-like.js";

/** A worker, and what frees the address of its script once it has started. */
export interface MadeWorker {
  readonly worker: WorkerLike;
  readonly forget: () => void;
}

/** Makes a worker of the script: of a Blob, or in Node as a thread. `advice`: what to do where that cannot be. Throws a WorkerError. */
export function makeWorker(script: string, name: string, advice: string): MadeWorker {
  if ("Worker" in globalThis) return makeWebWorker(script, name, advice);
  const threads = findThreads();
  if (threads === undefined) throw new WorkerError(`there are no workers here; ${advice}`);
  // No flags of the program's: what it preloads has no business in the worker.
  const worker = new threads.Worker(script, { eval: true, name, execArgv: [] });
  return { worker, forget: () => undefined };
}

function makeWebWorker(script: string, name: string, advice: string): MadeWorker {
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const forget = (): void => {
    URL.revokeObjectURL(url);
  };
  try {
    return { worker: new Worker(url, { type: "module", name }), forget };
  } catch (error) {
    forget();
    throw new WorkerError(`the worker could not be made: ${advice}`, { cause: error });
  }
}
