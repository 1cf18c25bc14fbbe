/** Workers to test with: as the library makes them, of a file of the caller's, and on this thread. */

import { join } from "node:path";
import { MessageChannel, Worker, type MessagePort } from "node:worker_threads";
import { buildSync } from "esbuild";
import type { OwnFunctions } from "../../src/worker/descriptions.js";
import { serve } from "../../src/worker/server.js";
import { startWorker } from "../../src/worker/start-worker.js";
import type { NetworkWorker } from "../../src/worker/types.js";
import type { WorkerLike } from "../../src/threads/worker-like.js";

let script: string | undefined;

/** Of `own-worker.ts`, a file that carries the kernels itself. */
export function ownWorker(): Worker {
  script ??= buildSync({
    entryPoints: [join(import.meta.dirname, "own-worker.ts")],
    bundle: true,
    write: false,
    // What package.json says of side effects it says of dist.
    ignoreAnnotations: true,
    format: "iife",
    target: "es2023",
  }).outputFiles[0].text;
  return new Worker(script, { eval: true, execArgv: [] });
}

/** The worker's side on this thread, so that a test sees what it does to memory. */
export function onThisThread(own: OwnFunctions = {}): WorkerLike {
  const { port1, port2 } = new MessageChannel();
  serve(
    {
      post(message, transfer) {
        port2.postMessage(message, transfer);
      },
      listen(receive, unreadable) {
        port2.on("message", receive);
        port2.on("messageerror", unreadable);
      },
      holdLock(held) {
        held(undefined);
      },
    },
    own,
  );
  return workerOf(port1);
}

function workerOf(port: MessagePort): WorkerLike {
  return {
    postMessage(message, transfer) {
      port.postMessage(message, transfer);
    },
    terminate() {
      port.close();
    },
    on(type, listener) {
      port.on(type, listener);
    },
  };
}

/** How a worker of another thread comes to be, by name. */
export const threads: readonly (readonly [string, () => Promise<NetworkWorker>])[] = [
  ["the library's worker", () => startWorker()],
  ["the caller's worker", () => startWorker({ worker: ownWorker })],
];
