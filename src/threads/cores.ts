/** What threads this engine has. */

/** As much of Node as says how many cores there are. */
interface OsSource {
  getBuiltinModule(name: "node:os"): { availableParallelism(): number };
}

function isOsSource(process: unknown): process is OsSource {
  return (
    typeof process === "object" &&
    process !== null &&
    "getBuiltinModule" in process &&
    typeof process.getBuiltinModule === "function"
  );
}

/** Returns how many cores there are; 1 where nobody says. */
export function coresOf(): number {
  const process: unknown = Reflect.get(globalThis, "process");
  if (isOsSource(process)) return process.getBuiltinModule("node:os").availableParallelism();
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
