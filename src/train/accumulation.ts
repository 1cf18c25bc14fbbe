import type { GradientEvent } from "../learn/learner.js";
import { requireNetwork, type RecurrentNetwork } from "../network/network.js";
import type { Network } from "../network/types.js";
import type { PlainData, PlainReader } from "../plain-data.js";

/** Adds up the gradients of several windows to the mean over all their targets. */
export class Accumulation {
  private readonly network: RecurrentNetwork;
  private readonly windows: number;
  /** Σ weight·gradient. */
  private sum: Float32Array | undefined;
  private taken = 0;
  private weight = 0;
  private count = 0;
  private steps = 0;
  /** Σ weight·loss. */
  private loss = 0;
  /** Whether every gradient had a loss. */
  private known = true;

  constructor(network: Network, windows: number) {
    this.network = requireNetwork(network);
    this.windows = windows;
  }

  /** Windows that wait for more. */
  get pending(): number {
    return this.taken;
  }

  /** Takes the network's gradients in and zeroes them; returns whether there are enough. */
  add({ loss, count, weight = count, steps }: GradientEvent): boolean {
    const { parameters } = this.network.model;
    const gradients = parameters.readGradients();
    const sum = (this.sum ??= new Float32Array(gradients.length));
    for (let i = 0; i < sum.length; i++) sum[i] += weight * gradients[i];
    parameters.zeroGradients();
    this.taken++;
    this.weight += weight;
    this.count += count;
    this.steps += steps;
    if (loss === undefined) this.known = false;
    else this.loss += weight * loss;
    return this.taken >= this.windows;
  }

  /** Puts the mean into the network's gradients, and begins anew. */
  take(): GradientEvent {
    const { sum, weight, count, steps, loss, known } = this;
    if (sum !== undefined) {
      if (weight > 0) for (let i = 0; i < sum.length; i++) sum[i] /= weight;
      this.network.model.parameters.writeGradients(sum);
      sum.fill(0);
    }
    [this.taken, this.weight, this.count, this.steps, this.loss, this.known] = [0, 0, 0, 0, 0, true];
    // Without any weight the loss is 0, or not finite.
    return { loss: known ? loss / (weight > 0 ? weight : 1) : undefined, count, weight, steps };
  }

  save(): PlainData {
    const { taken, weight, count, steps, loss, known, sum } = this;
    return { taken, weight, count, steps, loss, known, sum: taken > 0 ? sum : undefined };
  }

  /** Reads what was saved. Returns a function that goes on with it. Throws a FormatError. */
  read(saved: PlainReader): () => void {
    const [taken, count, steps] = (["taken", "count", "steps"] as const).map((name) =>
      saved.field(name).integer(),
    );
    const [weight, loss] = [saved.field("weight").number(), saved.field("loss").number()];
    const known = saved.field("known").boolean();
    const sum = taken > 0 ? saved.field("sum").floats(this.network.model.parameters.count) : undefined;
    return () => {
      [this.taken, this.weight, this.count, this.steps, this.loss] = [taken, weight, count, steps, loss];
      this.known = known;
      this.sum = sum?.slice();
    };
  }
}
