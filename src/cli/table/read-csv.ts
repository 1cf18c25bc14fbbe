/** Reads CSV files as tables, whole or not at all. */

import { describe } from "../../errors.js";
import { Failure } from "../failure.js";
import { grouped } from "../format.js";
import { delimiters, findDelimiter, type DelimiterName } from "./delimiter.js";
import { LONGEST_RECORD, parseCsv, type CsvFault } from "./parse-csv.js";
import { readInput, type Input } from "./read-input.js";
import { numberOf, Table } from "./table.js";

export interface CsvReading {
  /** What separates cells; default: found out. */
  readonly delimiter?: DelimiterName | undefined;
}

/** Cells of the largest table: as strings they take some 30 bytes each. */
const MOST_CELLS = 40e6;

const RETURN = 0x0d;
const LINE_FEED = 0x0a;

/** Counts the lines of bytes, as editors do: a line ends with \n, \r\n or \r. */
class LineCounter {
  private readonly bytes: Uint8Array;
  private at = 0;
  private line = 1;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Passes by empty lines and returns the line, from 1, of the byte where it stands then. */
  begin(): number {
    while (this.at < this.bytes.length && isBreak(this.bytes[this.at])) this.step();
    return this.line;
  }

  /** Moves on to the byte at `end`. */
  moveTo(end: number): void {
    while (this.at < end) this.step();
  }

  private step(): void {
    const byte = this.bytes[this.at++];
    if (byte === LINE_FEED || (byte === RETURN && this.bytes[this.at] !== LINE_FEED)) this.line++;
  }
}

function isBreak(byte: number): boolean {
  return byte === RETURN || byte === LINE_FEED;
}

/** Returns the columns' names. Throws a Failure for an empty name, one that comes twice, and a row of numbers. */
function requireHeader(place: string, cells: readonly string[]): string[] {
  const names = cells.map((cell) => cell.trim());
  const at = (i: number): string => `${place}, column ${i + 1}`;
  if (names.every((name) => numberOf(name) !== undefined))
    throw new Failure(
      `${place}: expected a header, the columns' names, got numbers: ${names.slice(0, 5).join(", ")}`,
    );
  const empty = names.indexOf("");
  if (empty >= 0) throw new Failure(`${at(empty)}: expected a column's name, got an empty cell`);
  const twice = names.findIndex((name, i) => names.indexOf(name) < i);
  if (twice >= 0) {
    const first = names.indexOf(names[twice]) + 1;
    throw new Failure(
      `${at(twice)}: expected a name of its own, got ${describe(names[twice])}, as column ${first}`,
    );
  }
  return names;
}

/** Throws a Failure unless a row has a cell for each column. */
function requireWidth(place: string, cells: readonly string[], names: readonly string[]): void {
  const expected = `expected ${names.length} cells, as the header has`;
  if (cells.length < names.length) {
    throw new Failure(
      `${place}, column ${JSON.stringify(names[cells.length])}: ${expected}, got ${cells.length}`,
    );
  }
  if (cells.length > names.length) {
    throw new Failure(
      `${place}, column ${names.length + 1}: ${expected}, got ${cells.length}, here ${describe(cells[names.length])}`,
    );
  }
}

function describeFault({ kind }: CsvFault): string {
  switch (kind) {
    case "opened":
      return `expected quotes around the whole cell, doubled ("") inside it, got one within it`;
    case "closed":
      return "expected the cell's end after its closing quote, got more text";
    case "never closed":
      return "expected a closing quote, got the file's end";
    case "too long":
      return `expected a row of at most ${grouped(LONGEST_RECORD)} bytes, got more: is a quote left open?`;
  }
}

/** Returns the table that the bytes hold. Throws a Failure that names the line and the column. */
export function parseTable({ name, bytes }: Input, { delimiter }: CsvReading = {}): Table {
  const counter = new LineCounter(bytes);
  const lines: number[] = [];
  let names: string[] | undefined;
  let columns: string[][] = [];
  const character = delimiter === undefined ? findDelimiter({ name, bytes }) : delimiters[delimiter];
  const fault = parseCsv(bytes, { delimiter: character }, ({ cells, end }) => {
    const line = counter.begin();
    const place = `${name}, line ${line}`;
    counter.moveTo(end);
    if (names === undefined) {
      names = requireHeader(place, cells);
      columns = names.map(() => []);
      return;
    }
    requireWidth(place, cells, names);
    lines.push(line);
    if (lines.length * cells.length > MOST_CELLS) {
      throw new Failure(
        `${name} has more than ${grouped(MOST_CELLS)} cells, which do not fit into memory: ` +
          `leave out columns that are not used, or take a part of the rows`,
      );
    }
    cells.forEach((cell, i) => columns[i].push(cell));
  });
  if (fault !== undefined) {
    const column = names?.at(fault.field);
    const place = column === undefined ? fault.field + 1 : JSON.stringify(column);
    throw new Failure(`${name}, line ${counter.begin()}, column ${place}: ${describeFault(fault)}`);
  }
  if (names === undefined)
    throw new Failure(`${name}: expected a header, the columns' names, got empty lines`);
  if (lines.length === 0) throw new Failure(`${name}: expected rows under the header, got none`);
  return new Table(name, new Map(names.map((one, i) => [one, columns[i]])), Uint32Array.from(lines));
}

/**
 * Reads a CSV file (RFC 4180, in UTF-8), or standard input for `-`: a header with the columns' names and a row for each record,
 * cells separated by commas, semicolons or tabs. Spaces around names do not count, empty lines are left out. Throws a Failure that
 * says where the first row is that does not fit, what was expected there and what came.
 */
export async function readCsv(path: string, reading: CsvReading = {}): Promise<Table> {
  return parseTable(await readInput(path), reading);
}
