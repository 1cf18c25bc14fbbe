import { initialize } from "./parameters/initialize.js";
import { RecurrentNetwork } from "./network.js";
import { completeOptions, requireRuntime } from "./options.js";
import type { Network, NetworkOptions, RuntimeOptions } from "./types.js";

/**
 * Creates a network with parameters drawn from its seed. It is synchronous: the kernels are small, inlined,
 * and compiled on first use. `runtime` says in which build, and on which pool of `createThreadPool` if any.
 * Throws a TypeError or RangeError that names the option, and an OutOfMemoryError when there is no room.
 */
export function createNetwork(options: NetworkOptions, runtime?: RuntimeOptions): Network {
  const complete = completeOptions(options);
  const network = new RecurrentNetwork(requireRuntime(runtime), complete);
  try {
    initialize(network.model.parameters, complete);
  } catch (error) {
    network.dispose();
    throw error;
  }
  return network;
}
