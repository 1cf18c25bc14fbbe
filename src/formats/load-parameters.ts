/** Makes networks of stored tensors. */

import { RecurrentNetwork } from "../network/network.js";
import { requireRuntime } from "../network/options.js";
import type { CompleteOptions, Network, RuntimeOptions } from "../network/types.js";
import { readAsFloats } from "./float-tensors.js";
import type { StoredTensor } from "./safetensors.js";

/**
 * Creates a network whose parameters are the tensors, in the parameters' order and of their shapes; undefined stands for zeros.
 * Throws what `requireRuntime` and `readAsFloats` throw, and an OutOfMemoryError; the network is then disposed of.
 */
export function loadParameters(
  options: CompleteOptions,
  runtime: RuntimeOptions | undefined,
  data: Uint8Array,
  tensors: readonly (StoredTensor | undefined)[],
): Network {
  const network = new RecurrentNetwork(requireRuntime(runtime), options);
  try {
    const { parameters } = network.model;
    tensors.forEach((tensor, i) => {
      if (tensor !== undefined) parameters.writeValue(parameters.places[i], readAsFloats(data, tensor));
    });
  } catch (error) {
    network.dispose();
    throw error;
  }
  return network;
}
