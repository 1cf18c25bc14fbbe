import type { TrainingWindow } from "../data/training-data.js";
import type { Network, State } from "../network/types.js";
import { accumulateGradient, trainingForward } from "../network/training-pass.js";
import { askLoss } from "./callers-loss.js";
import { requireWindow } from "./checked-window.js";
import type { GradientEvent, LearnerContext, LossFunction } from "./learner.js";

/** Forward and backward through one stretch of steps after the other, the state carried from each to the next. */
export class CarriedPass {
  private readonly network: Network;
  private readonly loss: LossFunction | undefined;
  private state: State | undefined;

  constructor({ network, loss }: LearnerContext) {
    this.network = network;
    this.loss = loss;
  }

  /** The next stretch starts from zeros. */
  restart(): void {
    this.state = undefined;
  }

  /** The gradient of the mean loss over the stretch, truncated at its start. The stretch was checked before. */
  gradient(stretch: TrainingWindow): GradientEvent {
    const { inputs, targets } = stretch;
    const steps = inputs.steps * inputs.batch;
    if (this.loss !== undefined) return { ...this.callersGradient(this.loss, stretch), steps };
    const { loss, count, state } = accumulateGradient(this.network, inputs, targets, this.state);
    this.state = state;
    return { loss: targets.gradient === undefined ? loss : undefined, count, steps };
  }

  private callersGradient(
    lossFunction: LossFunction,
    stretch: TrainingWindow,
  ): Pick<GradientEvent, "loss" | "count"> {
    const { count } = requireWindow(stretch, this.network, true, 0);
    const { outputs, state } = trainingForward(this.network, stretch.inputs, this.state);
    const { loss, gradient } = askLoss(lossFunction, outputs, stretch);
    this.network.backward({ gradient });
    this.state = state;
    return { loss, count };
  }
}
