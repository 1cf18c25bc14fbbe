/** What `bptt train` is told, checked. */

import { cellNames, type Cell } from "../index.js";
import { cells } from "../network/cells/by-name.js";
import { choice, decimalNumber, wholeNumber, type Arguments, type Command } from "./arguments.js";
import { Failure } from "./failure.js";
import { fitOptions, outOf, readFitPlan, type FitOption } from "./fit/fit-options.js";
import type { FitPlan } from "./fit/job.js";
import { isLimited, readLimit, withDefaults } from "./fit/limit.js";
import { readRule, ruleOptions, type Rule, type RuleOption } from "./learning-rule.js";
import {
  deep,
  ENOUGH,
  epochsFor,
  networkFor,
  OFTEN,
  shallow,
  textDefaults,
  wordDefaults,
  type TextLength,
} from "./text-defaults.js";
import {
  readVocabularyPlan,
  vocabularyOptions,
  type VocabularyOption,
  type VocabularyPlan,
} from "./text-vocabulary.js";

type SizeOption = "layers" | "hidden" | "embedding" | "batch" | "window";

export type TrainOption = SizeOption | "cell" | "dropout" | VocabularyOption | RuleOption | FitOption;

/** Returns an option's default, and the one with --words where that is another. */
function defaultOf(name: Exclude<SizeOption, "layers"> | "cell"): string {
  const [usual, words]: string[] = [textDefaults[name], wordDefaults[name]];
  return usual === words ? usual : `${usual}; with --words ${words}`;
}

export const trainCommand: Command<TrainOption> = {
  name: "train",
  operands: ["<text>"],
  summary:
    "Trains a network to write like the text, a character at a time, and saves it; - reads the text from a pipe. With --words\n" +
    "a token is a word, a symbol or white space instead of a character, with --bytes a byte of UTF-8. The last 5 % of the text\n" +
    "are held out: the network never learns from them, so that its loss there says how well it writes what it has not read.\n" +
    "The network that was best there is the one that is saved. Losses are in nats (and bits) a token, lower being better. What\n" +
    "is said goes to the standard output, the samples that it writes to the standard error. Ctrl-C saves what is learned so far\n" +
    "and leaves.",
  options: {
    ...vocabularyOptions,
    cell: {
      value: "<name>",
      help: [
        `what layers are made of (${defaultOf("cell")}):`,
        ...cellNames.map((name) => `${name}: ${cells[name].about}`),
      ].join("\n"),
    },
    layers: {
      value: "<n>",
      help:
        `stacked layers (${shallow.layers}; ${deep.layers}, with dropout ${deep.dropout}, where there is time to read the text ${OFTEN} times, ` +
        `at a million characters a\nminute; with --words ${wordDefaults.layers})`,
    },
    hidden: {
      value: "<n>",
      help: `units a layer (${defaultOf("hidden")}); more can learn more, and take longer`,
    },
    embedding: {
      value: "<n>",
      help: `learned vectors of this width for the tokens; 0: one-hot (${defaultOf("embedding")})`,
    },
    dropout: {
      value: "<share>",
      help: `between layers, while training (${shallow.dropout}, unless layers says otherwise)`,
    },
    batch: {
      value: "<n>",
      help: `places of the text that are read at the same time (${defaultOf("batch")})`,
    },
    window: {
      value: "<n>",
      help: `tokens from one update to the next, and how far back errors go (${defaultOf("window")})`,
    },
    ...ruleOptions,
    ...fitOptions(
      {
        ...textDefaults,
        "learning-rate": `${shallow["learning-rate"]}; ${deep["learning-rate"]} where layers are ${deep.layers} by themselves; with --words ${wordDefaults["learning-rate"]}`,
        minutes: `${textDefaults.minutes}, and at most ${ENOUGH.epochs} epochs or ${ENOUGH.updates} updates, whichever are more`,
      },
      "the text's name with .safetensors, here; with --run: its folder alone",
    ),
  },
  examples: [
    "bptt train shakespeare.txt",
    "bptt train notes.txt --cell lstm --hidden 256 --minutes 10 --out notes.safetensors",
    "bptt train notes.txt --cell gru --rule tbptt --k1 64 --k2 128",
    "bptt train notes.txt --cell lstm --batch 8 --window 5000 --memory 50",
    "bptt train novel.txt --words --min-count 3 --minutes 20",
    "bptt train notes.txt --minutes 60 --run notes-run",
    "gunzip -c big.txt.gz | bptt train - --epochs 3 --json > log.jsonl",
  ],
};

export interface TrainPlan {
  readonly path: string;
  readonly vocabulary: VocabularyPlan;
  readonly cell: Cell;
  readonly layers: number;
  readonly hidden: number;
  readonly embedding: number;
  readonly dropout: number;
  readonly batch: number;
  readonly window: number;
  readonly rule: Rule;
  readonly fit: FitPlan;
}

/** Options that `settle` gives. */
export const settled = [
  "layers",
  "dropout",
  "learning-rate",
  "epochs",
] as const satisfies readonly TrainOption[];

/** Returns what was typed, with what follows from the text where nothing was typed of it. */
export function settle(typed: Arguments<TrainOption>, text: TextLength): Arguments<TrainOption> {
  const { given } = typed;
  // Thousands of words make the output layer most of the work.
  if (given.words !== undefined) return typed;
  const limited = isLimited(given) ? given : { minutes: textDefaults.minutes, epochs: epochsFor(text) };
  const free = given.layers === undefined && given.dropout === undefined;
  const network = free ? networkFor(readLimit(limited), text) : shallow;
  return { ...typed, given: { ...network, ...given, ...limited } };
}

/** Throws a Failure that names the option. */
export function readTrainPlan({ operands: [path], given: typed }: Arguments<TrainOption>): TrainPlan {
  const defaults = typed.words === undefined ? { ...textDefaults, ...shallow } : wordDefaults;
  const given = withDefaults(defaults, typed);
  const size = (name: SizeOption, least = 1): number => {
    const value = wholeNumber(name, given[name], least);
    if (value > 1e6)
      throw new Failure(`--${name} expects a whole number of at most 1000000, not "${given[name]}"`);
    return value;
  };
  const fit = readFitPlan("train", given);
  return {
    path,
    vocabulary: readVocabularyPlan(given),
    cell: choice("cell", given.cell, cellNames),
    layers: size("layers"),
    hidden: size("hidden"),
    embedding: size("embedding", 0),
    dropout: decimalNumber("dropout", given.dropout, "from 0 to below 1", (x) => x >= 0 && x < 1),
    batch: size("batch"),
    window: size("window"),
    rule: readRule(given, size("window")),
    fit: { ...fit, out: outOf(fit, path, "text.safetensors") },
  };
}
