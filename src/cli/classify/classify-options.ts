/** Defines the options of `bptt classify` and checks them. */

import { cellNames, type Cell } from "../../index.js";
import { choice, decimalNumber, wholeNumber, type Arguments, type Command } from "../arguments.js";
import { Failure } from "../failure.js";
import { fitOptions, outOf, readFitPlan, type FitOption } from "../fit/fit-options.js";
import type { FitPlan } from "../fit/job.js";
import { withDefaults } from "../fit/limit.js";
import { LEAST_UPDATES, MOST_UPDATES } from "../fit/looks.js";
import {
  readingOptions,
  readReading,
  type ExampleReading,
  type ReadingOption,
} from "../sequences/read-examples.js";

type SizeOption = "layers" | "hidden" | "embedding" | "batch";

export type ClassifyOption =
  ReadingOption | SizeOption | "held-out" | "class-weights" | "cell" | "dropout" | "one-way" | FitOption;

/** How much each class counts in the loss. */
export const weightings = ["none", "root", "balanced"] as const;
export type Weighting = (typeof weightings)[number];

/** What `bptt classify` does unless it is told otherwise, as it would be typed. */
export const classifyDefaults = {
  "held-out": "0.2",
  "class-weights": "none",
  cell: "gru",
  layers: "1",
  hidden: "64",
  embedding: "16",
  dropout: "0",
  batch: "32",
  "learning-rate": "0.003",
  // Patience is what ends it: where the rate falls till the end of the time, it would hardly fall by then.
  schedule: "constant",
  "warm-up": "0",
  clip: "1",
  minutes: "5",
  patience: "10",
  seed: "0",
  build: "auto",
  checkpoint: "30",
} as const;

const shared = fitOptions(
  classifyDefaults,
  "the data's name with .safetensors, here; with --run: its folder alone",
);

export const classifyCommand: Command<ClassifyOption> = {
  name: "classify",
  operands: ["<data>"],
  summary:
    "Trains a network to tell the label of a sequence, a text or rows of numbers, and saves it. The data are\n" +
    "  CSV, a row a sequence:            text,label      or, with a number a step:  t0,t1,t2,label\n" +
    "  CSV with --group, a row a step:   id,x,y,label    where the rows of an id are one sequence\n" +
    '  JSON lines, an object a sequence: {"sequence": …, "label": …} with a text, a list of strings, a list of numbers,\n' +
    "                                    or a list of lists of numbers, one for each step\n" +
    "from a file, or from a pipe for -. Every row must fit, or the first that does not is named by line and column. A part\n" +
    "of each label's sequences is held out. Training ends when the loss there no longer falls, and the network that did\n" +
    "best is saved, with all that it takes to read such data: bptt predict tells labels with it. Since it was chosen by\n" +
    "the held-out part, its figures there are a little too good; bptt evaluate measures it on other data. Losses are in\n" +
    "nats a sequence, lower being better. Ctrl-C saves the best so far and leaves.",
  options: {
    ...readingOptions,
    "held-out": {
      value: "<share>",
      help: `of each label's sequences, from which it does not learn (${classifyDefaults["held-out"]})`,
    },
    "class-weights": {
      value: "<name>",
      help: `none: each sequence counts the same; balanced: each label does, however rare; root: in between\n(${classifyDefaults["class-weights"]})`,
    },
    cell: {
      value: "<name>",
      help: `what layers are made of: ${cellNames.join(", ")} (${classifyDefaults.cell})`,
    },
    layers: { value: "<n>", help: `stacked layers (${classifyDefaults.layers})` },
    hidden: { value: "<n>", help: `units a layer and direction (${classifyDefaults.hidden})` },
    embedding: {
      value: "<n>",
      help: `learned vectors of this width for characters and strings (${classifyDefaults.embedding}); 0: one-hot`,
    },
    dropout: { value: "<share>", help: `between layers, while training (${classifyDefaults.dropout})` },
    "one-way": { help: "reads sequences forwards alone, not in both directions" },
    batch: { value: "<n>", help: `sequences an update (${classifyDefaults.batch})` },
    ...shared,
    patience: {
      ...shared.patience,
      help: `${shared.patience.help}.\nLooks are an epoch apart, but at least ${LEAST_UPDATES} and at most ${MOST_UPDATES} updates`,
    },
    seed: {
      value: "<n>",
      help:
        `of the first weights, of the order, and of what is held out (${classifyDefaults.seed}); the same seed and build\n` +
        "learn the same",
    },
  },
  examples: [
    "bptt classify names.csv",
    "bptt classify reviews.jsonl --sequence review --label stars --class-weights root",
    "bptt classify motion.csv --group recording --ignore time --label activity --cell lstm --out motion.safetensors",
    "bptt classify reviews.jsonl --minutes 60 --run reviews-run",
    "zcat names.csv.gz | bptt classify - --out names.safetensors --json",
  ],
};

export interface ClassifyPlan {
  readonly path: string;
  readonly reading: ExampleReading;
  /** The share of each label's sequences. */
  readonly heldOut: number;
  readonly weighting: Weighting;
  readonly cell: Cell;
  readonly layers: number;
  readonly hidden: number;
  readonly embedding: number;
  readonly dropout: number;
  readonly bidirectional: boolean;
  readonly batch: number;
  readonly fit: FitPlan;
}

/** Throws a Failure that names the option. */
export function readClassifyPlan({
  operands: [path],
  given: typed,
}: Arguments<ClassifyOption>): ClassifyPlan {
  const given = withDefaults(classifyDefaults, typed);
  const size = (name: SizeOption, least = 1): number => {
    const value = wholeNumber(name, given[name], least);
    if (value > 1e6)
      throw new Failure(`--${name} expects a whole number of at most 1000000, not "${given[name]}"`);
    return value;
  };
  const fit = readFitPlan("classify", given);
  return {
    path,
    reading: readReading(given),
    heldOut: decimalNumber("held-out", given["held-out"], "above 0 and below 1", (x) => x > 0 && x < 1),
    weighting: choice("class-weights", given["class-weights"], weightings),
    cell: choice("cell", given.cell, cellNames),
    layers: size("layers"),
    hidden: size("hidden"),
    embedding: size("embedding", 0),
    dropout: decimalNumber("dropout", given.dropout, "from 0 to below 1", (x) => x >= 0 && x < 1),
    bidirectional: given["one-way"] === undefined,
    batch: size("batch"),
    fit: { ...fit, out: outOf(fit, path, "classifier.safetensors") },
  };
}
