import { restoreParameters, snapshotParameters } from "../network/snapshot.js";
import type { Network } from "../network/types.js";

/** Keeps the best parameters, which training ends with when validation gets no better. */
export class Patience {
  private readonly network: Network;
  private readonly most: number;
  private best = Infinity;
  private parameters: Float32Array | undefined;
  private misses = 0;

  /** Allows `most` validations in a row without a new best. */
  constructor(network: Network, most: number) {
    this.network = network;
    this.most = most;
  }

  /** Returns whether patience ran out with this validation's loss; the best parameters are then restored. */
  runsOut(loss: number): boolean {
    if (loss < this.best) {
      this.best = loss;
      this.misses = 0;
      this.parameters = snapshotParameters(this.network, this.parameters);
      return false;
    }
    this.misses++;
    if (this.misses < this.most) return false;
    if (this.parameters !== undefined) restoreParameters(this.network, this.parameters);
    return true;
  }
}
