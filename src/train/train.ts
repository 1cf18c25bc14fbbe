import type { TrainingData } from "../data/training-data.js";
import type { Network } from "../network/types.js";
import { requireTrainPlan, type TrainOptions } from "./options.js";
import { saveTraining } from "./checkpoint.js";
import type { Training } from "./training.js";
import { TrainingRun } from "./training-run.js";

/**
 * Trains a network and yields an event at once after each update, and one more at each epoch's end. The
 * arguments are checked at the call; the work is done as the events are asked for, with a turn for the event
 * loop at least every 16 ms (or every update, where one takes longer). `break` ends training quietly;
 * whatever ends it, the data's iterator is closed.
 *
 * The network's gradients belong to the training: between events they are those of the last update, as
 * clipped; before and after training they are zeros. The state is carried where the windows say so, and
 * starts from zeros each epoch.
 *
 * Throws a TypeError or RangeError for a wrong argument or a window that does not fit the network, a
 * RangeError for an epoch without windows, a DivergenceError for a loss or gradient norm that is not finite
 * (the parameters are then the last that gave finite ones, or with `keepBest` the best, and the optimizer is reset), and
 * signal.reason.
 *
 * Between events `save()` returns all that the rest depends on, as a file that `resumeTraining` goes on from.
 */
export function train(network: Network, data: TrainingData, options: TrainOptions): Training {
  return beginTraining(new TrainingRun(requireTrainPlan(network, data, options)));
}

/** Returns a run's events, with what a training has besides. */
export function beginTraining(run: TrainingRun): Training {
  return Object.assign(run.run(), { network: run.plan.network, save: () => saveTraining(run) });
}
