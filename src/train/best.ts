import { restoreParameters, snapshotParameters } from "../network/snapshot.js";
import { requireNetwork } from "../network/network.js";
import type { PlainData, PlainReader } from "../plain-data.js";
import type { TrainPlan } from "./options.js";

/** Keeps the parameters that validated best, and counts the validations since. */
export class Best {
  private readonly plan: TrainPlan;
  /** The least validation loss. */
  private loss = Infinity;
  /** The last validation loss that was an improvement, and the validations since. */
  private mark = Infinity;
  private misses = 0;
  private parameters: Float32Array | undefined;

  constructor(plan: TrainPlan) {
    this.plan = plan;
  }

  /** Whether patience ran out. */
  get exhausted(): boolean {
    return this.misses >= (this.plan.patience ?? Infinity);
  }

  /** Takes in the loss of a validation, whose parameters are the network's now; returns whether patience ran out. */
  observe(loss: number): boolean {
    const { network, patience = Infinity, minImprovement = 0, keepBest = false } = this.plan;
    if (loss < this.loss && (keepBest || patience < Infinity)) {
      this.loss = loss;
      this.parameters = snapshotParameters(network, this.parameters);
    }
    if (loss < this.mark - minImprovement) {
      this.mark = loss;
      this.misses = 0;
      return false;
    }
    this.misses++;
    return this.exhausted;
  }

  /** Puts the best parameters into the network; returns whether there were any. */
  restore(): boolean {
    if (this.parameters === undefined) return false;
    restoreParameters(this.plan.network, this.parameters);
    return true;
  }

  save(): PlainData {
    const { loss, mark, misses, parameters } = this;
    return { loss, mark, misses, parameters };
  }

  /** Reads what was saved. Returns a function that goes on with it. Throws a FormatError. */
  read(saved: PlainReader): () => void {
    const [loss, mark] = [saved.field("loss").number(), saved.field("mark").number()];
    const misses = saved.field("misses").integer();
    const parameters = saved.field("parameters");
    const { count } = requireNetwork(this.plan.network).model.parameters;
    const kept = parameters.given ? parameters.floats(count) : undefined;
    return () => {
      [this.loss, this.mark, this.misses] = [loss, mark, misses];
      // A copy: it is written to.
      this.parameters = kept?.slice();
    };
  }
}
