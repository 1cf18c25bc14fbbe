/** Every learning rule takes every loss, weights, and one output a sequence. */

import { describe, expect, it } from "vitest";
import { bptt } from "../../src/learn/back/bptt.js";
import { tbptt } from "../../src/learn/back/tbptt.js";
import { gradientFlow } from "../../src/learn/flow/gradient-flow.js";
import { estimateGradient } from "../../src/learn/measure/estimate-gradient.js";
import { ctc } from "../../src/network/losses/by-name.js";
import { createNetwork } from "../../src/network/create-network.js";
import type { Network, NetworkOptions, Sequence, Target } from "../../src/network/types.js";
import { Random } from "../../src/random.js";
import { drawSequence, drawTarget, drawTargetFor, lossOf, oracleLosses } from "../network/drawn.js";
import { oracleLoss } from "../oracle/loss.js";
import { WindowChecks } from "../../src/learn/windows/checked-window.js";
import { begin } from "./begin.js";
import { madeRules } from "./rules.js";

const T = 7;
const B = 3;
const O = 4;

/** A cell that the rule is for. */
function optionsFor(name: string, given: Partial<NetworkOptions> = {}): NetworkOptions {
  const cell = name === "diagonalRtrl" ? "mingru" : "gru";
  return { inputSize: 3, hiddenSize: 5, outputSize: O, cell, seed: 6, ...given };
}

/** Sums of some tens of products of float32, each rounded by 6e-8 of itself, of both signs. */
const TOLERANCE = 3e-5;

function expectSame(
  actual: ReadonlyMap<string, Float32Array>,
  expected: ReadonlyMap<string, Float32Array>,
): void {
  for (const [name, values] of expected) {
    const largest = Math.max(1e-3, ...values.map(Math.abs));
    const off = Math.max(...values.map((value, i) => Math.abs(value - (actual.get(name)?.[i] ?? NaN))));
    expect(off / largest, name).toBeLessThan(TOLERANCE);
  }
}

const lengthsOf = (ragged: boolean): Partial<Sequence> => (ragged ? { lengths: Int32Array.of(3, T, 5) } : {});

describe.each(madeRules)("$name", ({ name, learner }) => {
  it.each(oracleLosses)("learns from $name $labelSmoothing $delta $levels as from its gradient", (loss) => {
    const options = optionsFor(name);
    const network = createNetwork(options);
    for (const ragged of [false, true]) {
      const random = new Random(3 + Number(ragged));
      const sizes = { ...options, steps: T, batch: B };
      const sequence = { ...drawSequence(random, "values", sizes), ...lengthsOf(ragged) };
      const target = drawTargetFor(random, loss, sizes);
      const outputs = Float64Array.from(network.forward(sequence).outputs);
      for (const reduction of ["mean", "sum"] as const) {
        const lengths = [...(sequence.lengths ?? [T, T, T])];
        const exact = oracleLoss(outputs, O, lengths, target, reduction, loss);
        const how = { seed: 9 };
        const found = estimateGradient(network, sequence, target, learner, {
          ...how,
          reduction,
          loss: lossOf(loss),
        });
        const gradient = Float32Array.from(exact.gradient);
        const expected = estimateGradient(network, sequence, { gradient }, learner, how);
        expect(Math.abs(found.loss - exact.loss)).toBeLessThan(1e-5 * Math.max(1, exact.loss));
        expectSame(found.gradients, expected.gradients);
      }
    }
    network.dispose();
  });

  it.each([
    ["classes", false],
    ["values", true],
    ["gradient", true],
    ["classes", true],
  ] as const)(
    "learns from one output a sequence as from targets at last steps: %s, ragged %s",
    (kind, ragged) => {
      const options = optionsFor(name);
      const steps = createNetwork(options);
      const whole = createNetwork({ ...options, output: "sequence" });
      const random = new Random(5);
      const sizes = { ...options, steps: T, batch: B };
      const sequence = { ...drawSequence(random, "values", sizes), ...lengthsOf(ragged) };
      const target = drawTarget(random, kind, { ...sizes, output: "sequence" });
      const how = { seed: 4 } as const;
      const found = estimateGradient(whole, sequence, target, learner, how);
      const expected = estimateGradient(steps, sequence, atLastSteps(target, sequence), learner, how);
      if (kind !== "gradient") expect(found.loss).toBeCloseTo(expected.loss, 5);
      expectSame(found.gradients, expected.gradients);
      steps.dispose();
      whole.dispose();
    },
  );

  it("is refused ctc() unless it takes windows as a whole", () => {
    const options = optionsFor(name);
    using network = createNetwork(options);
    const sequence = drawSequence(new Random(1), "values", { ...options, steps: T, batch: 1 });
    const target = { labels: Int32Array.of(1, 2, 1), labelLengths: Int32Array.of(3) };
    const run = () => estimateGradient(network, sequence, target, learner, { loss: ctc() });
    expect(run).toThrow(/"learner" expected bptt\(\).*ctc\(\)/);
    expect(run).toThrow(RangeError);
  });
});

/** The targets of whole sequences as targets of their last steps. */
function atLastSteps(target: Target, { lengths }: Sequence): Target {
  const { classes, values, gradient } = target;
  const end = (b: number): number => ((lengths?.[b] ?? T) - 1) * B + b;
  if (classes !== undefined) {
    const all = new Int32Array(T * B).fill(-1);
    classes.forEach((one, b) => (all[end(b)] = one));
    return { classes: all };
  }
  const spread = (given: Float32Array, none: number): Float32Array => {
    const all = new Float32Array(T * B * O).fill(none);
    for (let b = 0; b < B; b++) all.set(given.subarray(b * O, (b + 1) * O), end(b) * O);
    return all;
  };
  return values === undefined
    ? { gradient: spread(gradient ?? new Float32Array(), 0) }
    : { values: spread(values, NaN) };
}

describe("ctc", () => {
  const options = { inputSize: 3, hiddenSize: 5, outputSize: 4, bidirectional: true } as const;
  const sequence = drawSequence(new Random(1), "values", { ...options, steps: 9, batch: 2 });
  const target = { labels: Int32Array.of(1, 1, 3), labelLengths: Int32Array.of(2, 1) };
  const loss = ctc();

  it("has the same mean and sum by estimateGradient as by backward", () => {
    using network = createNetwork(options);
    for (const reduction of ["mean", "sum"] as const) {
      network.zeroGradients();
      network.forward(sequence);
      const result = network.backward(target, { loss, reduction });
      const estimate = estimateGradient(network, sequence, target, bptt(), { loss, reduction });
      expect(estimate.loss).toBeCloseTo(result.loss, 12);
      expect(result).toMatchObject({ count: 2, weight: 2 });
      const gradients = new Map(network.parameters.map((one) => [one.name, one.readGradient()]));
      expectSame(estimate.gradients, gradients);
    }
  });

  const backward = (network: Network, given: object, lengths?: Int32Array) => {
    network.forward({ ...sequence, ...(lengths && { lengths }) });
    return network.backward({ ...target, ...given }, { loss });
  };

  it("allows sequences without labels", () => {
    using network = createNetwork(options);
    const none = { labels: new Int32Array(), labelLengths: new Int32Array(2) };
    expect(backward(network, none)).toMatchObject({ count: 2 });
  });

  it.each<[string, object, Int32Array | undefined, RegExp]>([
    [
      "labels that do not fit",
      {},
      Int32Array.of(2, 9),
      /"targets.labels".*2 of sequence 0.*3 steps.*length of 2/,
    ],
    ["a label that is the blank", { labels: Int32Array.of(1, 0, 3) }, undefined, /got 0 at 1/],
    ["a label past the outputs", { labels: Int32Array.of(1, 2, 4) }, undefined, /got 4 at 2/],
    ["too few labels", { labels: Int32Array.of(1, 2) }, undefined, /"targets.labels" expected 3 values/],
    ["no lengths of labels", { labelLengths: undefined }, undefined, /"targets.labelLengths"/],
    ["a negative length", { labelLengths: Int32Array.of(4, -1) }, undefined, /"targets.labelLengths\[1\]"/],
    ["weights", { weights: new Float32Array(18) }, undefined, /"targets.weights" expected none/],
  ])("refuses %s", (_name, given, lengths, message) => {
    using network = createNetwork(options);
    expect(() => backward(network, given, lengths)).toThrow(message);
  });

  it("is asked for by name, and refuses what it cannot do", () => {
    using network = createNetwork(options);
    network.forward(sequence);
    expect(() => network.backward(target)).toThrow(/"loss" expected ctc\(\) for "targets.labels"/);
    expect(() => network.backward({ classes: new Int32Array(18) }, { loss })).toThrow(
      /labels for ctc\(\), got classes/,
    );
    expect(() => network.backward(target, { loss: ctc({ blank: 4 }) })).toThrow(/blank below 4/);
    using whole = createNetwork({ ...options, output: "sequence" });
    whole.forward(sequence);
    expect(() => whole.backward(target, { loss })).toThrow(/one a sequence/);
  });
});

describe("one output a sequence", () => {
  it.each([false, true])("is followed back as from targets at last steps, ragged %s", (ragged) => {
    const shape = { inputSize: 3, hiddenSize: 5, outputSize: O, cell: "gru", seed: 6 } as const;
    using steps = createNetwork(shape);
    using whole = createNetwork({ ...shape, output: "sequence" });
    const random = new Random(5);
    const sizes = { ...shape, steps: T, batch: B };
    const sequence = { ...drawSequence(random, "values", sizes), ...lengthsOf(ragged) };
    const target = drawTarget(random, "values", { ...sizes, output: "sequence" });
    const found = gradientFlow(whole, sequence, target);
    const expected = gradientFlow(steps, sequence, atLastSteps(target, sequence));
    expect([...found.followed]).toEqual([...expected.followed]);
    found.overall.norms.forEach((norm, lag) => {
      expect(norm / expected.overall.norms[lag]).toBeCloseTo(1, 5);
    });
  });

  const options: NetworkOptions = { inputSize: 3, hiddenSize: 4, outputSize: 2, output: "sequence" };
  const window = (carry: boolean, steps = 4) => ({
    inputs: { steps, batch: 2, values: new Float32Array(steps * 6).fill(0.5) },
    targets: { classes: Int32Array.of(0, 1) },
    carry,
  });

  it("is not joined over windows that carry, where a sequence would have several", () => {
    using network = createNetwork(options);
    const run = begin(tbptt({ k1: 8 }), network);
    const checks = new WindowChecks(network);
    Array.from(run.window(checks.check(window(false))));
    expect(() => Array.from(run.window(checks.check(window(true))))).toThrow(/one a sequence.*bptt\(\)/);
  });

  it("needs whole sequences for a function of the caller's own", () => {
    using network = createNetwork(options);
    const loss = () => ({ loss: 0, gradient: new Float32Array(4) });
    for (const { learner, name } of madeRules) {
      if (name === "bptt" || name === "diagonalRtrl") continue;
      expect(() => begin(learner, network, { loss })).toThrow(
        /"learner" expected bptt\(\) for a loss function/,
      );
    }
  });

  it("refuses resets", () => {
    using network = createNetwork(options);
    const inputs = { ...window(false).inputs, resets: new Uint8Array(8) };
    expect(() => network.forward(inputs)).toThrow(/"sequence.resets" expected none/);
  });
});
