import { describe, expect, it } from "vitest";
import { Random } from "../../src/random.js";
import { ctcScratch, leastCtcSteps } from "../../src/wasm/ctc-sizes.js";
import { ctcLoss } from "../../src/wasm/generated/named-loss-kernels.js";
import { builds } from "../builds.js";
import { readCtcFixtures } from "../fixtures/ctc.js";
import { ctcByPaths, ctcByStates, type CtcResult } from "../oracle/ctc.js";
import { Guarded, mismatch, unit } from "./guarded.js";
import { fractions } from "./values.js";

/** Below this magnitude a gradient becomes 0. */
const LEAST = 2 ** -110;

interface Batch {
  steps: number;
  width: number;
  /** [T, B, O]. */
  logits: Float32Array;
  /** Of each sequence. */
  labels: readonly (readonly number[])[];
  lengths?: readonly number[];
  scales: readonly number[];
  blank: number;
}

interface Outcome {
  losses: Float32Array;
  /** [T, B, O]. */
  gradient: Float32Array;
}

function run(on: Guarded, { steps, width, logits, labels, lengths, scales, blank }: Batch): Outcome {
  const B = labels.length;
  const room = ctcScratch(steps, Math.max(...labels.map(({ length }) => length)));
  const x = on.output("x", steps * B, width, {}, logits);
  const losses = on.output("losses", 1, B, { stride: B });
  ctcLoss(on.lossKernels, {
    x: x.pointer,
    losses: losses.pointer,
    // One more, for a region has at least one element.
    labels: on.integers("labels", [...labels.flat(), -1]).pointer,
    labelLengths: on.integers(
      "labelLengths",
      labels.map(({ length }) => length),
    ).pointer,
    lengths: lengths === undefined ? 0 : on.integers("lengths", lengths).pointer,
    scales: on.input("scales", 1, B, scales, { stride: B }).pointer,
    variables: on.output("variables", 1, room, { stride: room }).pointer,
    constants: on.engine.constants,
    blank,
    T: steps,
    B,
    columns: width,
    stride: x.stride,
  });
  return { losses: on.read(losses), gradient: on.read(x) };
}

/** The rows of one sequence, up to its length. */
function rowsOf({ steps, width, labels, lengths }: Batch, values: Float32Array, b: number): Float64Array {
  const rows = Array.from({ length: Math.min(steps, lengths?.[b] ?? steps) }, (_, t) => {
    const row = (t * labels.length + b) * width;
    return [...values.subarray(row, row + width)];
  });
  return Float64Array.from(rows.flat());
}

/**
 * How far float32 may take a row's exponentials, relative to each, and their sum: u·d for d = max − x, and 1.1 ulp of exp.
 * The largest's is 1 exactly.
 */
function errorOf(row: Float64Array): { each: Float64Array; sum: number } {
  const most = Math.max(...row);
  const each = row.map((x) => (x === most ? 0 : unit * (Math.min(most - x, 104) + 2.2)));
  const weights = row.map((x) => Math.exp(x - most));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return { each, sum: weights.reduce((sum, weight, k) => sum + weight * each[k], 0) / total };
}

/** What is wrong with one sequence's loss and gradient. */
function faultsOf(batch: Batch, outcome: Outcome, b: number, expected: CtcResult): string[] {
  const { steps, width, labels, blank } = batch;
  const logits = rowsOf(batch, batch.logits, b);
  const length = logits.length / width;
  const actual = rowsOf(batch, outcome.gradient, b);
  const all = rowsOf({ ...batch, lengths: labels.map(() => steps) }, outcome.gradient, b);
  const faults = [...all.subarray(length * width)].some((d) => d !== 0) ? ["a gradient past the length"] : [];
  if (expected.loss === Infinity) {
    if (outcome.losses[b] !== Infinity) faults.push(`loss ${outcome.losses[b]}, expected Infinity`);
    return [...faults, ...mismatch("gradient", actual, new Float64Array(actual.length))];
  }
  const scale = Math.fround(batch.scales[b]);
  const own = new Set([blank, ...labels[b]]);
  const range = Math.max(0, ...logits.map(Math.abs));
  // Each step's y is off by the series' 2.2e-13 and by 2^-52 of the logits' range, a variable by as much a step; so are the
  // oracle's logarithms, which are as large.
  const variables = 4 * length * (3e-13 + 2 ** -52 * (length + 2) * range);
  let lossBound = variables + unit * expected.loss;
  const bound = new Float64Array(logits.length);
  for (let t = 0; t < length; t++) {
    const row = logits.subarray(t * width, (t + 1) * width);
    const { each, sum } = errorOf(row);
    lossBound += 1.001 * sum;
    const most = Math.max(...row);
    const total = row.reduce((all, x) => all + Math.exp(x - most), 0);
    for (let k = 0; k < width; k++) {
      const p = Math.exp(row[k] - most) / total;
      // What is no label has a float32 softmax times a rounded factor; what is one is rounded once, at last.
      const softmax = own.has(k) ? p * sum + 2 * variables : p * (each[k] + sum + 3 * unit);
      const i = t * width + k;
      bound[i] = scale * (1.001 * softmax + unit * Math.abs(expected.gradient[i]) + Math.exp(-87)) + LEAST;
    }
  }
  return [
    ...faults,
    ...mismatch("loss", [outcome.losses[b]], [expected.loss], [lossBound]),
    ...mismatch(
      "gradient",
      actual,
      expected.gradient.map((d) => d * scale),
      bound,
    ),
  ];
}

type Oracle = typeof ctcByStates;

function expectOracle(on: Guarded, batch: Batch, oracles: readonly Oracle[] = [ctcByStates]): Outcome {
  const outcome = run(on, batch);
  const faults = on.finish();
  for (const [b, labels] of batch.labels.entries()) {
    const given = { logits: rowsOf(batch, batch.logits, b), width: batch.width, labels, blank: batch.blank };
    for (const oracle of oracles) {
      faults.push(...faultsOf(batch, outcome, b, oracle(given)).map((fault) => `${b}: ${fault}`));
    }
  }
  expect(faults).toEqual([]);
  return outcome;
}

function drawLabels(random: Random, count: number, width: number, blank: number): number[] {
  // Of few classes: many neighbours are equal.
  const classes = Math.min(width - 1, 2 + random.integer(width));
  return Array.from({ length: classes < 1 ? 0 : count }, () => (blank + 1 + random.integer(classes)) % width);
}

const ranges = [1e-3, 1, 30, 1e4];

/** Up to 6 steps, 4 classes and 3 sequences, so that all paths can be walked. */
function drawSmall(seed: number): Batch {
  const random = new Random(seed);
  const [steps, width, B] = [1 + random.integer(6), 1 + random.integer(4), 1 + random.integer(3)];
  const blank = random.integer(width);
  const lengths = Array.from({ length: B }, () => 1 + random.integer(steps));
  const range = ranges[seed % ranges.length];
  const logits = fractions(random, steps * B * width, range);
  // At the ends of the range too, and equal.
  if (random.integer(3) === 0) logits.forEach((x, i) => (logits[i] = Math.sign(x) * range));
  return {
    steps,
    width,
    logits,
    labels: lengths.map((length) => drawLabels(random, random.integer(length + 1), width, blank)),
    ...(random.integer(2) === 0 ? { lengths } : {}),
    scales: lengths.map(() => 0.1 + random.uniform()),
    blank,
  };
}

/** One sequence, of a factor of 1. */
function alone(width: number, logits: ArrayLike<number>, labels: readonly number[], blank = 0): Batch {
  const values = Float32Array.from(logits);
  return { steps: values.length / width, width, logits: values, labels: [labels], scales: [1], blank };
}

describe.each(builds)("ctcLoss, %s", (build) => {
  const on = new Guarded(build);

  it("is the oracle's, over paths and over states, in 1000 small batches", () => {
    const seen = { impossible: 0, empty: 0, repeated: 0, sequences: 0 };
    for (let seed = 0; seed < 1000; seed++) {
      const batch = drawSmall(seed);
      const { losses } = expectOracle(on, batch, [ctcByPaths, ctcByStates]);
      for (const [b, labels] of batch.labels.entries()) {
        const length = batch.lengths?.[b] ?? batch.steps;
        const fits = leastCtcSteps(labels) <= length;
        expect(losses[b] === Infinity).toBe(!fits);
        seen.sequences++;
        if (!fits) seen.impossible++;
        if (labels.length === 0) seen.empty++;
        if (leastCtcSteps(labels) > labels.length && fits) seen.repeated++;
      }
    }
    // Or something would not be tested.
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(100);
  });

  it.each([1, 3, 7, 8, 9, 16, 17, 64])("is the oracle's for %i classes, padding included", (width) => {
    const random = new Random(width);
    for (const steps of [1, 5, 17, 40]) {
      for (const range of ranges) {
        const blank = random.integer(width);
        const lengths = [steps, 1 + random.integer(steps), Math.ceil(steps / 2)];
        expectOracle(on, {
          steps,
          width,
          logits: fractions(random, steps * 3 * width, range),
          labels: lengths.map((length) => drawLabels(random, random.integer(length + 1), width, blank)),
          lengths,
          scales: [1, 0.25, 1 / 3],
          blank,
        });
      }
    }
  });

  it.each([
    ["one step, the label far below", alone(2, [1e4, -1e4], [1]), 20000],
    ["one step, the label far above", alone(2, [-1e4, 1e4], [1]), 0],
    ["no labels and far below", alone(2, [-1e4, 1e4, -1e4, 1e4], []), 40000],
    ["three ways of equal logits", alone(2, [5, 5, 5, 5], [1]), Math.log(4 / 3)],
    ["one class", alone(1, [3, -7, 1e4], []), 0],
    ["the ends of float32", alone(2, [3.4e38, -3.4e38], [0], 1), 0],
    ["a class of −∞ that is not needed", alone(3, [0, 0, -Infinity], [1]), Math.LN2],
    ["a label that needs a blank between", alone(2, [0, 0, 0, 0, 0, 0], [1, 1]), Math.log(8)],
  ])("of %s is known", (_name, batch, loss) => {
    expect(run(on, batch).losses[0]).toBeCloseTo(loss, 5);
    expect(on.finish()).toEqual([]);
  });

  it.each([
    ["fewer steps than labels", alone(3, [0, 0, 0], [1, 2])],
    ["no step for the blank between equal labels", alone(2, [0, 0, 0, 0], [1, 1])],
    ["a label of −∞", alone(3, [0, -Infinity, 0, 0, -Infinity, 0], [1])],
    ["blanks of −∞ where they are needed", alone(2, [0, 0, -Infinity, 0, 0, 0], [1, 1])],
  ])("of %s is Infinity, and the gradient 0", (_name, batch) => {
    const { losses, gradient } = run(on, batch);
    expect([...losses]).toEqual([Infinity]);
    expect(gradient.every((d) => d === 0)).toBe(true);
    expect(on.finish()).toEqual([]);
  });

  it.each([
    [1000, 30, 120, 8],
    [1500, 60, 20, 30],
    [400, 5, 190, 1],
  ])(
    "is the oracle's over %i steps, %i classes and %i labels, logits to ±%i",
    (steps, width, count, range) => {
      const random = new Random(steps);
      const labels = [drawLabels(random, count, width, 2), drawLabels(random, count >> 1, width, 2)];
      const logits = fractions(random, steps * 2 * width, range);
      const batch = { steps, width, logits, labels, scales: [0.5, 0.5], blank: 2 };
      const { losses } = expectOracle(on, batch);
      const whole = ctcByStates({ logits: rowsOf(batch, logits, 0), width, labels: labels[0], blank: 2 });
      // A hundredth of the 5e-5 that networks are held to.
      expect(Math.abs(losses[0] / whole.loss - 1)).toBeLessThan(5e-7);
    },
  );

  it("is right where the variables of a step are further apart than float64", () => {
    // A blank of nearly 1 throughout: 150 labels of e^-25 are e^-3750.
    const [steps, width] = [300, 4];
    const logits = Float32Array.from({ length: steps * width }, (_, i) => (i % width === 0 ? 25 : 0));
    const labels = Array.from({ length: 150 }, (_, i) => 1 + (i % 3));
    const { losses } = expectOracle(on, { ...alone(width, logits, labels) });
    expect(losses[0]).toBeGreaterThan(3000);
  });

  it.each([1e9, 1e17, 1e25, 3e38])("of logits to ±%d is a number, and so is the gradient", (range) => {
    for (let seed = 0; seed < 300; seed++) {
      const small = drawSmall(seed);
      const logits = fractions(new Random(seed), small.logits.length, range);
      const { losses, gradient } = run(on, { ...small, logits });
      expect(losses.some(Number.isNaN)).toBe(false);
      expect(gradient.every(Number.isFinite)).toBe(true);
      expect(on.finish()).toEqual([]);
    }
  });

  it("keeps the digits of a loss near 0, and of its gradient", () => {
    const labels = [1, 2, 1];
    for (const sure of [5, 12, 20, 40]) {
      const path = [0, 1, 1, 0, 2, 0, 0, 1];
      const logits = path.flatMap((k) => [0, 1, 2].map((n) => (n === k ? sure : 0)));
      const { losses } = run(on, alone(3, logits, labels));
      expect(on.finish()).toEqual([]);
      const { loss } = ctcByStates({ logits: Float64Array.from(logits), width: 3, labels, blank: 0 });
      // Relative to itself, but for the series' 2.2e-13 a step.
      expect(Math.abs(losses[0] - loss)).toBeLessThan(1e-5 * loss + 2e-12);
    }
  });

  it("has rows of gradients whose sum is 0, of the labels' classes negative in sum", () => {
    const random = new Random(5);
    const [steps, width] = [30, 11];
    const { gradient } = run(on, alone(width, fractions(random, steps * width, 4), [3, 3, 1, 7]));
    for (let t = 0; t < steps; t++) {
      const row = gradient.subarray(t * width, (t + 1) * width);
      // 11 numbers below 1, each off by what exp, factor and rounding are.
      expect(Math.abs(row.reduce((sum, d) => sum + d, 0))).toBeLessThan(11 * 10 * unit);
    }
    expect(on.finish()).toEqual([]);
  });

  it("gives each sequence of a batch the bits that it has alone", () => {
    for (let seed = 0; seed < 200; seed++) {
      const batch = drawSmall(seed);
      const { width, labels, lengths, scales } = batch;
      const whole = run(on, batch);
      for (const b of labels.keys()) {
        const one = run(on, {
          ...alone(width, rowsOf(batch, batch.logits, b), labels[b], batch.blank),
          scales: [scales[b]],
        });
        expect(one.losses[0]).toBe(whole.losses[b]);
        expect(one.gradient).toEqual(Float32Array.from(rowsOf({ ...batch, lengths }, whole.gradient, b)));
      }
      expect(on.finish()).toEqual([]);
    }
  });

  it("gives the same bits at other addresses, whatever stood in the scratch memory", () => {
    const others = new Guarded(build, 8);
    for (let seed = 0; seed < 100; seed++) {
      const batch = drawSmall(seed);
      expect(run(others, batch)).toEqual(run(on, batch));
      expect([...on.finish(), ...others.finish()]).toEqual([]);
    }
  });

  it("looks at no logit past a sequence's length", () => {
    const logits = Float32Array.from([0, 1, 2, 1, 0, 1, NaN, Infinity, 0, NaN, NaN, NaN]);
    const batch = { ...alone(3, logits, [2]), lengths: [2] };
    const { losses, gradient } = expectOracle(on, batch);
    expect(losses[0]).toBeLessThan(10);
    expect([...gradient.subarray(6)]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it.each([NaN, Infinity])("of a logit of %d is not finite, wherever it stands, a label's or not", (bad) => {
    for (const labels of [[], [1], [1, 1], [2, 1]]) {
      for (let at = 0; at < 4 * 3; at++) {
        const logits = Float32Array.from({ length: 12 }, (_, i) => i % 5);
        logits[at] = bad;
        const { losses, gradient } = run(on, alone(3, logits, labels));
        on.finish(); // the padding is not kept when a row is not finite
        expect(losses[0], `at ${at}`).toBeNaN();
        expect(gradient.some(Number.isNaN), `at ${at}`).toBe(true);
      }
    }
  });

  it.each([1, 2 ** -20, 2 ** -31])("leaves no gradient below 2^-110, of a factor of %d", (scale) => {
    const random = new Random(16);
    let zeros = 0;
    for (const range of [1, 20, 90, 200]) {
      const batch = alone(17, fractions(random, 50 * 17, range), [3, 4, 4, 9, 1]);
      const { gradient } = run(on, { ...batch, scales: [scale] });
      expect(gradient.filter((d) => d !== 0 && Math.abs(d) < LEAST)).toEqual(new Float32Array(0));
      zeros += gradient.filter((d) => d === 0).length;
      expect(on.finish()).toEqual([]);
    }
    expect(zeros).toBeGreaterThan(100);
  });

  it.each(readCtcFixtures())("is PyTorch's in $name", (fixture) => {
    const { steps, batch: B, width, outputs, labelLengths } = fixture;
    const counts = [...labelLengths];
    const ends = counts.map((_, b) => counts.slice(0, b + 1).reduce((sum, count) => sum + count, 0));
    const divisors = counts.map((count) => B * Math.max(1, count));
    const { losses, gradient } = run(on, {
      steps,
      width,
      logits: Float32Array.from(outputs),
      labels: counts.map((count, b) => [...fixture.labels.subarray(ends[b] - count, ends[b])]),
      lengths: [...fixture.lengths],
      scales: divisors.map((divisor) => 1 / divisor),
      blank: 0,
    });
    expect(on.finish()).toEqual([]);
    const loss = losses.reduce((sum, one, b) => sum + one / divisors[b], 0);
    const sums = new Float64Array(width);
    gradient.forEach((d, i) => (sums[i % width] += d));
    // PyTorch's outputs are rounded to float32 first: a unit of each of about 30 rows.
    expect(Math.abs(loss / fixture.loss - 1)).toBeLessThan(1e-6);
    const largest = Math.max(...fixture.outputGradientSum.map(Math.abs));
    const bound = sums.map(() => 2e-6 * largest);
    expect(mismatch("sums", sums, fixture.outputGradientSum, bound)).toEqual([]);
  });
});

describe("leastCtcSteps", () => {
  it.each([
    [[], 0],
    [[4], 1],
    [[1, 2, 1], 3],
    [[1, 1], 3],
    [[2, 2, 2, 1, 1], 8],
  ])("of %j is %i", (labels, steps) => {
    expect(leastCtcSteps(labels)).toBe(steps);
    expect(leastCtcSteps(Int32Array.from(labels))).toBe(steps);
  });
});
