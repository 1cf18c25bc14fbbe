import { elementAt } from "../memory/regions.js";
import { requireNetwork, type RecurrentNetwork } from "../network/network.js";
import type { Network } from "../network/types.js";
import type { PlainData, PlainReader } from "../plain-data.js";

/** Averages a network's parameters over the updates, with exponential weights. */
export class Averaging {
  private readonly network: RecurrentNetwork;
  private readonly decay: number;
  private average: Float32Array | undefined;

  constructor(network: Network, decay: number) {
    this.network = requireNetwork(network);
    this.decay = decay;
  }

  /** Takes in the parameters after an update: a ← decay·a + (1 − decay)·w. */
  observe(): void {
    const { decay, average, network } = this;
    const { parameters, engine } = network.model;
    if (average === undefined) {
      this.average = parameters.readAll();
      return;
    }
    const { f32 } = engine.arena;
    const fresh = 1 - decay;
    const first = elementAt(parameters.values);
    for (let i = 0; i < average.length; i++) average[i] = decay * average[i] + fresh * f32[first + i];
  }

  /** Puts the averaged parameters into the network; returns what was there, undefined where there is no average yet. */
  swapIn(): Float32Array | undefined {
    const { parameters } = this.network.model;
    if (this.average === undefined) return undefined;
    const present = parameters.readAll();
    parameters.writeAll(this.average);
    return present;
  }

  save(): PlainData {
    return { average: this.average };
  }

  /** Reads what was saved. Returns a function that goes on with it. Throws a FormatError. */
  read(saved: PlainReader): () => void {
    const average = saved.field("average");
    const kept = average.given ? average.floats(this.network.model.parameters.count) : undefined;
    return () => {
      this.average = kept?.slice();
    };
  }
}
