import { describe, expect, it, vi } from "vitest";
import { createNetwork } from "../../src/network/create-network.js";
import { engineFor } from "../../src/memory/engine.js";
import { cellNames, cells } from "../../src/network/cells/by-name.js";
import { isDiagonal } from "../../src/network/cells/cell.js";
import { completeOptions } from "../../src/network/options.js";
import type { Cell } from "../../src/network/types.js";
import { Random } from "../../src/random.js";
import { supportedBuilds } from "../../src/wasm/load.js";
import { builds } from "../builds.js";
import { kinds, normalizableCells } from "./kinds.js";
import { invoke, noBooleans, noNumbers, noObjects } from "./untyped.js";

const sizes = { inputSize: 4, hiddenSize: 3, outputSize: 2 };
const library = { createNetwork };

interface BadOption {
  argument: string;
  error: typeof TypeError | typeof RangeError;
  /** Words that the message has besides the argument's name. */
  says: string;
  values: readonly unknown[];
}

const words = [null, 1, true, {}, []];
const optional = noNumbers.filter((value) => value !== undefined);
const noIntegers = [NaN, 1.5, Infinity, -Infinity, 2 ** 53];

const badOptions: BadOption[] = [
  ...["inputSize", "hiddenSize", "outputSize"].flatMap((argument): BadOption[] => [
    { argument, error: TypeError, says: "an integer", values: noNumbers },
    { argument, error: RangeError, says: "an integer", values: [...noIntegers, -1, 2 ** 31] },
  ]),
  { argument: "inputSize", error: RangeError, says: "from 1", values: [0, -0] },
  { argument: "hiddenSize", error: RangeError, says: "from 1", values: [0, -0] },
  { argument: "cell", error: TypeError, says: '"elman"', values: words },
  { argument: "cell", error: RangeError, says: '"elman"', values: ["", "rnn", "Elman", "toString"] },
  { argument: "layers", error: TypeError, says: "an integer", values: optional },
  { argument: "layers", error: RangeError, says: "an integer", values: [...noIntegers, 0, -1, 10001] },
  { argument: "bidirectional", error: TypeError, says: "true or false", values: noBooleans },
  { argument: "layerNorm", error: TypeError, says: "true or false", values: noBooleans },
  { argument: "dropout", error: TypeError, says: "a number", values: optional },
  { argument: "dropout", error: RangeError, says: "a finite number", values: [NaN, -0.1, 1, Infinity] },
  { argument: "dropout", error: RangeError, says: "0 for a network of one layer", values: [0.5, 1e-300] },
  { argument: "output", error: TypeError, says: '"step" or "sequence"', values: words },
  { argument: "output", error: RangeError, says: '"step" or "sequence"', values: ["", "steps", "last"] },
  { argument: "embeddingSize", error: TypeError, says: "an integer", values: optional },
  { argument: "embeddingSize", error: RangeError, says: "an integer", values: [...noIntegers, -1] },
  { argument: "seed", error: TypeError, says: "an integer", values: optional },
  { argument: "seed", error: RangeError, says: "an integer", values: [...noIntegers, -(2 ** 53)] },
  { argument: "initialization", error: TypeError, says: "an object", values: noObjects },
  ...[words, ["", "gaussian"]].map((values, i): BadOption => ({
    argument: "initialization.recurrent",
    error: i === 0 ? TypeError : RangeError,
    says: '"uniform"',
    values: values.map((recurrent) => ({ recurrent })),
  })),
  {
    argument: "initialization.forgetBias",
    error: TypeError,
    says: "a number",
    values: optional.map((forgetBias) => ({ forgetBias })),
  },
  {
    argument: "initialization.forgetBias",
    error: RangeError,
    says: 'none for cell "elman"',
    values: [0, 1].map((forgetBias) => ({ forgetBias })),
  },
  {
    argument: "initialization.forgetBias",
    error: RangeError,
    says: "a finite number",
    values: [NaN, Infinity, 1e31].map((forgetBias) => ({ forgetBias })),
  },
];

function expectRefusal(call: () => unknown, { argument, error, says }: Omit<BadOption, "values">): void {
  expect(call).toThrow(error);
  expect(call).toThrow(`"${argument}" expected `);
  expect(call).toThrow(says);
}

describe("createNetwork's options", () => {
  it.each(badOptions)("$argument: $error.name, $says", (bad) => {
    const [option] = bad.argument.split(".");
    const { arena } = engineFor();
    const before = arena.reserved;
    for (const value of bad.values)
      expectRefusal(() => invoke(library, "createNetwork", { ...sizes, [option]: value }), bad);
    expect(arena.reserved).toBe(before);
  });

  it("ask for nothing of W_hh or of a forget gate where the cell has none", () => {
    const refuse = (cell: Cell, name: string, value: unknown): void => {
      const given = { ...sizes, cell, initialization: { [name]: value } };
      const says = `none for cell "${cell}"`;
      const argument = `initialization.${name}`;
      expectRefusal(() => invoke(library, "createNetwork", given), { argument, error: RangeError, says });
    };
    for (const cell of cellNames) {
      if (cells[cell].forgetGate === undefined) refuse(cell, "forgetBias", 1);
      if (!isDiagonal(cells[cell])) continue;
      for (const recurrent of ["uniform", "orthogonal", "identity"]) refuse(cell, "recurrent", recurrent);
      for (const initialization of [undefined, {}, { recurrent: undefined }])
        expect(completeOptions({ ...sizes, cell, initialization }).initialization).toEqual({});
    }
  });

  it("ask for no layer normalisation of a cell that has none", () => {
    const others = cellNames.filter((cell) => !normalizableCells.includes(cell));
    expect(others).toEqual(["mingru", "minlstm"]);
    for (const cell of others) {
      const says = `false for cell "${cell}", got true: it is for cell "elman", "elman-relu", "gru", "lstm"`;
      expectRefusal(() => invoke(library, "createNetwork", { ...sizes, cell, layerNorm: true }), {
        ...{ argument: "layerNorm", error: RangeError, says },
      });
      expect(completeOptions({ ...sizes, cell, layerNorm: false }).layerNorm).toBe(false);
    }
    for (const cell of normalizableCells)
      expect(completeOptions({ ...sizes, cell, layerNorm: true }).layerNorm).toBe(true);
  });

  it("are needed, and an object", () => {
    for (const value of [undefined, ...noObjects])
      expectRefusal(() => invoke(library, "createNetwork", value), {
        argument: "options",
        error: TypeError,
        says: "an object",
      });
  });

  it("are completed, and cannot be changed", () => {
    const { options } = createNetwork(sizes);
    expect(options).toEqual({
      ...sizes,
      cell: "elman",
      layers: 1,
      bidirectional: false,
      layerNorm: false,
      dropout: 0,
      output: "step",
      embeddingSize: 0,
      seed: 0,
      initialization: { recurrent: "uniform" },
    });
    expect(Object.isFrozen(options)).toBe(true);
    expect(Object.isFrozen(options.initialization)).toBe(true);
  });

  it("may ask for every kind of network", () => {
    for (const { name, options } of kinds) {
      using network = createNetwork(options);
      expect(network.options, name).toMatchObject(options);
    }
    const initialization = { recurrent: "orthogonal", forgetBias: 1 } as const;
    expect(completeOptions({ ...sizes, cell: "lstm", initialization }).initialization).toEqual({
      recurrent: "orthogonal",
      forgetBias: 1,
    });
  });

  it("may be undefined where they are optional, and −0 where they may be 0", () => {
    const optionalNames = [
      "cell",
      "layers",
      "bidirectional",
      "dropout",
      "output",
      "embeddingSize",
      "seed",
      "initialization",
    ];
    const none = Object.fromEntries(optionalNames.map((name) => [name, undefined]));
    expect(completeOptions({ ...sizes, ...none })).toEqual(completeOptions(sizes));
    // toEqual tells −0 from 0
    expect(completeOptions({ ...sizes, dropout: -0, embeddingSize: -0, seed: -0 })).toEqual(
      completeOptions(sizes),
    );
  });

  it.each([Number.MIN_SAFE_INTEGER, -1, 1, 2 ** 32, Number.MAX_SAFE_INTEGER])("take the seed %d", (seed) => {
    using network = createNetwork({ ...sizes, seed });
    expect(network.options.seed).toBe(seed);
    expect(network.parameter("head.weight").read()).not.toEqual(
      createNetwork(sizes).parameter("head.weight").read(),
    );
  });
});

describe("createNetwork's runtime", () => {
  it("runs the build that it names, and the fastest but the wide one for auto", () => {
    for (const build of builds) {
      using network = createNetwork(sizes, { build });
      expect(network.build).toBe(build);
    }
    for (const runtime of [undefined, {}, { build: undefined }, { build: "auto" as const }]) {
      using network = createNetwork(sizes, runtime);
      expect(network.build).toBe(
        supportedBuilds()
          .filter((build) => build !== "wide")
          .at(-1),
      );
    }
  });

  it.each([
    { argument: "runtime", error: TypeError, says: "an object", values: noObjects },
    { argument: "build", error: TypeError, says: '"auto"', values: words.map((build) => ({ build })) },
    {
      argument: "build",
      error: RangeError,
      says: '"auto"',
      values: ["", "SIMD", "scalar"].map((build) => ({ build })),
    },
    {
      argument: "threads",
      error: TypeError,
      says: "a pool of createThreadPool",
      values: [{ size: 2 }, null, 2, "2"].map((threads) => ({ threads })),
    },
  ])("$argument: $error.name, $says", (bad) => {
    for (const value of bad.values) expectRefusal(() => invoke(library, "createNetwork", sizes, value), bad);
  });
});

describe("a createNetwork that fails", () => {
  it("for want of memory holds none", () => {
    const { arena } = engineFor();
    const before = arena.reserved;
    for (const name of ["inputSize", "hiddenSize", "outputSize"]) {
      expect(() => createNetwork({ ...sizes, [name]: 2 ** 30 })).toThrow("out of memory");
    }
    expect(arena.reserved).toBe(before);
  });

  it("while it draws parameters gives their memory back", () => {
    const { arena } = engineFor();
    const before = arena.reserved;
    const draw = vi.spyOn(Random.prototype, "uniform").mockImplementation(() => {
      throw new RangeError("no more numbers");
    });
    expect(() => createNetwork(sizes)).toThrow("no more numbers");
    draw.mockRestore();
    expect(arena.reserved).toBe(before);
  });
});
