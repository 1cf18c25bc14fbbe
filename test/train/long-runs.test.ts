/** Accumulation, averages of the parameters, and the best of them, against the same by hand. */

import { describe, expect, it } from "vitest";
import { DivergenceError } from "../../src/errors.js";
import type { TrainingWindow } from "../../src/data/training-data.js";
import { tbptt } from "../../src/learn/back/tbptt.js";
import { createLearner } from "../../src/learn/learner.js";
import { rtrl } from "../../src/learn/online/rtrl.js";
import { sgd } from "../../src/optimize/sgd.js";
import type { TrainOptions } from "../../src/train/options.js";
import { evaluate } from "../../src/train/evaluate.js";
import { train } from "../../src/train/train.js";
import {
  allGradients,
  allParameters,
  collect,
  scriptedOptimizer,
  steps,
  tokenNetwork,
  tokenWindow,
  tokenWindows,
} from "./windows.js";

/** Windows of different lengths, so that they weigh differently; some of their targets are left out. */
const windows: TrainingWindow[] = [3, 5, 2, 7, 4].map((T, seed) => {
  const window = tokenWindow({ T, seed, carry: seed % 2 === 1 });
  window.targets.classes?.fill(-1, 0, seed);
  return window;
});
const rate = 0.3;
/** A few roundings of float32, relative to parameters of order 1. */
const ROUNDING = 2e-6;

function expectClose(found: readonly number[], expected: readonly number[], within = ROUNDING): void {
  expect(found).toHaveLength(expected.length);
  const furthest = Math.max(...found.map((x, i) => Math.abs(x - expected[i])));
  expect(furthest).toBeLessThan(within);
}

describe("accumulate", () => {
  /** The mean gradient over some windows' targets, and their mean loss, states carrying as they say. */
  function byHand(parameters: readonly number[], from: number, to: number) {
    const network = tokenNetwork();
    let at = 0;
    for (const parameter of network.parameters) {
      const { length } = parameter.read();
      parameter.write(parameters.slice(at, at + length));
      at += length;
    }
    let state;
    let [weight, loss] = [0, 0];
    const gradient = parameters.map(() => 0);
    for (const [i, { inputs, targets, carry = false }] of windows.entries()) {
      if (i >= to) break;
      // States before come from older parameters: those are checked with one window an update alone.
      const forward = network.forward(inputs, { training: true, ...(carry && state && { state }) });
      state = forward.state;
      network.zeroGradients();
      const back = network.backward(targets);
      if (i < from) continue;
      weight += back.count;
      loss += back.count * back.loss;
      allGradients(network).forEach((g, j) => (gradient[j] += back.count * g));
    }
    network.dispose();
    return { loss: loss / weight, gradient: gradient.map((g) => g / weight) };
  }

  it("takes the mean over all targets of the windows", async () => {
    const network = tokenNetwork();
    const first = allParameters(network);
    const { events } = await collect(
      train(network, windows, { optimizer: sgd({ learningRate: rate }), accumulate: windows.length }),
    );
    expect(steps(events)).toEqual([1, "end 1"]);
    const { loss, gradient } = byHand(first, 0, windows.length);
    expect(events[0].loss).toBeCloseTo(loss, 5);
    expectClose(
      allParameters(network),
      first.map((w, i) => w - rate * gradient[i]),
    );
  });

  it.each([
    [1, [1, 2, 3, 4, 5, "end 5"]],
    [2, [1, 2, 3, "end 3"]],
    [3, [1, 2, "end 2"]],
    [4, [1, 2, "end 2"]],
    [9, [1, "end 1"]],
  ])(
    "of %i windows makes an update of those left at the end, and weighs the epoch's loss",
    async (accumulate, order) => {
      const optimizer = sgd({ learningRate: 0 });
      const { events } = await collect(train(tokenNetwork(), windows, { optimizer, accumulate }));
      expect(steps(events)).toEqual(order);
      const { loss } = await evaluate(tokenNetwork(), windows);
      expect(events.at(-1)?.loss).toBeCloseTo(loss, 5);
    },
  );

  it("clips the mean, and counts maxSteps in updates", async () => {
    const optimizer = sgd({ learningRate: 0.1 });
    const { events } = await collect(
      train(tokenNetwork(), windows, { optimizer, accumulate: 2, maxSteps: 4, clipNorm: 1e-3 }),
    );
    expect(steps(events)).toEqual([1, 2, 3, "end 3", 4]);
  });

  it.each([
    ["tbptt", { learner: tbptt({ k1: 2 }) }, /"accumulate" expected 1 with tbptt\(\).* got 2: use bptt\(\)/],
    [
      "updateEvery",
      { learner: rtrl(), updateEvery: 3 },
      /"accumulate" expected 1 with "updateEvery".* got 2/,
    ],
  ] as [string, Partial<TrainOptions>, RegExp][])("is refused with %s", (_, more, message) => {
    const optimizer = sgd({ learningRate: 0.1 });
    expect(() => train(tokenNetwork(), windows, { optimizer, accumulate: 2, ...more })).toThrow(message);
  });

  it("is refused, once it shows, with a rule of the caller's own that gives several gradients a window", async () => {
    const twice = createLearner("twice", () => ({
      *window() {
        yield { loss: 1, count: 1, steps: 1 };
        yield { loss: 1, count: 1, steps: 1 };
      },
      *end() {
        // Nothing waits.
      },
    }));
    const training = train(tokenNetwork(), windows, {
      optimizer: sgd({ learningRate: 0.1 }),
      accumulate: 3,
      learner: twice,
    });
    await expect(training.next()).rejects.toThrow(/"accumulate" expected 1 with twice\(\)/);
  });
});

describe("averaging", () => {
  const decay = 0.7;
  const given = (): TrainOptions => ({ optimizer: sgd({ learningRate: rate }), epochs: 3 });

  it("validates and ends with the average, and trains as without", async () => {
    const validation = tokenWindows(2, { seed: 50 });
    const plain = tokenNetwork();
    let average: number[] | undefined;
    const losses: number[] = [];
    for await (const { epochEnd } of train(plain, windows, given())) {
      if (!epochEnd) {
        const now = allParameters(plain);
        average = average?.map((a, i) => Math.fround(decay * a + (1 - decay) * now[i])) ?? now;
        continue;
      }
      const other = tokenNetwork();
      let at = 0;
      for (const parameter of other.parameters) {
        const { length } = parameter.read();
        parameter.write((average ?? []).slice(at, at + length));
        at += length;
      }
      losses.push((await evaluate(other, validation)).loss);
    }
    const network = tokenNetwork();
    const last: number[][] = [];
    const { events } = await collect(
      train(network, windows, { ...given(), averaging: { decay }, validation }),
      () => last.push(allParameters(network)),
    );
    expect(events.filter(({ epochEnd }) => epochEnd).map(({ validationLoss }) => validationLoss)).toEqual(
      losses,
    );
    expect(last.at(-1)).toEqual(allParameters(plain));
    expect(allParameters(network)).toEqual(average);
  });

  it("leaves the average where break ends training", async () => {
    const network = tokenNetwork();
    for await (const { step } of train(network, windows, { ...given(), averaging: { decay: 0 } }))
      if (step === 4) break;
    const plain = tokenNetwork();
    for await (const { step } of train(plain, windows, given())) if (step === 4) break;
    expect(allParameters(network)).toEqual(allParameters(plain));
  });

  it.each([
    [{ averaging: { decay: 1 } }, /"averaging.decay" expected .*below 1.* got 1/],
    [{ averaging: { decay: -0.1 } }, /"averaging.decay".* got -0.1/],
    [{ averaging: {} }, /"averaging.decay".* got undefined/],
    [{ averaging: 0.9 }, /"averaging" expected an object.* got 0.9/],
    [{ averaging: { decay: 0.9, warm: 1 } }, /got "warm"/],
    [{ accumulate: 0 }, /"accumulate" expected .* got 0/],
    [{ accumulate: 1.5 }, /"accumulate" expected .* got 1.5/],
    [{ minImprovement: 0.1, validation: windows }, /"patience" expected a number for "minImprovement"/],
    [{ minImprovement: -1, patience: 1, validation: windows }, /"minImprovement" expected .* got -1/],
    [{ keepBest: 1, validation: windows }, /"keepBest" expected .* got 1/],
    [{ keepBest: true }, /"validation" expected data for "keepBest"/],
  ] as unknown as [Partial<TrainOptions>, RegExp][])("refuses %j", (more, message) => {
    expect(() => train(tokenNetwork(), windows, { ...given(), ...more })).toThrow(message);
  });
});

describe("the best parameters", () => {
  /** Biases of the head that validate worse the further they are from 0. */
  const script = [3, 1, 2, 0.5, 4, 5];
  const validation = [tokenWindow({ carry: false })];
  const bias = (network: ReturnType<typeof tokenNetwork>): number => network.parameter("head.bias").read()[0];
  /** Class 0 alone is right: the loss falls with its bias. */
  const spread = (values: readonly number[]) => {
    const optimizer = scriptedOptimizer(values);
    return {
      ...optimizer,
      step: (network: Parameters<typeof optimizer.step>[0]) => {
        optimizer.step(network);
        const parameter = network.parameter("head.bias");
        parameter.write(parameter.read().map((b, i) => (i === 0 ? b : 0)));
      },
    };
  };
  const data = Array.from({ length: 6 }, () => tokenWindow({ carry: false }));
  const options = (more: Partial<TrainOptions> = {}): TrainOptions => ({
    optimizer: spread(script),
    validation,
    validateEvery: 1,
    ...more,
  });

  it.each(["the end", "maxSteps", "break", "patience", "an error"])(
    "are there at last, however training ends: %s",
    async (way) => {
      const network = tokenNetwork();
      const seen: [number, number][] = [];
      const more: Partial<TrainOptions> = {
        keepBest: true,
        ...(way === "maxSteps" && { maxSteps: 5 }),
        ...(way === "patience" && { patience: 2 }),
        ...(way === "an error" && { optimizer: spread([...script.slice(0, 4), NaN, NaN]) }),
      };
      const run = (async () => {
        for await (const { validationLoss, step } of train(network, data, options(more))) {
          if (validationLoss !== undefined) seen.push([validationLoss, bias(network)]);
          if (way === "break" && step === 5) break;
        }
      })();
      if (way === "an error") await expect(run).rejects.toThrow(DivergenceError);
      else await run;
      const [, best] = seen.reduce((least, each) => (each[0] < least[0] ? each : least));
      expect(bias(network)).toBe(best);
      expect(seen.length).toBeGreaterThan(2);
    },
  );

  it("are not looked for without keepBest and patience", async () => {
    const network = tokenNetwork();
    await collect(train(network, data, options()));
    expect(bias(network)).toBe(script.at(-1));
  });

  it("outlast small improvements that do not count for patience", async () => {
    // Losses fall by less and less: only the first is an improvement of 1.
    const falling = [0, 0.1, 0.2, 0.3, 0.4, 0.5];
    const direction = async (values: readonly number[]) => {
      const { events } = await collect(train(tokenNetwork(), data, options({ optimizer: spread(values) })));
      return (events[0].validationLoss ?? 0) > (events[5].validationLoss ?? 0);
    };
    const better = (await direction(falling)) ? falling : falling.map((b) => -b);
    const network = tokenNetwork();
    const { events } = await collect(
      train(network, data, options({ optimizer: spread(better), patience: 3, minImprovement: 1 })),
    );
    expect(steps(events)).toEqual([1, 2, 3, 4]);
    expect(bias(network)).toBeCloseTo(better[3], 6);
  });
});
