import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evaluate } from "../../../src/train/evaluate.js";
import { ClassificationMetrics, MOST_CLASSES } from "../../../src/train/metrics/classification.js";
import { createNetwork } from "../../../src/network/create-network.js";
import { Random } from "../../../src/random.js";
import { drawSequence, drawTarget } from "../../network/drawn.js";

interface Row {
  outputs: number[];
  target: number;
  weight: number;
}

/** Rows of few distinct outputs, so that many are equal, and quarters for weights, whose sums are exact. */
const rows = fc.integer({ min: 1, max: 5 }).chain((C) =>
  fc.tuple(
    fc.constant(C),
    fc.array(
      fc.record({
        outputs: fc.array(fc.oneof(fc.integer({ min: -2, max: 2 }), fc.constantFrom(NaN, -Infinity)), {
          minLength: C,
          maxLength: C,
        }),
        target: fc.integer({ min: -1, max: C - 1 }),
        weight: fc.integer({ min: 0, max: 8 }).map((x) => x / 4),
      }),
      { maxLength: 24 },
    ),
  ),
);

/** Adds rows in parts of this many. */
function fill(
  metrics: ClassificationMetrics,
  given: readonly Row[],
  part: number,
  weighted: boolean,
): ClassificationMetrics {
  for (let from = 0; from < given.length; from += part) {
    const some = given.slice(from, from + part);
    metrics.add(
      Float32Array.from(some.flatMap(({ outputs }) => outputs)),
      Int32Array.from(some, ({ target }) => target),
      weighted ? Float32Array.from(some, ({ weight }) => weight) : undefined,
    );
  }
  return metrics;
}

/** The classes from the best guess to the last, the first of equals first; those of NaN are no guess. */
function guesses({ outputs }: Row): number[] {
  return outputs
    .map((_, c) => c)
    .filter((c) => !Number.isNaN(outputs[c]))
    .sort((a, b) => (outputs[a] === outputs[b] ? a - b : outputs[b] - outputs[a]));
}

/** a/b in float64, NaN for 0/0. */
const share = (a: number, b: number): number => a / b;

/** The definitions, over all rows at once. */
function byDefinition(C: number, given: readonly Row[], k: number, weighted: boolean) {
  const targets = given.filter(({ target }) => target >= 0);
  const sum = (which: (row: Row) => boolean): number =>
    targets.filter(which).reduce((total, { weight }) => total + (weighted ? weight : 1), 0);
  const classes = Array.from({ length: C }, (_, c) => c);
  const weight = sum(() => true);
  const cell = (truth: number, guess: number): number =>
    sum((row) => row.target === truth && guesses(row)[0] === guess);
  const support = classes.map((c) => sum(({ target }) => target === c));
  const predicted = classes.map((c) => sum((row) => guesses(row)[0] === c));
  const f1 = classes.map((c) => share(2 * cell(c, c), support[c] + predicted[c]));
  const known = f1.filter((one) => !Number.isNaN(one));
  return {
    count: targets.length,
    weight,
    accuracy: share(
      sum((row) => guesses(row)[0] === row.target),
      weight,
    ),
    topK: share(
      sum((row) => guesses(row).slice(0, k).includes(row.target)),
      weight,
    ),
    confusion: Float64Array.from(classes.flatMap((truth) => classes.map((guess) => cell(truth, guess)))),
    support: Float64Array.from(support),
    precision: Float64Array.from(classes, (c) => share(cell(c, c), predicted[c])),
    recall: Float64Array.from(classes, (c) => share(cell(c, c), support[c])),
    f1: Float64Array.from(f1),
    macroF1: share(
      known.reduce((total, one) => total + one, 0),
      known.length,
    ),
  };
}

describe("classification metrics", () => {
  it("are what their definitions say, whatever the parts they come in", () => {
    fc.assert(
      fc.property(
        rows,
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 9 }),
        fc.boolean(),
        ([C, given], topK, part, weighted) => {
          const metrics = new ClassificationMetrics({ classes: C, topK });
          expect(fill(metrics, given, part, weighted).result()).toEqual(
            byDefinition(C, given, topK, weighted),
          );
        },
      ),
      { numRuns: 500 },
    );
  });

  it("hang together: F1 is the harmonic mean, the matrix's rows are the support, its diagonal the accuracy", () => {
    fc.assert(
      fc.property(rows, ([C, all]) => {
        const given = all.map((row) => ({
          ...row,
          outputs: row.outputs.map((x) => (Number.isNaN(x) ? 0 : x)),
        }));
        const found = fill(new ClassificationMetrics({ classes: C, topK: 1 }), given, 7, true).result();
        const {
          confusion = new Float64Array(),
          support,
          precision,
          recall,
          f1,
          accuracy,
          topK,
          weight,
        } = found;
        expect(topK).toBe(accuracy);
        let diagonal = 0;
        for (let c = 0; c < C; c++) {
          diagonal += confusion[c * C + c];
          expect(confusion.slice(c * C, c * C + C).reduce((a, b) => a + b, 0)).toBe(support[c]);
          const harmonic = (2 * precision[c] * recall[c]) / (precision[c] + recall[c]);
          if (harmonic > 0) expect(Math.abs(f1[c] - harmonic)).toBeLessThan(1e-15);
        }
        expect(diagonal / weight).toEqual(accuracy);
      }),
    );
  });

  // scikit-learn 1.3 on y = [0, 1, 2, 0, 1, 2], p = [0, 2, 1, 0, 0, 1], its own example: macro F1 0.26666…
  it("give scikit-learn's example its value", () => {
    const predicted = [0, 2, 1, 0, 0, 1];
    const metrics = new ClassificationMetrics({ classes: 3 });
    const outputs = predicted.flatMap((best) => [0, 1, 2].map((c) => Number(c === best)));
    metrics.add(Float32Array.from(outputs), Int32Array.of(0, 1, 2, 0, 1, 2));
    const { macroF1, confusion } = metrics.result();
    expect(macroF1).toBeCloseTo(0.8 / 3, 15);
    expect(confusion).toEqual(Float64Array.of(2, 0, 0, 1, 0, 1, 0, 2, 0));
  });

  it("keep no matrix of many classes unless asked", () => {
    const of = (classes: number, confusion?: boolean) =>
      new ClassificationMetrics({ classes, confusion }).result().confusion?.length;
    expect(of(MOST_CLASSES)).toBe(MOST_CLASSES ** 2);
    expect(of(MOST_CLASSES + 1)).toBeUndefined();
    expect(of(MOST_CLASSES + 1, true)).toBe((MOST_CLASSES + 1) ** 2);
    expect(of(2, false)).toBeUndefined();
  });

  it("give the accuracy that evaluate counts, and hand out copies", async () => {
    const random = new Random(1);
    const sizes = { inputSize: 4, hiddenSize: 5, outputSize: 3, steps: 40, batch: 5, seed: 2 };
    const { steps: _, batch: __, ...options } = sizes;
    using network = createNetwork(options);
    const inputs = drawSequence(random, "values", sizes);
    const targets = drawTarget(random, "classes", sizes);
    const metrics = new ClassificationMetrics({ classes: 3 });
    metrics.add(network.forward(inputs).outputs, targets.classes ?? new Int32Array());
    const { accuracy, count } = await evaluate(network, [{ inputs, targets }]);
    const found = metrics.result();
    expect([found.accuracy, found.count]).toEqual([accuracy, count]);
    found.support.fill(9);
    found.confusion?.fill(9);
    expect(metrics.result().support).not.toEqual(found.support);
    expect(metrics.result().confusion).not.toEqual(found.confusion);
  });
});
