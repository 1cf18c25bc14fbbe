/** What the pages need of the engine. */

import { supportedBuilds } from "bptt";

/** Whether the kernels can run here: they are SIMD WebAssembly. */
export function hasEngine(): boolean {
  return supportedBuilds().length > 0;
}
