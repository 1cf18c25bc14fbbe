/** What threads this engine has. */

import { findNode } from "./node-modules.js";

/** Returns how many cores there are; 1 where nobody says. */
export function coresOf(): number {
  const node = findNode();
  if (node !== undefined) return node.getBuiltinModule("node:os").availableParallelism();
  return "navigator" in globalThis ? globalThis.navigator.hardwareConcurrency : 1;
}

/** Returns why there can be no threads over a shared memory; undefined where there can. */
export function refusalOfThreads(): string | undefined {
  // Only a page knows of it.
  const isolated: unknown = Reflect.get(globalThis, "crossOriginIsolated");
  if (isolated === false) {
    return (
      `the page is not cross-origin isolated: serve it with the headers ` +
      `Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp`
    );
  }
  if (typeof Reflect.get(globalThis, "SharedArrayBuffer") !== "function")
    return "this engine has no shared memory";
  return undefined;
}
