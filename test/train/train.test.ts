import { describe, expect, it } from "vitest";
import { tbptt } from "../../src/learn/back/tbptt.js";
import type { Network, State } from "../../src/network/types.js";
import { adam } from "../../src/optimize/adam.js";
import { clipGradientNorm, clipGradientValue } from "../../src/optimize/clip.js";
import { sgd } from "../../src/optimize/sgd.js";
import type { TrainOptions } from "../../src/train/options.js";
import { train } from "../../src/train/train.js";
import type { Progress } from "../../src/train/training.js";
import {
  allParameters,
  collect,
  countedData,
  steps,
  tokenNetwork,
  tokenWindow,
  tokenWindows,
} from "./windows.js";

/** What training comes to: forward, backward, clip, step. */
function byHand(
  network: Network,
  windows: ReturnType<typeof tokenWindows>,
  { optimizer, clipNorm, clipValue, schedule }: TrainOptions,
): Pick<Progress, "loss" | "gradientNorm" | "learningRate">[] {
  let state: State | undefined;
  return windows.map(({ inputs, targets, carry }, step) => {
    network.zeroGradients();
    const run = network.forward(inputs, carry === true ? { state } : {});
    state = run.state;
    const { loss } = network.backward(targets);
    const gradientNorm = clipGradientNorm(network, clipNorm ?? Infinity);
    if (clipValue !== undefined) clipGradientValue(network, clipValue);
    if (typeof schedule === "function") optimizer.learningRate = schedule(step);
    optimizer.step(network);
    return { loss, gradientNorm, learningRate: optimizer.learningRate };
  });
}

describe("train", () => {
  it.each<[string, Omit<TrainOptions, "optimizer">]>([
    ["plain", {}],
    ["clipped by norm", { clipNorm: 0.05 }],
    ["clipped by value", { clipValue: 0.01 }],
    ["clipped by both", { clipNorm: 0.05, clipValue: 0.01 }],
    ["on a schedule", { schedule: (step) => 0.1 / (1 + step) }],
    ["on a schedule that stands still at first", { schedule: (step) => (step < 3 ? 0 : 0.1) }],
    ["by stretches that are windows", { learner: tbptt({ k1: 4 }) }],
  ])("does what forward, backward, clipping and the optimizer do: %s", async (_, options) => {
    const windows = tokenWindows(8).map((window, i) => ({ ...window, carry: i !== 5 }));
    const [network, twin] = [tokenNetwork(), tokenNetwork()];
    const { events } = await collect(
      train(network, windows, { ...options, optimizer: adam({ learningRate: 0.01 }) }),
    );
    const expected = byHand(twin, windows, { ...options, optimizer: adam({ learningRate: 0.01 }) });
    expect(events.filter(({ epochEnd }) => !epochEnd)).toMatchObject(expected);
    expect(allParameters(network)).toEqual(allParameters(twin));
  });

  it("tells of every update, and of each epoch's end", async () => {
    const { events } = await collect(
      train(tokenNetwork(), tokenWindows(3), { optimizer: adam(), epochs: 2 }),
    );
    expect(steps(events)).toEqual([1, 2, 3, "end 3", 4, 5, 6, "end 6"]);
    expect(events.map(({ epoch }) => epoch)).toEqual([1, 1, 1, 1, 2, 2, 2, 2]);
    for (const event of events) {
      expect(Object.keys(event).sort()).toEqual(
        ["epoch", "epochEnd", "gradientNorm", "learningRate", "loss", "step", "tokensPerSecond"].sort(),
      );
      expect(event.gradientNorm).toBeGreaterThan(0);
      expect(event.learningRate).toBe(1e-3);
    }
  });

  it("an epoch's loss is the mean over its targets", async () => {
    const windows = [1, 2, 3].map((T) => tokenWindow({ T, B: 1, seed: T }));
    windows[2].targets.classes?.fill(-1, 1); // 1, 2 and 1 targets
    const { events } = await collect(
      train(tokenNetwork(), windows, { optimizer: sgd({ learningRate: 0.1 }), epochs: 2 }),
    );
    for (const [a, b, c, end] of [events.slice(0, 4), events.slice(4)]) {
      expect(end.loss).toBeCloseTo((a.loss + 2 * b.loss + c.loss) / 4, 12);
      expect(end).toEqual({ ...c, loss: end.loss, epochEnd: true });
    }
  });

  it("an epoch without any target has loss 0", async () => {
    const window = tokenWindow();
    window.targets.classes?.fill(-1);
    const { events } = await collect(train(tokenNetwork(), [window], { optimizer: adam() }));
    expect(events.map(({ loss, gradientNorm }) => [loss, gradientNorm])).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  it("starts every epoch from a state of zeros", async () => {
    const network = tokenNetwork();
    const { events } = await collect(
      train(network, tokenWindows(2), { optimizer: sgd({ learningRate: 0 }), epochs: 3 }),
    );
    const losses = events.map(({ loss }) => loss);
    expect(losses.slice(3, 6)).toEqual(losses.slice(0, 3));
    expect(losses.slice(6)).toEqual(losses.slice(0, 3));
    expect(losses[0]).not.toBe(losses[1]);
  });

  it("lets an epoch begin otherwise than the one before ended", async () => {
    const windows = [tokenWindow(), tokenWindow({ B: 3, carry: false }), tokenWindow({ B: 3 })];
    const { events } = await collect(train(tokenNetwork(), windows, { optimizer: adam(), epochs: 2 }));
    expect(steps(events)).toEqual([1, 2, 3, "end 3", 4, 5, 6, "end 6"]);
  });

  it.each([
    [2, [1, 2, 3, 4, 5, 6, 7, 8, "end 8"]],
    [3, [1, 2, 3, 4, 5, 6, "end 6"]],
    [16, [1, "end 1"]],
    [100, [1, "end 1"]],
  ])("tbptt with k1 = %d over four windows of 4 steps", async (k1, expected) => {
    const options = { optimizer: adam(), learner: tbptt({ k1 }) };
    const { events } = await collect(train(tokenNetwork(), tokenWindows(4), options));
    expect(steps(events)).toEqual(expected);
  });

  it("learns", async () => {
    const windows = tokenWindows(20, { T: 8 });
    const { events } = await collect(
      train(tokenNetwork(), windows, { optimizer: adam({ learningRate: 0.02 }), epochs: 15 }),
    );
    const ends = events.filter(({ epochEnd }) => epochEnd).map(({ loss }) => loss);
    expect(ends[0]).toBeGreaterThan(1.3); // ln 5 = 1.6 at first
    expect(ends[14]).toBeLessThan(1.1);
  });

  it("asks a schedule for the rate of every update, in order, from 0", async () => {
    const asked: number[] = [];
    const optimizer = adam({ learningRate: 9 });
    const schedule = (step: number): number => {
      asked.push(step);
      return 0.001 * step;
    };
    const { events } = await collect(
      train(tokenNetwork(), tokenWindows(3), { optimizer, schedule, epochs: 2 }),
    );
    expect(asked).toEqual([0, 1, 2, 3, 4, 5]);
    expect(events.map(({ learningRate }) => learningRate)).toEqual(
      [0, 1, 2, 2, 3, 4, 5, 5].map((s) => 0.001 * s),
    );
    expect(optimizer.learningRate).toBe(0.005);
  });

  it.each([
    [NaN, RangeError],
    [-1, RangeError],
    [Infinity, RangeError],
    ["1", TypeError],
    [undefined, TypeError],
  ])("a schedule that says %s is refused, and nothing is changed by that update", async (rate, type) => {
    const network = tokenNetwork();
    const schedule = (step: number): number => (step < 2 ? 0.01 : (rate as number));
    const seen: number[][] = [];
    const run = collect(train(network, tokenWindows(4), { optimizer: adam(), schedule }), () => {
      seen.push(allParameters(network));
    });
    await expect(run).rejects.toThrow(type);
    await expect(run).rejects.toThrow(/"schedule\(2\)" expected /);
    expect(seen).toHaveLength(2);
    expect(allParameters(network)).toEqual(seen[1]);
  });
});

describe("maxSteps", () => {
  it.each([
    [1, undefined, [1], 1],
    [2, undefined, [1, 2], 2],
    [3, undefined, [1, 2, 3], 3],
    [5, undefined, [1, 2, 3, "end 3", 4, 5], 6],
    [5, 1, [1, 2, 3, "end 3"], 4],
    [5, 2, [1, 2, 3, "end 3", 4, 5], 6],
  ])(
    "%d of epochs of three windows, epochs %s: stops at once",
    async (maxSteps, epochs, expected, pulled) => {
      for (const asynchronous of [false, true]) {
        const { data, counts } = countedData(tokenWindows(3), asynchronous);
        const { events } = await collect(
          train(tokenNetwork(), data, { optimizer: adam(), maxSteps, epochs }),
        );
        expect(steps(events)).toEqual(expected);
        // The end of each whole epoch is a pull too.
        expect(counts.pulled).toBe(pulled);
        expect(counts.closed).toBe(expected.at(-1) === "end 3" ? 0 : 1);
      }
    },
  );

  it("stops within a window", async () => {
    const { data, counts } = countedData(tokenWindows(3));
    const options = { optimizer: adam(), learner: tbptt({ k1: 1 }), maxSteps: 6 };
    const { events } = await collect(train(tokenNetwork(), data, options));
    expect(steps(events)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(counts).toEqual({ iterated: 1, pulled: 2, closed: 1 });
  });
});
