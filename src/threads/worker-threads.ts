/** Finds Node's `worker_threads`, as much as is used of them, without an import that bundlers would see. */

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

interface ModuleSource {
  getBuiltinModule(name: "node:worker_threads"): WorkerThreads;
}

function isModuleSource(process: unknown): process is ModuleSource {
  return (
    typeof process === "object" &&
    process !== null &&
    "getBuiltinModule" in process &&
    typeof process.getBuiltinModule === "function"
  );
}

/** Returns Node's threads; undefined outside Node and what is like it. */
export function findThreads(): WorkerThreads | undefined {
  const process: unknown = Reflect.get(globalThis, "process");
  return isModuleSource(process) ? process.getBuiltinModule("node:worker_threads") : undefined;
}
