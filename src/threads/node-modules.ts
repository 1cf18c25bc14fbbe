/** Finds Node's own modules, as much as is used of them, without an import that bundlers would see. */

import type { WorkerThreads } from "./worker-threads.js";

export interface NodeModules {
  getBuiltinModule(name: "node:os"): { availableParallelism(): number };
  getBuiltinModule(name: "node:worker_threads"): WorkerThreads;
}

function isNodeModules(process: unknown): process is NodeModules {
  return (
    typeof process === "object" &&
    process !== null &&
    "getBuiltinModule" in process &&
    typeof process.getBuiltinModule === "function"
  );
}

/** Returns undefined outside Node and what is like it. */
export function findNode(): NodeModules | undefined {
  const process: unknown = Reflect.get(globalThis, "process");
  return isNodeModules(process) ? process : undefined;
}
