/** As much of Node's `worker_threads` as is used. */

import { findNode } from "./node-modules.js";
import type { WorkerLike } from "./worker-like.js";

export interface ParentPort {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  on(type: "message" | "messageerror", listener: (data: unknown) => void): unknown;
}

export interface WorkerThreads {
  readonly Worker: new (
    script: string,
    options: { eval: boolean; name: string; execArgv: readonly string[] },
  ) => WorkerLike;
  /** Null outside a worker. */
  readonly parentPort: ParentPort | null;
}

/** Returns Node's threads; undefined outside Node and what is like it. */
export function findThreads(): WorkerThreads | undefined {
  return findNode()?.getBuiltinModule("node:worker_threads");
}
