/** Defines the options of `bptt classify` and checks them. */

import { basename, extname } from "node:path";
import { cellNames, type Build, type Cell } from "../../index.js";
import { choice, decimalNumber, wholeNumber, type Arguments, type Command } from "../arguments.js";
import { Failure } from "../failure.js";
import {
  readingOptions,
  readReading,
  type ExampleReading,
  type ReadingOption,
} from "../sequences/read-examples.js";
import { STDIN } from "../table/read-input.js";
import { readLimit, withDefaults, type Limit } from "../fit/limit.js";

type Name =
  | ReadingOption
  | ("held-out" | "class-weights" | "cell" | "layers" | "hidden" | "embedding" | "dropout" | "one-way")
  | ("batch" | "learning-rate" | "clip" | "minutes" | "steps" | "epochs" | "patience")
  | ("seed" | "build" | "out" | "json");

/** How much each class counts in the loss. */
export const weightings = ["none", "root", "balanced"] as const;
export type Weighting = (typeof weightings)[number];

const DEFAULT_OUT = "classifier.safetensors";

export const classifyCommand: Command<Name> = {
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
    "the held-out part, its figures there are a little too good; bptt evaluate measures it on other data. Ctrl-C saves the\n" +
    "best so far and leaves.",
  options: {
    ...readingOptions,
    "held-out": { value: "<share>", help: "of each label's sequences (0.2)" },
    "class-weights": {
      value: "<name>",
      help: "none: each sequence counts the same (none); balanced: each label does, however rare;\nroot: in between",
    },
    cell: { value: "<name>", help: `what layers are made of: ${cellNames.join(", ")} (gru)` },
    layers: { value: "<n>", help: "stacked layers (1)" },
    hidden: { value: "<n>", help: "units a layer and direction (64)" },
    embedding: {
      value: "<n>",
      help: "learned vectors of this width for characters and strings (16); 0: one-hot",
    },
    dropout: { value: "<share>", help: "between layers, while training (0)" },
    "one-way": { help: "reads sequences forwards alone, not in both directions" },
    batch: { value: "<n>", help: "sequences an update (32)" },
    "learning-rate": { value: "<x>", help: "of Adam (0.003); lower it when the loss jumps" },
    clip: { value: "<x>", help: "the largest norm of the gradient (1)" },
    minutes: { value: "<x>", help: "trains for this long at most (5, unless --steps or --epochs is given)" },
    steps: { value: "<n>", help: "or for this many updates at most" },
    epochs: { value: "<n>", help: "or for this many times through the data at most" },
    patience: {
      value: "<n>",
      help: "ends after so many looks at the held-out part without a lower loss (10); looks are\nan epoch apart, but at least 50 and at most 500 updates",
    },
    seed: { value: "<n>", help: "of the first weights, of the order, and of what is held out (0)" },
    build: { value: "<name>", help: "auto, simd, relaxed-simd or wide kernels (auto)" },
    out: { value: "<file>", help: "where to save (the data's name with .safetensors, here)" },
    json: { help: "prints JSON lines instead: the start, each look, the end with all figures" },
  },
  examples: [
    "bptt classify names.csv",
    "bptt classify reviews.jsonl --sequence review --label stars --class-weights root",
    "bptt classify motion.csv --group recording --ignore time --label activity --cell lstm --out motion.safetensors",
    "zcat names.csv.gz | bptt classify - --out names.safetensors --json",
  ],
};

export interface ClassifyPlan {
  readonly path: string;
  readonly out: string;
  readonly reading: ExampleReading;
  readonly heldOut: number;
  readonly weighting: Weighting;
  readonly cell: Cell;
  readonly layers: number;
  readonly hidden: number;
  readonly embedding: number;
  readonly dropout: number;
  readonly bidirectional: boolean;
  readonly batch: number;
  readonly learningRate: number;
  readonly clip: number;
  readonly limit: Limit;
  readonly patience: number;
  readonly seed: number;
  readonly build: "auto" | Build;
  readonly json: boolean;
}

/** Throws a Failure that names the option. */
export function readClassifyPlan({ operands: [path], given }: Arguments<Name>): ClassifyPlan {
  const share = (name: Name, fallback: number): number =>
    decimalNumber(name, given[name], "above 0 and below 1", (x) => x > 0 && x < 1, fallback);
  const size = (name: Name, fallback: number, least = 1): number => {
    const value = wholeNumber(name, given[name], least, fallback);
    if (value > 1e6) throw new Failure(`--${name} expects a whole number of at most 1000000, not "${value}"`);
    return value;
  };
  return {
    path,
    out: given.out ?? (path === STDIN ? DEFAULT_OUT : `${basename(path, extname(path))}.safetensors`),
    reading: readReading(given),
    heldOut: share("held-out", 0.2),
    weighting: choice("class-weights", given["class-weights"], weightings, "none"),
    cell: choice("cell", given.cell, cellNames, "gru"),
    layers: size("layers", 1),
    hidden: size("hidden", 64),
    embedding: size("embedding", 16, 0),
    dropout: decimalNumber("dropout", given.dropout, "from 0 to below 1", (x) => x >= 0 && x < 1, 0),
    bidirectional: given["one-way"] === undefined,
    batch: size("batch", 32),
    learningRate: decimalNumber(
      "learning-rate",
      given["learning-rate"],
      "above 0 and at most 1e30",
      (x) => x > 0 && x <= 1e30,
      3e-3,
    ),
    clip: decimalNumber("clip", given.clip, "above 0", (x) => x > 0, 1),
    limit: readLimit(withDefaults({ minutes: "5" }, given)),
    patience: size("patience", 10),
    seed: wholeNumber("seed", given.seed, Number.MIN_SAFE_INTEGER, 0),
    build: choice("build", given.build, ["auto", "simd", "relaxed-simd", "wide"], "auto"),
    json: given.json !== undefined,
  };
}
