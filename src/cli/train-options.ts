/** What `bptt train` is told, checked. */

import { basename, extname } from "node:path";
import { cellNames, type Build, type Cell } from "../index.js";
import { cells } from "../network/cells/by-name.js";
import { choice, decimalNumber, wholeNumber, type Arguments, type Command } from "./arguments.js";
import { Failure } from "./failure.js";
import { readRule, ruleOptions, type Rule, type RuleOption } from "./learning-rule.js";

type Name =
  | ("cell" | "layers" | "hidden" | "embedding" | "dropout" | "batch" | "window")
  | RuleOption
  | ("learning-rate" | "clip" | "minutes" | "steps" | "epochs" | "seed" | "build" | "out");

const DEFAULT_MINUTES = 5;

export const trainCommand: Command<Name> = {
  name: "train",
  operands: ["<text>"],
  summary:
    "Trains a network to write like the text, a character at a time, and saves it. The last 5 % of the text are held out:\n" +
    "the network never learns from them, so that its loss there says how well it writes what it has not read. Losses are\n" +
    "in nats (and bits) a character, lower being better. Ctrl-C saves what is learned so far and leaves.",
  options: {
    cell: {
      value: "<name>",
      help: [
        "what layers are made of (elman):",
        ...cellNames.map((name) => `${name}: ${cells[name].about}`),
      ].join("\n"),
    },
    layers: { value: "<n>", help: "stacked layers (1)" },
    hidden: { value: "<n>", help: "units a layer (256); more can learn more, and take longer" },
    embedding: {
      value: "<n>",
      help: "learned vectors of this width for the characters; 0, one-hot, is the default",
    },
    dropout: { value: "<share>", help: "between layers, while training (0)" },
    batch: { value: "<n>", help: "places of the text that are read at the same time (32)" },
    window: { value: "<n>", help: "characters from one update to the next, and how far back errors go (64)" },
    ...ruleOptions,
    "learning-rate": { value: "<x>", help: "of Adam (0.002); lower it when the loss jumps" },
    clip: { value: "<x>", help: "the largest norm of the gradient (1)" },
    minutes: {
      value: "<x>",
      help: `trains for this long (${DEFAULT_MINUTES}, unless --steps or --epochs is given)`,
    },
    steps: { value: "<n>", help: "or for this many updates" },
    epochs: { value: "<n>", help: "or for this many times through the text" },
    seed: { value: "<n>", help: "of the first weights (0); the same seed and build learn the same" },
    build: { value: "<name>", help: "auto, simd, relaxed-simd or wide kernels (auto)" },
    out: { value: "<file>", help: "where to save (the text's name with .safetensors, here)" },
  },
  examples: [
    "bptt train shakespeare.txt",
    "bptt train notes.txt --cell lstm --hidden 256 --minutes 10 --out notes.safetensors",
    "bptt train notes.txt --cell gru --rule tbptt --k1 64 --k2 128",
    "bptt train notes.txt --cell lstm --batch 8 --window 5000 --memory 50",
  ],
};

/** When training ends. */
export type Limit =
  | { readonly kind: "minutes"; readonly amount: number }
  | { readonly kind: "steps"; readonly amount: number }
  | { readonly kind: "epochs"; readonly amount: number };

export interface TrainPlan {
  readonly path: string;
  readonly out: string;
  readonly cell: Cell;
  readonly layers: number;
  readonly hidden: number;
  readonly embedding: number;
  readonly dropout: number;
  readonly batch: number;
  readonly window: number;
  readonly rule: Rule;
  readonly learningRate: number;
  readonly clip: number;
  readonly limit: Limit;
  readonly seed: number;
  readonly build: "auto" | Build;
}

function readLimit(given: Arguments<Name>["given"]): Limit {
  const kinds = (["minutes", "steps", "epochs"] as const).filter((kind) => given[kind] !== undefined);
  if (kinds.length > 1) {
    throw new Failure(
      `only one of --minutes, --steps and --epochs can be given, not --${kinds.join(" and --")}`,
    );
  }
  const [kind = "minutes"] = kinds;
  const amount =
    kind === "minutes"
      ? decimalNumber(kind, given.minutes, "above 0", (value) => value > 0, DEFAULT_MINUTES)
      : wholeNumber(kind, given[kind], 1, 1);
  return { kind, amount };
}

/** Throws a Failure that names the option. */
export function readTrainPlan({ operands: [path], given }: Arguments<Name>): TrainPlan {
  const positive = (value: number): boolean => value > 0;
  const size = (name: Name, fallback: number, least = 1): number => {
    const value = wholeNumber(name, given[name], least, fallback);
    if (value > 1e6) throw new Failure(`--${name} expects a whole number of at most 1000000, not "${value}"`);
    return value;
  };
  return {
    path,
    out: given.out ?? `${basename(path, extname(path))}.safetensors`,
    cell: choice("cell", given.cell, cellNames, "elman"),
    layers: size("layers", 1),
    hidden: size("hidden", 256),
    embedding: size("embedding", 0, 0),
    dropout: decimalNumber("dropout", given.dropout, "from 0 to below 1", (x) => x >= 0 && x < 1, 0),
    batch: size("batch", 32),
    window: size("window", 64),
    rule: readRule(given, size("window", 64)),
    learningRate: decimalNumber("learning-rate", given["learning-rate"], "above 0", positive, 2e-3),
    clip: decimalNumber("clip", given.clip, "above 0", positive, 1),
    limit: readLimit(given),
    seed: wholeNumber("seed", given.seed, Number.MIN_SAFE_INTEGER, 0),
    build: choice("build", given.build, ["auto", "simd", "relaxed-simd", "wide"], "auto"),
  };
}
