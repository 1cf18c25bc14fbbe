import { describe, expect, it } from "vitest";
import { chooseColumns, readColumns, withPlaces } from "../../../src/cli/forecast/columns.js";
import type { ColumnChoice } from "../../../src/cli/forecast/forecast-options.js";
import { Failure } from "../../../src/cli/failure.js";
import { parseTable } from "../../../src/cli/table/read-csv.js";
import type { Table } from "../../../src/cli/table/table.js";
import { forecastData, type ForecastDataOptions } from "../../../src/index.js";

const tableOf = (text: string): Table => parseTable({ name: "t.csv", bytes: Buffer.from(text) });

const choice = (target: string, more: Partial<ColumnChoice> = {}): ColumnChoice => {
  return { target, date: undefined, features: undefined, ...more };
};

/** Runs what must fail, and returns its message. */
function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(Failure);
    return error instanceof Error ? error.message : "";
  }
  throw new Error("nothing was refused");
}

describe("the columns of a table", () => {
  it.each<[string, string, Partial<ColumnChoice>, object]>([
    ["dates and numbers", "Date,x,y\n2001-01,1,2\n2001-02,3,4\n", {}, { date: "Date", features: ["y"] }],
    [
      "dates of another name, in any place",
      "x,when\n1,2001-01-01\n2,2001-01-02\n",
      {},
      { date: "when", features: [] },
    ],
    ["years", "x,year\n1,2001\n2,2002\n", {}, { date: "year", features: [] }],
    ["numbers of four digits", "x,people\n1,2001\n2,2002\n", {}, { date: undefined, features: ["people"] }],
    ["no dates", "x,y\n1,2\n", {}, { date: undefined, features: ["y"] }],
    ["dates that do not count", "Date,x\n2001-01,1\n", { date: null }, { date: undefined, features: [] }],
    ["chosen features", "x,y,z\n1,2,3\n", { features: ["z"] }, { date: undefined, features: ["z"] }],
    ["no features", "x,y,z\n1,2,3\n", { features: [] }, { date: undefined, features: [] }],
    ["a chosen date", "a,b,x\n2001,2002-01,1\n", { date: "a" }, { date: "a", features: [] }],
  ])("are found: %s", (_, text, chosen, expected) => {
    expect(chooseColumns(tableOf(text), choice("x", chosen)).columns).toEqual({ target: "x", ...expected });
  });

  it("that cannot be used are left out, and it says why", () => {
    const { columns, leftOut } = chooseColumns(
      tableOf("x,kind,late,y\n1,rain,,2\n2,sun,5,NA\n"),
      choice("x"),
    );
    expect(columns.features).toEqual(["y"]);
    expect(leftOut).toEqual([
      { column: "kind", reason: "no numbers" },
      { column: "late", reason: "none in the first row" },
    ]);
  });

  it.each<[string, string, Partial<ColumnChoice> & { target?: string }, string]>([
    [
      "no such target",
      "a,co2\n1,2\n",
      { target: "c02" },
      `t.csv has no column "c02", but "a", "co2"; did you mean co2?`,
    ],
    ["no such date", "x,a\n1,2\n", { date: "b" }, `t.csv has no column "b", but "x", "a"; did you mean x?`],
    ["the target as the date", "x,a\n1,2\n", { date: "x" }, "--date expects another column than --target"],
    [
      "no such feature",
      "x,wind\n1,2\n",
      { features: ["wnd"] },
      `--features expects columns of t.csv, not "wnd"; did you mean wind?`,
    ],
    [
      "the target as a feature",
      "x,a\n1,2\n",
      { features: ["x"] },
      `--features expects other columns, each once, not "x"`,
    ],
    [
      "a feature twice",
      "x,a\n1,2\n",
      { features: ["a", "a"] },
      `--features expects other columns, each once, not "a"`,
    ],
    [
      "a date that is none among dates",
      "Date,x\n2001-01,1\n2001-02,1\n2001-31,1\n",
      {},
      `t.csv, line 4, column "Date": expected a date, like 2012-01-31 or 2012-01-31T18:30 (or --no-date), got "2001-31"`,
    ],
    [
      "other dates",
      "Date,x\n01/31/2001,1\n",
      {},
      `t.csv, line 2, column "Date": expected a date, like 2012-01-31 or 2012-01-31T18:30 (or --no-date), got "01/31/2001"`,
    ],
    [
      "an empty date",
      "when,x\n2001,1\n2002-01,1\n2003-01,1\n,1\n",
      { date: "when" },
      `t.csv, line 5, column "when": expected a date, like 2012-01-31 or 2012-01-31T18:30 (or --no-date), got an empty cell`,
    ],
  ])("are refused: %s", (_, text, { target = "x", ...chosen }, message) => {
    expect(refusal(() => chooseColumns(tableOf(text), choice(target, chosen)))).toBe(message);
  });
});

describe("what the library refuses", () => {
  const monthly = (rows: number, change: (row: number) => string | undefined = () => undefined): string =>
    `Date,x,wind\n${Array.from({ length: rows }, (_, row) => {
      const date = `${2001 + Math.floor(row / 12)}-${String((row % 12) + 1).padStart(2, "0")}`;
      return change(row) ?? `${date},${row},${row % 5}\n`;
    }).join("")}`;
  const at =
    (line: number, text: string) =>
    (row: number): string | undefined =>
      row + 2 === line ? text : undefined;

  it.each<[string, string, Partial<ForecastDataOptions>, string]>([
    [
      "text for a number",
      monthly(60, at(7, "2001-06,high,1\n")),
      {},
      `t.csv, line 7, column "x": expected a number, got "high"`,
    ],
    [
      "a comma for a point",
      monthly(60, at(7, `2001-06,1,"2,5"\n`)),
      {},
      `t.csv, line 7, column "wind": expected a number with a decimal point, got "2,5"`,
    ],
    [
      "a missing number",
      monthly(60, at(7, "2001-06,,1\n")),
      {},
      `t.csv, line 7, column "x": expected a number, got none: --missing linear or previous puts one where it is missing`,
    ],
    [
      "a missing feature",
      monthly(60, at(9, "2001-08,1,NA\n")),
      {},
      `t.csv, line 9, column "wind": expected a number, got none: --missing linear or previous puts one where it is missing`,
    ],
    [
      "nothing to fill with",
      monthly(60, at(2, "2001-01,,1\n")),
      { fill: "linear" },
      `t.csv, line 2, column "x": expected a number, since there is none before it to fill it with, got none`,
    ],
    [
      "a missing row",
      monthly(60, at(7, "")),
      {},
      `t.csv, line 7, column "Date": expected 2001-06, the next date, got 2001-07: --missing linear or previous puts in the rows that are missing`,
    ],
    [
      "dates out of order",
      monthly(60, at(7, "2001-01,1,1\n")),
      {},
      `t.csv, line 7, column "Date": expected a date later than the one before it, 2001-05-01, got 2001-01-01`,
    ],
    [
      "no logarithm",
      monthly(60),
      { scaling: "log" },
      `t.csv, line 2, column "x": expected a number above 0, for its logarithm, got 0`,
    ],
    [
      "too few rows",
      monthly(12),
      {},
      `t.csv, column "x": expected at least 11 rows to learn from, for a lookback of 2 and the reference "last", got 8, and 4 that are held out`,
    ],
    ["too many held out", monthly(60), { test: 60 }, "--test expects an integer from 0 to 59, not 60"],
    [
      "too long a lookback",
      monthly(60),
      { lookback: 1e9 },
      "--lookback expects an integer from 1 to 1000000, not 1000000000",
    ],
  ])("has its place in the file, or its option: %s", (_, text, options, message) => {
    const table = tableOf(text);
    const { columns } = chooseColumns(table, choice("x"));
    const run = (): unknown =>
      withPlaces(table, columns, () => forecastData(readColumns(table, columns), { horizon: 1, ...options }));
    expect(refusal(run)).toBe(message);
  });

  it("is told of other errors as they came", () => {
    const table = tableOf("x\n1\n");
    const error = new Error("another");
    expect(() =>
      withPlaces(table, { target: "x", date: undefined, features: [] }, () => {
        throw error;
      }),
    ).toThrow(error);
  });
});
