import { describe, expect, it } from "vitest";
import { optimizers, sgd } from "../../src/optimize/optimizers.js";
import { createNetwork } from "../../src/network/create-network.js";
import { parameterBits } from "../network/bits.js";
import { optimizerNames, subjects } from "../oracle/optimizers/by-name.js";
import { rate } from "../oracle/optimizers/optimizer.js";
import { invoke, noBooleans, noNumbers, noObjects } from "../network/untyped.js";

function expectRefusal(
  call: () => unknown,
  error: typeof TypeError | typeof RangeError,
  argument: string,
): void {
  expect(call).toThrow(error);
  expect(call).toThrow(`"${argument}" expected `);
}

const kinds = optimizerNames.map((kind) => ({ kind, ...subjects[kind] }));

describe.each(kinds)("$kind", ({ kind, defaultRate, numbers, flags }) => {
  const required = defaultRate === undefined ? { learningRate: 0.1 } : {};
  const create = (options: unknown): unknown => invoke(optimizers, kind, options);

  it("takes an object of options", () => {
    for (const options of noObjects) expectRefusal(() => create(options), TypeError, "options");
    if (defaultRate !== undefined) expect(create(undefined)).toHaveProperty("learningRate", defaultRate);
    else {
      expectRefusal(() => create(undefined), TypeError, "options");
      expectRefusal(() => create({}), TypeError, "learningRate");
    }
  });

  it.each(numbers)("checks $name", ({ name, refused, accepted }) => {
    const given = (value: unknown) => () => create({ ...required, [name]: value });
    for (const value of noNumbers.filter((one) => one !== undefined))
      expectRefusal(given(value), TypeError, name);
    for (const value of [NaN, Infinity, -Infinity, ...refused]) expectRefusal(given(value), RangeError, name);
    for (const value of accepted) expect(given(value)).not.toThrow();
    if (!(name in required)) expect(given(undefined)).not.toThrow();
  });

  it("checks its switches", () => {
    for (const name of flags) {
      for (const value of noBooleans)
        expectRefusal(() => create({ ...required, [name]: value }), TypeError, name);
      for (const value of [true, false, undefined])
        expect(() => create({ ...required, [name]: value })).not.toThrow();
    }
  });

  it("keeps its learning rate when another is refused", () => {
    const optimizer = optimizers[kind]({ learningRate: 0.25 });
    for (const value of noNumbers)
      expectRefusal(() => Reflect.set(optimizer, "learningRate", value), TypeError, "learningRate");
    for (const value of [NaN, Infinity, ...rate.refused])
      expectRefusal(() => (optimizer.learningRate = value), RangeError, "learningRate");
    expect(optimizer.learningRate).toBe(0.25);
    optimizer.learningRate = -0;
    expect(optimizer.learningRate).toBe(0);
  });

  it("steps networks alone", () => {
    using network = createNetwork({ inputSize: 2, hiddenSize: 3, outputSize: 2 });
    const before = parameterBits(network);
    const optimizer = optimizers[kind]({ learningRate: 0.25 });
    for (const value of [undefined, ...noObjects, {}, network.options, network.parameters, new Proxy({}, {})])
      expectRefusal(() => invoke(optimizer, "step", value), TypeError, "network");
    expect(parameterBits(network)).toBe(before);
    optimizer.step(network);
  });
});

describe("sgd", () => {
  it("wants momentum, and no dampening, for Nesterov's", () => {
    for (const nesterov of noBooleans)
      expectRefusal(() => invoke(optimizers, "sgd", { learningRate: 1, nesterov }), TypeError, "nesterov");
    for (const options of [{}, { momentum: 0 }, { momentum: 0.9, dampening: 0.1 }, { dampening: 0.1 }])
      expectRefusal(() => sgd({ learningRate: 1, nesterov: true, ...options }), RangeError, "nesterov");
    expect(() => sgd({ learningRate: 1, nesterov: true, momentum: 0.9, dampening: -0 })).not.toThrow();
  });
});
