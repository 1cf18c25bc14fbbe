/** Runs `bptt predict`. */

import type { RuntimeOptions } from "../index.js";
import { choice, wholeNumber, type Arguments, type Command } from "./arguments.js";
import { predictLabels, type LabelPlan } from "./classify/predict-labels.js";
import { Failure } from "./failure.js";
import { predictForecaster } from "./forecast/use-forecaster.js";
import { kindOfModel, type ModelKind } from "./model-kind.js";
import { readBytes } from "./read-file.js";
import type { Output } from "./screen.js";
import { onThreads, readThreads, threadsOption } from "./threads.js";
import { readingOptions, readReading, type ReadingOption } from "./sequences/read-examples.js";

type Name = Exclude<ReadingOption, "label"> | "top" | "build" | "threads" | "json";

const { sequence, group, ignore, format, delimiter } = readingOptions;

export const predictCommand: Command<Name> = {
  name: "predict",
  operands: ["<model>", "<data>"],
  summary:
    "With a model of bptt forecast: forecasts the rows behind a table that has its columns, from a file or a pipe for -.\n" +
    "With a model of bptt classify: tells the label of each sequence of the data, which have the form that it learned from,\n" +
    "labels aside: it knows which columns or field to read. Prints CSV: the line where each sequence begins (with --group,\n" +
    "its cell there), the likeliest label, and its probability. Every row must fit, or nothing is printed and the first\n" +
    "that does not is named by line and column.",
  options: {
    top: { value: "<n>", help: "tells the n likeliest labels of each sequence (1)" },
    sequence,
    group,
    ignore,
    format,
    delimiter,
    build: { value: "<name>", help: "auto, simd, relaxed-simd or wide kernels (auto)" },
    threads: threadsOption,
    json: { help: "prints JSON instead: an object a sequence, on a line each; or one of the whole forecast" },
  },
  examples: [
    "bptt predict names.safetensors new-names.csv",
    "bptt predict co2.safetensors co2-to-date.csv",
    `echo '{"text": "Rossellini"}' | bptt predict names.safetensors - --top 3 --json`,
  ],
};

/** Throws a Failure that names the option. */
export function readPredictPlan({ operands: [model, data], given }: Arguments<Name>): LabelPlan {
  return {
    model,
    data,
    reading: readReading(given),
    top: wholeNumber("top", given.top, 1, 1),
    build: choice("build", given.build, ["auto", "simd", "relaxed-simd", "wide"], "auto"),
    threads: readThreads(given.threads),
    json: given.json !== undefined,
  };
}

async function predictRows(
  { model, data, reading, json }: LabelPlan,
  runtime: RuntimeOptions,
  output: Output,
): Promise<void> {
  const { figures, lines } = await predictForecaster({ model, data, delimiter: reading.delimiter, runtime });
  output.write(`${json ? JSON.stringify({ model, data, ...figures }, null, 2) : lines.join("\n")}\n`);
}

/** How each kind of model predicts, of which the bytes are at hand. */
const predictors: Readonly<
  Record<
    ModelKind,
    (
      plan: LabelPlan,
      bytes: Uint8Array,
      runtime: RuntimeOptions,
      output: Output,
      open: () => boolean,
    ) => Promise<void>
  >
> = {
  classifier: predictLabels,
  forecaster: (plan, _, runtime, output) => predictRows(plan, runtime, output),
  text: ({ model }) =>
    Promise.reject(
      new Failure(
        `${model} writes text, and tells no labels: bptt sample writes with it, bptt evaluate measures it on a text`,
      ),
    ),
};

/** Writes what a saved model says of data, while `open` says that someone still reads. Throws a Failure. */
export async function runPredict(plan: LabelPlan, output: Output, open: () => boolean): Promise<void> {
  if (plan.build === "wide") await import("../wide.js");
  const bytes = await readBytes(plan.model);
  const predict = predictors[kindOfModel(plan.model, bytes)];
  const { build } = plan;
  await onThreads(plan.threads, (threads) => predict(plan, bytes, { build, threads }, output, open));
}
