import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SequenceItem } from "../../src/data/items.js";
import { sequenceSet } from "../../src/data/sequence-set.js";
import type { TrainingWindow } from "../../src/data/training-data.js";

function windowsOf(data: ReturnType<typeof sequenceSet>): TrainingWindow[] {
  if (!(Symbol.iterator in data)) throw new TypeError("a sequence set is no async iterable");
  return [...data];
}

/** The tokens of each sequence, unpadded, with the classes at its steps. */
function sequencesOf(windows: readonly TrainingWindow[]): { tokens: number[]; classes: number[] }[] {
  return windows.flatMap(({ inputs, targets }) =>
    Array.from({ length: inputs.batch }, (_, b) => {
      const steps = Array.from({ length: inputs.lengths?.[b] ?? NaN }, (__, t) => t * inputs.batch + b);
      return {
        tokens: steps.map((at) => inputs.tokens?.[at] ?? NaN),
        classes: steps.map((at) => targets.classes?.[at] ?? NaN),
      };
    }),
  );
}

const item = fc.array(fc.nat(200), { minLength: 1, maxLength: 12 });
const items = fc.array(item, { minLength: 1, maxLength: 20 });

function toItem(tokens: readonly number[]): SequenceItem {
  return {
    inputs: { tokens: Uint8Array.from(tokens) },
    targets: { classes: Int32Array.from(tokens, (x) => x + 1) },
  };
}

describe("sequenceSet", () => {
  it("gives every sequence once an epoch, with its own targets, whatever the batch", () => {
    fc.assert(
      fc.property(
        items,
        fc.integer({ min: 1, max: 7 }),
        fc.boolean(),
        fc.nat(),
        (given, batch, shuffle, seed) => {
          const data = sequenceSet(given.map(toItem), { batch, shuffle, seed });
          for (let epoch = 0; epoch < 2; epoch++) {
            const windows = windowsOf(data);
            expect(windows).toHaveLength(Math.ceil(given.length / batch));
            const sequences = sequencesOf(windows);
            const sorted = (list: unknown[]): string[] => list.map((value) => JSON.stringify(value)).sort();
            expect(sorted(sequences.map(({ tokens }) => tokens))).toEqual(sorted(given));
            for (const { tokens, classes } of sequences) expect(classes).toEqual(tokens.map((x) => x + 1));
            if (!shuffle) expect(sequences.map(({ tokens }) => tokens)).toEqual(given);
          }
        },
      ),
    );
  });

  it("pads each batch to its longest, with -1 and NaN where there is no target, and carries nothing", () => {
    const data = sequenceSet(
      [
        { inputs: { steps: 2, values: Float32Array.of(1, 2, 3, 4) }, targets: { value: 5 } },
        { inputs: { steps: 1, values: Float32Array.of(6, 7) }, targets: { value: Float32Array.of(8) } },
      ],
      { batch: 2 },
    );
    expect(windowsOf(data)).toEqual([
      {
        inputs: {
          steps: 2,
          batch: 2,
          lengths: Int32Array.of(2, 1),
          values: Float32Array.of(1, 2, 6, 7, 3, 4, 0, 0),
        },
        targets: { values: Float32Array.of(NaN, 8, 5, NaN) },
        carry: false,
      },
    ]);
  });

  it("places one class at a sequence's own last step", () => {
    const data = sequenceSet(
      [
        { inputs: { tokens: Uint8Array.of(1) }, targets: { class: 7 } },
        { inputs: { tokens: Uint8Array.of(2, 3, 4) }, targets: { class: 9 } },
      ],
      { batch: 4 },
    );
    expect(windowsOf(data)[0]?.targets).toEqual({ classes: Int32Array.of(7, -1, -1, -1, -1, 9) });
  });

  it("shuffles anew each epoch, and the same way from the same seed", () => {
    const given = Array.from({ length: 50 }, (_, i) => toItem([i]));
    const epochs = (seed: number): string[] => {
      const data = sequenceSet(given, { batch: 50, shuffle: true, seed });
      return [0, 1].map(() =>
        sequencesOf(windowsOf(data))
          .map(({ tokens }) => tokens[0])
          .join(),
      );
    };
    const [first, second] = epochs(1);
    expect(second).not.toBe(first);
    expect(epochs(1)).toEqual([first, second]);
    expect(epochs(2)[0]).not.toBe(first);
  });

  it("keeps nothing of what it was given", () => {
    const tokens = Uint8Array.of(1, 2);
    const data = sequenceSet([{ inputs: { tokens }, targets: { class: 0 } }], { batch: 1 });
    tokens.fill(9);
    expect(windowsOf(data)[0]?.inputs.tokens).toEqual(Int32Array.of(1, 2));
    windowsOf(data)[0]?.inputs.tokens?.fill(9);
    expect(windowsOf(data)[0]?.inputs.tokens).toEqual(Int32Array.of(1, 2));
  });

  const tokens = { tokens: Uint8Array.of(1, 2) };
  it.each<[string, unknown, unknown, ErrorConstructor, RegExp]>([
    ["no items", [], { batch: 1 }, RangeError, /"items" expected at least one/],
    ["no options", [], undefined, TypeError, /"options" expected an object/],
    [
      "a batch of 0",
      [],
      { batch: 0 },
      RangeError,
      /"batch" expected an integer of at least|"batch" expected/,
    ],
    ["an item that is none", [1], { batch: 1 }, TypeError, /"items\[0\]" expected an object, got 1/],
    [
      "no inputs",
      [{ targets: { class: 1 } }],
      { batch: 1 },
      TypeError,
      /"items\[0\].inputs" expected an object/,
    ],
    [
      "neither input",
      [{ inputs: {}, targets: { class: 1 } }],
      { batch: 1 },
      TypeError,
      /exactly one of tokens and values/,
    ],
    [
      "no tokens",
      [{ inputs: { tokens: new Uint8Array() }, targets: { class: 1 } }],
      { batch: 1 },
      RangeError,
      /at least one token/,
    ],
    [
      "values without steps",
      [{ inputs: { values: new Float32Array(2) }, targets: { class: 1 } }],
      { batch: 1 },
      TypeError,
      /inputs.steps" expected/,
    ],
    [
      "a part of a step",
      [{ inputs: { steps: 2, values: new Float32Array(3) }, targets: { class: 1 } }],
      { batch: 1 },
      RangeError,
      /at each of 2 steps, got 3/,
    ],
    [
      "no target",
      [{ inputs: tokens, targets: {} }],
      { batch: 1 },
      TypeError,
      /exactly one of classes, values, class and value, got none/,
    ],
    [
      "two targets",
      [{ inputs: tokens, targets: { class: 1, value: 2 } }],
      { batch: 1 },
      TypeError,
      /got class and value/,
    ],
    [
      "too few classes",
      [{ inputs: tokens, targets: { classes: Int32Array.of(1) } }],
      { batch: 1 },
      RangeError,
      /expected 2 values \(\[T=2\]\), got 1/,
    ],
    [
      "other inputs",
      [
        { inputs: tokens, targets: { class: 1 } },
        { inputs: { steps: 1, values: Float32Array.of(1) }, targets: { class: 1 } },
      ],
      { batch: 1 },
      RangeError,
      /"items\[1\].inputs" expected tokens, as the first item, got 1 values a step/,
    ],
    [
      "other targets",
      [
        { inputs: tokens, targets: { class: 1 } },
        { inputs: tokens, targets: { value: 1 } },
      ],
      { batch: 1 },
      RangeError,
      /"items\[1\].targets" expected classes, as the first item, got 1 values a step/,
    ],
  ])("refuses %s", (_, given, options, type, message) => {
    const call = (): unknown => Reflect.apply(sequenceSet, undefined, [given, options]);
    expect(call).toThrow(type);
    expect(call).toThrow(message);
  });
});
