/** `bptt/slim`: everything without the kernels, which `init` takes from wherever they are. */

export * from "../index.js";
export {
  init,
  type KernelModule,
  type KernelResponse,
  type KernelSource,
  type KernelSources,
} from "../wasm/init.js";
