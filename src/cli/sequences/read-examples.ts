/** Reads a file of sequences, CSV or JSON lines, whole or not at all. */

import { choice, type OptionHelp } from "../arguments.js";
import { Failure } from "../failure.js";
import { delimiters, type DelimiterName } from "../table/delimiter.js";
import { parseTable } from "../table/read-csv.js";
import { readInput, type Input } from "../table/read-input.js";
import { readCsvExamples } from "./csv-examples.js";
import type { Examples, Fields } from "./examples.js";
import { readJsonExamples } from "./json-examples.js";

const formats = ["csv", "jsonl"] as const;
const delimiterNames = Object.keys(delimiters) as DelimiterName[];

/** What is said of a file of sequences; undefined is found out. */
export interface ExampleReading {
  readonly format: (typeof formats)[number] | undefined;
  readonly delimiter: DelimiterName | undefined;
  readonly label: string | undefined;
  readonly sequence: readonly string[] | undefined;
  readonly group: string | undefined;
  readonly ignore: readonly string[];
}

export type ReadingOption = "label" | "sequence" | "group" | "ignore" | "format" | "delimiter";

/** The options of commands that read sequences. */
export const readingOptions: Readonly<Record<ReadingOption, OptionHelp>> = {
  label: { value: "<name>", help: "the column, or the field, of the label (label)" },
  sequence: {
    value: "<names>",
    help: "the column or the field of the sequence (sequence or text if there is one), or columns of numbers,\nseparated by commas (all columns that are not named otherwise)",
  },
  group: {
    value: "<name>",
    help: "CSV: rows with the same cell in this column are one sequence, a row a step",
  },
  ignore: { value: "<names>", help: "CSV: columns that are no part of the sequence, separated by commas" },
  format: { value: "<name>", help: "csv or jsonl, JSON lines (jsonl where the data begin with {)" },
  delimiter: { value: "<name>", help: `CSV: ${delimiterNames.join(", ")} (found out)` },
};

function readNames(name: ReadingOption, text: string | undefined): string[] | undefined {
  if (text === undefined) return undefined;
  const names = text.split(",").map((one) => one.trim());
  if (names.includes(""))
    throw new Failure(`--${name} expects names separated by commas, not ${JSON.stringify(text)}`);
  const twice = names.find((one, i) => names.indexOf(one) < i);
  if (twice !== undefined) throw new Failure(`--${name} has ${JSON.stringify(twice)} twice`);
  return names;
}

/** Returns what the options say. Throws a Failure that names the option. */
export function readReading(given: Readonly<Partial<Record<ReadingOption, string>>>): ExampleReading {
  const { format, delimiter } = given;
  return {
    format: format === undefined ? undefined : choice("format", format, formats, "csv"),
    delimiter: delimiter === undefined ? undefined : choice("delimiter", delimiter, delimiterNames, "comma"),
    label: given.label,
    sequence: readNames("sequence", given.sequence),
    group: given.group,
    ignore: readNames("ignore", given.ignore) ?? [],
  };
}

/** What begins a JSON text that is an object or a list. */
const JSON_START = /^\s*[{[]/;

/** Takes what is not said from `learned`, how the data were read that a model learned from. */
function completed(reading: ExampleReading, learned: Fields | undefined): ExampleReading {
  const { label = learned?.label, sequence = learned?.sequence, group = learned?.group } = reading;
  return { ...reading, label, sequence, group };
}

/** Throws a Failure for options that say nothing of JSON lines. */
function requireJsonReading(name: string, { group, delimiter, ignore, sequence }: ExampleReading): void {
  const given = { group, delimiter, ignore: ignore.at(0) };
  const only = Object.entries(given).find(([, value]) => value !== undefined)?.[0];
  if (only !== undefined) throw new Failure(`--${only} is for CSV, but ${name} has JSON lines`);
  if (sequence !== undefined && sequence.length > 1)
    throw new Failure(
      `--sequence expects one field of JSON lines, not ${JSON.stringify(sequence.join(","))}`,
    );
}

/** Returns the sequences that the bytes hold, as `readExamples` does. */
export function parseExamples(
  input: Input,
  reading: ExampleReading,
  { labelled, learned }: { readonly labelled: boolean; readonly learned?: Fields },
): Examples {
  const starts = JSON_START.test(input.bytes.subarray(0, 4096).toString("latin1"));
  const { label = "label", sequence, group, ignore, delimiter } = completed(reading, learned);
  if ((reading.format ?? (starts ? "jsonl" : "csv")) === "csv") {
    const table = parseTable(input, { delimiter });
    return readCsvExamples(table, { label, sequence, group, ignore }, labelled);
  }
  requireJsonReading(input.name, reading);
  // Of a model that learned from several columns nothing follows for a field.
  return readJsonExamples(
    input,
    { label, sequence: sequence?.length === 1 ? sequence : undefined },
    labelled,
  );
}

/**
 * Reads a file of sequences, or standard input for `-`: with their labels if they are `labelled`, and as `learned` says where the
 * options do not. Throws a Failure that says where the first thing is that does not fit, what was expected there and what came.
 */
export async function readExamples(
  path: string,
  reading: ExampleReading,
  use: { readonly labelled: boolean; readonly learned?: Fields },
): Promise<Examples> {
  return parseExamples(await readInput(path), reading, use);
}
