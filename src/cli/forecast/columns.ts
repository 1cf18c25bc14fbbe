/** Finds the columns of a table to forecast from, and says where in the file something does not fit. */

import { parseDate } from "../../data/table/dates.js";
import type { ForecastTable } from "../../index.js";
import { suggestion } from "../arguments.js";
import { Failure } from "../failure.js";
import { isMissing, numberOf, type Table } from "../table/table.js";
import type { ColumnChoice } from "./forecast-options.js";

/** The columns that a forecast is made from, by their names. */
export interface ForecastColumns {
  readonly target: string;
  readonly date: string | undefined;
  readonly features: readonly string[];
}

/** A column that is not read, and why not. */
export interface LeftOut {
  readonly column: string;
  readonly reason: string;
}

/** The share of a column's cells that must be of a kind for it to be a column of that kind, all others then being mistakes. */
const MOST = 0.5;

/** Names by which people call a column of dates. */
const DATE_NAME = /^(date|time|timestamp|date.?time|day|month|year|week|hour)$/i;

const BARE_YEAR = /^\d{4}$/;

function isMostly(cells: readonly string[], fits: (cell: string) => boolean): boolean {
  const present = cells.filter((cell) => !isMissing(cell));
  return present.length > 0 && present.filter(fits).length > MOST * present.length;
}

/** Returns whether a column holds dates. Numbers of four digits are years where the column's name says so. */
function holdsDates(table: Table, column: string): boolean {
  const years = DATE_NAME.test(column);
  return isMostly(table.texts(column), (cell) => {
    return parseDate(cell) !== undefined && (years || !BARE_YEAR.test(cell.trim()));
  });
}

function holdsNumbers(table: Table, column: string): boolean {
  return isMostly(table.texts(column), (cell) => numberOf(cell) !== undefined);
}

/** Throws a Failure for the first cell of a column that is no date. */
function requireDates(table: Table, column: string): void {
  const row = table.texts(column).findIndex((cell) => parseDate(cell) === undefined);
  if (row >= 0)
    throw table.failure(row, column, "a date, like 2012-01-31 or 2012-01-31T18:30 (or --no-date)");
}

/** Returns the column of the rows' dates; undefined for none. Throws a Failure for one whose dates cannot be read. */
function findDate(table: Table, { target, date }: ColumnChoice): string | undefined {
  if (date === null) return undefined;
  if (date !== undefined) {
    requireDates(table, date);
    return date;
  }
  const others = table.columns.filter((column) => column !== target);
  const found =
    others.find((column) => holdsDates(table, column)) ??
    others.find((column) => DATE_NAME.test(column) && !holdsNumbers(table, column));
  if (found !== undefined) requireDates(table, found);
  return found;
}

function requireFeatures(
  table: Table,
  names: readonly string[],
  taken: readonly string[],
): readonly string[] {
  names.forEach((name, i) => {
    if (!table.has(name)) {
      throw new Failure(
        `--features expects columns of ${table.name}, not ${JSON.stringify(name)}${suggestion(name, table.columns)}`,
      );
    }
    if (taken.includes(name) || names.indexOf(name) < i)
      throw new Failure(`--features expects other columns, each once, not ${JSON.stringify(name)}`);
  });
  return names;
}

/** Returns the columns to forecast from, and those that are not read. Throws a Failure that says what does not fit, and where. */
export function chooseColumns(
  table: Table,
  chosen: ColumnChoice,
): { columns: ForecastColumns; leftOut: readonly LeftOut[] } {
  const { target } = chosen;
  table.texts(target);
  if (chosen.date === target) throw new Failure(`--date expects another column than --target`);
  const date = findDate(table, chosen);
  const taken = [target, ...(date === undefined ? [] : [date])];
  if (chosen.features !== undefined) {
    const features = requireFeatures(table, chosen.features, taken);
    return { columns: { target, date, features }, leftOut: [] };
  }
  const leftOut: LeftOut[] = [];
  const features = table.columns.filter((column) => {
    if (taken.includes(column)) return false;
    const numbers = holdsNumbers(table, column);
    const reason = !numbers
      ? "no numbers"
      : isMissing(table.texts(column)[0])
        ? "none in the first row"
        : undefined;
    if (reason !== undefined) leftOut.push({ column, reason });
    return reason === undefined;
  });
  return { columns: { target, date, features }, leftOut };
}

/** Returns the columns' numbers and dates. Throws a Failure that names the line of a cell that is none. */
export function readColumns(table: Table, { target, date, features }: ForecastColumns): ForecastTable {
  if (date !== undefined) requireDates(table, date);
  return {
    target: table.numbers(target, { missing: "nan" }),
    ...(date !== undefined && { dates: table.texts(date) }),
    features: Object.fromEntries(features.map((name) => [name, table.numbers(name, { missing: "nan" })])),
  };
}

/** What the library says of an argument: its name, perhaps the row, what it expected and what came. */
const REFUSAL = /^"([^"]+?)(?:\[(\d+)\])?" expected (.*?), got (.*)$/s;

/** Returns the column that the library calls so; undefined for other arguments. */
function columnOf(name: string, { target, date }: ForecastColumns): string | undefined {
  if (name === "target") return target;
  if (name === "dates") return date;
  return name.startsWith("features.") ? name.slice("features.".length) : undefined;
}

/** Calls what makes something of the columns; what it refuses is a Failure that names the file's line and column, or the option. */
export function withPlaces<Result>(table: Table, columns: ForecastColumns, make: () => Result): Result {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    const message = error.message.replace(
      /the fill "previous" or "linear" puts/,
      "--missing linear or previous puts",
    );
    const match: readonly (string | undefined)[] = REFUSAL.exec(message) ?? [];
    const [, name = "", row, expected = "", came = ""] = match;
    const column = columnOf(name, columns);
    if (column !== undefined && row !== undefined) throw table.failure(Number(row), column, expected, came);
    if (column !== undefined)
      throw new Failure(`${table.name}, column ${JSON.stringify(column)}: expected ${expected}, got ${came}`);
    if (["horizon", "lookback", "test", "validation"].includes(name))
      throw new Failure(`--${name} expects ${expected}, not ${came}`);
    throw error;
  }
}
