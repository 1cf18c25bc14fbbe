/** An optimizer in a worker, as the page has it. */

import { describe } from "../errors.js";
import type { Connection } from "./connection.js";
import { Kept } from "./kept.js";
import type { RemoteNetwork, RemoteOptimizer } from "./types.js";

export class PageOptimizer extends Kept implements RemoteOptimizer {
  constructor(connection: Connection, handle: number) {
    super(connection, handle, "optimizer");
  }

  async step(network: RemoteNetwork): Promise<void> {
    return this.connection.call("stepOptimizer", [this.kept(), requireRemote(this.connection, network)]);
  }

  async setLearningRate(rate: number): Promise<void> {
    return this.connection.call("setLearningRate", [this.kept(), rate]);
  }

  async reset(): Promise<void> {
    return this.connection.call("resetOptimizer", [this.kept()]);
  }
}

/** The handle of a network of the same worker. */
function requireRemote(connection: Connection, network: RemoteNetwork): number {
  if (network instanceof Kept && network.what === "network" && network.connection === connection)
    return network.kept();
  throw new TypeError(`"network" expected a network of the same worker, got ${describe(network)}`);
}
