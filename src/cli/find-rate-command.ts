/** Runs `bptt find-rate`. */

import { adam, findLearningRate, type LearningRateSearch } from "../index.js";
import { decimalNumber, wholeNumber, type Arguments, type Command } from "./arguments.js";
import { ownName, quoted } from "./invocation.js";
import { learnerOf } from "./learning-rule.js";
import { showsUnicode } from "./plot.js";
import { plotRates, writeRate } from "./rate-plot.js";
import { decode, readInputBytes } from "./read-file.js";
import { buildFor } from "./run/open-run.js";
import { Screen, type Output } from "./screen.js";
import { readTextData } from "./text-data.js";
import { onThreads } from "./threads.js";
import { createPlanned, explained, lengthOf } from "./train-command.js";
import { readTrainPlan, settle, trainCommand, type TrainPlan } from "./train-options.js";

const PLOT_ROWS = 10;

/** The widest plot, in characters: more is no easier to read. */
const WIDEST = 100;

/** What `bptt train` has that says when it ends, at which rates, where the model goes, and that several processes train. */
const {
  minutes,
  steps,
  epochs,
  patience,
  out,
  run,
  checkpoint,
  mpi,
  "learning-rate": rate,
  schedule,
  "warm-up": warmUp,
  json: trainJson,
  ...shared
} = trainCommand.options;

type Name = keyof typeof shared | "from" | "to" | "steps" | "json" | "ascii";

export const findRateCommand: Command<Name> = {
  name: "find-rate",
  operands: ["<text>"],
  summary:
    "Trains a network on the text while the learning rate grows with each update, and plots the loss against the rate: it\n" +
    "falls where the rate is good and rises where it is too large. A tenth of the rate with the least loss is a good\n" +
    "--learning-rate of bptt train to begin with, for the same options. Nothing is saved.",
  options: {
    from: { value: "<x>", help: "the first rate (1e-6)" },
    to: { value: "<x>", help: "the last (1)" },
    steps: { value: "<n>", help: "updates from the first to the last (200)" },
    ...shared,
    json: { help: "prints the figures as JSON instead" },
    ascii: { help: "draws with ASCII alone, as it does where the terminal has no more" },
  },
  examples: [
    "bptt find-rate shakespeare.txt",
    "bptt find-rate notes.txt --cell lstm --hidden 128 --batch 16",
  ],
};

export interface FindRatePlan {
  /** What was typed: some of the network follows from the text. */
  readonly typed: Arguments<Name>;
  /** The network and how it learns; when that ends is not used. */
  readonly training: TrainPlan;
  /** The words that say so, as they were given. */
  readonly words: readonly string[];
  readonly from: number;
  readonly to: number;
  readonly steps: number;
  readonly json: boolean;
  readonly ascii: boolean;
}

/** Returns the options that `bptt train` has too, as they were given. */
function sharedWords(given: Arguments<Name>["given"]): string[] {
  return (Object.keys(shared) as (keyof typeof shared)[]).flatMap((name) => {
    const value = given[name];
    if (value === undefined) return [];
    return shared[name].value === undefined ? [`--${name}`] : [`--${name}`, quoted(value)];
  });
}

/** Returns the checked options. Throws a Failure that names the option. */
export function readFindRatePlan(typed: Arguments<Name>): FindRatePlan {
  const { given } = typed;
  const inRange = (value: number): boolean => value >= 1e-30 && value <= 1e30;
  const from = decimalNumber("from", given.from, "from 1e-30 to 1e30", inRange, 1e-6);
  return {
    typed,
    training: readTrainPlan(typed),
    words: sharedWords(given),
    from,
    to: decimalNumber("to", given.to, `above ${from}, at most 1e30`, (x) => x > from && inRange(x), 1),
    steps: wholeNumber("steps", given.steps, 2, 200),
    json: given.json !== undefined,
    ascii: given.ascii !== undefined,
  };
}

/** Says what the plot shows, and what to type next. */
function conclusion({ rates, suggestion, diverged }: LearningRateSearch, train: string): string[] {
  if (suggestion === undefined)
    return ["No rate made the loss fall: begin lower, with --from, or take more --steps."];
  const least = `The loss was least at ${writeRate(10 * suggestion)}`;
  const end = diverged ? `, and far above at ${writeRate(rates[rates.length - 1])}` : "";
  return [
    `${least}${end}. A tenth of the former to begin with:`,
    `    ${train} --learning-rate ${writeRate(suggestion)}`,
  ];
}

/** Tries learning rates on a text. Throws a Failure. */
export async function runFindRate(
  { typed, training: before, words, from, to, steps, json, ascii }: FindRatePlan,
  output: Output,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const { path } = before;
  const { name, bytes } = await readInputBytes(path);
  const data = readTextData(decode(name, bytes), before);
  const training = readTrainPlan(settle(typed, lengthOf(data, before)));
  const { rule, fit } = training;
  const { build, note } = await buildFor(fit, undefined);
  // With --json, nothing but JSON goes to the output.
  const screen = new Screen(json ? { write: () => undefined } : output, environment);
  if (note !== undefined) screen.print(note);
  screen.show(`trying ${steps} learning rates …`);
  const { search, ...ran } = await onThreads(fit.threads, async (threads) => {
    using network = createPlanned(training, data.vocabulary.size, { build, threads });
    try {
      const options = {
        learner: learnerOf(rule),
        optimizer: () => adam(),
        clipNorm: fit.clip,
        from,
        to,
        steps,
      };
      return { build: network.build, search: await findLearningRate(network, data.training, options) };
    } catch (error) {
      throw explained(error, training);
    }
  });
  if (json) {
    output.write(`${JSON.stringify({ text: path, ...ran, ...search }, null, 2)}\n`);
    return;
  }
  const size = { width: Math.min(WIDEST, (output.columns ?? 80) - 1), height: PLOT_ROWS };
  screen.print(screen.strong(`${path}: loss against learning rate, ${search.rates.length} updates`));
  for (const line of plotRates(search, size, ascii || !showsUnicode(environment, process.platform)))
    screen.print(line);
  const train = [ownName(), "train", quoted(path), ...words].join(" ");
  for (const line of conclusion(search, train)) screen.print(line);
}
