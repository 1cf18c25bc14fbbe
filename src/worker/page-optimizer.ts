/** Stands on the page for an optimizer in a worker. */

import { describe } from "../errors.js";
import type { Connection } from "./connection.js";
import { RemoteHandle } from "./remote-handle.js";
import type { RemoteNetwork, RemoteOptimizer } from "./types.js";

export class PageOptimizer extends RemoteHandle implements RemoteOptimizer {
  constructor(connection: Connection, handle: number) {
    super(connection, handle, "optimizer");
  }

  async step(network: RemoteNetwork): Promise<void> {
    return this.connection.call("stepOptimizer", [
      this.requireHandle(),
      requireRemote(this.connection, network),
    ]);
  }

  async setLearningRate(rate: number): Promise<void> {
    return this.connection.call("setLearningRate", [this.requireHandle(), rate]);
  }

  async reset(): Promise<void> {
    return this.connection.call("resetOptimizer", [this.requireHandle()]);
  }
}

/** Returns the handle of a network of the same worker. Throws a TypeError for anything else. */
function requireRemote(connection: Connection, network: RemoteNetwork): number {
  if (network instanceof RemoteHandle && network.what === "network" && network.connection === connection)
    return network.requireHandle();
  throw new TypeError(`"network" expected a network of the same worker, got ${describe(network)}`);
}
