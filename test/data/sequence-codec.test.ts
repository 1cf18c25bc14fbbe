import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/errors.js";
import type { LabelledSequence, SequenceContent } from "../../src/data/labelled-sequences.js";
import { SequenceCodec } from "../../src/data/sequence-codec.js";

const label = fc.string({ unit: "grapheme", maxLength: 4 });
const symbols = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "é", "𝄞", "z"), maxLength: 2 }), {
  minLength: 1,
  maxLength: 6,
});
const number = fc.double({ min: -1e100, max: 1e100, noNaN: true });

const texts = fc.record({
  text: fc.string({ unit: fc.constantFrom("a", "b", "é", "𝄞", "z"), minLength: 1, maxLength: 8 }),
  label,
});
const tokens = fc.record({ tokens: symbols, label });
const values = fc.integer({ min: 1, max: 3 }).chain((width) =>
  fc.array(
    fc.integer({ min: 1, max: 4 }).chain((steps) =>
      fc.record({
        steps: fc.constant(steps),
        values: fc.array(number, { minLength: steps * width, maxLength: steps * width }),
        label,
      }),
    ),
    { minLength: 2, maxLength: 6 },
  ),
);

/** Sequences of one kind with at least two labels. */
const sequences: fc.Arbitrary<LabelledSequence[]> = fc
  .oneof(
    fc.array(texts, { minLength: 2, maxLength: 8 }),
    fc.array(tokens, { minLength: 2, maxLength: 8 }),
    values,
  )
  .map((drawn): LabelledSequence[] => drawn)
  .filter((drawn) => new Set(drawn.map((one) => one.label)).size > 1);

/** The symbols of a text or of tokens. */
function symbolsOf(sequence: SequenceContent): readonly string[] {
  if ("text" in sequence) return Array.from(sequence.text);
  return "tokens" in sequence ? sequence.tokens : [];
}

describe("SequenceCodec", () => {
  it("gives each label its class, and reads the same after it was saved", () => {
    fc.assert(
      fc.property(sequences, (drawn) => {
        const codec = SequenceCodec.from(drawn);
        const items = codec.items(drawn);
        expect(codec.labels).toEqual([...new Set(drawn.map((one) => one.label))].sort());
        expect(items.map(({ targets }) => "class" in targets && codec.labels[targets.class])).toEqual(
          drawn.map((one) => one.label),
        );
        expect(codec.inputs(drawn)).toEqual(items.map(({ inputs }) => inputs));
        const again = SequenceCodec.parse(JSON.stringify(codec));
        expect([again.kind, again.inputSize, again.labels]).toEqual([
          codec.kind,
          codec.inputSize,
          codec.labels,
        ]);
        expect(again.items(drawn)).toEqual(items);
      }),
      { numRuns: 300 },
    );
  });

  it("numbers the symbols that occur twice, and takes all others for one", () => {
    const drawn = fc
      .array(fc.oneof(texts), { minLength: 2 })
      .filter((all) => new Set(all.map((one) => one.label)).size > 1);
    fc.assert(
      fc.property(drawn, (all) => {
        const codec = SequenceCodec.from(all);
        const every = all.flatMap(symbolsOf);
        const often = [...new Set(every)].filter((one) => every.filter((other) => other === one).length > 1);
        const known = (often.length > 0 ? often : [...new Set(every)]).sort();
        expect(codec.inputSize).toBe(known.length + 1);
        const [{ tokens: read }] = codec
          .inputs([{ text: `${every.join("")}q` }])
          .map((one) => ({ tokens: "tokens" in one ? Array.from(one.tokens) : [] }));
        const expected = [...every, "q"].map((one) =>
          known.includes(one) ? known.indexOf(one) : known.length,
        );
        expect(read).toEqual(expected);
      }),
      { numRuns: 100 },
    );
  });

  it("scales each column to mean 0 and deviation 1, and leaves one that does not vary at 0", () => {
    const all = [
      { steps: 2, values: [1, 0.1, 1e9, 3, 0.1, 1e9 + 2], label: "a" },
      { steps: 1, values: [8, 0.1, 1e9 + 4], label: "b" },
    ];
    const read = SequenceCodec.from(all)
      .inputs(all)
      .flatMap((one) => ("values" in one ? Array.from(one.values) : []));
    const columns: [number, number[]][] = [
      [0, [1, 3, 8]],
      [2, [0, 2, 4]],
    ];
    for (const [column, expected] of columns) {
      const mean = expected.reduce((sum, x) => sum + x, 0) / 3;
      const deviation = Math.sqrt(expected.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 3);
      expected.forEach((x, t) => {
        expect(read[3 * t + column]).toBeCloseTo((x - mean) / deviation, 5);
      });
    }
    expect([read[1], read[4], read[7]]).toEqual([0, 0, 0]);
  });

  const a: LabelledSequence = { text: "abc", label: "x" };
  const b: LabelledSequence = { text: "bcd", label: "y" };
  const two: LabelledSequence = { steps: 1, values: [1, 2], label: "x" };
  it.each<[string, unknown[], string]>([
    ["none", [], '"sequences" expected at least two labels, got none'],
    ["one label", [a, a], '"sequences" expected at least two labels, got "x"'],
    [
      "two kinds",
      [a, { tokens: ["a"], label: "y" }],
      '"sequences[1]" expected text, as the first, got tokens',
    ],
    [
      "two widths",
      [two, { ...two, steps: 2 }],
      '"sequences[1]" expected 2 values a step, as the first, got 1 values a step',
    ],
    [
      "two kinds in one",
      [a, { text: "a", tokens: ["a"], label: "y" }],
      '"sequences[1]" expected exactly one of text, tokens and values, got text and tokens',
    ],
    [
      "nothing in one",
      [{ label: "x" }],
      '"sequences[0]" expected exactly one of text, tokens and values, got none',
    ],
    ["no object", [a, "b"], '"sequences[1]" expected an object, got "b"'],
    ["no label", [a, { text: "b" }], '"sequences[1].label" expected a string, got undefined'],
    ["an empty text", [a, { text: "", label: "y" }], '"sequences[1].text" expected characters, got ""'],
    [
      "half a surrogate pair",
      [a, { text: "\ud800", label: "y" }],
      '"sequences[1].text" expected Unicode text',
    ],
    [
      "half a pair in a label",
      [a, { text: "b", label: "\udc00" }],
      '"sequences[1].label" expected Unicode text',
    ],
    [
      "no tokens",
      [a, { tokens: [], label: "y" }],
      '"sequences[1].tokens" expected at least one token, got none',
    ],
    [
      "a number among tokens",
      [a, { tokens: ["a", 1], label: "y" }],
      '"sequences[1].tokens[1]" expected a string, got 1',
    ],
    ["no steps", [{ values: [1], label: "y" }], '"sequences[0].steps" expected an integer, got undefined'],
    [
      "values that do not divide",
      [{ steps: 2, values: [1, 2, 3], label: "y" }],
      '"sequences[0].values" expected as many values at each of 2 steps, got 3',
    ],
    [
      "NaN",
      [two, { ...two, values: [1, NaN], label: "y" }],
      '"sequences[1].values[1]" expected a finite number',
    ],
    [
      "a number too large",
      [two, { ...two, values: [1e200, 1], label: "y" }],
      '"sequences[1].values[0]" expected a finite number',
    ],
  ])("refuses %s", (_, given, message) => {
    expect(() => SequenceCodec.from(given as LabelledSequence[])).toThrow(message);
  });

  it("refuses what differs from what it learned of", () => {
    const codec = SequenceCodec.from([a, b]);
    expect(() => codec.items([a, { text: "a", label: "z" }])).toThrow(
      '"sequences[1].label" expected one of "x", "y", got "z"',
    );
    expect(() => codec.inputs([a, { tokens: ["a"] }])).toThrow('"sequences[1]" expected text, got tokens');
    const numbers = SequenceCodec.from([two, { ...two, values: [1, 3], label: "y" }]);
    expect(() => numbers.inputs([{ steps: 1, values: [1] }])).toThrow(
      '"sequences[0]" expected 2 values a step, got 1 values a step',
    );
    expect(() => numbers.inputs([{ steps: 1, values: [1, 1e60] }])).toThrow(
      '"sequences[0].values[1]" expected a number near those learned from, 2.5 ± 0.5, got 1e+60',
    );
  });

  const saved = { kind: "text", labels: ["x", "y"], symbols: ["a"] };
  it.each<[string, unknown, string]>([
    ["other text", "x", "JSON"],
    ["null", null, "labels"],
    ["a kind unknown", { ...saved, kind: "image" }, 'got "image"'],
    ["one label", { ...saved, labels: ["x"] }, "labels expected at least 2 distinct strings"],
    ["a label twice", { ...saved, labels: ["x", "x"] }, "labels expected at least 2 distinct strings"],
    [
      "a number for a label",
      { ...saved, labels: ["x", "y", 3] },
      "labels expected at least 2 distinct strings",
    ],
    ["no symbols", { ...saved, symbols: undefined }, "symbols expected at least 1"],
    ["no scales", { ...saved, kind: "values" }, "scales expected at least one"],
    ["a factor of 0", { ...saved, kind: "values", scales: [{ offset: 0, factor: 0 }] }, "a factor above 0"],
    ["an offset missing", { ...saved, kind: "values", scales: [{ factor: 1 }] }, "an offset and a factor"],
  ])("is not read of %s", (_, given, message) => {
    const text = given === "x" ? "x" : JSON.stringify(given);
    expect(() => SequenceCodec.parse(text)).toThrow(FormatError);
    expect(() => SequenceCodec.parse(text)).toThrow(message);
  });
});
