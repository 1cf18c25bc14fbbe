/** Runs `bptt train`. */

import {
  createNetwork,
  evaluate,
  sample,
  saveNetwork,
  saveVocabulary,
  type Network,
  type RuntimeOptions,
  type Vocabulary,
} from "../index.js";
import type { Arguments } from "./arguments.js";
import { Failure } from "./failure.js";
import { countParameters, fit } from "./fit/fit.js";
import type { FitJob, Outcome } from "./fit/job.js";
import { joinRanks } from "./fit/ranks.js";
import { voiceOf } from "./fit/teller.js";
import { grouped, nats, share } from "./format.js";
import { ownName, quoted } from "./invocation.js";
import { learnerOf, stretchOf } from "./learning-rule.js";
import { TRAINING_KEY, VOCABULARY_KEY } from "./load-model.js";
import { decode, readInputBytes } from "./read-file.js";
import { buildFor, openRun, readOperand, requireRoom, type Resumed } from "./run/open-run.js";
import { countUnknown, drawn, tokenKind } from "./text-vocabulary.js";
import { readTextData, type TextData } from "./text-data.js";
import type { TextLength } from "./text-defaults.js";
import { kernelsInWords, onThreads } from "./threads.js";
import { readTrainPlan, settle, type TrainOption, type TrainPlan } from "./train-options.js";

const TEMPERATURE = 0.7;

/** Creates the network that a plan describes, for so many tokens. Throws a Failure. */
export function createPlanned(plan: TrainPlan, size: number, runtime: RuntimeOptions): Network {
  const { cell, layers, hidden, embedding, dropout, fit } = plan;
  try {
    return createNetwork(
      {
        cell,
        layers,
        dropout,
        seed: fit.seed,
        inputSize: size,
        hiddenSize: hidden,
        outputSize: size,
        embeddingSize: embedding,
      },
      runtime,
    );
  } catch (error) {
    if (error instanceof RangeError) throw new Failure(error.message);
    throw error;
  }
}

function sizeLine({ size, unknown }: Vocabulary): string {
  if (unknown === undefined) return `${size} different ones`;
  return `symbols and white space among them; ${grouped(size)} different ones, of which one is for all that is rare`;
}

function headLines(
  plan: TrainPlan,
  { tokens, vocabulary }: TextData,
  network: Network,
  name: string,
): string[] {
  const { cell, layers, hidden, fit } = plan;
  const parameters = grouped(countParameters(network));
  return [
    `${name}: ${grouped(tokens)} ${tokenKind(vocabulary).many}, ${sizeLine(vocabulary)}`,
    `${cell}, ${layers === 1 ? "1 layer" : `${layers} layers`} of ${hidden} units, ${parameters} parameters, ` +
      kernelsInWords(network.build, fit.threads),
  ];
}

function writeSample(network: Network, vocabulary: Vocabulary): string {
  using session = network.session();
  const { sample: length } = tokenKind(vocabulary);
  const options = { ...drawn(vocabulary), length, temperature: TEMPERATURE, seed: 1 };
  return vocabulary.decode(sample(session, options));
}

async function measure(network: Network, data: TextData): Promise<Outcome> {
  const text = writeSample(network, data.vocabulary);
  if (data.heldOut === undefined) {
    return { lines: ["The text is too short to hold a part of it out. It now writes:"], sample: text };
  }
  const { loss, perplexity = NaN } = await evaluate(network, data.heldOut.all);
  const told = `Held-out loss: ${nats(loss)} a ${tokenKind(data.vocabulary).one}`;
  if (data.vocabulary.unknown === undefined)
    return { heldOut: loss, lines: [`${told}. It now writes:`], sample: text };
  const { tokens } = data.heldOut;
  const unknownShare = countUnknown(data.vocabulary, tokens) / tokens.length;
  return {
    heldOut: loss,
    lines: [
      `${told}, perplexity ${perplexity.toFixed(1)}, with ${share(unknownShare)} rare ones that count as one unknown word.`,
      "It now writes, unknown words left out:",
    ],
    sample: text,
    figures: { perplexity, unknownShare },
  };
}

/** One update every so many tokens of each place of the text. */
function epochUpdates({ windows }: TextData, { rule, window }: TrainPlan): number {
  return (windows * window) / stretchOf(rule, window);
}

/** Returns what a plan's defaults depend on. */
export function lengthOf(data: TextData, plan: TrainPlan): TextLength {
  return { characters: data.tokens, updates: epochUpdates(data, plan) };
}

/** Says what is trained on the text, and how it is told of. */
function jobOf(plan: TrainPlan, data: TextData, network: Network, name: string): FitJob {
  const { vocabulary } = data;
  const { one, many } = tokenKind(vocabulary);
  return {
    network,
    data: data.training,
    heldOut: data.heldOut?.excerpts,
    epochUpdates: epochUpdates(data, plan),
    train: { learner: learnerOf(plan.rule) },
    units: { steps: many, loss: nats, lossName: `nats a ${one}` },
    head: headLines(plan, data, network, name),
    show: () => ({ sample: writeSample(network, vocabulary) }),
    measure: (kept) => measure(kept, data),
    save: (kept, trained) =>
      saveNetwork(kept, {
        [VOCABULARY_KEY]: saveVocabulary(vocabulary),
        [TRAINING_KEY]: JSON.stringify(trained),
      }),
    next: (path) => [
      `Saved as ${path}. To read more:`,
      `    ${ownName()} sample ${quoted(path)} --length 400 --temperature ${TEMPERATURE}`,
    ],
  };
}

/** Returns a Failure for what can be wrong with the rule once it has seen the network. */
export function explained(error: unknown, plan: TrainPlan): unknown {
  if (!(error instanceof RangeError)) return error;
  if (error.message.startsWith('"learner"'))
    return new Failure(`--rule ${plan.rule.name} cannot train this network: ${error.message}`);
  // Before the first update: the least that would do is in its message.
  if (error.message.startsWith('"memoryBudget"'))
    return new Failure(`--memory is too little: ${error.message}`);
  return error;
}

/** Runs the command, or goes on with a run of it; returns the exit code. Throws a Failure. */
export async function runTrain(given: Arguments<TrainOption>, resumed?: Resumed): Promise<number> {
  const typed = readTrainPlan(given);
  const { cluster } = await joinRanks(typed.fit, typed.path);
  const input = { path: typed.path, ...(await readOperand(typed.path, resumed, readInputBytes)) };
  const data = readTextData(decode(input.name, input.bytes), typed);
  const plan = readTrainPlan(settle(given, lengthOf(data, typed)));
  const fitPlan = { ...plan.fit, ...(cluster && { cluster }) };
  await requireRoom(fitPlan, plan.path, resumed);
  const { build, note } = await buildFor(fitPlan, resumed);
  const voice = voiceOf(process, fitPlan);
  return onThreads(fitPlan.threads, async (pool) => {
    using network = createPlanned(plan, data.vocabulary.size, { build, threads: pool });
    const run = await openRun(fitPlan, input, network.build, resumed);
    if (note !== undefined) voice.screen.print(note);
    try {
      return await fit(jobOf(plan, data, network, input.name), { ...fitPlan, pool }, voice, run);
    } catch (error) {
      throw explained(error, plan);
    }
  });
}
