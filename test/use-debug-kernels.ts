/** Provides the debug build as the plain one, for `BPTT_KERNELS=debug`: before src/wasm/inlined.ts, since the first stays. */
import { provideKernels } from "../src/wasm/load.js";
import { explainTraps, readDebugKernels } from "./debug-kernels.js";

const { module, map } = readDebugKernels();
provideKernels("simd", () => module);

const { Instance } = WebAssembly;
const construct = (target: typeof Instance, args: ConstructorParameters<typeof Instance>): object => {
  const instance = new target(...args);
  return args[0] === module ? { exports: explainTraps(instance.exports, map) } : instance;
};
Reflect.set(WebAssembly, "Instance", new Proxy(Instance, { construct }));
