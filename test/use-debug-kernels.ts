/** Provides the debug kernels as the plain ones, for `BPTT_KERNELS=debug`: before src/wasm/inlined.ts, since the first stay. */
import { provideKernels } from "../src/wasm/load.js";
import { provideLossKernels } from "../src/wasm/loss-kernels.js";
import { explainTraps, readDebugKernels } from "./debug-kernels.js";

const debug = readDebugKernels("debug");
const losses = readDebugKernels("losses-debug");
provideKernels("simd", () => debug.module);
provideLossKernels(losses.module);

const { Instance } = WebAssembly;
const construct = (target: typeof Instance, args: ConstructorParameters<typeof Instance>): object => {
  const instance = new target(...args);
  const ours = [debug, losses].find(({ module }) => module === args[0]);
  return ours === undefined ? instance : { exports: explainTraps(instance.exports, ours.map) };
};
Reflect.set(WebAssembly, "Instance", new Proxy(Instance, { construct }));
