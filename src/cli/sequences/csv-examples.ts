/** Makes sequences of a table's rows. */

import { LARGEST_VALUE } from "../../data/labelled-sequences.js";
import type { SequenceContent } from "../../index.js";
import { Failure } from "../failure.js";
import { expectedNumber, numberOf, type Table } from "../table/table.js";
import type { Examples, Fields } from "./examples.js";

/** What is said of a table's columns; what is not said is found out. */
export interface CsvFields {
  readonly label: string;
  readonly sequence: readonly string[] | undefined;
  readonly group: string | undefined;
  /** Columns that are no part of a sequence. */
  readonly ignore: readonly string[];
}

/** The names of a column of text that is taken alone, whatever else there is. */
const USUAL = ["sequence", "text"] as const;

function sequenceColumns(table: Table, { label, sequence, group, ignore }: CsvFields): readonly string[] {
  if (sequence !== undefined) return sequence;
  const found = group === undefined ? USUAL.find((one) => table.has(one)) : undefined;
  if (found !== undefined) return [found];
  const others = table.columns.filter((one) => one !== label && one !== group && !ignore.includes(one));
  if (others.length > 0) return others;
  throw new Failure(
    `${table.name}: expected a column of sequences besides ${JSON.stringify(label)}, got none`,
  );
}

/** Returns the columns' cells as numbers, [rows, columns]. Throws a Failure that names the first that is none. */
function readNumbers(table: Table, columns: readonly string[], alone: boolean): Float64Array {
  const values = new Float64Array(table.rows * columns.length);
  const cells = columns.map((column) => table.texts(column));
  const hint = alone ? " (--sequence names the one column of a text)" : "";
  for (let row = 0, at = 0; row < table.rows; row++) {
    for (let i = 0; i < columns.length; i++, at++) {
      const value = numberOf(cells[i][row]);
      if (value === undefined)
        throw table.failure(row, columns[i], `${expectedNumber(cells[i][row])}${hint}`);
      if (Math.abs(value) > LARGEST_VALUE)
        throw table.failure(row, columns[i], `a number from -${LARGEST_VALUE} to ${LARGEST_VALUE}`);
      values[at] = value;
    }
  }
  return values;
}

function readTexts(table: Table, column: string): SequenceContent[] {
  return table.texts(column).map((text, row) => {
    if (text === "") throw table.failure(row, column, "characters");
    return { text };
  });
}

/** Returns a column's cells without spaces around them. Throws a Failure for one that is empty, which should be `what`. */
function readNames(table: Table, column: string, what: string): string[] {
  return table.texts(column).map((cell, row) => {
    const name = cell.trim();
    if (name === "") throw table.failure(row, column, what);
    return name;
  });
}

/** Returns the rows of each group, the groups in the order of their first rows. */
function groupRows(table: Table, column: string): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  readNames(table, column, "the name of a sequence").forEach((cell, row) => {
    const rows = groups.get(cell);
    if (rows === undefined) groups.set(cell, [row]);
    else rows.push(row);
  });
  return groups;
}

/** Throws a Failure unless all rows of a group have one label. */
function requireOneLabel(
  table: Table,
  column: string,
  labels: readonly string[],
  rows: readonly number[],
): void {
  const other = rows.find((row) => labels[row] !== labels[rows[0]]);
  if (other === undefined) return;
  const expected = `${JSON.stringify(labels[rows[0]])}, as line ${table.lines[rows[0]]} of the same sequence has`;
  throw table.failure(other, column, expected);
}

function readGroups(table: Table, fields: Fields, group: string, labelled: boolean): Examples {
  const { label, sequence } = fields;
  const width = sequence.length;
  const values = readNumbers(table, sequence, false);
  const rowLabels = labelled ? readNames(table, label, "a label") : [];
  const groups = groupRows(table, group);
  const firsts: number[] = [];
  const sequences = Array.from(groups.values(), (rows): SequenceContent => {
    if (labelled) requireOneLabel(table, label, rowLabels, rows);
    firsts.push(rows[0]);
    const own = new Float64Array(rows.length * width);
    rows.forEach((row, t) => {
      own.set(values.subarray(row * width, (row + 1) * width), t * width);
    });
    return { steps: rows.length, values: own };
  });
  return {
    name: table.name,
    fields,
    sequences,
    labels: labelled ? firsts.map((row) => rowLabels[row]) : [],
    lines: firsts.map((row) => table.lines[row]),
    groups: [...groups.keys()],
  };
}

/**
 * Returns the sequences of a table; labels too if they are `labelled`. A row is a sequence: one column of text, or columns of
 * numbers, one a step. With a group, rows with the same cell there are one, each row a step of as many numbers as columns.
 * Throws a Failure that names the line and the column.
 */
export function readCsvExamples(table: Table, given: CsvFields, labelled: boolean): Examples {
  const { label, group, ignore } = given;
  for (const column of [...(labelled ? [label] : []), ...(group === undefined ? [] : [group]), ...ignore])
    table.texts(column);
  const sequence = sequenceColumns(table, given);
  const twice = sequence.find((one) => one === group || (labelled && one === label));
  if (twice !== undefined)
    throw new Failure(`${table.name}: column ${JSON.stringify(twice)} cannot be a part of the sequence too`);
  const fields: Fields = { label, sequence, group };
  if (group !== undefined) return readGroups(table, fields, group, labelled);
  let sequences: SequenceContent[];
  if (sequence.length === 1) {
    sequences = readTexts(table, sequence[0]);
  } else {
    const steps = sequence.length;
    const values = readNumbers(table, sequence, given.sequence === undefined);
    sequences = Array.from({ length: table.rows }, (_, row) => ({
      steps,
      values: values.slice(row * steps, (row + 1) * steps),
    }));
  }
  return {
    name: table.name,
    fields,
    sequences,
    labels: labelled ? readNames(table, label, "a label") : [],
    lines: Array.from(table.lines),
    groups: [],
  };
}
