/** Runs `bptt evaluate`. */

import { OutOfMemoryError, type Build, type RuntimeOptions } from "../index.js";
import { choice, type Arguments, type Command } from "./arguments.js";
import { encodeItems, measuredSet } from "./classify/classifier-data.js";
import { loadClassifier } from "./classify/classifier-file.js";
import { figureLines, measureClassifier } from "./classify/measure-classifier.js";
import { Failure } from "./failure.js";
import { evaluateForecaster } from "./forecast/use-forecaster.js";
import { grouped, nats, share } from "./format.js";
import { loadModel } from "./load-model.js";
import { kindOfModel, type ModelKind } from "./model-kind.js";
import { readBytes, readTextInput } from "./read-file.js";
import type { Output } from "./screen.js";
import {
  readExamples,
  readingOptions,
  readReading,
  type ExampleReading,
  type ReadingOption,
} from "./sequences/read-examples.js";
import { measureText } from "./text-evaluation.js";
import { onThreads, readThreads, threadsOption } from "./threads.js";

type Name = ReadingOption | "build" | "threads" | "json";

export const evaluateCommand: Command<Name> = {
  name: "evaluate",
  operands: ["<model>", "<data>"],
  summary:
    "Measures a saved model on data that it did not learn from, a file or a pipe for -:\n" +
    "  a model of bptt train on a text: loss, bits a character (or word, or byte), perplexity;\n" +
    "  a model of bptt classify on sequences with labels, as bptt classify reads them: accuracy, macro-F1, what each label\n" +
    "  was taken for, beside what always saying the commonest label amounts to;\n" +
    "  a model of bptt forecast on a table with its columns: the errors of its forecasts, beside those of simple ones.",
  options: {
    ...readingOptions,
    build: { value: "<name>", help: "auto, simd, relaxed-simd or wide kernels (auto)" },
    threads: threadsOption,
    json: { help: "prints the figures as JSON instead; one that is not defined is null" },
  },
  examples: [
    "bptt evaluate shakespeare.safetensors marlowe.txt",
    "bptt evaluate names.safetensors other-names.csv --json",
    "bptt evaluate co2.safetensors later-co2.csv",
  ],
};

export interface EvaluatePlan {
  readonly model: string;
  readonly data: string;
  readonly reading: ExampleReading;
  readonly build: "auto" | Build;
  readonly threads: number;
  readonly json: boolean;
}

/** Throws a Failure that names the option. */
export function readEvaluatePlan({ operands: [model, data], given }: Arguments<Name>): EvaluatePlan {
  return {
    model,
    data,
    reading: readReading(given),
    build: choice("build", given.build, ["auto", "simd", "relaxed-simd", "wide"], "auto"),
    threads: readThreads(given.threads),
    json: given.json !== undefined,
  };
}

/** Figures, as they go into JSON, and in lines for people. */
interface Evaluated {
  readonly figures: object;
  readonly lines: readonly string[];
}

async function evaluateText(
  { model, data }: EvaluatePlan,
  bytes: Uint8Array,
  runtime: RuntimeOptions,
): Promise<Evaluated> {
  const loaded = loadModel(model, bytes, runtime);
  try {
    const { name, text } = await readTextInput(data);
    const { figures, note } = await measureText(loaded, name, text);
    const { token, tokens, loss, perplexity, accuracy } = figures;
    return {
      figures,
      lines: [
        `Loss: ${nats(loss)} a ${token}, perplexity ${perplexity.toFixed(3)}, over ${grouped(tokens)} ${token}s`,
        `${share(accuracy)} of them were the likeliest`,
        ...(note === undefined ? [] : [note]),
      ],
    };
  } finally {
    loaded.network.dispose();
  }
}

async function evaluateClassifier(
  plan: EvaluatePlan,
  bytes: Uint8Array,
  runtime: RuntimeOptions,
): Promise<Evaluated> {
  const { network, codec, fields, counts } = loadClassifier(plan.model, bytes, runtime);
  try {
    const examples = await readExamples(plan.data, plan.reading, { labelled: true, learned: fields });
    const items = measuredSet(encodeItems(codec, examples));
    const figures = await measureClassifier(network, items, { labels: codec.labels, counts });
    return { figures, lines: figureLines(figures) };
  } finally {
    network.dispose();
  }
}

/** How each kind of model is measured, of which the bytes are at hand. */
const evaluators: Readonly<
  Record<ModelKind, (plan: EvaluatePlan, bytes: Uint8Array, runtime: RuntimeOptions) => Promise<Evaluated>>
> = {
  text: evaluateText,
  forecaster: ({ model, data, reading: { delimiter } }, _, runtime) =>
    evaluateForecaster({ model, data, delimiter, runtime }),
  classifier: evaluateClassifier,
};

/** Prints how a saved model does on data. Throws a Failure. */
export async function runEvaluate(plan: EvaluatePlan, output: Output): Promise<void> {
  if (plan.build === "wide") await import("../wide.js");
  const bytes = await readBytes(plan.model);
  const kind = kindOfModel(plan.model, bytes);
  try {
    const { model, data, build } = plan;
    const { figures, lines } = await onThreads(plan.threads, (threads) =>
      evaluators[kind](plan, bytes, { build, threads }),
    );
    if (plan.json) output.write(`${JSON.stringify({ model, data, kind, ...figures }, null, 2)}\n`);
    else output.write(`${model} on ${data}\n${lines.join("\n")}\n`);
  } catch (error) {
    if (error instanceof OutOfMemoryError) throw new Failure(error.message, 1);
    throw error;
  }
}
