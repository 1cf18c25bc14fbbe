/** Tells the labels of sequences. */

import { predictClasses, type Build, type RuntimeOptions } from "../../index.js";
import type { Output } from "../screen.js";
import { readExamples, type ExampleReading } from "../sequences/read-examples.js";
import { csvRecord } from "../table/write-csv.js";
import { encodeInputs } from "./classifier-data.js";
import { loadClassifier } from "./classifier-file.js";

/** Sequences that are told of at a time. */
const PART = 1000;

/** Decimals of a probability. */
const DECIMALS = 4;

export interface LabelPlan {
  readonly model: string;
  readonly data: string;
  readonly reading: ExampleReading;
  /** How many labels of each sequence are told. */
  readonly top: number;
  readonly build: "auto" | Build;
  readonly threads: number;
  readonly json: boolean;
}

interface Told {
  /** The line where the sequence begins, from 1. */
  readonly line: number;
  /** What its rows have in common, with a group. */
  readonly group: string | undefined;
  /** Likeliest first. */
  readonly likeliest: readonly { readonly label: string; readonly probability: number }[];
}

function csvHeader(group: string | undefined, top: number): string {
  const pairs = Array.from({ length: top }, (_, k) => (k === 0 ? "" : ` ${k + 1}`));
  return csvRecord([
    group ?? "line",
    ...pairs.flatMap((number) => [`label${number}`, `probability${number}`]),
  ]);
}

function csvOf({ line, group, likeliest }: Told): string {
  const pairs = likeliest.flatMap(({ label, probability }) => [label, probability.toFixed(DECIMALS)]);
  return csvRecord([group ?? String(line), ...pairs]);
}

function jsonOf({ line, group, likeliest }: Told): string {
  const [first, ...others] = likeliest;
  return JSON.stringify({ line, group, ...first, ...(others.length > 0 && { likeliest }) });
}

/**
 * Writes the likeliest labels of each sequence of a file, while `open` says that someone still reads. Throws a Failure before
 * anything was written.
 */
export async function predictLabels(
  plan: LabelPlan,
  bytes: Uint8Array,
  runtime: RuntimeOptions,
  output: Output,
  open: () => boolean,
): Promise<void> {
  const { network, codec, fields } = loadClassifier(plan.model, bytes, runtime);
  try {
    const examples = await readExamples(plan.data, plan.reading, { labelled: false, learned: fields });
    const inputs = encodeInputs(codec, examples);
    const topK = Math.min(plan.top, codec.labels.length);
    const { lines, groups } = examples;
    if (!plan.json) output.write(`${csvHeader(examples.fields.group, topK)}\n`);
    for (let from = 0; from < inputs.length && open(); from += PART) {
      const told = predictClasses(network, inputs.slice(from, from + PART), { topK });
      const rows = told.map(({ classes, probabilities }, i) => ({
        line: lines[from + i],
        group: groups.at(from + i),
        likeliest: Array.from(classes, (one, k) => ({
          label: codec.labels[one],
          probability: probabilities[k],
        })),
      }));
      output.write(rows.map((row) => `${plan.json ? jsonOf(row) : csvOf(row)}\n`).join(""));
      await new Promise(setImmediate); // for the output, and for Ctrl-C
    }
  } finally {
    network.dispose();
  }
}
