/**
 * The kernels of the losses that few programs use: a binary of their own, which bundlers leave out where none of these losses
 * is used. It is compiled once, without relaxed operations, and works beside every build, on the build's memory.
 */

import { fromText } from "./encoding.js";
import type { LossKernels } from "./generated/loss-kernels.js";
import { losses } from "./generated/losses.js";
import { withSharedMemory } from "./shared-memory.js";

export type { LossKernels } from "./generated/loss-kernels.js";

let module: WebAssembly.Module | undefined;
/** The same for memory that threads share. */
let sharedModule: WebAssembly.Module | undefined;

/**
 * Brings the kernels compiled, where the text inside the code is not to be used. What was there before stays.
 * @internal
 */
export function provideLossKernels(compiled: WebAssembly.Module): void {
  module ??= compiled;
}

/** What the compiler cannot see: the binary exports what the sources say that it is compiled from. */
export function isLossKernels(exports: object): exports is LossKernels {
  return "ctcLoss" in exports && Object.values(exports).every((kernel) => typeof kernel === "function");
}

const instances = new WeakMap<WebAssembly.Memory, LossKernels>();

function moduleFor({ buffer }: WebAssembly.Memory): WebAssembly.Module {
  if (Object.prototype.toString.call(buffer) === "[object SharedArrayBuffer]")
    return (sharedModule ??= new WebAssembly.Module(withSharedMemory(fromText(losses))));
  return (module ??= new WebAssembly.Module(fromText(losses)));
}

function instantiate(memory: WebAssembly.Memory): LossKernels {
  const { exports } = new WebAssembly.Instance(moduleFor(memory), { env: { memory } });
  if (!isLossKernels(exports)) throw new TypeError("the kernels of the losses export something else");
  return exports;
}

/** Returns the kernels on an engine's memory, made on first use; the first time they are compiled, some 2 ms. */
export function lossKernels(memory: WebAssembly.Memory): LossKernels {
  const kernels = instances.get(memory) ?? instantiate(memory);
  instances.set(memory, kernels);
  return kernels;
}
