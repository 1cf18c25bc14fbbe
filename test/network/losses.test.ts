import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  binaryCrossEntropy,
  crossEntropy,
  ctc,
  huber,
  meanAbsoluteError,
  meanSquaredError,
  quantile,
} from "../../src/network/losses/by-name.js";
import { createNetwork } from "../../src/network/create-network.js";
import type { Loss, NetworkOptions, Target } from "../../src/network/types.js";
import { Random } from "../../src/random.js";
import { builds } from "../builds.js";
import { relativeError } from "../oracle/compare.js";
import { modelOf } from "../oracle/model.js";
import { oracleBackward, oracleForward } from "../oracle/network.js";
import { drawSequence, drawTargetFor, lossOf, oracleLosses, type DrawnSizes } from "./drawn.js";
import { guardedNetwork } from "./guarded.js";
import { kinds } from "./kinds.js";

/** Some tens of roundings of float32, 6e-8 each, of a tensor's largest number; sums of both signs lose some of it. */
const TOLERANCE = 2e-5;

function expectNear(what: string, actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(relativeError(actual, expected), what).toBeLessThanOrEqual(TOLERANCE);
}

describe.each(builds)("losses of networks, %s build", (build) => {
  // Kinks, and what a norm makes of roundings, have bounds of their own: test/network/stacked.test.ts.
  const smooth = kinds.filter(({ options }) => !options.cell?.endsWith("relu") && !options.layerNorm);

  describe.each(smooth)("$name", (kind) => {
    it.each(oracleLosses)("$name $labelSmoothing $delta $levels", (loss) => {
      const options: NetworkOptions = { ...kind.options, dropout: 0, outputSize: 4 };
      using network = guardedNetwork(options, build);
      const model = modelOf(network);
      kind.inputs.forEach((input, i) => {
        for (const withLengths of [false, true]) {
          const sizes: DrawnSizes = { ...options, steps: 6, batch: 3 };
          const random = new Random(i + 2 * Number(withLengths) + 10 * oracleLosses.indexOf(loss));
          const sequence = {
            ...drawSequence(random, input, sizes),
            ...(withLengths && { lengths: Int32Array.of(6, 1, 4) }),
          };
          const target = drawTargetFor(random, loss, sizes);
          const reduction = random.integer(2) === 0 ? "mean" : "sum";
          const { outputs } = network.forward(sequence);
          const result = network.backward(target, { loss: lossOf(loss), reduction });
          const exact = oracleForward(model, sequence);
          const back = oracleBackward(model, exact.tape, target, { reduction, loss });
          expectNear("outputs", outputs, exact.outputs);
          expectNear("loss", [result.loss], [back.loss]);
          expect(result.count).toBe(back.count);
          for (const parameter of network.parameters) {
            const { name } = parameter;
            expectNear(name, parameter.readGradient(), back.gradients.get(name) ?? []);
          }
          network.zeroGradients();
        }
      });
    });
  });

  it("are cut into the rows that targets pass through at a time", () => {
    const options = { inputSize: 3, hiddenSize: 5, outputSize: 6, seed: 2 };
    using network = guardedNetwork(options, build);
    const model = modelOf(network);
    for (const loss of oracleLosses) {
      const sizes = { ...options, steps: 100, batch: 7 };
      const random = new Random(4);
      const sequence = drawSequence(random, "values", sizes);
      const target = drawTargetFor(random, loss, sizes);
      network.forward(sequence);
      const result = network.backward(target, { loss: lossOf(loss) });
      const exact = oracleForward(model, sequence);
      const back = oracleBackward(model, exact.tape, target, { loss });
      expectNear(loss.name, [result.loss], [back.loss]);
      const { name } = network.parameters[0];
      expectNear(name, network.parameters[0].readGradient(), back.gradients.get(name) ?? []);
      network.zeroGradients();
    }
  });

  it("weights of 1 change no bit, and weights of w multiply sums by w", () => {
    fc.assert(
      fc.property(fc.constantFrom(...oracleLosses), fc.integer({ min: 0, max: 1e6 }), (loss, seed) => {
        const options = { inputSize: 3, hiddenSize: 4, outputSize: 4, seed };
        using network = guardedNetwork(options, build);
        const sizes = { ...options, steps: 5, batch: 2 };
        const random = new Random(seed);
        const sequence = drawSequence(random, "values", sizes);
        const { weights: _, ...target } = drawTargetFor(random, loss, sizes);
        const run = (weight: number | undefined, reduction: "mean" | "sum") => {
          network.zeroGradients();
          network.forward(sequence);
          const weights = weight === undefined ? {} : { weights: new Float32Array(10).fill(weight) };
          const result = network.backward({ ...target, ...weights }, { loss: lossOf(loss), reduction });
          return { ...result, gradient: network.parameter("head.weight").readGradient() };
        };
        expect(run(1, "mean")).toEqual(run(undefined, "mean"));
        const [once, twice] = [run(1, "sum"), run(2, "sum")];
        expect(twice.loss).toBe(2 * once.loss);
        expect(twice.gradient).toEqual(once.gradient.map((d) => 2 * d));
        expect(twice.weight).toBe(2 * twice.count * (loss.name === "quantile" ? 2 : 1));
      }),
      { numRuns: 40 },
    );
  });
});

describe.each(builds)("weights of any size, %s build", (build) => {
  // Of 3e-45, the second smallest of single precision, a mean is that of weights of 1.
  const weights = [3e-45, 1e-40, 1e-30, 2e-15, 1e15, 1e25, 3e38];

  it.each(oracleLosses)(
    "give the mean that weights of 1 give: $name $labelSmoothing $delta $levels",
    (loss) => {
      const options = { inputSize: 3, hiddenSize: 5, outputSize: 4, seed: 2 };
      using network = guardedNetwork(options, build);
      const sizes = { ...options, steps: 9, batch: 3 };
      const random = new Random(4);
      const sequence = drawSequence(random, "values", sizes);
      const { weights: _, ...target } = drawTargetFor(random, loss, sizes);
      const run = (weight: number) => {
        network.zeroGradients();
        network.forward(sequence);
        // The last steps, which may be taken by themselves, count for nothing.
        const given = Float32Array.from({ length: 27 }, (_, i) => (i < 18 ? weight : 0));
        const result = network.backward({ ...target, weights: given }, { loss: lossOf(loss) });
        return { ...result, gradients: network.parameters.map((parameter) => parameter.readGradient()) };
      };
      const expected = run(1);
      for (const weight of weights) {
        const came = run(weight);
        expectNear("loss", [came.loss], [expected.loss]);
        came.gradients.forEach((gradient, i) => {
          expectNear(`${weight} ${network.parameters[i].name}`, gradient, expected.gradients[i]);
        });
      }
    },
  );
});

describe("losses", () => {
  it("read targets that a class has getters for", () => {
    using two = createNetwork({ inputSize: 2, hiddenSize: 3, outputSize: 4 });
    const given: Target = { labels: Int32Array.of(3), labelLengths: Int32Array.of(1, 0) };
    class Labels {
      get labels() {
        return given.labels;
      }
      get labelLengths() {
        return given.labelLengths;
      }
    }
    const lossWith = (target: Target): number => {
      two.forward({ steps: 1, batch: 2, values: new Float32Array(4) });
      return two.backward(target, { loss: ctc() }).loss;
    };
    expect(lossWith(new Labels())).toBe(lossWith(given));
  });

  const network = createNetwork({ inputSize: 2, hiddenSize: 3, outputSize: 4 });
  const run = (target: unknown, loss?: unknown) => {
    network.forward({ steps: 1, batch: 2, values: new Float32Array(4) });
    return network.backward(target as Target, { loss: loss as Loss });
  };
  const classes = Int32Array.of(0, 1);
  const values = new Float32Array(8);

  it("show their names and options, and cannot be changed", () => {
    expect([crossEntropy(), huber({ delta: 2 }), quantile({ levels: [0.5] }), meanSquaredError()]).toEqual([
      { name: "crossEntropy", labelSmoothing: 0 },
      { name: "huber", delta: 2 },
      { name: "quantile", levels: [0.5] },
      { name: "meanSquaredError" },
    ]);
    for (const loss of [crossEntropy(), binaryCrossEntropy(), meanAbsoluteError()])
      expect(Object.isFrozen(loss)).toBe(true);
  });

  it("are the defaults of their kinds of targets", () => {
    const gradientOf = (target: Target, loss?: Loss) => {
      network.zeroGradients();
      return [run(target, loss), network.parameter("head.bias").readGradient()];
    };
    expect(gradientOf({ classes }, crossEntropy())).toEqual(gradientOf({ classes }));
    expect(gradientOf({ values }, meanSquaredError())).toEqual(gradientOf({ values }));
  });

  it.each<[string, unknown, unknown, typeof TypeError, RegExp]>([
    ["a name", { values }, "huber", TypeError, /"options.loss" expected a loss made by crossEntropy\(\)/],
    ["a look-alike", { values }, { name: "huber", delta: 1 }, TypeError, /"options.loss"/],
    [
      "classes for huber",
      { classes },
      huber(),
      TypeError,
      /"targets" expected values for huber\(\), got classes/,
    ],
    ["a gradient for a loss", { gradient: values }, huber(), TypeError, /"targets" expected values/],
    [
      "weights with a gradient",
      { gradient: values, weights: Float32Array.of(1, 1) },
      undefined,
      TypeError,
      /weights/,
    ],
    [
      "three levels for four outputs",
      { values },
      quantile({ levels: [0.1, 0.5, 0.9] }),
      RangeError,
      /groups of 3/,
    ],
    [
      "values of a wrong width",
      { values },
      quantile({ levels: [0.1, 0.5] }),
      RangeError,
      /4 values \(\[T=1, B=2, K=2\]\)/,
    ],
    ["values past [0, 1]", { values: values.with(3, 1.5) }, binaryCrossEntropy(), RangeError, /got 1.5 at 3/],
    ["negative probabilities", { values: values.with(3, -0.5) }, crossEntropy(), RangeError, /got -0.5 at 3/],
    ["half a row of probabilities", { values: values.with(3, NaN) }, crossEntropy(), RangeError, /NaN at 3/],
    [
      "an infinite value",
      { values: values.with(2, Infinity) },
      undefined,
      RangeError,
      /finite.*Infinity at 2/,
    ],
    ["a gradient of NaN", { gradient: values.with(2, NaN) }, undefined, RangeError, /finite.*NaN at 2/],
    [
      "a negative weight",
      { classes, weights: Float32Array.of(1, -1) },
      undefined,
      RangeError,
      /"targets.weights".*-1 at 1/,
    ],
    ["a weight of NaN", { classes, weights: Float32Array.of(NaN, 1) }, undefined, RangeError, /NaN at 0/],
    [
      "an infinite weight",
      { classes, weights: Float32Array.of(Infinity, 1) },
      undefined,
      RangeError,
      /Infinity at 0/,
    ],
    ["too few weights", { classes, weights: Float32Array.of(1) }, undefined, RangeError, /\[T=1, B=2\]/],
    ["weights of another type", { classes, weights: [1, 1] }, undefined, TypeError, /Float32Array/],
  ])("are refused with %s, and nothing changes", (_name, target, loss, error, message) => {
    network.zeroGradients();
    expect(() => run(target, loss)).toThrow(error);
    expect(() => run(target, loss)).toThrow(message);
    expect(
      network
        .parameter("head.bias")
        .readGradient()
        .every((d) => d === 0),
    ).toBe(true);
    // The tape is still there.
    expect(network.backward({ classes }).count).toBe(2);
  });

  it.each<[() => unknown, RegExp]>([
    [() => crossEntropy({ labelSmoothing: 1 }), /"labelSmoothing".*below 1/],
    [() => crossEntropy({ labelSmoothing: -0.1 }), /"labelSmoothing"/],
    [() => huber({ delta: 0 }), /"delta".*above 0/],
    [() => quantile({ levels: [] }), /"levels" expected at least one/],
    [() => quantile({ levels: [0.5, 1] }), /"levels\[1\]".*below 1/],
    [() => quantile({ levels: new Array<number>(2).fill(0.5, 1) }), /"levels\[0\]".*number, got undefined/],
    [() => quantile({ levels: "0.5" as unknown as number[] }), /"levels" expected an array/],
    [() => huber({ Delta: 1 } as object), /"Delta".*delta/],
  ])("with bad options are refused: %#", (make, message) => {
    expect(make).toThrow(message);
  });

  it("of weights that are all 0 are 0, and so are the gradients", () => {
    network.zeroGradients();
    expect(run({ classes, weights: new Float32Array(2) })).toMatchObject({ loss: 0, count: 2, weight: 0 });
    for (const parameter of network.parameters)
      expect(parameter.readGradient().every((d) => d === 0)).toBe(true);
  });
});
