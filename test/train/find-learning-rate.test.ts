import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvalidStateError } from "../../src/errors.js";
import { sequenceSet } from "../../src/data/sequence-set.js";
import { snap1 } from "../../src/learn/online/snap1.js";
import { tbptt } from "../../src/learn/back/tbptt.js";
import { engineFor } from "../../src/memory/engine.js";
import { createNetwork } from "../../src/network/create-network.js";
import { adam } from "../../src/optimize/adam.js";
import { sgd } from "../../src/optimize/sgd.js";
import { findLearningRate, type FindLearningRateOptions } from "../../src/train/find-learning-rate.js";
import { train } from "../../src/train/train.js";
import { invoke } from "../network/untyped.js";
import {
  allGradients,
  allParameters,
  collect,
  countedData,
  scriptedOptimizer,
  tokenNetwork,
  tokenWindow,
  tokenWindows,
  valueNetwork,
  valueWindow,
} from "./windows.js";

const data = tokenWindows(3);
const optimizer = () => adam();

describe("a range test", () => {
  it("takes rates a constant factor apart, from the first to the last", async () => {
    const { rates, diverged } = await findLearningRate(tokenNetwork(), data, {
      optimizer: () => sgd({ learningRate: 9 }),
      ...{ from: 1e-6, to: 1e-2, steps: 5 },
    });
    expect(diverged).toBe(false);
    expect(rates[0]).toBe(1e-6);
    expect(rates[4]).toBe(1e-2);
    [1e-6, 1e-5, 1e-4, 1e-3, 1e-2].forEach((rate, i) => {
      expect(rates[i] / rate).toBeCloseTo(1, 12);
    });
  });

  it("has the losses that training with these rates has, as a moving mean", async () => {
    const search = async (smoothing: number) =>
      findLearningRate(tokenNetwork(), data, { optimizer, smoothing, from: 1e-4, to: 0.1, steps: 20 });
    const { rates, losses } = await search(0);
    const schedule = (step: number): number => rates[step];
    const trained = await collect(
      train(tokenNetwork(), data, { optimizer: adam(), schedule, maxSteps: rates.length }),
    );
    const expected = trained.events.filter(({ epochEnd }) => !epochEnd).map(({ loss }) => loss);
    expect(rates).toHaveLength(20);
    losses.forEach((loss, i) => {
      expect(loss).toBeCloseTo(expected[i], 13);
    });
    // Each loss weighs 0.6^age.
    const smoothed = (await search(0.6)).losses;
    smoothed.forEach((loss, i) => {
      const weights = expected.slice(0, i + 1).map((_, k) => 0.6 ** (i - k));
      const sum = weights.reduce((total, weight) => total + weight);
      expect(loss).toBeCloseTo(
        weights.reduce((total, weight, k) => total + weight * expected[k], 0) / sum,
        12,
      );
    });
  });

  it("suggests a tenth of the rate with the least loss, which learns better than far from it", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1000), async (seed) => {
        const windows = tokenWindows(8, { seed, T: 8, B: 4 });
        const network = createNetwork({ inputSize: 5, hiddenSize: 8, outputSize: 5, seed });
        const {
          rates,
          losses,
          suggestion = NaN,
        } = await findLearningRate(network, windows, { optimizer, to: 10 });
        expect(suggestion).toBe(0.1 * rates[losses.indexOf(Math.min(...losses))]);
        const lossAt = async (learningRate: number): Promise<number> => {
          const given = { optimizer: adam({ learningRate }), maxSteps: 80 };
          const { events } = await collect(train(network.clone(), windows, given));
          return events.at(-1)?.loss ?? NaN;
        };
        const [slow, good, wild] = [
          await lossAt(suggestion / 100),
          await lossAt(suggestion),
          await lossAt(suggestion * 100),
        ];
        expect(good).toBeLessThan(slow);
        expect(good).toBeLessThan(wild);
      }),
      { numRuns: 8 },
    );
  });

  it("ends once the loss has grown far beyond the least", async () => {
    const given = { optimizer: () => sgd({ learningRate: 1 }), to: 1e6, steps: 300 };
    const { rates, losses, diverged } = await findLearningRate(valueNetwork(), [valueWindow(1, 0.5)], given);
    expect(diverged).toBe(true);
    expect(rates.length).toBeLessThan(300);
    expect(losses).toHaveLength(rates.length);
    const least = Math.min(...losses);
    const limit = Math.max(3 * least, losses[0] - least);
    losses.forEach((loss, i) => {
      if (i === losses.length - 1) expect(loss - least).toBeGreaterThan(limit);
      else expect(loss - Math.min(...losses.slice(0, i + 1))).toBeLessThanOrEqual(limit);
    });
  });

  it("ends at a loss that is not finite, which it does not show", async () => {
    let calls = 0;
    const given: FindLearningRateOptions = {
      optimizer,
      steps: 9,
      loss: (outputs) => ({
        loss: ++calls < 4 ? 5 - calls : NaN,
        gradient: new Float32Array(outputs.length),
      }),
      smoothing: 0,
    };
    const found = await findLearningRate(tokenNetwork(), data, given);
    expect(found).toMatchObject({ losses: [4, 3, 2], diverged: true });
    expect(found.suggestion).toBe(0.1 * found.rates[2]);
    const none = await findLearningRate(tokenNetwork(), data, given);
    expect(none).toEqual({ rates: [], losses: [], suggestion: undefined, diverged: true });
  });

  it("suggests nothing where no rate makes the loss fall", async () => {
    let calls = 0;
    const rising: FindLearningRateOptions = {
      optimizer,
      steps: 5,
      loss: (outputs) => ({ loss: -10 + calls++, gradient: new Float32Array(outputs.length) }),
    };
    const found = await findLearningRate(tokenNetwork(), data, rising);
    expect(found.suggestion).toBe(undefined);
    expect(found.rates).toHaveLength(5);
  });

  it("works for losses below 0, and goes on through a rise no larger than the fall before it", async () => {
    const script = [0, -5, -10, -9, -2, 0, 3, 20, 20.5, 50, 60];
    let at = 0;
    const found = await findLearningRate(tokenNetwork(), data, {
      ...{ optimizer, steps: 11, smoothing: 0 },
      loss: (outputs) => ({ loss: script[at++], gradient: new Float32Array(outputs.length) }),
    });
    // The least is -10, and 20 is 3·10 above it.
    expect(found.losses).toEqual(script.slice(0, 9));
    expect(found.diverged).toBe(true);
  });

  it("learns as the options say, forwards in time too", async () => {
    for (const [options, epochs] of [
      [{ learner: tbptt({ k1: 2 }) }, 2],
      [{ learner: snap1(), updateEvery: 2 }, 2],
      [{ accumulate: 2 }, 8],
    ] as const) {
      const windows = tokenWindows(2, { T: 4, carry: true });
      const { data: counted, counts } = countedData(windows);
      const { rates } = await findLearningRate(tokenNetwork(), counted, {
        ...{ optimizer, steps: 8, to: 1e-3, clipNorm: 1, clipValue: 1 },
        ...options,
      });
      // Two windows of four steps an epoch.
      expect(rates).toHaveLength(8);
      expect(counts.iterated).toBe(epochs);
    }
  });
});

describe("all that the caller has stays as it was", () => {
  it.each([
    ["a network with dropout", { layers: 2, dropout: 0.5 }],
    ["one with a parameter that is not trained", {}],
  ])("%s, its gradients and what it learns next", async (_, more) => {
    const make = () => {
      const network = createNetwork({ inputSize: 5, hiddenSize: 6, outputSize: 5, seed: 1, ...more });
      network.parameter("rnn.weight_hh_l0").trainable = false;
      for (const parameter of network.parameters) parameter.writeGradient(parameter.read());
      return network;
    };
    const [searched, other] = [make(), make()];
    await findLearningRate(searched, data, { optimizer, steps: 20 });
    expect(allParameters(searched)).toEqual(allParameters(other));
    expect(allGradients(searched)).toEqual(allGradients(other));
    const next = async (network: typeof other) => {
      await collect(train(network, data, { optimizer: adam(), epochs: 2 }));
      return allParameters(network);
    };
    expect(await next(searched)).toEqual(await next(other));
  });

  it("the copy is not trained where the network is not", async () => {
    const network = tokenNetwork();
    for (const parameter of network.parameters) parameter.trainable = false;
    const found = await findLearningRate(network, [tokenWindow({ carry: false })], { optimizer, steps: 4 });
    expect(new Set(found.losses.map((loss) => loss.toFixed(12))).size).toBe(1);
  });

  it("and so does the memory", async () => {
    const network = tokenNetwork();
    const { arena } = engineFor(network.build);
    await findLearningRate(network, data, { optimizer, steps: 5 });
    const before = arena.reserved;
    await findLearningRate(network, data, { optimizer, steps: 5 });
    const failing = findLearningRate(network, [], { optimizer });
    await expect(failing).rejects.toThrow("at least one window");
    expect(arena.reserved).toBe(before);
  });
});

describe("a search is refused", () => {
  it("with an optimizer of another network, which stays as it is", async () => {
    const network = tokenNetwork();
    const make = async () => {
      const trained = tokenNetwork();
      const taken = adam({ learningRate: 0.01 });
      await collect(train(trained, data, { optimizer: taken }));
      return { trained, taken };
    };
    const [searched, other] = [await make(), await make()];
    const search = findLearningRate(network, data, { optimizer: () => searched.taken });
    await expect(search).rejects.toThrow(
      new InvalidStateError(`"optimizer" expected a function that makes a new optimizer, got one in use`),
    );
    expect(searched.taken.learningRate).toBe(0.01);
    for (const { trained, taken } of [searched, other])
      await collect(train(trained, data, { optimizer: taken }));
    expect(allParameters(searched.trained)).toEqual(allParameters(other.trained));
  });

  const wrong: [options: object, message: string][] = [
    [{ optimizer: undefined }, `"optimizer" expected a function, got undefined`],
    [{ optimizer: adam() }, `"optimizer" expected a function, got an object`],
    [{ optimizer: () => 1 }, `"optimizer" expected an optimizer, as sgd() or adam() make it, got 1`],
    [{ from: 0 }, `"from" expected a finite number at least 1e-30 and below 1e+30, got 0`],
    [{ from: 1 }, `"to" expected a finite number above 1 and at most 1e+30, got 1`],
    [{ to: Infinity }, `"to" expected a finite number above 0.000001 and at most 1e+30, got Infinity`],
    [{ steps: 1 }, `"steps" expected an integer of at least 2, got 1`],
    [{ smoothing: 1 }, `"smoothing" expected a finite number at least 0 and below 1, got 1`],
    [{ clipNorm: 0 }, `"clipNorm" expected a finite number above 0, got 0`],
    [{ learner: 1 }, `"learner" expected`],
    [{ schedule: () => 1 }, `"options" expected learner or`],
  ];
  it.each(wrong)("%j", async (options, message) => {
    const call = invoke({ findLearningRate }, "findLearningRate", tokenNetwork(), data, {
      optimizer,
      ...options,
    });
    await expect(call).rejects.toThrow(message);
  });

  it("for targets without a loss, and for data that does not fit", async () => {
    const { inputs } = tokenWindow();
    const gradient = [{ inputs, targets: { gradient: new Float32Array(4 * 2 * 5) } }];
    await expect(findLearningRate(tokenNetwork(), gradient, { optimizer })).rejects.toThrow(
      new RangeError(`"data" expected targets that have a loss, got a gradient`),
    );
    const other = findLearningRate(valueNetwork(), data, { optimizer });
    await expect(other).rejects.toThrow(`"inputs.tokens" expected tokens from 0 to 0`);
    await expect(invoke({ findLearningRate }, "findLearningRate", {}, data, { optimizer })).rejects.toThrow(
      "network",
    );
  });

  it("by a signal, with its reason, and by what an optimizer throws", async () => {
    const controller = new AbortController();
    controller.abort(new Error("enough"));
    const { signal } = controller;
    await expect(findLearningRate(tokenNetwork(), data, { optimizer, signal })).rejects.toThrow("enough");
    const broken = () => ({
      ...scriptedOptimizer([]),
      step() {
        throw new Error("broken");
      },
    });
    await expect(findLearningRate(tokenNetwork(), data, { optimizer: broken })).rejects.toThrow("broken");
  });
});

it("walks a shuffled set, an epoch after the other", async () => {
  const items = Array.from({ length: 6 }, (_, i) => ({
    inputs: { tokens: Uint8Array.of(i % 5, 1) },
    targets: { class: i % 5 },
  }));
  const set = sequenceSet(items, { batch: 2, shuffle: true });
  const { rates } = await findLearningRate(tokenNetwork(), set, { optimizer, steps: 7, to: 1e-3 });
  expect(rates).toHaveLength(7);
});
