/** Writes all that a training depends on as one file, and reads it into another training. */

import { describe, FormatError } from "../errors.js";
import { encodeNetwork, loadNetwork } from "../formats/network-file.js";
import { readPlainFile, writePlainFile, type PlainFormat } from "../formats/plain-file.js";
import { isLossFunction, requireKept } from "../learn/learner.js";
import type { WindowKinds } from "../learn/windows/checked-window.js";
import { requireNetwork } from "../network/network.js";
import type { Network, RuntimeOptions } from "../network/types.js";
import { readOptimizer, saveOptimizer } from "../optimize/saved-optimizer.js";
import { PlainReader, type PlainData } from "../plain-data.js";
import type { TrainOptions } from "./options.js";
import type { Progress } from "./training.js";
import type { TrainingRun } from "./training-run.js";

const FORMAT: PlainFormat = {
  key: "bptt.checkpoint",
  version: "1",
  data: "bptt.training",
  what: "a file of a training's save()",
};

function lossName(loss: TrainOptions["loss"]): string {
  if (loss === undefined) return "the targets' own";
  return isLossFunction(loss) ? "a function" : loss.name;
}

export function saveTraining(run: TrainingRun): Uint8Array {
  const { memory, parameters } = run.snapshot();
  const { plan, course, updates, best, averaging, accumulation, data, validation, kinds, unfinished } = run;
  const { learner, loss, optimizer } = plan;
  const network = requireNetwork(plan.network);
  return writePlainFile(FORMAT, "checkpoint", {
    network: {
      file: encodeNetwork(network),
      frozen: network.parameters.filter(({ trainable }) => !trainable).map(({ name }) => name),
      droppedWindows: network.model.droppedWindows,
      // Where the network has the best, or averaged, ones in place of those that training goes on with.
      parameters,
    },
    loss: lossName(loss),
    learner: { name: learner.name, memory },
    optimizer: saveOptimizer(optimizer, network),
    course: { ...course, last: course.last && { ...course.last }, owed: course.owed && { ...course.owed } },
    kinds: kinds && { ...kinds },
    updates: updates.save(),
    best: best.save(),
    averaging: averaging?.save(),
    accumulation: accumulation?.save(),
    data: data.save(course.inEpoch && unfinished),
    validation: validation?.save(),
  });
}

/** Reads a checkpoint's parts. Throws a FormatError for bytes that are none, and a TypeError for what is no Uint8Array. */
export function readCheckpoint(bytes: Uint8Array): PlainReader {
  return new PlainReader("checkpoint", readPlainFile(FORMAT, bytes));
}

function readProgress(saved: PlainReader): Progress | undefined {
  if (!saved.given) return undefined;
  const number = (name: string): number => saved.field(name).number();
  return {
    step: saved.field("step").integer(),
    epoch: saved.field("epoch").integer(),
    loss: number("loss"),
    gradientNorm: number("gradientNorm"),
    learningRate: number("learningRate"),
    tokensPerSecond: number("tokensPerSecond"),
    epochEnd: saved.field("epochEnd").boolean(),
  };
}

function readKinds(saved: PlainReader): WindowKinds | undefined {
  if (!saved.given) return undefined;
  return {
    batch: saved.field("batch").integer(1),
    inputs: saved.field("inputs").text(),
    targets: saved.field("targets").text(),
  };
}

/** Throws a FormatError for a part that the checkpoint has and the options do not ask for, or the other way round. */
function requireSame(saved: PlainReader, has: boolean, option: string): void {
  if (saved.given !== has)
    throw new FormatError(
      `"${saved.place}" expected ${has ? "one" : "none"}, as "${option}" was ${has ? "" : "not "}given, got ${has ? "none" : "one"}`,
    );
}

/** Returns the names of the parameters that were frozen, which may be another network's. */
export function readFrozen(saved: PlainReader): string[] {
  return saved
    .field("network")
    .field("frozen")
    .list()
    .map((name) => name.text());
}

/** Returns the trainable flags of the network's parameters, in their order. */
function readTrainable(saved: PlainReader, names: readonly string[]): boolean[] {
  const frozen = readFrozen(saved);
  const unknown = frozen.findIndex((name) => !names.includes(name));
  if (unknown >= 0) saved.field("network").field("frozen").list()[unknown].fail("a parameter's name");
  return names.map((name) => !frozen.includes(name));
}

/** Makes the network that a checkpoint has, the frozen parameters frozen. Throws as `loadNetwork` does. */
export function networkOf(saved: PlainReader, runtime: RuntimeOptions | undefined): Network {
  const network = loadNetwork(saved.field("network").field("file").bytes(), runtime);
  try {
    const trainable = readTrainable(
      saved,
      network.parameters.map(({ name }) => name),
    );
    network.parameters.forEach((parameter, i) => {
      parameter.trainable = trainable[i];
    });
    return network;
  } catch (error) {
    network.dispose();
    throw error;
  }
}

/**
 * Lets a new training go on where another was saved, its network having the parameters that `saved.network.file` has. Throws a
 * FormatError for a checkpoint of another kind of training, an InvalidStateError for an optimizer of another network, a TypeError
 * for a rule or an optimizer that cannot go on, and an OutOfMemoryError; the network and the optimizer are then unchanged.
 */
export function restoreTraining(run: TrainingRun, saved: PlainReader): () => void {
  const { plan, course, updates, best, averaging, accumulation, data, validation, checks, learner } = run;
  const network = requireNetwork(plan.network);
  const { model } = network;
  const name = saved.field("learner").field("name");
  if (name.text() !== plan.learner.name) name.fail(`"${plan.learner.name}", the learner that was given`);
  const loss = saved.field("loss");
  if (loss.text() !== lossName(plan.loss))
    loss.fail(`${describe(lossName(plan.loss))}, the loss that was given`);
  const at = saved.field("course");
  const epoch = at.field("epoch").integer();
  const inEpoch = at.field("inEpoch").boolean();
  const next = {
    epoch,
    inEpoch,
    lossSum: at.field("lossSum").number(),
    weight: at.field("weight").number(),
    last: readProgress(at.field("last")),
    owed: readProgress(at.field("owed")),
  };
  const kinds = readKinds(saved.field("kinds"));
  const ofNetwork = saved.field("network");
  const trainable = readTrainable(
    saved,
    network.parameters.map((parameter) => parameter.name),
  );
  const droppedWindows = ofNetwork.field("droppedWindows").integer();
  const parameters = ofNetwork.field("parameters");
  const values = parameters.given ? parameters.floats(model.parameters.count) : undefined;
  const steps = [updates.read(saved.field("updates")), best.read(saved.field("best"))];
  requireSame(saved.field("averaging"), averaging !== undefined, "averaging");
  if (averaging !== undefined) steps.push(averaging.read(saved.field("averaging")));
  const accumulated = saved.field("accumulation");
  if (accumulation !== undefined && accumulated.given) steps.push(accumulation.read(accumulated));
  else if (accumulated.given && accumulated.field("taken").integer() > 0)
    accumulated.fail(`none under way, as "accumulate" is 1`, "some");
  steps.push(data.read(saved.field("data"), inEpoch));
  const validated = saved.field("validation");
  if (validation !== undefined && validated.given) steps.push(validation.read(validated, false));
  const memory = saved.field("learner").field("memory").value as PlainData;
  requireKept(learner, plan.learner).restore(plan.ranks?.own(memory) ?? memory);
  steps.push(readOptimizer(saved.field("optimizer"), plan.optimizer, network));
  return () => {
    for (const step of steps) step();
    Object.assign(course, next);
    checks.before = run.kindsBefore = kinds;
    if (values !== undefined) model.parameters.writeAll(values);
    network.parameters.forEach((parameter, i) => {
      parameter.trainable = trainable[i];
    });
    model.droppedWindows = droppedWindows;
  };
}
