import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SequenceItem } from "../../src/data/items.js";
import { sequenceSet, type SequenceSet } from "../../src/data/sequence-set.js";
import type { TrainingWindow } from "../../src/data/training-data.js";
import { subclassed } from "../network/untyped.js";

function windowsOf(data: SequenceSet): TrainingWindow[] {
  return [...data];
}

/** Steps past the rows' lengths. */
function paddingIn(windows: readonly TrainingWindow[]): number {
  let padding = 0;
  for (const { inputs } of windows)
    for (const length of inputs.lengths ?? []) padding += inputs.steps - length;
  return padding;
}

interface Found {
  tokens: number[];
  classes: number[];
}

/** The tokens of each sequence, unpadded, with the classes at its steps: of each row those that begin anew in it. */
function sequencesOf(windows: readonly TrainingWindow[]): Found[] {
  return windows.flatMap(({ inputs, targets }) =>
    Array.from({ length: inputs.batch }, (_, b) => {
      const row: Found[] = [];
      for (let t = 0; t < (inputs.lengths?.[b] ?? NaN); t++) {
        const at = t * inputs.batch + b;
        if (t === 0 || inputs.resets?.[at] === 1) row.push({ tokens: [], classes: [] });
        row[row.length - 1].tokens.push(inputs.tokens?.[at] ?? NaN);
        row[row.length - 1].classes.push(targets.classes?.[at] ?? NaN);
      }
      return row;
    }).flat(),
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

  it("packed gives every sequence once an epoch too, whole, in the first row with room, and says the padding", () => {
    let packed = 0;
    fc.assert(
      fc.property(
        items,
        fc.integer({ min: 1, max: 7 }),
        fc.boolean(),
        fc.nat(),
        (given, batch, shuffle, seed) => {
          const options = { batch, shuffle, seed };
          const [data, plain] = [true, false].map((pack) =>
            sequenceSet(given.map(toItem), { ...options, pack }),
          );
          const longest = Math.max(...given.map(({ length }) => length));
          const [inOrder, unpacked] = [true, false].map((pack) =>
            paddingIn(windowsOf(sequenceSet(given.map(toItem), { batch, pack }))),
          );
          expect(data.padding).toEqual({ packed: inOrder, unpacked });
          expect(plain.padding).toEqual(data.padding);
          for (let epoch = 0; epoch < 2; epoch++) {
            const windows = windowsOf(data);
            const order = sequencesOf(windowsOf(plain)).map(({ tokens }) => tokens);
            const found = windows.map((window) => sequencesOf([window]).map(({ tokens }) => tokens));
            const text = (list: unknown[]): string[] => list.map((value) => JSON.stringify(value)).sort();
            // Windows come in the order of the sequences, rows within them as there was room.
            let at = 0;
            windows.forEach(({ inputs, targets }, w) => {
              expect(text(found[w])).toEqual(text(order.slice(at, at + found[w].length)));
              at += found[w].length;
              expect(inputs.batch).toBeLessThanOrEqual(batch);
              expect(inputs.steps).toBeLessThanOrEqual(longest);
              expect(inputs.steps).toBe(Math.max(...(inputs.lengths ?? [])));
              // The next sequence had no room in any row.
              const next = order.at(at);
              if (next === undefined) return;
              expect(inputs.batch).toBe(batch);
              for (const length of inputs.lengths ?? [])
                expect(length + next.length).toBeGreaterThan(longest);
              expect(targets.classes).toHaveLength(inputs.steps * inputs.batch);
            });
            expect(at).toBe(given.length);
            for (const { tokens, classes } of sequencesOf(windows))
              expect(classes).toEqual(tokens.map((x) => x + 1));
            if (windows.some(({ inputs }) => inputs.resets !== undefined)) packed++;
          }
        },
      ),
    );
    expect(packed).toBeGreaterThan(50);
  });

  it("packs rows from left to right, with each target at its own sequence's step", () => {
    const of = (...values: number[]): SequenceItem => ({
      inputs: { steps: values.length, values: Float32Array.from(values) },
      targets: { value: values[0] * 10 },
    });
    const data = sequenceSet([of(1), of(2, 2, 2), of(3, 3), of(4)], { batch: 2, pack: true });
    expect(data.padding).toEqual({ packed: 0, unpacked: 3 });
    expect(windowsOf(data)).toEqual([
      {
        inputs: {
          steps: 3,
          batch: 2,
          lengths: Int32Array.of(3, 3),
          resets: Uint8Array.of(0, 0, 1, 0, 0, 0),
          values: Float32Array.of(1, 2, 3, 2, 3, 2),
        },
        targets: { values: Float32Array.of(10, NaN, NaN, NaN, 30, 20) },
        sequenceTargets: { values: Float32Array.of(30, 20) },
        carry: false,
      },
      {
        inputs: { steps: 1, batch: 1, lengths: Int32Array.of(1), values: Float32Array.of(4) },
        targets: { values: Float32Array.of(40) },
        sequenceTargets: { values: Float32Array.of(40) },
        carry: false,
      },
    ]);
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
        sequenceTargets: { values: Float32Array.of(5, 8) },
        carry: false,
      },
    ]);
  });

  it("has targets of whole sequences, with their weights, beside those of steps", () => {
    const items: SequenceItem[] = [
      { inputs: { tokens: Uint8Array.of(1, 2) }, targets: { class: 1 }, weight: 3 },
      { inputs: { tokens: Uint8Array.of(2) }, targets: { classes: Int32Array.of(0) } },
    ];
    const [window] = windowsOf(sequenceSet(items, { batch: 2, classWeights: [5, 2] }));
    expect(window.targets).toEqual({
      classes: Int32Array.of(-1, 0, 1, -1),
      weights: Float32Array.of(0, 5, 6, 0),
    });
    expect(window.sequenceTargets).toEqual({ classes: Int32Array.of(1, -1), weights: Float32Array.of(6, 0) });
    expect(windowsOf(sequenceSet([items[1]], { batch: 1 }))[0]).not.toHaveProperty("sequenceTargets");
  });

  it("places one class at a sequence's own last step", () => {
    const data = sequenceSet(
      [
        { inputs: { tokens: Uint8Array.of(1) }, targets: { class: 7 } },
        { inputs: { tokens: Uint8Array.of(2, 3, 4) }, targets: { class: 9 } },
      ],
      { batch: 4 },
    );
    const [{ targets, sequenceTargets }] = windowsOf(data);
    expect(targets).toEqual({ classes: Int32Array.of(7, -1, -1, -1, -1, 9) });
    expect(sequenceTargets).toEqual({ classes: Int32Array.of(7, 9) });
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

  // A Buffer's slice is no copy.
  it.each<[string, Uint8Array]>([
    ["a Buffer", Buffer.from([1, 2])],
    ["shared memory", new Uint8Array(new SharedArrayBuffer(2))],
    ["a subclass", subclassed(Uint8Array.of(1, 2), { slice: () => new Uint8Array(9), length: 1 })],
  ])("keeps nothing of %s", (_, tokens) => {
    Uint8Array.prototype.set.call(tokens, [1, 2]);
    const data = sequenceSet([{ inputs: { tokens }, targets: { class: 0 } }], { batch: 1 });
    Uint8Array.prototype.fill.call(tokens, 9);
    expect(windowsOf(data)[0]?.inputs.tokens).toEqual(Int32Array.of(1, 2));
  });

  it("reads subclasses' targets as they are", () => {
    const slice = { slice: () => new Float32Array(9) };
    const inputs = { tokens: Uint8Array.of(1, 2) };
    const classes = subclassed(Int32Array.of(1, 0), { slice: () => new Int32Array(9) });
    const [first] = sequenceSet([{ inputs, targets: { classes } }], { batch: 1 });
    expect(first.targets).toEqual({ classes: Int32Array.of(1, 0) });
    const values = subclassed(Float32Array.of(1, 2, 3, 4), slice);
    const [second] = sequenceSet([{ inputs, targets: { values } }], { batch: 1 });
    expect(second.targets).toEqual({ values: Float32Array.of(1, 2, 3, 4) });
  });

  it("has targets of whole sequences only where an item's one target is given", () => {
    const inputs = { tokens: Uint8Array.of(1, 2) };
    const targets = { classes: Int32Array.of(1, 0), class: undefined, value: undefined };
    const [window] = sequenceSet([{ inputs, targets }], { batch: 1 });
    expect(window).not.toHaveProperty("sequenceTargets");
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
    [
      "pack that is no boolean",
      [1],
      { batch: 1, pack: 1 },
      TypeError,
      /"pack" expected true or false, got 1/,
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
