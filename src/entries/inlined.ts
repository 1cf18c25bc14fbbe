/** `bptt`: everything, with the kernels inside the code, so that nothing has to be loaded or awaited. */

import "../wasm/inlined.js";

export * from "../index.js";
