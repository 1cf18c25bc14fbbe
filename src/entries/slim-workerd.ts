/** `bptt/slim` in Cloudflare's workerd: as everywhere, but for the losses' kernels, whose text could not be compiled there. */

import losses from "../wasm/generated/losses.wasm";
import { provideLossKernels } from "../wasm/loss-kernels.js";

provideLossKernels(losses);

export * from "./slim.js";
