/** Reads the debug build of the kernels, and makes its traps say where in assembly/ they happened. */
import { readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { join } from "node:path";
import { lossSignatures } from "../src/wasm/generated/loss-signatures.js";
import { signatures } from "../src/wasm/generated/signatures.js";

const root = join(import.meta.dirname, "..");

type Kernel = (...args: (number | boolean)[]) => unknown;

/** Returns a kernel's call as it would be written, with the arguments' names. */
function describeCall(name: string, args: readonly (number | boolean)[]): string {
  const parameters = (Reflect.get({ ...signatures, ...lossSignatures }, name) as string).split(" ");
  const names = parameters.map((parameter) => parameter.replace(/^\W/, ""));
  return `${name}(${args.map((value, i) => `${names[i]} = ${value}`).join(", ")})`;
}

/**
 * Returns where a trap happened, and the statement that stands there. Engines give the offset in the binary; an assertion's trap
 * belongs to no line, but the condition before it does.
 */
function locate(trap: Error, map: SourceMap): string {
  let offset = parseInt(/:wasm-function\[\d+\]:0x([0-9a-f]+)/.exec(trap.stack ?? "")?.[1] ?? "0", 16);
  for (; offset > 0; offset--) {
    const entry = map.findEntry(0, offset);
    // Undefined where the compiler put code of its own, whatever the type says.
    const file = "originalSource" in entry ? (entry.originalSource as string | undefined) : undefined;
    if (file === undefined || !("originalLine" in entry)) continue;
    const rest = readFileSync(join(root, file), "utf8").split("\n").slice(entry.originalLine);
    const statement = rest.slice(0, rest.findIndex((text) => text.endsWith(";")) + 1);
    return `${file}:${entry.originalLine + 1}: ${statement.map((text) => text.trim()).join(" ")}`;
  }
  return "an unknown place";
}

/** Returns the kernels with their traps explained: what was called, and the assertion that failed. */
export function explainTraps(exports: object, map: SourceMap): Record<string, Kernel> {
  const explained = Object.entries(exports).map(([name, kernel]: [string, Kernel]): [string, Kernel] => [
    name,
    (...args) => {
      try {
        return kernel(...args);
      } catch (cause) {
        if (!(cause instanceof WebAssembly.RuntimeError)) throw cause;
        const what = cause.message === "unreachable" ? "assertion failed" : cause.message;
        const message = `${what} at ${locate(cause, map)}\nin ${describeCall(name, args)}`;
        throw new Error(message, { cause });
      }
    },
  ]);
  return Object.fromEntries(explained);
}

/** The binaries with assertions: that of a build, and that of the losses' kernels. */
export type DebugTarget = "debug" | "losses-debug";

/** Returns a binary that `npm run build:kernels -- debug` wrote and its source map, or those of another folder. */
export function readDebugKernels(
  target: DebugTarget,
  folder = join(root, "build/kernels"),
): {
  module: WebAssembly.Module;
  map: SourceMap;
} {
  const module = new WebAssembly.Module(readFileSync(join(folder, `${target}.wasm`)));
  const payload = JSON.parse(readFileSync(join(folder, `${target}.wasm.map`), "utf8")) as SourceMapPayload;
  return { module, map: new SourceMap(payload) };
}
