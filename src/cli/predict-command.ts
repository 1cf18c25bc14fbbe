/** Runs `bptt predict`. */

import { choice, wholeNumber, type Arguments, type Command } from "./arguments.js";
import { predictLabels, type LabelPlan } from "./classify/predict-labels.js";
import { Failure } from "./failure.js";
import { kindOfModel, type ModelKind } from "./model-kind.js";
import { readBytes } from "./read-file.js";
import type { Output } from "./screen.js";
import { readingOptions, readReading, type ReadingOption } from "./sequences/read-examples.js";

type Name = Exclude<ReadingOption, "label"> | "top" | "build" | "json";

const { sequence, group, ignore, format, delimiter } = readingOptions;

export const predictCommand: Command<Name> = {
  name: "predict",
  operands: ["<model>", "<data>"],
  summary:
    "Tells the label of each sequence of a file, or of a pipe for -, with a model that bptt classify saved. The data have\n" +
    "the form that it learned from, labels aside: it knows which columns or field to read. Prints CSV: the line where each\n" +
    "sequence begins (with --group, its cell there), the likeliest label, and its probability. Every row must fit, or\n" +
    "nothing is printed and the first that does not is named by line and column.",
  options: {
    top: { value: "<n>", help: "tells the n likeliest labels of each sequence (1)" },
    sequence,
    group,
    ignore,
    format,
    delimiter,
    build: { value: "<name>", help: "auto, simd, relaxed-simd or wide kernels (auto)" },
    json: { help: "prints JSON lines instead, an object a sequence" },
  },
  examples: [
    "bptt predict names.safetensors new-names.csv",
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
    json: given.json !== undefined,
  };
}

/** How each kind of model predicts, of which the bytes are at hand. */
const predictors: Readonly<
  Record<
    ModelKind,
    (plan: LabelPlan, bytes: Uint8Array, output: Output, open: () => boolean) => Promise<void>
  >
> = {
  classifier: predictLabels,
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
  await predictors[kindOfModel(plan.model, bytes)](plan, bytes, output, open);
}
