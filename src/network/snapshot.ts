import { requireNetwork } from "./network.js";
import type { Network } from "./types.js";

/** A copy of all parameters, in the network's own layout; fills and returns `into` if given. */
export function snapshotParameters(network: Network, into?: Float32Array): Float32Array {
  return requireNetwork(network).model.parameters.readAll(into);
}

/** Parameters as they were when the snapshot was taken, of this network. */
export function restoreParameters(network: Network, snapshot: Float32Array): void {
  requireNetwork(network).model.parameters.writeAll(snapshot);
}
