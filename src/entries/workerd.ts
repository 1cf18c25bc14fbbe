/** `bptt` where WebAssembly is compiled when a program is deployed, and never while it runs: Cloudflare's workerd. */

import relaxedSimd from "../wasm/generated/relaxed-simd.wasm";
import simd from "../wasm/generated/simd.wasm";
import { provideKernels } from "../wasm/load.js";

provideKernels("simd", () => simd);
provideKernels("relaxed-simd", () => relaxedSimd);

export * from "../index.js";
