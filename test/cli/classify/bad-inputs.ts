/** What is given to the commands that read sequences, and what they say of it. */

/** A line of the table. */
export interface BadInput {
  /** What is wrong, in a few words. */
  readonly what: string;
  /** The file's content; undefined: there is no such file. */
  readonly given: string | Uint8Array | undefined;
  /** Options of `bptt classify`. */
  readonly words?: readonly string[];
  /** What is said, with FILE for the file's name. */
  readonly said: string;
}

const rows = (...lines: string[]): string => `${lines.join("\n")}\n`;
const names = ["text,label", "Rossi,it", "Schmidt,de", "Bianchi,it", "Bauer,de"];
const numbers = ["a,b,label", "1,2,x", "3,4,y", "5,6,x", "7,8,y"];
const grouped = ["id,a,b,label", "1,1,2,x", "1,3,4,x", "2,5,6,y", "2,7,8,y"];
const json = ['{"sequence": "ab", "label": "x"}', '{"sequence": "ba", "label": "y"}'];

const files: readonly BadInput[] = [
  { what: "no such file", given: undefined, said: "cannot read FILE: there is no such file" },
  { what: "an empty file", given: "", said: "cannot read FILE: it is empty" },
  { what: "a byte order mark alone", given: "\ufeff", said: "cannot read FILE: it is empty" },
  {
    what: "empty lines",
    given: "\n\r\n\n",
    said: "FILE: expected a header, the columns' names, got empty lines",
  },
  {
    what: "UTF-16",
    given: Buffer.from(`\ufeff${rows(...names)}`, "utf16le"),
    said: "cannot read FILE: it is UTF-16: save it as UTF-8",
  },
  {
    what: "Latin-1",
    given: Buffer.from(rows(...names, "Müller,de"), "latin1"),
    said: "cannot read FILE: line 6 is no UTF-8: save the file in that encoding",
  },
  {
    what: "a binary file",
    given: Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13),
    said: "cannot read FILE: it is no text: it has a byte of 0",
  },
  {
    what: "a zipped file",
    given: Uint8Array.of(0x1f, 0x8b, 8, 8, 1, 2, 3),
    said: "cannot read FILE: line 1 is no UTF-8: save the file in that encoding",
  },
];

const csv: readonly BadInput[] = [
  { what: "a header alone", given: "text,label\n", said: "FILE: expected rows under the header, got none" },
  {
    what: "no header",
    given: rows("1,2,3", "4,5,6"),
    said: "FILE, line 1: expected a header, the columns' names, got numbers: 1, 2, 3",
  },
  {
    what: "a column's name twice",
    given: rows("text,label,text", "a,b,c"),
    said: 'FILE, line 1, column 3: expected a name of its own, got "text", as column 1',
  },
  {
    what: "a row too short",
    given: rows(...names, "Weber"),
    said: 'FILE, line 6, column "label": expected 2 cells, as the header has, got 1',
  },
  {
    what: "a row too long",
    given: rows(...names, "Weber, Max,de"),
    said: 'FILE, line 6, column 3: expected 2 cells, as the header has, got 3, here "de"',
  },
  {
    what: "a quote left open",
    given: rows(...names, '"Weber,de'),
    said: 'FILE, line 6, column "text": expected a closing quote, got the file\'s end',
  },
  {
    what: "a quote within a cell",
    given: rows(...names, 'We"ber,de'),
    said: 'FILE, line 6, column "text": expected quotes around the whole cell, doubled ("") inside it, got one within it',
  },
  {
    what: "text behind a quote",
    given: rows(...names, '"We"ber,de'),
    said: `FILE, line 6, column "text": expected the cell's end after its closing quote, got more text`,
  },
  {
    what: "no column of labels",
    given: rows("text,labels", "Rossi,it"),
    said: 'FILE has no column "label", but "text", "labels"; did you mean labels?',
  },
  {
    what: "an unknown column of labels",
    given: rows(...names),
    words: ["--label", "language"],
    said: 'FILE has no column "language", but "text", "label"',
  },
  {
    what: "an unknown column of the sequence",
    given: rows(...names),
    words: ["--sequence", "name"],
    said: 'FILE has no column "name", but "text", "label"',
  },
  {
    what: "an unknown column to ignore",
    given: rows(...names),
    words: ["--ignore", "id"],
    said: 'FILE has no column "id", but "text", "label"',
  },
  {
    what: "the label as the sequence",
    given: rows(...names),
    words: ["--sequence", "label"],
    said: 'FILE: column "label" cannot be a part of the sequence too',
  },
  {
    what: "labels alone",
    given: rows("label", "x", "y"),
    said: 'FILE: expected a column of sequences besides "label", got none',
  },
  {
    what: "an empty label",
    given: rows(...names, "Weber,"),
    said: 'FILE, line 6, column "label": expected a label, got an empty cell',
  },
  {
    what: "a blank label",
    given: rows(...names, 'Weber," "'),
    said: 'FILE, line 6, column "label": expected a label, got " "',
  },
  {
    what: "an empty text",
    given: rows(...names, ",de"),
    said: 'FILE, line 6, column "text": expected characters, got an empty cell',
  },
  {
    what: "one label",
    given: rows("text,label", "Rossi,it", "Bianchi,it"),
    said: 'FILE: expected at least two labels in "label", got only "it"',
  },
  {
    what: "no label twice",
    given: rows("text,label", "Rossi,1", "Schmidt,2", "Bianchi,3"),
    said: 'FILE: expected a label that comes twice, to hold out one, got 3 different ones: is "label" the label?',
  },
  {
    what: "text among numbers",
    given: rows(...numbers, "9,ten,x"),
    said: 'FILE, line 6, column "b": expected a number (--sequence names the one column of a text), got "ten"',
  },
  {
    what: "NaN",
    given: rows(...numbers, "9,NaN,x"),
    words: ["--sequence", "a,b"],
    said: 'FILE, line 6, column "b": expected a number, got "NaN"',
  },
  {
    what: "Infinity",
    given: rows(...numbers, "Infinity,1,x"),
    words: ["--sequence", "a,b"],
    said: 'FILE, line 6, column "a": expected a number, got "Infinity"',
  },
  {
    what: "a number too large",
    given: rows(...numbers, "1e101,1,x"),
    said: 'FILE, line 6, column "a": expected a number from -1e+100 to 1e+100, got "1e101"',
  },
  {
    what: "a decimal comma",
    given: rows("a;b;label", "1,5;2;x", "3;4;y"),
    words: ["--sequence", "a,b"],
    said: 'FILE, line 2, column "a": expected a number with a decimal point, got "1,5"',
  },
  {
    what: "a missing number",
    given: rows(...numbers, "9,,x"),
    words: ["--sequence", "a,b"],
    said: 'FILE, line 6, column "b": expected a number, got an empty cell',
  },
  {
    what: "an unknown group",
    given: rows(...numbers),
    words: ["--group", "id"],
    said: 'FILE has no column "id", but "a", "b", "label"',
  },
  {
    what: "a group of two labels",
    given: rows(...grouped, "1,9,9,y"),
    words: ["--group", "id"],
    said: 'FILE, line 6, column "label": expected "x", as line 2 of the same sequence has, got "y"',
  },
  {
    what: "a row of no group",
    given: rows(...grouped, ",9,9,y"),
    words: ["--group", "id"],
    said: 'FILE, line 6, column "id": expected the name of a sequence, got an empty cell',
  },
  {
    what: "text in a group",
    given: rows("id,a,label", "1,walk,x", "2,run,y"),
    words: ["--group", "id"],
    said: 'FILE, line 2, column "a": expected a number, got "walk"',
  },
  {
    what: "two delimiters",
    given: rows("text,label;more", "a,b;c"),
    said: "FILE, line 1: expected one kind of delimiter, got comma and semicolon: say which with --delimiter",
  },
  {
    what: "another delimiter",
    given: rows(...names),
    words: ["--delimiter", "tab"],
    said: 'FILE has no column "label", but "text,label"',
  },
];

const jsonLines: readonly BadInput[] = [
  {
    what: "a list",
    given: `[${json.join(",\n")}]`,
    said: 'FILE, line 1, column 1: expected an object a line, without a list around them, as in {"sequence": "abc", "label": "x"}, got "[{\\"sequence\\": \\"a"',
  },
  {
    what: "an object over several lines",
    given: '{\n  "sequence": "ab"\n}\n',
    said: "FILE, line 1, column 2: expected a string, got the line's end",
  },
  {
    what: "a comma too many",
    given: rows(...json, '{"sequence": "é", "label": "x",}'),
    said: 'FILE, line 3, column 32: expected a string, got "}"',
  },
  {
    what: "no comma",
    given: rows(...json, '{"sequence": "é" "label": "x"}'),
    said: 'FILE, line 3, column 18: expected , or }, got "\\"label\\": \\"x\\"}"',
  },
  {
    what: "single quotes",
    given: rows(...json, "{'sequence': 'ab', 'label': 'x'}"),
    said: `FILE, line 3, column 2: expected a string, got "'sequence': 'ab'"`,
  },
  {
    what: "a line cut short",
    given: `${rows(...json)}{"sequence": "ab", "la`,
    said: "FILE, line 3, column 23: expected \", got the line's end",
  },
  {
    what: "two objects in a line",
    given: rows(...json, json.join(" ")),
    said: 'FILE, line 3, column 34: expected nothing more, got "{\\"sequence\\": \\"ba"',
  },
  {
    what: "a field twice",
    given: rows(...json, '{"label": "x", "sequence": "a", "label": "y"}'),
    said: 'FILE, line 3, column 33: expected every name once, got "\\"label\\": \\"y\\"}"',
  },
  {
    what: "CSV behind JSON",
    given: rows(...json, "ab,x"),
    said: 'FILE, line 3, column 1: expected an object as in {"sequence": "abc", "label": "x"}, got "ab,x"',
  },
  {
    what: "half of a surrogate pair",
    given: rows(...json, '{"sequence": "\\ud800", "label": "x"}'),
    said: 'FILE, line 3, column 14: expected both halves of every surrogate pair, got "\\"\\\\ud800\\", \\"label"',
  },
  {
    what: "NaN",
    given: rows('{"sequence": [1, NaN], "label": "x"}'),
    said: 'FILE, line 1, column 18: expected a string, a number, true or false, got "NaN], \\"label\\": \\""',
  },
  {
    what: "no sequence",
    given: rows('{"name": "ab", "label": "x"}'),
    said: 'FILE, line 1: expected a field "sequence" or "text", or the one that --sequence names, got "name", "label"',
  },
  {
    what: "no sequence later",
    given: rows(...json, '{"sequense": "ab", "label": "x"}'),
    said: 'FILE, line 3: expected a field "sequence", got "sequense", "label"',
  },
  {
    what: "no label",
    given: rows(...json, '{"sequence": "ab"}'),
    said: 'FILE, line 3: expected a field "label", got "sequence"',
  },
  {
    what: "an empty object",
    given: rows(...json, "{}"),
    said: 'FILE, line 3: expected a field "sequence", got none',
  },
  {
    what: "null for a label",
    given: rows(...json, '{"sequence": "ab", "label": null}'),
    said: "FILE, line 3, label: expected a label, a string or a number, got null",
  },
  {
    what: "a blank label",
    given: rows(...json, '{"sequence": "ab", "label": " "}'),
    said: 'FILE, line 3, label: expected a label, a string or a number, got " "',
  },
  {
    what: "a number for a sequence",
    given: rows(...json, '{"sequence": 5, "label": "x"}'),
    said: "FILE, line 3, sequence: expected text, a list of strings, or a list of numbers, got 5",
  },
  {
    what: "an object for a sequence",
    given: rows(...json, '{"sequence": {"a": 1}, "label": "x"}'),
    said: "FILE, line 3, sequence: expected text, a list of strings, or a list of numbers, got an object",
  },
  {
    what: "an empty text",
    given: rows(...json, '{"sequence": "", "label": "x"}'),
    said: 'FILE, line 3, sequence: expected characters, got ""',
  },
  {
    what: "an empty list",
    given: rows('{"sequence": [], "label": "x"}'),
    said: "FILE, line 1, sequence: expected at least one step, got an empty list",
  },
  {
    what: "an empty step",
    given: rows('{"sequence": [[]], "label": "x"}'),
    said: "FILE, line 1, sequence[0]: expected numbers, got an empty list",
  },
  {
    what: "null among numbers",
    given: rows('{"sequence": [1, 2, null], "label": "x"}'),
    said: "FILE, line 1, sequence[2]: expected a number, got null",
  },
  {
    what: "a string among numbers",
    given: rows('{"sequence": [[1, 2], [3, "4"]], "label": "x"}'),
    said: 'FILE, line 1, sequence[1][1]: expected a number, got "4"',
  },
  {
    what: "a number among strings",
    given: rows('{"sequence": ["a", 2], "label": "x"}'),
    said: "FILE, line 1, sequence[1]: expected a string, got 2",
  },
  {
    what: "a number too large",
    given: rows('{"sequence": [1e300], "label": "x"}'),
    said: "FILE, line 1, sequence[0]: expected a number from -1e+100 to 1e+100, got 1e+300",
  },
  {
    what: "ragged steps",
    given: rows('{"sequence": [[1, 2], [3]], "label": "x"}'),
    said: "FILE, line 1, sequence[1]: expected a list of 2 numbers, as the first step has, got a list of 1",
  },
  {
    what: "a number among steps",
    given: rows('{"sequence": [[1, 2], 3], "label": "x"}'),
    said: "FILE, line 1, sequence[1]: expected a list of 2 numbers, as the first step has, got 3",
  },
  {
    what: "two forms",
    given: rows(...json, '{"sequence": [1, 2], "label": "x"}'),
    said: "FILE, line 3: expected text, as line 1 has, got one number a step",
  },
  {
    what: "two widths",
    given: rows('{"sequence": [[1, 2]], "label": "x"}', '{"sequence": [[1, 2, 3]], "label": "y"}'),
    said: "FILE, line 2: expected 2 numbers a step, as line 1 has, got 3 numbers a step",
  },
  {
    what: "a group",
    given: rows(...json),
    words: ["--group", "id"],
    said: "--group is for CSV, but FILE has JSON lines",
  },
  {
    what: "two fields for one",
    given: rows(...json),
    words: ["--sequence", "a,b"],
    said: '--sequence expects one field of JSON lines, not "a,b"',
  },
  {
    what: "read as CSV",
    given: rows(...json),
    words: ["--format", "csv"],
    said: `FILE, line 1, column 1: expected quotes around the whole cell, doubled ("") inside it, got one within it`,
  },
];

/** The table. `BPTT_PRINT=1 npx vitest run test/cli/classify/bad-input` prints it. */
export const badInputs: readonly { readonly kind: string; readonly inputs: readonly BadInput[] }[] = [
  { kind: "files", inputs: files },
  { kind: "CSV", inputs: csv },
  { kind: "JSON lines", inputs: jsonLines },
];
