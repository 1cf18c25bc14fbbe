import { requireNetwork } from "./network.js";
import type { Network } from "./types.js";

/** Returns a copy of all parameters in the network's own layout; fills `into` if given. */
export function snapshotParameters(network: Network, into?: Float32Array): Float32Array {
  return requireNetwork(network).model.parameters.readAll(into);
}

/** Restores the parameters of this network from a snapshot of it. */
export function restoreParameters(network: Network, snapshot: Float32Array): void {
  requireNetwork(network).model.parameters.writeAll(snapshot);
}
