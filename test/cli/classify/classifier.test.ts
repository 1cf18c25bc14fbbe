import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makeClassifierData } from "../../../src/cli/classify/classifier-data.js";
import { loadClassifier, saveClassifier } from "../../../src/cli/classify/classifier-file.js";
import { weightings } from "../../../src/cli/classify/classify-options.js";
import { figureLines, measureClassifier } from "../../../src/cli/classify/measure-classifier.js";
import type { Fields } from "../../../src/cli/sequences/examples.js";
import {
  predictClasses,
  saveNetwork,
  SequenceCodec,
  sequenceSet,
  stratifiedSplit,
  type TrainingWindow,
} from "../../../src/index.js";
import { letterTexts, planned, smallNetwork } from "./drawn.js";

/** Texts with the labels that are given. */
function examplesOf(labels: readonly string[]) {
  return { ...letterTexts(labels.length), labels };
}

/** Labels of which at least one comes twice. */
const manyLabels = fc
  .array(fc.constantFrom("x", "y", "z", "constructor"), { minLength: 3, maxLength: 40 })
  .filter((all) => new Set(all).size > 1 && new Set(all).size < all.length);

const seeds = fc.integer({ min: -5, max: 5 });

describe("what a classifier learns from", () => {
  it("is the part of each label's sequences that is not held out", () => {
    fc.assert(
      fc.property(manyLabels, seeds, (labels, seed) => {
        const data = makeClassifierData(examplesOf(labels), { ...planned, seed });
        const split = stratifiedSplit(labels, { heldOut: planned.heldOut, seed });
        expect(data.rows).toEqual({ training: split.training.length, heldOut: split.heldOut.length });
        expect(data.codec.labels).toEqual([...new Set(labels)].sort());
        const own = split.training.map((i) => labels[i]);
        expect(data.counts).toEqual(
          data.codec.labels.map((label) => own.filter((one) => one === label).length),
        );
        expect([...(data.training as Iterable<TrainingWindow>)]).toHaveLength(data.updates);
      }),
      { numRuns: 100 },
    );
  });

  it("counts as much as is asked for", () => {
    fc.assert(
      fc.property(manyLabels, fc.constantFrom(...weightings), (labels, weighting) => {
        const { training, watched, counts, rows } = makeClassifierData(examplesOf(labels), {
          ...planned,
          weighting,
        });
        const present = counts.filter((count) => count > 0).length;
        for (const { sequenceTargets } of [
          ...(training as Iterable<TrainingWindow>),
          ...(watched as Iterable<TrainingWindow>),
        ]) {
          sequenceTargets?.classes?.forEach((one, b) => {
            const balanced = rows.training / (present * counts[one]);
            const weight = { none: 1, root: Math.sqrt(balanced), balanced }[weighting];
            expect(sequenceTargets.weights?.[b] ?? 1).toBeCloseTo(weight, 5);
          });
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe("the figures of a classifier", () => {
  /** F1 of each class that is a target or told, averaged. */
  function slowMacroF1(targets: readonly string[], told: readonly string[]): number {
    const classes = [...new Set([...targets, ...told])];
    const scores = classes.map((one) => {
      const right = targets.filter((target, i) => target === one && told[i] === one).length;
      const of = (all: readonly string[]): number => all.filter((other) => other === one).length;
      return (2 * right) / (of(targets) + of(told));
    });
    return scores.reduce((sum, score) => sum + score, 0) / classes.length;
  }

  it("are those of its answers, one by one, and of always the same one", async () => {
    await fc.assert(
      fc.asyncProperty(manyLabels, seeds, async (labels, seed) => {
        const examples = examplesOf(labels);
        const codec = SequenceCodec.from(examples.sequences.map((one, i) => ({ ...one, label: labels[i] })));
        using network = smallNetwork(codec, seed);
        const items = codec.items(examples.sequences.map((one, i) => ({ ...one, label: labels[i] })));
        const counts = codec.labels.map((label) => labels.filter((one) => one === label).length);
        const figures = await measureClassifier(network, sequenceSet(items, { batch: 5 }), {
          labels: codec.labels,
          counts,
        });
        const told = predictClasses(network, codec.inputs(examples.sequences)).map(
          ({ classes }) => codec.labels[classes[0]],
        );
        const share = (all: readonly string[]): number =>
          all.filter((one, i) => one === labels[i]).length / labels.length;
        expect(figures.accuracy).toBeCloseTo(share(told), 12);
        expect(figures.macroF1).toBeCloseTo(slowMacroF1(labels, told), 12);
        const commonest = codec.labels[counts.indexOf(Math.max(...counts))];
        const always = labels.map(() => commonest);
        expect(figures.majority.label).toBe(commonest);
        expect(figures.majority.accuracy).toBeCloseTo(share(always), 12);
        expect(figures.majority.macroF1).toBeCloseTo(slowMacroF1(labels, always), 12);
        expect(figures.labels.map(({ rows }) => rows)).toEqual(counts);
        const confusion = codec.labels.map((label) =>
          codec.labels.map((other) => labels.filter((one, i) => one === label && told[i] === other).length),
        );
        expect(figures.confusion).toEqual(confusion);
      }),
      { numRuns: 60 },
    );
  });

  it("are printed without what moves the cursor, the largest labels of many", () => {
    const labels = Array.from({ length: 50 }, (_, i) => `\x1b[${i}m`);
    const lines = figureLines({
      rows: 1275,
      loss: 1,
      accuracy: 0.5,
      macroF1: 0.25,
      majority: { label: labels[0], accuracy: 0.1, macroF1: 0.01 },
      labels: labels.map((label, i) => ({ label, rows: i, precision: NaN, recall: 0, f1: 0 })),
      confusion: labels.map(() => labels.map(() => 0)),
    });
    expect(lines.join("\n")).not.toContain("\x1b");
    expect(lines.find((line) => line.includes("·[49m"))).toMatch(/ 49 +- +0\.000 +0\.000$/);
    expect(lines.some((line) => line.includes("·[9m"))).toBe(false);
    expect(lines.at(-1)).toBe("and 10 labels with fewer sequences");
  });
});

describe("a classifier's file", () => {
  const examples = letterTexts(30);
  const { codec, counts } = makeClassifierData(examples, planned);
  const network = smallNetwork(codec);
  const fields: Fields = { label: "kind of, it", sequence: ["text"], group: undefined };
  const trained = { steps: 3, heldOut: 0.5 };
  const bytes = saveClassifier({ network, codec, fields, counts }, trained);

  it.each<Fields>([fields, { label: "__proto__", sequence: ["a", "b,c"], group: "id" }])(
    "holds all that it takes to read data: %j",
    (given) => {
      const loaded = loadClassifier(
        "file",
        saveClassifier({ network, codec, fields: given, counts }, trained),
      );
      expect(loaded.fields).toEqual(given);
      expect(loaded.counts).toEqual(counts);
      expect(JSON.stringify(loaded.codec)).toBe(JSON.stringify(codec));
      const inputs = codec.inputs(examples.sequences);
      expect(predictClasses(loaded.network, loaded.codec.inputs(examples.sequences))).toEqual(
        predictClasses(network, inputs),
      );
    },
  );

  const sequences = JSON.stringify(codec);
  const classifier = JSON.stringify({ format: 1, ...fields, counts });
  const other = SequenceCodec.from(["x", "y", "z"].map((label) => ({ text: "aab", label })));
  const changed = (change: object): string => JSON.stringify({ format: 1, ...fields, counts, ...change });
  it.each<[string, Record<string, string>, string]>([
    ["no codec", { classifier }, "a sequence codec expected JSON"],
    ["no fields", { sequences }, "JSON"],
    ["a list for fields", { sequences, classifier: "[]" }, "expected an object"],
    [
      "another format",
      { sequences, classifier: changed({ format: 2 }) },
      '"format" expected an integer from 1 to 1, got 2',
    ],
    ["no label", { sequences, classifier: changed({ label: 5 }) }, "its label is no string"],
    ["no sequence", { sequences, classifier: changed({ sequence: "text" }) }, "its sequence is no list"],
    [
      "a number for a column",
      { sequences, classifier: changed({ sequence: [1] }) },
      "its sequence is no string",
    ],
    ["a number for a group", { sequences, classifier: changed({ group: 1 }) }, "its group is no string"],
    ["too few counts", { sequences, classifier: changed({ counts: [1] }) }, "it counts 1 labels, and has 2"],
    [
      "a count below 0",
      { sequences, classifier: changed({ counts: [1, -1] }) },
      '"counts" expected an integer',
    ],
    [
      "the codec of others",
      { sequences: JSON.stringify(other), classifier: changed({ counts: [1, 1, 1] }) },
      "its network is not of the size of its labels and sequences",
    ],
  ])("is refused with %s", (_, metadata, message) => {
    expect(() => loadClassifier("file", saveNetwork(network, metadata))).toThrow(
      `file is no model of bptt classify: `,
    );
    expect(() => loadClassifier("file", saveNetwork(network, metadata))).toThrow(message);
  });

  it("is refused where it is cut short", () => {
    expect(() => loadClassifier("file", bytes.subarray(0, bytes.length - 1))).toThrow(
      "file is no model of bptt classify: ",
    );
  });
});
