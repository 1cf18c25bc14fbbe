import { describe, InvalidStateError, requireObject } from "../errors.js";
import type { OwnFunctions } from "./descriptions.js";
import { findPage } from "./page.js";
import { serve } from "./server.js";

function requireFunctions(own: OwnFunctions): OwnFunctions {
  const kinds: [string, object][] = Object.entries({ ...requireObject("own", own) });
  for (const [kind, table] of kinds) {
    const functions: [string, unknown][] = Object.entries({ ...requireObject(kind, table) });
    for (const [name, make] of functions) {
      if (typeof make !== "function")
        throw new TypeError(`"${kind}.${name}" expected a function, got ${describe(make)}`);
    }
  }
  return own;
}

/**
 * Makes this worker one that `startWorker` can use: for a file of one's own, which `startWorker({ worker })` is given.
 * Functions cannot be sent to a worker; those that it has itself the page calls by their names here.
 *
 * ```ts
 * // worker.ts
 * import { serveNetworks } from "bptt/worker";
 * serveNetworks({ losses: { pinball: (quantile) => (outputs, window) => … } });
 *
 * // page.ts
 * const worker = await startWorker({
 *   worker: () => new Worker(new URL("./worker.js", import.meta.url), { type: "module" }),
 * });
 * … network.train(data, { optimizer: { type: "adam" }, loss: { own: "pinball", options: 0.9 } })
 * ```
 *
 * Throws a TypeError for what is no function, and an InvalidStateError outside a worker.
 */
export function serveNetworks(own: OwnFunctions = {}): void {
  const page = findPage();
  if (page === undefined) throw new InvalidStateError("serveNetworks was called outside a worker");
  serve(page, requireFunctions(own));
}
