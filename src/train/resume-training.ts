import type { TrainingData } from "../data/training-data.js";
import { requireObject } from "../errors.js";
import { requireNetwork } from "../network/network.js";
import type { Network, RuntimeOptions } from "../network/types.js";
import { networkOf, readCheckpoint, restoreTraining } from "./checkpoint.js";
import { requireTrainPlan, type TrainOptions } from "./options.js";
import { beginTraining } from "./train.js";
import type { Training } from "./training.js";
import { TrainingRun } from "./training-run.js";

/** Configures `resumeTraining`. */
export interface ResumeOptions extends TrainOptions {
  /** Goes on with this network, whose options must be the saved one's, and whose parameters become those; default: a new one. */
  network?: Network;
}

/**
 * Goes on where a training's `save` was called, with the same data and options given again, since functions cannot be saved:
 * from then on the same events, bit for bit in the same build. A `tokenStream` or `sequenceSet` is sought; any other iterable is
 * asked for an iterator for each past epoch and walked to its place in the present one, as the first event is asked for.
 *
 * `epochs`, `maxSteps`, the learning rate and other hyperparameters may differ, and `runtime`: the build, and the pool of
 * threads that the new network runs on, which changes no bit. The network's options, the kinds
 * of learner, loss and optimizer, `tbptt`'s k1 and k2, and whether there is averaging must be the same.
 *
 * Throws a FormatError for bytes that are no checkpoint, or one that does not fit, and says what; otherwise as `train` and
 * `loadNetwork` throw; an InvalidStateError for an optimizer of another network. Nothing is changed then.
 */
export function resumeTraining(
  checkpoint: Uint8Array,
  data: TrainingData,
  options: ResumeOptions,
  runtime?: RuntimeOptions,
): Training {
  const saved = readCheckpoint(checkpoint);
  const { network: given, ...rest } = requireObject("options", options);
  if (given !== undefined && runtime !== undefined)
    throw new TypeError(`"runtime" expected none beside "options.network", which has its own, got one`);
  const stored = networkOf(saved, given === undefined ? runtime : { build: given.build });
  const network = given ?? stored;
  try {
    if (given !== undefined) requireSameOptions(requireNetwork(given), stored);
    const run = new TrainingRun(requireTrainPlan(network, data, rest), followed(saved));
    try {
      const goOn = restoreTraining(run, saved);
      if (given !== undefined) copyParameters(stored, given);
      goOn();
    } catch (error) {
      run.learner.dispose?.();
      throw error;
    }
    if (given !== undefined) stored.dispose();
    return beginTraining(run);
  } catch (error) {
    stored.dispose();
    throw error;
  }
}

/** What the follower of a schedule saved. */
function followed(saved: ReturnType<typeof readCheckpoint>): ConstructorParameters<typeof TrainingRun>[1] {
  const { value, given } = saved.field("updates").field("follower");
  return given ? (value as ConstructorParameters<typeof TrainingRun>[1]) : undefined;
}

/** Throws a RangeError that names the first option in which the networks differ. */
function requireSameOptions(given: Network, stored: Network): void {
  for (const [name, value] of Object.entries(stored.options)) {
    const came: unknown = Reflect.get(given.options, name);
    if (JSON.stringify(came) === JSON.stringify(value)) continue;
    throw new RangeError(
      `"options.network" expected the saved network's ${name}, ${JSON.stringify(value)}, got ${JSON.stringify(came)}`,
    );
  }
}

function copyParameters(from: Network, to: Network): void {
  from.parameters.forEach((parameter, i) => {
    to.parameters[i].write(parameter.read());
  });
}
