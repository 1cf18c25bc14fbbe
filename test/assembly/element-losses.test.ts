import { describe, expect, it } from "vitest";
import { Random } from "../../src/random.js";
import { builds } from "../builds.js";
import { oracleLoss, type OracleLoss } from "../oracle/loss.js";
import { Guarded, mismatch, rounding, unit } from "./guarded.js";
import { fractions, sizes } from "./values.js";

/** Below this magnitude a gradient becomes 0. */
const LEAST = 2 ** -110;

const delta = 0.7;

/** The levels of a row of quantiles: three, again and again. */
const levels = [0.1, 0.5, 0.9];

interface Case {
  x: Float32Array;
  targets: Float32Array;
  /** One a row. */
  weights: Float32Array | undefined;
  columns: number;
  scale: number;
}

const kernelLosses: readonly OracleLoss[] = [
  { name: "meanSquaredError" },
  { name: "meanAbsoluteError" },
  { name: "binaryCrossEntropy" },
  { name: "huber", delta },
  { name: "quantile", levels },
];

/** Runs the loss's kernel; targets have NaN in their padding, as in a window. */
function runKernel(on: Guarded, loss: OracleLoss, { x, targets, weights, columns, scale }: Case) {
  const { lossKernels } = on;
  const { kernels, constants } = on.engine;
  const rows = x.length / columns;
  const outputs = on.output("outputs", rows, columns, {}, x);
  const { pointer, stride } = outputs;
  const padded = new Float32Array(rows * stride).fill(NaN);
  for (let r = 0; r < rows; r++) padded.set(targets.subarray(r * columns, (r + 1) * columns), r * stride);
  const goals = on.input("targets", rows, stride, padded).pointer;
  const by = weights === undefined ? 0 : on.input("weights", 1, rows, weights).pointer;
  const rest = [constants, scale] as const;
  const run = (): number => {
    switch (loss.name) {
      case "meanSquaredError":
        return kernels.squaredError(pointer, goals, by, ...rest, rows, stride);
      case "meanAbsoluteError":
        return lossKernels.absoluteError(pointer, goals, by, ...rest, rows, stride);
      case "binaryCrossEntropy":
        return lossKernels.binaryCrossEntropy(pointer, goals, by, ...rest, rows, stride);
      case "huber":
        return lossKernels.huberLoss(pointer, goals, by, ...rest, delta, rows, stride);
      case "quantile": {
        const row = Float32Array.from({ length: columns }, (_, i) => levels[i % levels.length]);
        const place = on.input("levels", 1, columns, row).pointer;
        return lossKernels.quantileLoss(pointer, goals, by, place, ...rest, rows, stride);
      }
      case "crossEntropy":
        return lossKernels.softCrossEntropy(
          pointer,
          goals,
          by,
          ...rest,
          loss.labelSmoothing ?? 0,
          rows,
          columns,
          stride,
        );
    }
  };
  return { loss: run(), gradient: on.read(outputs) };
}

/** The same in float64; each target of a level is the one of its group's first output. */
function expected(loss: OracleLoss, { x, targets, weights, columns, scale }: Case) {
  const float32 = loss.name === "quantile" ? { ...loss, levels: levels.map(Math.fround) } : loss;
  const exact = float32.name === "huber" ? { ...float32, delta: Math.fround(delta) } : float32;
  const Q = exact.name === "quantile" ? levels.length : 1;
  const values = targets.filter((_, i) => i % Q === 0);
  const rows = x.length / columns;
  const target = { values, ...(weights && { weights }) };
  const { loss: sum, gradient } = oracleLoss(Float64Array.from(x), columns, [rows], target, "sum", exact);
  return { loss: sum, gradient: gradient.map((d) => d * Math.fround(scale)) };
}

function drawCase(random: Random, loss: OracleLoss, rows: number, columns: number, range: number): Case {
  const x = fractions(random, rows * columns, range);
  const unitRange = loss.name === "binaryCrossEntropy";
  const targets = fractions(random, rows * columns, unitRange ? 1 : range).map((t) =>
    random.uniform() < 0.2 ? NaN : unitRange ? Math.abs(t) : t,
  );
  // The levels of one target share it.
  if (loss.name === "quantile") targets.forEach((_, i) => (targets[i] = targets[i - (i % levels.length)]));
  const weights =
    random.integer(2) === 0
      ? undefined
      : Float32Array.from({ length: rows }, () => (random.integer(4) === 0 ? 0 : 3 * random.uniform()));
  return { x, targets, weights, columns, scale: 1 / (rows + 2) };
}

/**
 * What float32 may differ by: d = x − t is rounded, relative to |x| + |t|, and so are the factors. An exponential is off by 1.1
 * ulp and the sigmoid by 2.5. Where d's sign or side of delta is uncertain none of these losses jumps, but the gradient may.
 */
function bounds(loss: OracleLoss, { x, targets, weights, columns, scale }: Case) {
  let sum = 0;
  const gradient = x.map((value, i) => {
    const weight = weights?.[Math.floor(i / columns)] ?? 1;
    const size = Math.abs(value) + Math.abs(Number.isNaN(targets[i]) ? 0 : targets[i]);
    const slope = loss.name === "meanSquaredError" ? 2 * size : loss.name === "binaryCrossEntropy" ? 4 : 1;
    const growth = loss.name === "meanSquaredError" ? size * size : (size + 1) * 2;
    sum += weight * 8 * unit * growth;
    return weight * scale * 8 * unit * slope + LEAST;
  });
  return { gradient, loss: sum + 1e-30 };
}

const ranges = [1e-3, 1, 30, 1e4];

describe.each(builds)("losses of single outputs, %s", (build) => {
  const on = new Guarded(build);

  describe.each(kernelLosses)("$name", (loss) => {
    const widths = loss.name === "quantile" ? [3, 9, 66] : sizes;

    it.each(widths)(
      "is the oracle's for %i columns, with weights and without, and with outputs left out",
      (columns) => {
        const random = new Random(columns);
        for (const rows of [1, 3, 8, 17]) {
          for (const range of ranges) {
            const given = drawCase(random, loss, rows, columns, range);
            const actual = runKernel(on, loss, given);
            const exact = expected(loss, given);
            const bound = bounds(loss, given);
            expect([
              ...mismatch("gradient", actual.gradient, exact.gradient, bound.gradient),
              ...mismatch("loss", [actual.loss], [exact.loss], [bound.loss]),
              ...on.finish(),
            ]).toEqual([]);
          }
        }
      },
    );
  });

  it("binary cross-entropy of more outputs than one product of factors takes", () => {
    const random = new Random(5);
    const given = drawCase(random, { name: "binaryCrossEntropy" }, 2, 1500, 3);
    const actual = runKernel(on, { name: "binaryCrossEntropy" }, given);
    const exact = expected({ name: "binaryCrossEntropy" }, given);
    expect(Math.abs(actual.loss - exact.loss)).toBeLessThan(
      bounds({ name: "binaryCrossEntropy" }, given).loss,
    );
    expect(on.finish()).toEqual([]);
  });

  it.each([
    [1e4, 1, 0, 0],
    [-1e4, 0, 0, 0],
    [1e4, 0, 1e4, 1],
    [-1e4, 1, 1e4, -1],
    [3e38, 0, Math.fround(3e38), 1],
    [0, 0.5, Math.LN2, 0],
  ])("binary cross-entropy is exact far out: logit %d, target %d", (logit, target, loss, gradient) => {
    const given = { x: Float32Array.of(logit), targets: Float32Array.of(target), weights: undefined };
    const actual = runKernel(on, { name: "binaryCrossEntropy" }, { ...given, columns: 1, scale: 1 });
    expect(actual.loss).toBeCloseTo(loss, 6);
    expect(actual.gradient[0]).toBe(gradient);
    expect(on.finish()).toEqual([]);
  });

  it.each(kernelLosses)("tell of an output that is NaN, where it has a target: $name", (loss) => {
    const columns = 3;
    const has = { x: Float32Array.of(1, NaN, 2), targets: Float32Array.of(0, 0, 0), weights: undefined };
    expect(runKernel(on, loss, { ...has, columns, scale: 1 }).loss).toBeNaN();
    const none = { ...has, targets: Float32Array.of(0, NaN, 0) };
    const quantile = loss.name === "quantile";
    expect(Number.isFinite(runKernel(on, loss, { ...none, columns, scale: 1 }).loss) || quantile).toBe(true);
    expect(on.finish()).toEqual([]);
  });
});

/** Rows of probabilities, some of them 0, some rows NaN. */
function probabilities(random: Random, rows: number, columns: number): Float32Array {
  const all = new Float32Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    const row = Array.from({ length: columns }, () => (random.integer(3) === 0 ? 0 : random.uniform()));
    const sum = row.reduce((total, q) => total + q, 0);
    const none = random.integer(4) === 0;
    row.forEach((q, k) => (all[r * columns + k] = none ? NaN : sum === 0 ? 0 : q / sum));
  }
  return all;
}

describe.each(builds)("cross-entropy against probabilities, and smoothed, %s", (build) => {
  const on = new Guarded(build);

  it.each(sizes)("is the oracle's for %i columns", (columns) => {
    const random = new Random(columns + 100);
    for (const rows of [1, 5, 8]) {
      for (const [range, labelSmoothing] of [1e-3, 1, 30, 1e4].flatMap((range) => [
        [range, 0],
        [range, 0.2],
      ])) {
        const drawn = drawCase(random, { name: "meanSquaredError" }, rows, columns, range);
        const given = { ...drawn, targets: probabilities(random, rows, columns) };
        const smoothing = Math.fround(labelSmoothing);
        const actual = runKernel(on, { name: "crossEntropy", labelSmoothing }, given);
        const exact = expected({ name: "crossEntropy", labelSmoothing: smoothing }, given);
        // Differences of logits are rounded relative to their size, and probabilities by as much times their own.
        const off = 4 * unit * Math.min(range, 110) + rounding(columns + 8);
        const lossOff = (unit * 8 * range + off) * columns * rows * 3;
        expect([
          ...mismatch(
            "gradient",
            actual.gradient,
            exact.gradient,
            exact.gradient.map(() => 3 * given.scale * (off + 4 * unit) + LEAST),
          ),
          ...mismatch("loss", [actual.loss], [exact.loss], [lossOff]),
          ...on.finish(),
        ]).toEqual([]);
      }
    }
  });

  it("of classes is that of their one-hot rows", () => {
    const random = new Random(77);
    for (const [columns, smoothing] of [
      [1, 0],
      [5, 0.1],
      [17, 0.3],
      [64, 0],
    ]) {
      const rows = 9;
      const classes = Int32Array.from({ length: rows }, () => random.integer(columns + 1) - 1);
      const targets = new Float32Array(rows * columns);
      classes.forEach((k, r) => {
        targets.fill(k < 0 ? NaN : 0, r * columns, (r + 1) * columns);
        if (k >= 0) targets[r * columns + k] = 1;
      });
      const x = fractions(random, rows * columns, 4);
      const weights = Float32Array.from({ length: rows }, () => random.uniform());
      const soft = runKernel(
        on,
        { name: "crossEntropy", labelSmoothing: smoothing },
        { x, targets, weights, columns, scale: 0.5 },
      );
      const { kernels, constants } = on.engine;
      const logits = on.output("logits", rows, columns, {}, x);
      const loss = kernels.crossEntropy(
        logits.pointer,
        on.integers("classes", classes).pointer,
        on.input("rowWeights", 1, rows, weights).pointer,
        constants,
        0.5,
        smoothing,
        rows,
        columns,
        logits.stride,
      );
      const bound = 64 * unit;
      expect([
        ...mismatch(
          "gradient",
          on.read(logits),
          Float64Array.from(soft.gradient),
          soft.gradient.map(() => bound),
        ),
        ...mismatch("loss", [loss], [soft.loss], [rows * bound * 8]),
        ...on.finish(),
      ]).toEqual([]);
    }
  });

  it("leaves a row whose logit is −∞, where its probability is 0", () => {
    const given = { x: Float32Array.of(1, -Infinity, 2), targets: Float32Array.of(0.25, 0, 0.75) };
    const actual = runKernel(
      on,
      { name: "crossEntropy" },
      { ...given, weights: undefined, columns: 3, scale: 1 },
    );
    expect(actual.loss).toBeCloseTo(Math.log(Math.exp(1) + Math.exp(2)) - 1.75, 5);
    expect(actual.gradient[1]).toBe(0);
    expect(on.finish()).toEqual([]);
  });
});
