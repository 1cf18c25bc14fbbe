/** Runs `bptt classify`. */

import {
  createNetwork,
  OutOfMemoryError,
  type Network,
  type RuntimeOptions,
  type SequenceCodec,
} from "../../index.js";
import type { Arguments } from "../arguments.js";
import { Failure } from "../failure.js";
import { countParameters, fit } from "../fit/fit.js";
import type { FitJob, Outcome } from "../fit/job.js";
import { lookEvery } from "../fit/looks.js";
import { joinRanks } from "../fit/ranks.js";
import { voiceOf, type Speaker } from "../fit/teller.js";
import { grouped } from "../format.js";
import { ownName, quoted } from "../invocation.js";
import { buildFor, openRun, readOperand, requireRoom, type Resumed } from "../run/open-run.js";
import { formOf, type Examples } from "../sequences/examples.js";
import { parseExamples } from "../sequences/read-examples.js";
import { readBounded, textInput } from "../table/read-input.js";
import { kernelsInWords, onThreads } from "../threads.js";
import { makeClassifierData, type ClassifierData } from "./classifier-data.js";
import { saveClassifier } from "./classifier-file.js";
import { readClassifyPlan, type ClassifyOption, type ClassifyPlan } from "./classify-options.js";
import { figureLines, measureClassifier } from "./measure-classifier.js";

function createPlanned(plan: ClassifyPlan, codec: SequenceCodec, runtime: RuntimeOptions): Network {
  const { cell, layers, hidden, dropout, bidirectional, fit } = plan;
  try {
    return createNetwork(
      {
        cell,
        layers,
        dropout,
        bidirectional,
        seed: fit.seed,
        inputSize: codec.inputSize,
        hiddenSize: hidden,
        outputSize: codec.labels.length,
        embeddingSize: codec.kind === "values" ? 0 : plan.embedding,
        output: "sequence",
      },
      runtime,
    );
  } catch (error) {
    if (error instanceof OutOfMemoryError) throw new Failure(error.message, 1);
    if (error instanceof RangeError) throw new Failure(error.message);
    throw error;
  }
}

function headLines(
  { cell, layers, hidden, bidirectional, fit: { threads } }: ClassifyPlan,
  { name, sequences }: Examples,
  { codec, rows }: ClassifierData,
  network: Network,
): string[] {
  return [
    `${name}: ${grouped(sequences.length)} sequences, ${formOf(sequences[0])}; ${grouped(codec.labels.length)} labels; ` +
      `${grouped(rows.heldOut)} held out`,
    `${cell}, ${layers === 1 ? "1 layer" : `${layers} layers`} of ${hidden} units${bidirectional ? " in each direction" : ""}, ` +
      `${grouped(countParameters(network))} parameters, ${kernelsInWords(network.build, threads)}`,
  ];
}

async function measure(network: Network, { codec, counts, heldOut }: ClassifierData): Promise<Outcome> {
  const figures = await measureClassifier(network, heldOut, { labels: codec.labels, counts });
  const { rows, loss, accuracy, macroF1, majority, labels, confusion } = figures;
  const [first, majorityLine, , ...tables] = figureLines(figures);
  return {
    heldOut: loss,
    figures: { accuracy, macroF1 },
    lines: [`Held out: ${first}`, majorityLine],
    findings: [{ title: "Labels, held out:", lines: tables }],
    details: { rows, majority, labels, confusion },
  };
}

/** Says what is trained on the sequences, and how it is told of. */
function jobOf(plan: ClassifyPlan, examples: Examples, data: ClassifierData, network: Network): FitJob {
  const { codec, counts, rows } = data;
  const { sequences, fields } = examples;
  return {
    network,
    data: data.training,
    heldOut: data.watched,
    epochUpdates: data.updates,
    lookEvery: lookEvery(data.updates),
    units: {
      steps: codec.kind === "text" ? "characters" : "steps",
      loss: (value) => `${value.toFixed(3)} nats`,
      lossName: "nats a sequence",
    },
    head: headLines(plan, examples, data, network),
    details: {
      sequences: sequences.length,
      training: rows.training,
      heldOut: rows.heldOut,
      form: formOf(sequences[0]),
      ...fields,
      labels: codec.labels,
    },
    measure: (kept) => measure(kept, data),
    save: (kept, trained) => saveClassifier({ network: kept, codec, fields, counts }, trained),
    next: (path) => [
      `Saved as ${path}. To tell labels with it, and to measure it on other data:`,
      `    ${ownName()} predict ${quoted(path)} new-data.csv`,
      `    ${ownName()} evaluate ${quoted(path)} labelled-data.csv`,
    ],
  };
}

/** Runs the command, or goes on with a run of it; returns the exit code. Throws a Failure. */
export async function runClassify(
  given: Arguments<ClassifyOption>,
  resumed?: Resumed,
  speaker: Speaker = process,
): Promise<number> {
  const plan = readClassifyPlan(given);
  const fitPlan = await joinRanks(plan.fit, plan.path);
  const input = { path: plan.path, ...(await readOperand(plan.path, resumed, readBounded)) };
  const examples = parseExamples(textInput(input), plan.reading, { labelled: true });
  const data = makeClassifierData(examples, { ...plan, seed: plan.fit.seed });
  await requireRoom(fitPlan, plan.path, resumed);
  const { build, note } = await buildFor(fitPlan, resumed);
  const voice = voiceOf(speaker, fitPlan);
  return onThreads(fitPlan.threads, async (pool) => {
    using network = createPlanned(plan, data.codec, { build, threads: pool });
    const run = await openRun(fitPlan, input, network.build, resumed);
    if (note !== undefined) voice.screen.print(note);
    try {
      return await fit(jobOf(plan, examples, data, network), { ...fitPlan, pool }, voice, run);
    } catch (error) {
      if (error instanceof OutOfMemoryError)
        throw new Failure(`${error.message}; choose a smaller --batch or --hidden`, 1);
      throw error;
    }
  });
}
