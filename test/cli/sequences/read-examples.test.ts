import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Examples, Fields } from "../../../src/cli/sequences/examples.js";
import { parseExamples, readReading, type ReadingOption } from "../../../src/cli/sequences/read-examples.js";
import { csvRecord } from "../../../src/cli/table/write-csv.js";
import type { SequenceContent } from "../../../src/index.js";

interface Use {
  readonly given?: Partial<Record<ReadingOption, string>>;
  readonly labelled?: boolean;
  readonly learned?: Fields;
}

function read(text: string, { given = {}, labelled = true, learned }: Use = {}): Examples {
  const input = { name: "data", bytes: Buffer.from(text) };
  return parseExamples(input, readReading(given), { labelled, ...(learned && { learned }) });
}

const word = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 6 })
  .filter((text) => !text.includes("\0"));
const label = word.filter((text) => text.trim() !== "" && text === text.trim());
const number = fc.double({ min: -1e100, max: 1e100, noNaN: true }).map((x) => x + 0);

/** A matrix of as many columns in each row. */
const matrix = (least: number) =>
  fc
    .integer({ min: least, max: 4 })
    .chain((width) =>
      fc.array(fc.array(number, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 5 }),
    );

/** Empty lines in front of each line, to move it down. */
const gaps = fc.infiniteStream(fc.nat(2));

/** Joins lines with empty ones between them; says at which line each is. */
function spread(lines: readonly string[], between: Iterator<number>): { text: string; at: number[] } {
  let text = "";
  const at = lines.map((one) => {
    text += "\n".repeat(Number(between.next().value));
    const line = text.split("\n").length;
    text += `${one}\n`;
    return line;
  });
  return { text, at };
}

const plain = (sequence: SequenceContent): unknown =>
  "values" in sequence ? { ...sequence, values: Array.from(sequence.values) } : sequence;

describe("sequences read from CSV", () => {
  it("are the texts that were written, with labels and lines", () => {
    const drawn = fc.array(fc.tuple(word, label), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(drawn, gaps, fc.boolean(), (pairs, between, labelled) => {
        // Cells without a line's end, or lines would not be those of `spread`.
        fc.pre(pairs.flat().every((cell) => !/[\r\n]/.test(cell)));
        const { text, at } = spread(["text,label", ...pairs.map((cells) => csvRecord(cells))], between);
        const { sequences, labels, lines, fields } = read(text, { labelled, given: { delimiter: "comma" } });
        expect(sequences).toEqual(pairs.map(([one]) => ({ text: one })));
        expect(labels).toEqual(labelled ? pairs.map(([, one]) => one) : []);
        expect(lines).toEqual(at.slice(1));
        expect(fields).toEqual({ label: "label", sequence: ["text"], group: undefined });
      }),
      { numRuns: 200 },
    );
  });

  it("have a number a step where there are columns of numbers", () => {
    fc.assert(
      fc.property(matrix(2), gaps, (rows, between) => {
        const header = ["id", ...rows[0].map((_, i) => `t${i}`), "kind"];
        const records = rows.map((row, i) => csvRecord([`n${i}`, ...row.map(String), `k${i}`]));
        const { text, at } = spread([header.join(","), ...records], between);
        const { sequences, labels, lines } = read(text, { given: { label: "kind", ignore: "id" } });
        expect(sequences.map(plain)).toEqual(rows.map((values) => ({ steps: values.length, values })));
        expect(labels).toEqual(rows.map((_, i) => `k${i}`));
        expect(lines).toEqual(at.slice(1));
      }),
      { numRuns: 100 },
    );
  });

  it("are rows of a group, wherever they stand", () => {
    const drawn = matrix(1).chain((rows) =>
      fc.tuple(fc.constant(rows), fc.array(fc.nat(2), { minLength: rows.length, maxLength: rows.length })),
    );
    fc.assert(
      fc.property(drawn, gaps, ([rows, ids], between) => {
        const header = ["id", ...rows[0].map((_, i) => `x${i}`), "label"];
        const records = rows.map((row, i) => csvRecord([`g${ids[i]}`, ...row.map(String), `k${ids[i]}`]));
        const { text, at } = spread([header.join(","), ...records], between);
        const found = read(text, { given: { group: "id" } });
        const order = [...new Set(ids)];
        const expected = order.map((id) => rows.filter((_, i) => ids[i] === id));
        expect(found.sequences.map(plain)).toEqual(
          expected.map((own) => ({ steps: own.length, values: own.flat() })),
        );
        expect(found.groups).toEqual(order.map((id) => `g${id}`));
        expect(found.labels).toEqual(order.map((id) => `k${id}`));
        expect(found.lines).toEqual(order.map((id) => at[1 + ids.indexOf(id)]));
      }),
      { numRuns: 100 },
    );
  });
});

describe("sequences read from JSON lines", () => {
  const sequences = fc.oneof(
    fc.array(word, { minLength: 1, maxLength: 4 }),
    fc.array(fc.array(word, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }),
    fc.array(fc.array(number, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }),
    fc
      .integer({ min: 1, max: 3 })
      .chain((width) =>
        fc.array(
          fc.array(fc.array(number, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 4 }),
          { minLength: 1, maxLength: 4 },
        ),
      ),
  );

  function expectedOf(value: unknown): unknown {
    if (typeof value === "string") return { text: value };
    const items = value as readonly unknown[];
    if (typeof items[0] === "string") return { tokens: items };
    return { steps: items.length, values: items.flat() };
  }

  it("are what was written, whatever else an object holds", () => {
    const others = fc.dictionary(word, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 2 });
    const labels = fc.oneof(label, fc.integer(), fc.boolean());
    fc.assert(
      fc.property(
        sequences,
        fc.array(labels, { minLength: 4, maxLength: 4 }),
        others,
        gaps,
        (values, told, other, between) => {
          const rows = values.map((value, i) => ({ ...other, sequence: value, label: told[i] }));
          const { text, at } = spread(
            rows.map((row) => JSON.stringify(row)),
            between,
          );
          const found = read(text);
          expect(found.sequences.map(plain)).toEqual(values.map(expectedOf));
          expect(found.labels).toEqual(rows.map((row) => String(row.label).trim()));
          expect(found.lines).toEqual(at);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe("what a model learned from", () => {
  const learned: Fields = { label: "kind", sequence: ["a", "b"], group: undefined };

  it("says which columns are read, but options say more", () => {
    const text = "a,b,c,label\n1,2,3,x\n4,5,6,y\n";
    expect(read(text, { labelled: false, learned }).sequences.map(plain)).toEqual([
      { steps: 2, values: [1, 2] },
      { steps: 2, values: [4, 5] },
    ]);
    const given = { sequence: "b,c", label: "label" };
    const found = read(text, { given, learned });
    expect(found.fields).toEqual({ label: "label", sequence: ["b", "c"], group: undefined });
    expect(found.labels).toEqual(["x", "y"]);
  });

  it("says nothing of a field where it was several columns, or of a group of JSON lines", () => {
    const text = '{"sequence": [1, 2], "kind": 1}\n';
    const found = read(text, { learned: { ...learned, group: "id" } });
    expect(found.fields).toEqual({ label: "kind", sequence: ["sequence"], group: undefined });
    expect(found.labels).toEqual(["1"]);
  });

  it("is a field that must be there", () => {
    expect(() =>
      read('{"sequence": "a"}\n', { labelled: false, learned: { ...learned, sequence: ["name"] } }),
    ).toThrow('data, line 1: expected a field "name", got "sequence"');
  });
});

it.each([
  ["format", "json", "--format expects csv, jsonl"],
  ["delimiter", "pipe", "--delimiter expects comma, semicolon, tab"],
  ["sequence", "a,,b", '--sequence expects names separated by commas, not "a,,b"'],
  ["ignore", "a, a", '--ignore has "a" twice'],
] as const)("refuses --%s %s", (option, value, message) => {
  expect(() => readReading({ [option]: value })).toThrow(message);
});
