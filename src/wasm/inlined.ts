/** The kernels inside the code: decoded and compiled when a build is first asked for. */

import { applyDifference, fromText } from "./encoding.js";
import { relaxedDifference } from "./generated/relaxed-difference.js";
import { simd } from "./generated/simd.js";
import { provideKernels, type PlainBuild } from "./load.js";

/** Returns the binary of a build. */
export function inlinedKernels(build: PlainBuild): Uint8Array<ArrayBuffer> {
  const bytes = fromText(simd);
  return build === "simd" ? bytes : applyDifference(bytes, fromText(relaxedDifference));
}

for (const build of ["simd", "relaxed-simd"] as const) {
  const binary = (): Uint8Array<ArrayBuffer> => inlinedKernels(build);
  provideKernels(build, () => new WebAssembly.Module(binary()), binary);
}
