/** Holds a table of text cells, and says where in its file a cell stands. */

import { describe } from "../../errors.js";
import { suggestion } from "../arguments.js";
import { Failure } from "../failure.js";

/** Cells, in lower case, that say that a value is missing. */
const MISSING: ReadonlySet<string> = new Set(["", "na", "n/a", "nan", "null", "none", "?"]);

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const DECIMAL_COMMA = /^[+-]?\d*,\d+$/;

/** Returns whether a cell says that its value is missing: empty, NA, NaN, null, … */
export function isMissing(cell: string): boolean {
  return MISSING.has(cell.trim().toLowerCase());
}

/** Returns the decimal number that a cell holds, finite; undefined for anything else. */
export function numberOf(cell: string): number | undefined {
  const text = cell.trim();
  const value = NUMBER.test(text) ? Number(text) : NaN;
  return Number.isFinite(value) ? value : undefined;
}

/** Says in words what a cell should have been that is no number. */
export function expectedNumber(cell: string): string {
  return DECIMAL_COMMA.test(cell.trim()) ? "a number with a decimal point" : "a number";
}

/** Rows of text cells under columns of distinct names. */
export class Table {
  /** The file's name in messages. */
  readonly name: string;
  /** The columns' names, from the left. */
  readonly columns: readonly string[];
  /** [rows]: the line of the file, from 1, where each row begins. */
  readonly lines: ArrayLike<number>;
  private readonly cells: ReadonlyMap<string, readonly string[]>;

  /** Takes the cells of each column, from the left; all columns have a cell for each of `lines`. */
  constructor(name: string, cells: ReadonlyMap<string, readonly string[]>, lines: ArrayLike<number>) {
    this.name = name;
    this.cells = cells;
    this.columns = [...cells.keys()];
    this.lines = lines;
  }

  get rows(): number {
    return this.lines.length;
  }

  has(column: string): boolean {
    return this.cells.has(column);
  }

  /** Returns a column's cells, [rows]. Throws a Failure that says which columns there are. */
  texts(column: string): readonly string[] {
    const cells = this.cells.get(column);
    if (cells !== undefined) return cells;
    const near = suggestion(column, this.columns);
    throw new Failure(
      `${this.name} has no column ${JSON.stringify(column)}, but ${this.columns.map((one) => JSON.stringify(one)).join(", ")}${near}`,
    );
  }

  /**
   * Returns a column's numbers, [rows]; NaN for missing values where they are allowed. Throws a Failure that names the first cell
   * that is no decimal number.
   */
  numbers(column: string, { missing }: { readonly missing: "refuse" | "nan" }): Float64Array {
    const cells = this.texts(column);
    const numbers = new Float64Array(cells.length);
    cells.forEach((cell, row) => {
      const number = numberOf(cell);
      if (number !== undefined) numbers[row] = number;
      else if (missing === "nan" && isMissing(cell)) numbers[row] = NaN;
      else throw this.failure(row, column, expectedNumber(cell));
    });
    return numbers;
  }

  /** Returns a Failure that says where a row is, what was expected in a column, and what came: the cell, unless told. */
  failure(row: number, column: string, expected: string, came?: string): Failure {
    const got =
      came ?? (this.texts(column)[row] === "" ? "an empty cell" : describe(this.texts(column)[row]));
    return new Failure(
      `${this.name}, line ${this.lines[row]}, column ${JSON.stringify(column)}: expected ${expected}, got ${got}`,
    );
  }
}
