/** Reads sequences from JSON lines. */

import { LARGEST_VALUE } from "../../data/labelled-sequences.js";
import { describe } from "../../errors.js";
import type { JsonValue } from "../../formats/strict-json.js";
import type { SequenceContent } from "../../index.js";
import { Failure } from "../failure.js";
import type { Input } from "../table/read-input.js";
import { formOf, requireForm, type Examples, type Fields } from "./examples.js";
import { jsonRows, type JsonRow } from "./json-lines.js";

/** The names that a sequence has where none is given. */
const USUAL = ["sequence", "text"] as const;

/** What makes a row's value, of which `place` says where it stands, part of a sequence. */
type Reader<Value> = (place: string, value: JsonValue) => Value;

const isList = (value: JsonValue | undefined): value is readonly JsonValue[] => Array.isArray(value);

const readString: Reader<string> = (place, value) => {
  if (typeof value !== "string") throw new Failure(`${place}: expected a string, got ${describe(value)}`);
  return value;
};

const readNumber: Reader<number> = (place, value) => {
  if (typeof value !== "number" || !(Math.abs(value) <= LARGEST_VALUE)) {
    const bounds = typeof value === "number" ? ` from -${LARGEST_VALUE} to ${LARGEST_VALUE}` : "";
    throw new Failure(`${place}: expected a number${bounds}, got ${describe(value)}`);
  }
  return value;
};

function readEach<Value>(place: string, items: readonly JsonValue[], read: Reader<Value>): Value[] {
  return items.map((item, i) => read(`${place}[${i}]`, item));
}

function readSteps(place: string, items: readonly JsonValue[]): SequenceContent {
  const width = isList(items[0]) ? items[0].length : 0;
  if (width === 0) throw new Failure(`${place}[0]: expected numbers, got an empty list`);
  const rows = readEach(place, items, (at, row) => {
    if (!isList(row) || row.length !== width) {
      const came = isList(row) ? `a list of ${row.length}` : describe(row);
      throw new Failure(`${at}: expected a list of ${width} numbers, as the first step has, got ${came}`);
    }
    return readEach(at, row, readNumber);
  });
  return { steps: rows.length, values: Float64Array.from(rows.flat()) };
}

/** Reads text, a list of strings, a list of numbers, one a step, or a list of lists of numbers. Throws a Failure. */
const readSequence: Reader<SequenceContent> = (place, value) => {
  if (value === "") throw new Failure(`${place}: expected characters, got ""`);
  if (typeof value === "string") return { text: value };
  if (!isList(value)) {
    throw new Failure(
      `${place}: expected text, a list of strings, or a list of numbers, got ${describe(value)}`,
    );
  }
  const [first] = value as readonly (JsonValue | undefined)[];
  if (first === undefined) throw new Failure(`${place}: expected at least one step, got an empty list`);
  if (typeof first === "string") return { tokens: readEach(place, value, readString) };
  if (isList(first)) return readSteps(place, value);
  return { steps: value.length, values: Float64Array.from(readEach(place, value, readNumber)) };
};

const readLabel: Reader<string> = (place, value) => {
  const label = typeof value === "object" ? "" : String(value).trim();
  if (label !== "") return label;
  throw new Failure(`${place}: expected a label, a string or a number, got ${describe(value)}`);
};

function namesOf(fields: JsonRow["fields"]): string {
  return [...fields.keys()].map((one) => JSON.stringify(one)).join(", ") || "none";
}

/** Returns a field's value. Throws a Failure that says which fields there are. */
function fieldOf(place: string, { fields }: JsonRow, field: string): JsonValue {
  const value = fields.get(field);
  if (value !== undefined) return value;
  throw new Failure(`${place}: expected a field ${JSON.stringify(field)}, got ${namesOf(fields)}`);
}

function sequenceField(place: string, { fields }: JsonRow, given: readonly string[] | undefined): string {
  if (given?.length === 1) return given[0];
  const found = USUAL.find((one) => fields.has(one));
  if (found !== undefined) return found;
  throw new Failure(
    `${place}: expected a field "sequence" or "text", or the one that --sequence names, got ${namesOf(fields)}`,
  );
}

/**
 * Returns the sequences of JSON lines; labels too if they are `labelled`. The field of the sequence is the only one given, or else
 * the first line's "sequence" or "text". Throws a Failure that names the line and the field.
 */
export function readJsonExamples(
  input: Input,
  given: { readonly label: string; readonly sequence: readonly string[] | undefined },
  labelled: boolean,
): Examples {
  const sequences: SequenceContent[] = [];
  const labels: string[] = [];
  const lines: number[] = [];
  let field: string | undefined;
  for (const row of jsonRows(input)) {
    const place = `${input.name}, line ${row.line}`;
    field ??= sequenceField(place, row, given.sequence);
    sequences.push(readSequence(`${place}, ${field}`, fieldOf(place, row, field)));
    if (labelled) labels.push(readLabel(`${place}, ${given.label}`, fieldOf(place, row, given.label)));
    lines.push(row.line);
  }
  if (field === undefined) throw new Failure(`${input.name}: expected an object a line, got empty lines`);
  const fields: Fields = { label: given.label, sequence: [field], group: undefined };
  const examples: Examples = { name: input.name, fields, sequences, labels, lines, groups: [] };
  requireForm(examples, formOf(sequences[0]), `as line ${lines[0]} has`);
  return examples;
}
