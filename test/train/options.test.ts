import { describe, expect, it } from "vitest";
import { DisposedError } from "../../src/errors.js";
import { adam } from "../../src/optimize/adam.js";
import { requireTrainPlan } from "../../src/train/options.js";
import { train } from "../../src/train/train.js";
import { allParameters, tokenNetwork, tokenWindows } from "./windows.js";

const network = tokenNetwork();
const data = tokenWindows(2);
const optimizer = adam();

const never = (value: unknown): never => value as never; // whatever the types say

describe("train refuses, at the call", () => {
  const refused: [string, unknown, typeof Error, RegExp][] = [
    ["no options", undefined, TypeError, /"options" expected an object, got undefined/],
    ["null options", null, TypeError, /"options" expected an object, got null/],
    ["no optimizer", {}, TypeError, /"optimizer" expected an optimizer, .*, got undefined/],
    ["a number", { optimizer: 0.1 }, TypeError, /"optimizer" .* got 0.1/],
    ["a factory", { optimizer: adam }, TypeError, /"optimizer" .* got a function/],
    [
      "no reset",
      { optimizer: { learningRate: 1, step: () => 0 } },
      TypeError,
      /"optimizer" .* got an object/,
    ],
    ["no learner", { optimizer, learner: {} }, TypeError, /"learner" expected one made by .*, got an object/],
    [
      "a loss",
      { optimizer, loss: "mse" },
      TypeError,
      /"loss" expected a function, or a loss made by .*, got "mse"/,
    ],
    ["clipNorm 0", { optimizer, clipNorm: 0 }, RangeError, /"clipNorm" .* above 0, got 0/],
    ["clipNorm -0", { optimizer, clipNorm: -0 }, RangeError, /"clipNorm" .* got -0/],
    ["clipNorm NaN", { optimizer, clipNorm: NaN }, RangeError, /"clipNorm" .* got NaN/],
    ["clipNorm text", { optimizer, clipNorm: "1" }, TypeError, /"clipNorm" expected a number, got "1"/],
    ["clipValue -1", { optimizer, clipValue: -1 }, RangeError, /"clipValue" .* above 0, got -1/],
    [
      "a rate",
      { optimizer, schedule: 0.1 },
      TypeError,
      /"schedule" expected a function, or a schedule made by plateauSchedule\(\), got 0.1/,
    ],
    ["epochs 0", { optimizer, epochs: 0 }, RangeError, /"epochs" .* at least 1, got 0/],
    ["epochs 1.5", { optimizer, epochs: 1.5 }, RangeError, /"epochs" .* got 1.5/],
    ["epochs Infinity", { optimizer, epochs: Infinity }, RangeError, /"epochs" .* got Infinity/],
    ["epochs null", { optimizer, epochs: null }, TypeError, /"epochs" expected an integer, got null/],
    ["maxSteps 0", { optimizer, maxSteps: 0 }, RangeError, /"maxSteps" .* at least 1, got 0/],
    ["maxSteps text", { optimizer, maxSteps: "9" }, TypeError, /"maxSteps" .* got "9"/],
    [
      "validation",
      { optimizer, validation: 5 },
      TypeError,
      /"validation" expected an iterable of windows, got 5/,
    ],
    [
      "validateEvery 0",
      { optimizer, validation: data, validateEvery: 0 },
      RangeError,
      /"validateEvery" .* got 0/,
    ],
    ["patience 0", { optimizer, validation: data, patience: 0 }, RangeError, /"patience" .* got 0/],
    ["patience alone", { optimizer, patience: 2 }, TypeError, /"validation" expected data for "patience"/],
    [
      "validateEvery alone",
      { optimizer, validateEvery: 2 },
      TypeError,
      /"validation" .* for "validateEvery"/,
    ],
    [
      "a controller",
      { optimizer, signal: new AbortController() },
      TypeError,
      /"signal" expected an AbortSignal/,
    ],
    ["a null signal", { optimizer, signal: null }, TypeError, /"signal" expected an AbortSignal, got null/],
  ];
  it.each(refused)("%s", (_, options, type, message) => {
    const before = allParameters(network);
    const call = () => train(network, data, never(options));
    expect(call).toThrow(type);
    expect(call).toThrow(message);
    expect(allParameters(network)).toEqual(before);
  });

  it.each([[undefined], [null], [7], ["windows"], [{}], [() => data]])("data that is %o", (given) => {
    const call = () => train(network, never(given), { optimizer });
    expect(call).toThrow(TypeError);
    expect(call).toThrow(/^"data" expected an iterable of windows, got /);
  });

  it.each([[undefined], [null], [{}]])("a network that is %o", (given) => {
    expect(() => train(never(given), data, { optimizer })).toThrow(/^"network" expected a network made by/);
  });

  it("a network that was disposed of", () => {
    const gone = tokenNetwork();
    gone.dispose();
    expect(() => train(gone, data, { optimizer })).toThrow(DisposedError);
  });
});

describe("defaults", () => {
  it.each([
    [{}, 1, Infinity],
    [{ epochs: 4 }, 4, Infinity],
    [{ maxSteps: 9 }, Infinity, 9],
    [{ epochs: 4, maxSteps: 9 }, 4, 9],
  ])("%o: as many epochs, as many steps", (given, epochs, maxSteps) => {
    const plan = requireTrainPlan(network, data, { optimizer, ...given });
    expect([plan.epochs, plan.maxSteps]).toEqual([epochs, maxSteps]);
  });

  it("undefined is as if it were not there", () => {
    const options = { learner: undefined, clipNorm: undefined, epochs: undefined, patience: undefined };
    const plan = requireTrainPlan(network, data, { optimizer, ...options, signal: undefined });
    expect(plan.epochs).toBe(1);
  });

  it("limits may be infinite", () => {
    const plan = requireTrainPlan(network, data, { optimizer, clipNorm: Infinity, clipValue: Infinity });
    expect([plan.clipNorm, plan.clipValue]).toEqual([Infinity, Infinity]);
  });
});
