import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { delimiters, type DelimiterName } from "../../../src/cli/table/delimiter.js";
import { parseTable } from "../../../src/cli/table/read-csv.js";
import type { Table } from "../../../src/cli/table/table.js";

const table = (text: string, delimiter?: DelimiterName): Table =>
  parseTable({ name: "t.csv", bytes: Buffer.from(text) }, { delimiter });

/** The text as a cell, quoted where it must be, and sometimes where it need not. */
const quoted = (text: string, always: boolean): string =>
  always || /[",;\t\r\n]/.test(text) || text === "" ? `"${text.replaceAll('"', '""')}"` : text;

const cell = fc
  .oneof(
    fc.string({ unit: "grapheme", maxLength: 6 }),
    fc.string({ unit: fc.constantFrom("a", '"', ",", ";", "\t", "\n", "\r", " ", "é", "7"), maxLength: 5 }),
  )
  .filter((text) => !text.includes("\0"));

const grid = fc.integer({ min: 1, max: 4 }).chain((width) =>
  fc.record({
    width: fc.constant(width),
    rows: fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 6 }),
    gaps: fc.array(fc.nat(2), { minLength: 7, maxLength: 7 }),
    end: fc.constantFrom("\n", "\r\n", "\r"),
    delimiter: fc.constantFrom<DelimiterName>("comma", "semicolon", "tab"),
    always: fc.boolean(),
    last: fc.boolean(),
  }),
);

describe("a table read from CSV", () => {
  it("has the cells that were written, and the line where each row begins", () => {
    fc.assert(
      fc.property(grid, ({ width, rows, gaps, end, delimiter, always, last }) => {
        const names = Array.from({ length: width }, (_, i) => `c${i}`);
        const by = delimiters[delimiter];
        const lines: number[] = [];
        let text = names.join(by) + end;
        rows.forEach((row, i) => {
          text += end.repeat(gaps[i]);
          lines.push(text.split(/\r\n|\r|\n/).length);
          text += row.map((one) => quoted(one, always)).join(by) + (i + 1 < rows.length || last ? end : "");
        });
        const read = table(text, delimiter);
        expect(read.columns).toEqual(names);
        expect(names.map((name) => read.texts(name))).toEqual(names.map((_, i) => rows.map((row) => row[i])));
        expect(Array.from(read.lines)).toEqual(lines);
      }),
      { numRuns: 300 },
    );
  });

  it.each<[string, string, string[]]>([
    ["commas", "a,b\n1,2\n", ["a", "b"]],
    ["semicolons, with decimal commas", "a;b\n1,5;2,5\n3;4\n", ["a", "b"]],
    ["tabs, with commas in the text", "a\tb\nx, y\tz\n", ["a", "b"]],
    [
      "a comma in a name, semicolons between them",
      "name, first;age\nAda;36\nAlan;41\n",
      ["name, first", "age"],
    ],
    ["commas in quotes", '"a;x",b\n1,2\n', ["a;x", "b"]],
    ["one column", "a\n1\n2\n", ["a"]],
    ["spaces around names", " a , b\n1,2\n", ["a", "b"]],
    ["the names of a prototype's fields", "constructor,__proto__\n1,2\n", ["constructor", "__proto__"]],
  ])("finds its delimiter: %s", (_, text, names) => {
    expect(table(text).columns).toEqual(names);
  });

  it.each<[string, string, string]>([
    [
      "a row too short",
      "a,b,c\n1,2,3\n4,5\n",
      'line 3, column "c": expected 3 cells, as the header has, got 2',
    ],
    [
      "a row too long",
      "a,b\n\n1,2,x\n",
      'line 3, column 3: expected 2 cells, as the header has, got 3, here "x"',
    ],
    ["a name twice", "a,b,a\n1,2,3\n", 'line 1, column 3: expected a name of its own, got "a", as column 1'],
    ["no name", "a,,b\n1,2,3\n", "line 1, column 2: expected a column's name, got an empty cell"],
    ["no header", "1,2\n3,4\n", "line 1: expected a header, the columns' names, got numbers: 1, 2"],
    ["no rows", "a,b\n\n", "t.csv: expected rows under the header, got none"],
    ["empty lines", "\n\r\n\n", "t.csv: expected a header, the columns' names, got empty lines"],
    [
      "an open quote",
      'a,b\n1,2\n3,"4\n5,6\n',
      'line 3, column "b": expected a closing quote, got the file\'s end',
    ],
    [
      "an open quote in the header",
      'a,"b\n1,2\n',
      "line 1, column 2: expected a closing quote, got the file's end",
    ],
    [
      "text behind a quote",
      'a,b\n"1"x,2\n',
      'line 2, column "a": expected the cell\'s end after its closing quote, got more text',
    ],
    [
      "a quote in a cell",
      'a,b\n1,2\r\nx"y,2\n',
      'line 3, column "a": expected quotes around the whole cell, doubled ("") inside it, got one within it',
    ],
    [
      "a quote of a megabyte",
      `a,b\n1,"${"x\n".repeat(600_000)}`,
      'line 2, column "b": expected a row of at most 1,048,576 bytes, got more: is a quote left open?',
    ],
    [
      "two delimiters",
      "a,b;c\n1,2;3\n",
      "line 1: expected one kind of delimiter, got comma and semicolon: say which with --delimiter",
    ],
  ])("refuses %s", (_, text, message) => {
    expect(() => table(text)).toThrow(message);
  });

  it("says which columns there are", () => {
    expect(() => table("date,price\n1,2\n").texts("prise")).toThrow(
      't.csv has no column "prise", but "date", "price"; did you mean price?',
    );
  });

  it("gives numbers, and NaN for missing ones where they are allowed", () => {
    const { numbers, texts } = {
      numbers: [1, -2.5, 300, NaN, NaN],
      texts: '" 1 ",-2.5,3e2,NA,""'.split(","),
    };
    const read = table(`x\n${texts.join("\n")}\n`);
    expect(Array.from(read.numbers("x", { missing: "nan" }))).toEqual(numbers);
    expect(() => read.numbers("x", { missing: "refuse" })).toThrow(
      't.csv, line 5, column "x": expected a number, got "NA"',
    );
  });

  it.each(["1,5", "0x10", "1e999", "Infinity", "12 kg", "1_000", "--1", "1.2.3"])(
    "takes %s for no number",
    (word) => {
      const expected = word === "1,5" ? "a number with a decimal point" : "a number";
      expect(() => table(`x\n1\n"${word}"\n`).numbers("x", { missing: "nan" })).toThrow(
        `t.csv, line 3, column "x": expected ${expected}, got "${word}"`,
      );
    },
  );

  it("names empty cells so", () => {
    expect(() => table("x,y\n1,2\n,2\n").numbers("x", { missing: "refuse" })).toThrow("got an empty cell");
  });
});
