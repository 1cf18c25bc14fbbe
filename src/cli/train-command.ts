/** Runs `bptt train`. */

import {
  adam,
  createNetwork,
  DivergenceError,
  evaluate,
  sample,
  saveNetwork,
  train,
  type CharVocabulary,
  type Network,
} from "../index.js";
import { Failure } from "./failure.js";
import { duration, grouped, indented, nats, visible } from "./format.js";
import { ownName, quoted } from "./invocation.js";
import { learnerOf, stretchOf } from "./learning-rule.js";
import { VOCABULARY_KEY } from "./load-model.js";
import { readText } from "./read-file.js";
import { Report, type Standing } from "./report.js";
import { requireWritable, saveFile } from "./save-file.js";
import type { Screen } from "./screen.js";
import { Stopping } from "./stopping.js";
import { readTextData, type TextData } from "./text-data.js";
import type { TrainPlan } from "./train-options.js";

/** Characters of the samples that show how it goes. */
const SAMPLE = 240;
const TEMPERATURE = 0.7;

/** Returns what to say instead of an error of training: a Failure that names the option, where it is to blame. */
export function explained(error: unknown, plan: TrainPlan): unknown {
  // Of a rule that does not cover the network.
  if (error instanceof RangeError && error.message.startsWith('"learner"'))
    return new Failure(`--rule ${plan.rule.name} cannot train this network: ${error.message}`);
  return isTooSmallBudget(error) ? new Failure(`--memory is too little: ${error.message}`) : error;
}

/** Returns whether the budget was too small before the first update: the least that would do is in its message. */
function isTooSmallBudget(error: unknown): error is RangeError {
  return error instanceof RangeError && error.message.startsWith('"memoryBudget"');
}

/** Creates the network that a plan describes, for so many characters. Throws a Failure. */
export async function createPlanned(plan: TrainPlan, size: number): Promise<Network> {
  const { cell, layers, hidden, embedding, dropout, seed, build } = plan;
  // Never loaded otherwise: it is asked for by name alone.
  if (build === "wide") await import("../wide.js");
  try {
    return createNetwork(
      {
        cell,
        layers,
        dropout,
        seed,
        inputSize: size,
        hiddenSize: hidden,
        outputSize: size,
        embeddingSize: embedding,
      },
      { build },
    );
  } catch (error) {
    if (error instanceof RangeError) throw new Failure(error.message);
    throw error;
  }
}

function printHead(
  screen: Screen,
  plan: TrainPlan,
  { characters, vocabulary }: TextData,
  network: Network,
): void {
  const count = network.parameters.reduce(
    (sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1),
    0,
  );
  const { cell, layers, hidden } = plan;
  screen.print(
    screen.strong(`${plan.path}: ${grouped(characters)} characters, ${vocabulary.size} different ones`),
  );
  screen.print(
    `${cell}, ${layers === 1 ? "1 layer" : `${layers} layers`} of ${hidden} units, ${grouped(count)} parameters, ${network.build} kernels`,
  );
}

function writeSample(network: Network, vocabulary: CharVocabulary): string {
  using session = network.session();
  return indented(
    visible(vocabulary.decode(sample(session, { length: SAMPLE, temperature: TEMPERATURE, seed: 1 }))),
  );
}

/** Shows the held-out loss and a sample. */
async function look(report: Report, standing: Standing, network: Network, data: TextData): Promise<void> {
  const heldOut =
    data.heldOut === undefined ? undefined : (await evaluate(network, data.heldOut.excerpts)).loss;
  report.look(standing, heldOut, writeSample(network, data.vocabulary));
}

/** Trains to the plan's end, or until `stopping` says so. */
async function learn(
  screen: Screen,
  plan: TrainPlan,
  data: TextData,
  network: Network,
  stopping: Stopping,
): Promise<void> {
  const { limit } = plan;
  // Updates an epoch: one every so many characters of each place of the text.
  const report = new Report(screen, limit, (data.windows * plan.window) / stretchOf(plan.rule, plan.window));
  const updates = train(network, data.training, {
    learner: learnerOf(plan.rule),
    optimizer: adam({ learningRate: plan.learningRate }),
    clipNorm: plan.clip,
    ...(limit.kind === "steps" ? { maxSteps: limit.amount } : {}),
    ...(limit.kind === "epochs" ? { epochs: limit.amount } : {}),
    ...(limit.kind === "minutes" ? { maxSteps: Number.MAX_SAFE_INTEGER } : {}),
  });
  for await (const progress of updates) {
    if (progress.epochEnd) continue;
    if (stopping.exitCode !== undefined) break;
    if (report.update(progress)) await look(report, progress, network, data);
    if (limit.kind === "minutes" && report.done(progress.step) >= 1) break;
  }
}

async function finish(screen: Screen, plan: TrainPlan, data: TextData, network: Network): Promise<void> {
  screen.clear();
  const metadata = { [VOCABULARY_KEY]: data.vocabulary.characters };
  await saveFile(plan.out, saveNetwork(network, metadata));
  const loss = data.heldOut === undefined ? undefined : (await evaluate(network, data.heldOut.all)).loss;
  if (loss === undefined) screen.print("The text is too short to hold a part of it out.");
  else screen.print(screen.strong(`Held-out loss: ${nats(loss)} a character. It now writes:`));
  screen.print(screen.faint(writeSample(network, data.vocabulary)));
  screen.print(`Saved as ${plan.out}. To read more:`);
  screen.print(`    ${ownName()} sample ${quoted(plan.out)} --length 400 --temperature ${TEMPERATURE}`);
}

/** Runs the command; returns the exit code. */
export async function runTrain(plan: TrainPlan, screen: Screen): Promise<number> {
  const data = readTextData(await readText(plan.path), plan.batch, plan.window);
  await requireWritable(plan.out, plan.path);
  using network = await createPlanned(plan, data.vocabulary.size);
  const start = performance.now();
  const stopping = new Stopping(() => {
    screen.print("Stopping: the model is saved after this update. Once more ends at once, without saving.");
  });
  try {
    printHead(screen, plan, data, network);
    let diverged: DivergenceError | undefined;
    try {
      await learn(screen, plan, data, network, stopping);
    } catch (error) {
      if (!(error instanceof DivergenceError)) throw explained(error, plan);
      diverged = error;
    }
    await finish(screen, plan, data, network);
    screen.print(screen.faint(`${duration((performance.now() - start) / 1000)} in all`));
    if (diverged !== undefined) throw new Failure(diverged.message, 1);
    return stopping.exitCode ?? 0;
  } finally {
    stopping.release();
  }
}
