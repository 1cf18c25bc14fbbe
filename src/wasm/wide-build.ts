/**
 * The wide build: the relaxed-simd kernels with panels of 16 columns, compiled while an experimental pass of V8 is on that
 * merges neighbouring 128-bit operations into 256-bit ones (`--experimental-wasm-revectorize`). The native code belongs to
 * the module from then on; the flags are on for its compilation alone. A failure of that pass would abort the process, so
 * nothing is tried on an engine that the tests do not run on.
 */

import { EXERCISED, exerciseKernels } from "./exercise.js";
import { signatures } from "./generated/signatures.js";
import { isKernels, type Kernels } from "./kernels.js";

/** Node's major versions whose V8 the tests run on. */
const testedNodes = ["24", "25", "26"];

/**
 * On while compiling, and as they are otherwise. Without the first one Node 25 and 26 abort: it comes before the pass itself
 * and goes after it, since other threads may compile at that moment.
 */
const flags = [
  ["--no-wasm-inlining", "--wasm-inlining"],
  ["--no-wasm-lazy-compilation", "--wasm-lazy-compilation"],
  ["--no-liftoff", "--liftoff"],
] as const;
const merging = ["--experimental-wasm-revectorize", "--no-experimental-wasm-revectorize"] as const;

/** What it needs of Node. */
interface NodeProcess {
  readonly arch: string;
  readonly execArgv: readonly string[];
  readonly versions: Readonly<Record<string, string | undefined>>;
  readonly getBuiltinModule: (name: "node:v8") => { setFlagsFromString: (flag: string) => void };
}

/** As a module that was compiled wide, or the reason why there is none. */
export type WideBuild = { readonly module: WebAssembly.Module } | { readonly refusal: string };

function isNodeProcess(value: unknown): value is NodeProcess {
  return typeof value === "object" && value !== null && "versions" in value && "getBuiltinModule" in value;
}

/** Why this engine is not even tried, or the process to try it in. */
function findProcess(): NodeProcess | string {
  const process: unknown = Reflect.get(globalThis, "process");
  const tested = `Node ${testedNodes.join(", ")} on x64`;
  if (!isNodeProcess(process)) return `it leans on an experimental feature of ${tested}, and this is not one`;
  const { node = "", electron, bun, deno } = process.versions;
  const other = [electron && "Electron", bun && "Bun", deno && "Deno"].find(Boolean);
  if (other !== undefined) return `it leans on an experimental feature of ${tested}, and this is ${other}`;
  if (!testedNodes.includes(node.split(".")[0]) || process.arch !== "x64") {
    return `it leans on an experimental feature of ${tested}, and this is Node ${node} on ${process.arch}`;
  }
  return process;
}

/** Returns why this engine is not even tried; undefined where it is. */
export function refusalOfWide(): string | undefined {
  const process = findProcess();
  return typeof process === "string" ? process : undefined;
}

/** Compiles at once and completely, neighbours merged or not; the flags then are as they were. */
function compile(bytes: Uint8Array<ArrayBuffer>, process: NodeProcess, merge: boolean): WebAssembly.Module {
  const v8 = process.getBuiltinModule("node:v8");
  const on = merge ? [...flags, merging] : flags;
  try {
    for (const [flag] of on) v8.setFlagsFromString(flag);
    return new WebAssembly.Module(bytes);
  } finally {
    for (const [flag, off] of [...on].reverse())
      v8.setFlagsFromString(process.execArgv.includes(flag) ? flag : off);
  }
}

/** The module with neighbours merged, or the reason why this engine is not tried. */
export function compileMerged(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module | string {
  const process = findProcess();
  return typeof process === "string" ? process : compile(bytes, process, true);
}

/** Makes the same module of another identity: V8 would hand out the code it has for the same bytes. */
function withMark(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([...bytes, 0, 2, 1, 0x6e]); // a custom section called "n"
}

interface Trial {
  readonly kernels: Kernels;
  readonly memory: WebAssembly.Memory;
}

function instantiate(module: WebAssembly.Module): Trial {
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 65536 });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  if (!isKernels(exports)) throw new TypeError("the kernels of the wide build export something else");
  return { kernels: exports, memory };
}

/** Whether every kernel leaves the same bits in both. */
function sameBits(wide: Trial, narrow: Trial): boolean {
  const [bits, others] = [wide, narrow].map(({ memory }) => new Uint32Array(memory.buffer, 0, EXERCISED / 4));
  const [runs, otherRuns] = [wide, narrow].map(({ kernels, memory }) =>
    exerciseKernels(kernels, memory, signatures),
  );
  while (runs.next().done !== true) {
    otherRuns.next();
    for (let i = 0; i < bits.length; i++) if (bits[i] !== others[i]) return false;
  }
  return true;
}

/** Times C[24, 64] += A[24, 64] · B: 0.2 million operations, some microseconds. */
function timeProduct({ kernels }: Trial): number {
  const start = performance.now();
  for (let i = 0; i < 20; i++) kernels.gemm(1 << 18, 1 << 17, 1 << 16, 24, 64, 64, 64, 64, false);
  return performance.now() - start;
}

/**
 * Returns whether 256-bit operations came of it: without them tiles of this width run out of registers, and the code compiled
 * plainly is as slow. With them it takes a third of the time. The best of many turns, since the machine may be busy.
 */
function isFaster(wide: Trial, narrow: Trial): boolean {
  let [best, plain] = [Infinity, Infinity];
  for (let turn = 0; turn < 100; turn++) {
    best = Math.min(best, timeProduct(wide));
    plain = Math.min(plain, timeProduct(narrow));
    if (turn >= 24 && best * 1.4 < plain) return true;
  }
  return false;
}

/** Compiles kernels that were tried, for another kind of memory. Throws a RangeError where they cannot run. */
export function compileTried(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  const module = compileMerged(bytes);
  if (typeof module === "string")
    throw new RangeError(`"build" expected one that runs here, got "wide": ${module}`);
  return module;
}

/** Compiles the wide kernels and tries them against themselves compiled plainly; some tenths of a second. */
export function buildWide(bytes: Uint8Array<ArrayBuffer>): WideBuild {
  const process = findProcess();
  if (typeof process === "string") return { refusal: process };
  const module = compile(bytes, process, true);
  const wide = instantiate(module);
  const narrow = instantiate(compile(withMark(bytes), process, false));
  if (!sameBits(wide, narrow))
    return { refusal: "its kernels gave other bits than without the engine's feature" };
  if (!isFaster(wide, narrow)) {
    return { refusal: "it ran no faster than without the engine's feature: the processor may have no AVX2" };
  }
  return { module };
}
