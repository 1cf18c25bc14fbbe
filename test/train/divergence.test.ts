import { describe, expect, it } from "vitest";
import { DivergenceError } from "../../src/errors.js";
import type { LossFunction } from "../../src/learn/learner.js";
import { adam } from "../../src/optimize/adam.js";
import { sgd } from "../../src/optimize/sgd.js";
import type { TrainingWindow } from "../../src/data/training-data.js";
import type { TrainOptions } from "../../src/train/options.js";
import { train } from "../../src/train/train.js";
import {
  allGradients,
  allParameters,
  collect,
  countedData,
  scriptedOptimizer,
  tokenNetwork,
  tokenWindows,
  valueNetwork,
  valueWindow,
} from "./windows.js";

/** Trains until it diverges: the error, and parameters and losses before and after every update that was made. */
async function diverge(windows: readonly TrainingWindow[], options: TrainOptions) {
  const network = valueNetwork();
  const parameters = [allParameters(network)];
  const losses: number[] = [];
  const { data, counts } = countedData(windows);
  const error = await collect(train(network, data, options), ({ loss }) => {
    parameters.push(allParameters(network));
    losses.push(loss);
  }).catch((reason: unknown) => reason);
  if (!(error instanceof DivergenceError)) throw new Error(`no divergence, but ${String(error)}`);
  expect(counts.closed).toBe(1);
  expect(allGradients(network).every((g) => g === 0)).toBe(true);
  return { network, error, parameters, losses, now: allParameters(network) };
}

const good = valueWindow(1, 0.5);
const gradientWindow = (dy: number): TrainingWindow => ({
  ...good,
  targets: { gradient: new Float32Array(6).fill(dy) },
});

describe("divergence", () => {
  it.each<[string, TrainingWindow, RegExp]>([
    ["an enormous target", valueWindow(1, 3e38), /the gradient norm was (NaN|Infinity)/],
    ["an enormous gradient", gradientWindow(3e38), /the gradient norm was (NaN|Infinity)/],
  ])("%s ends training with the parameters before the last update", async (_, bad, message) => {
    for (const clipping of [{}, { clipNorm: 1 }, { clipValue: 1 }]) {
      const options = { optimizer: adam({ learningRate: 0.1 }), ...clipping };
      const { error, parameters, losses, now } = await diverge([good, good, good, bad, good], options);
      expect(error.message).toMatch(message);
      expect(error.step).toBe(3);
      expect(error.lastFiniteLoss).toBe(losses[2]);
      expect(parameters).toHaveLength(4);
      expect(now).toEqual(parameters[2]); // the third update's loss was theirs
      expect(now).not.toEqual(parameters[3]);
    }
  });

  it("at the first update leaves the parameters as they were", async () => {
    const { error, parameters, now } = await diverge([valueWindow(1, 3e38)], { optimizer: adam() });
    expect(error).toMatchObject({ step: 0, lastFiniteLoss: NaN, name: "DivergenceError" });
    expect(now).toEqual(parameters[0]);
  });

  it("through a learning rate far too high ends with parameters that work", async () => {
    const run = await diverge([good, good, good], { optimizer: sgd({ learningRate: 1e30 }) });
    expect(run.error.step).toBe(1);
    expect(run.parameters[1].every((x) => Math.abs(x) < 1e3)).toBe(false);
    expect(run.now).toEqual(run.parameters[0]);
    const { events } = await collect(train(run.network, [good], { optimizer: sgd({ learningRate: 0.01 }) }));
    expect(events[0].loss).toBe(run.error.lastFiniteLoss);
  });

  it("resets the optimizer: it may go on, with another network too", async () => {
    const optimizer = adam({ learningRate: 0.1 });
    await diverge([good, good, valueWindow(1, 3e38)], { optimizer });
    const again = async (fresh: typeof optimizer): Promise<number[]> => {
      const network = tokenNetwork();
      await collect(train(network, tokenWindows(3), { optimizer: fresh }));
      return allParameters(network);
    };
    expect(await again(optimizer)).toEqual(await again(adam({ learningRate: 0.1 })));
  });

  it("is judged by the norm alone where targets are a gradient: their loss is NaN", async () => {
    const { events } = await collect(
      train(valueNetwork(), [gradientWindow(0.1), gradientWindow(0.2)], { optimizer: adam() }),
    );
    expect(events.map(({ step, loss, epochEnd }) => [step, loss, epochEnd])).toEqual([
      [1, NaN, false],
      [2, NaN, false],
      [2, NaN, true],
    ]);
    const { error } = await diverge([gradientWindow(1), gradientWindow(3e38)], { optimizer: adam() });
    expect(error).toMatchObject({ step: 1, lastFiniteLoss: NaN });
  });

  it.each([NaN, Infinity, -Infinity])("is judged by a loss of the caller's own: %d", async (bad) => {
    let asked = 0;
    const loss: LossFunction = (outputs) => ({
      loss: asked++ < 2 ? -5 : bad,
      gradient: new Float32Array(outputs.length).fill(0.1),
    });
    const { error, now, parameters } = await diverge([good, good, good], { optimizer: adam(), loss });
    expect(error).toMatchObject({ step: 2, lastFiniteLoss: -5 });
    expect(error.message).toContain(`the loss was ${bad}`);
    expect(now).toEqual(parameters[1]);
  });

  it("is judged by the validation's loss too", async () => {
    const optimizer = scriptedOptimizer([0.5, 0.25, NaN]);
    const options = { optimizer, validation: [valueWindow(0, 0)], validateEvery: 1 };
    const { error, now, parameters } = await diverge([good, good, good, good], options);
    expect(error.step).toBe(3);
    expect(error.message).toMatch(/the validation loss was NaN/);
    expect(parameters).toHaveLength(3);
    expect(now).toEqual(parameters[2]);
    expect(optimizer.resets).toBe(1);
  });
});
