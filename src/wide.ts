/**
 * Brings the kernels of the wide build: `import "bptt/wide"`, then `createNetwork(options, { build: "wide" })`. It leans on
 * an experimental feature of V8, runs on Node 24, 25 and 26 on x64 with AVX2, and is refused anywhere else.
 */

import { fromText } from "./wasm/encoding.js";
import { wide } from "./wasm/generated/wide.js";
import { provideWide } from "./wasm/load.js";
import { buildWide, compileTried } from "./wasm/wide-build.js";

const binary = (): Uint8Array<ArrayBuffer> => fromText(wide);
provideWide(() => buildWide(binary()), binary, compileTried);
