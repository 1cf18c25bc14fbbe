/** `bptt` where WebAssembly is compiled when a program is deployed, and never while it runs: Cloudflare's workerd. */

import losses from "../wasm/generated/losses.wasm";
import relaxedSimd from "../wasm/generated/relaxed-simd.wasm";
import simd from "../wasm/generated/simd.wasm";
import { provideKernels } from "../wasm/load.js";
import { provideLossKernels } from "../wasm/loss-kernels.js";

provideKernels("simd", () => simd);
provideKernels("relaxed-simd", () => relaxedSimd);
provideLossKernels(losses);

export * from "../index.js";
