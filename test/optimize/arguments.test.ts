import { describe, expect, it } from "vitest";
import { optimizers, sgd, type OptimizerName } from "../../src/optimize/optimizers.js";
import { createNetwork } from "../../src/network/create-network.js";
import { parameterBits } from "../network/bits.js";
import { invoke, noBooleans, noNumbers, noObjects } from "../network/untyped.js";

interface NumberOption {
  name: string;
  /** Numbers that are refused, besides NaN and the infinite ones. */
  refused: readonly number[];
  accepted: readonly number[];
}

const atLeast0 = { refused: [-1, -1e-30, 1e31], accepted: [0, -0, 1e-300, 0.5, 1e30] };
const share = { refused: [-0.1, 1, 1.5], accepted: [0, 0.5, 1 - 2 ** -53] };
const rate: NumberOption = { name: "learningRate", ...atLeast0 };
const decay: NumberOption = { name: "weightDecay", ...atLeast0 };
const epsilon: NumberOption = { name: "epsilon", ...atLeast0 };
const adamOptions: NumberOption[] = [
  rate,
  { name: "beta1", ...share },
  { name: "beta2", ...share },
  epsilon,
  decay,
];

/** What an optimizer takes. */
interface Taken {
  readonly required: object;
  readonly numbers: readonly NumberOption[];
  readonly flags: readonly string[];
}

const table: Readonly<Record<OptimizerName, Taken>> = {
  sgd: {
    required: { learningRate: 0.1 },
    numbers: [
      rate,
      { name: "momentum", ...atLeast0 },
      { name: "dampening", refused: [1e31, -1e31], accepted: [-1, 0, 0.9, 2] },
      decay,
    ],
    flags: [],
  },
  rmsprop: {
    required: { learningRate: 0.1 },
    numbers: [
      rate,
      { name: "alpha", refused: [-0.1, 1.1], accepted: [0, 0.5, 1] },
      epsilon,
      { name: "momentum", ...atLeast0 },
      decay,
    ],
    flags: ["centered"],
  },
  adagrad: {
    required: { learningRate: 0.1 },
    numbers: [
      rate,
      epsilon,
      { name: "learningRateDecay", ...atLeast0 },
      { name: "initialAccumulatorValue", ...atLeast0 },
      decay,
    ],
    flags: [],
  },
  adam: { required: {}, numbers: adamOptions, flags: ["amsgrad"] },
  adamW: { required: {}, numbers: adamOptions, flags: ["amsgrad"] },
};

function expectRefusal(
  call: () => unknown,
  error: typeof TypeError | typeof RangeError,
  argument: string,
): void {
  expect(call).toThrow(error);
  expect(call).toThrow(`"${argument}" expected `);
}

const kinds = (Object.keys(optimizers) as OptimizerName[]).map((kind) => ({ kind, ...table[kind] }));

describe.each(kinds)("$kind", ({ kind, required, numbers, flags }) => {
  const create = (options: unknown): unknown => invoke(optimizers, kind, options);

  it("takes an object of options", () => {
    for (const options of noObjects) expectRefusal(() => create(options), TypeError, "options");
    const name = Object.keys(required).at(0);
    if (name === undefined) expect(create(undefined)).toHaveProperty("learningRate", 1e-3);
    else {
      expectRefusal(() => create(undefined), TypeError, "options");
      expectRefusal(() => create({}), TypeError, name);
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
