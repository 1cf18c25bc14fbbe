import { describe, expect, it } from "vitest";
import type { RecurrentNetwork } from "../../src/network/network.js";
import type { Network } from "../../src/network/types.js";
import { adamW } from "../../src/optimize/adam.js";
import { clipGradientNorm } from "../../src/optimize/clip.js";
import { sgd } from "../../src/optimize/sgd.js";
import { Random } from "../../src/random.js";
import { builds } from "../builds.js";
import { relativeError } from "../oracle/compare.js";
import { bitsOf, gradientBits } from "./bits.js";
import { drawSequence, drawState, drawTarget, outputRowsOf, outputWidthOf } from "./drawn.js";
import { guardedNetwork, networkIn } from "./guarded.js";
import { kinds, type Kind } from "./kinds.js";
import { score } from "./passes.js";

function pass(network: Network, { options, inputs }: Kind, seed: number): void {
  const sizes = { ...options, steps: 2 + seed, batch: 3 };
  const random = new Random(seed);
  network.forward(drawSequence(random, inputs[seed % inputs.length], sizes));
  network.backward(drawTarget(random, "values", sizes));
}

function gradients(network: Network): Float32Array[] {
  return network.parameters.map((one) => one.readGradient());
}

/** What the gradients of parameters are when nothing was back-propagated. */
function expectZeros(network: Network): void {
  for (const one of network.parameters)
    expect(
      one.readGradient().every((x) => x === 0),
      one.name,
    ).toBe(true);
}

describe.each(builds)("gradients, %s build", (build) => {
  it.each(kinds)("add up over backwards, and from what was written: $name", (kind) => {
    const start = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => Math.sin(i));
    const sums = guardedNetwork(kind.options, build).parameters.map((one) => [...start(one.read().length)]);
    for (const seed of [1, 2, 3]) {
      using network = guardedNetwork(kind.options, build);
      pass(network, kind, seed);
      gradients(network).forEach((gradient, p) => {
        gradient.forEach((x, i) => (sums[p][i] += x));
      });
    }
    using network = guardedNetwork(kind.options, build);
    for (const one of network.parameters) one.writeGradient(start(one.read().length));
    for (const seed of [1, 2, 3]) pass(network, kind, seed);
    // A few roundings to float32 of numbers around 1.
    gradients(network).forEach((gradient, p) => {
      expect(relativeError(gradient, sums[p])).toBeLessThan(2e-6);
    });
    network.zeroGradients();
    expectZeros(network);
  });

  it.each(kinds)("are 0 without any target, and so is the loss: $name", (kind) => {
    const { options, inputs } = kind;
    using network = guardedNetwork(options, build);
    const sizes = { ...options, steps: 3, batch: 2 };
    const rows = outputRowsOf(sizes);
    const outputs = rows * outputWidthOf(options);
    const none = [
      { classes: new Int32Array(rows).fill(-1) },
      { values: new Float32Array(outputs).fill(NaN) },
      { gradient: new Float32Array(outputs) },
    ];
    for (const input of inputs) {
      for (const target of none) {
        for (const reduction of ["mean", "sum"] as const) {
          network.forward(drawSequence(new Random(1), input, sizes));
          const inputGradient = input === "values";
          const result = network.backward(target, { reduction, inputGradient });
          expect(result.loss).toBe("gradient" in target ? NaN : 0);
          expect(result.count).toBe("gradient" in target ? outputs : 0);
          const { h, c = [] } = result.stateGradient;
          expect([...h, ...c, ...(result.inputGradient ?? [])].every((x) => x === 0)).toBe(true);
          expectZeros(network);
        }
      }
    }
    // but for what the final state brings
    network.forward(drawSequence(new Random(1), inputs[0], sizes));
    network.backward(none[0], { stateGradient: drawState(new Random(2), sizes) });
    expect(
      network
        .parameter("rnn.weight_ih_l0")
        .readGradient()
        .some((x) => x !== 0),
    ).toBe(true);
  });

  it.each([1, 3, 5, 8])(
    "and the loss leave out outputs without a target, finite or not, %d of them",
    (outputSize) => {
      const options = { ...kinds[0].options, outputSize };
      using network = guardedNetwork(options, build);
      const sizes = { ...options, steps: 2, batch: 1 };
      const random = new Random(1);
      const sequence = drawSequence(random, "values", sizes);
      const values = new Float32Array(2 * outputSize).fill(0.5);
      network.forward(sequence);
      const { loss, count } = network.backward({ values });
      // Another sequence beside it, whose state is no number.
      const beside = (width: number, array: ArrayLike<number>, other: number): Float32Array =>
        Float32Array.from({ length: 2 * array.length }, (_, i) => {
          const [row, column] = [Math.floor(i / width), i % width];
          return row % 2 === 0 ? array[(row / 2) * width + column] : other;
        });
      const both = { steps: 2, batch: 2, values: beside(options.inputSize, sequence.values ?? [], 1) };
      const targets = { values: beside(outputSize, values, NaN) };
      const H = options.hiddenSize;
      const state = { h: beside(H, new Float32Array(H), NaN) };
      expect(network.forward(both, { state }).outputs.some(Number.isNaN)).toBe(true);
      const masked = network.backward(targets);
      const scored = score(network, both, targets, state);
      expect(masked.count).toBe(count);
      // Sums in float64 of the same numbers.
      expect(relativeError([masked.loss, scored.loss / count], [loss, loss])).toBeLessThan(1e-12);
    },
  );

  it("count what lies within the lengths", () => {
    using network = guardedNetwork(kinds[0].options, build);
    const sizes = { ...kinds[0].options, steps: 4, batch: 3 };
    const sequence = { ...drawSequence(new Random(1), "tokens", sizes), lengths: Int32Array.of(1, 4, 2) };
    const counts = [
      { classes: new Int32Array(12) },
      { values: new Float32Array(36) },
      { gradient: new Float32Array(36) },
    ].map((target) => {
      network.forward(sequence);
      return network.backward(target).count;
    });
    expect(counts).toEqual([7, 21, 21]);
  });
});

describe.each(builds)("parameters that are not trainable, %s build", (build) => {
  function training(network: RecurrentNetwork, kind: Kind): void {
    const optimizer = adamW({ weightDecay: 0.1 });
    for (const seed of [1, 2]) {
      pass(network, kind, seed);
      clipGradientNorm(network, 0.1);
      optimizer.step(network);
    }
  }

  it.each(kinds)("have no gradient and stay as they are, the others as ever: $name", (kind) => {
    using all = guardedNetwork(kind.options, build);
    pass(all, kind, 1);
    for (const { name } of all.parameters) {
      // In the same memory: an engine has room for some hundreds of memories, and there are as many parameters.
      using network = networkIn(all.model.engine, kind.options);
      const frozen = network.parameter(name);
      frozen.trainable = false;
      expect(network.parameters.map((one) => one.trainable)).toEqual(
        all.parameters.map((one) => one.name !== name),
      );
      pass(network, kind, 1);
      for (const one of network.parameters) {
        const expected = one === frozen ? one.readGradient().fill(0) : all.parameter(one.name).readGradient();
        expect(bitsOf(one.readGradient()), `${one.name} while ${name} is frozen`).toBe(bitsOf(expected));
      }
      const before = network.parameters.map((one) => bitsOf(one.read()));
      training(network, kind);
      const stayed = network.parameters.filter((one, i) => bitsOf(one.read()) === before[i]);
      expect(stayed).toEqual([frozen]);
      expect(network.clone().parameter(name).trainable).toBe(false);
      expect(network.model.engine.arena.brokenGuards()).toEqual([]);
    }
  });

  it("take no gradient, and forget theirs", () => {
    using network = guardedNetwork(kinds[0].options, build);
    const bias = network.parameter("head.bias");
    bias.writeGradient([1, 2, 3]);
    bias.trainable = false;
    expect([...bias.readGradient()]).toEqual([0, 0, 0]);
    bias.writeGradient([0, 1, 0]);
    expect([...bias.readGradient()]).toEqual([0, 0, 0]);
    expect(() => {
      bias.writeGradient([0, 1]);
    }).toThrow(RangeError);
    bias.write([4, 5, 6]);
    expect([...bias.read()]).toEqual([4, 5, 6]);
    bias.trainable = true;
    bias.writeGradient([1, 2, 3]);
    sgd({ learningRate: 1 }).step(network);
    expect([...bias.read()]).toEqual([3, 3, 3]);
  });

  it("may change between forward and backward", () => {
    const [kind] = kinds;
    using network = guardedNetwork(kind.options, build);
    using control = guardedNetwork(kind.options, build);
    pass(control, kind, 1);
    const sizes = { ...kind.options, steps: 3, batch: 3 };
    const random = new Random(1);
    network.forward(drawSequence(random, kind.inputs[1], sizes));
    network.parameter("head.weight").trainable = false;
    network.parameter("head.weight").trainable = true;
    network.backward(drawTarget(random, "values", sizes));
    expect(gradientBits(network)).toBe(gradientBits(control));
  });
});
