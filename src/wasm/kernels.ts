export type { Kernels } from "./generated/kernels.js";
import type { Kernels } from "./generated/kernels.js";

/** What the compiler cannot see: a binary exports what the sources say that it is compiled from. */
export function isKernels(exports: object): exports is Kernels {
  return "gemm" in exports && Object.values(exports).every((kernel) => typeof kernel === "function");
}
