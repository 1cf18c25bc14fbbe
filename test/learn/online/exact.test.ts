import { describe, expect, it } from "vitest";
import { cellNames, cells } from "../../../src/network/cells/by-name.js";
import { isDiagonal } from "../../../src/network/cells/cell.js";
import type { NetworkOptions } from "../../../src/index.js";
import { bptt } from "../../../src/learn/back/bptt.js";
import type { Learner } from "../../../src/learn/learner.js";
import { diagonalRtrl } from "../../../src/learn/online/diagonal-rtrl.js";
import { blockRtrl, rtrl } from "../../../src/learn/online/rtrl.js";
import { snap1 } from "../../../src/learn/online/snap1.js";
import { uoro } from "../../../src/learn/online/uoro.js";
import { builds } from "../../builds.js";
import { madeRules } from "../rules.js";
import { normalizableCells } from "../../network/kinds.js";
import { gradientBy, problemOf, relativeDistance, type ProblemOptions } from "./problems.js";
import { onlineRules } from "./rules.js";

/** Of sums over up to 9 steps: some dozens of roundings of 6e-8, relative to the whole gradient. */
const ROUNDING = 1e-5;

type Case = Omit<ProblemOptions, "build"> & { name: string };

const diagonalCells = cellNames.filter((cell) => isDiagonal(cells[cell]));
const networks = [
  ...cellNames.map((cell) => ({ cell, layerNorm: false })),
  ...normalizableCells.map((cell) => ({ cell, layerNorm: true })),
];
const cases: Case[] = networks.flatMap(({ cell: own, layerNorm }) => {
  const network: NetworkOptions = { cell: own, layerNorm, inputSize: 5, hiddenSize: 6, outputSize: 4 };
  const cell = layerNorm ? `${own} with layerNorm` : own;
  return [
    { name: cell, network },
    { name: `${cell}, 3 layers`, network: { ...network, layers: 3, hiddenSize: 9 } },
    { name: `${cell}, values`, network, dense: true, batch: 3 },
    { name: `${cell}, embedding`, network: { ...network, embeddingSize: 3 } },
    { name: `${cell}, no head`, network: { ...network, outputSize: 0 }, dense: true },
    { name: `${cell}, lengths`, network: { ...network, layers: 2 }, lengths: Int32Array.of(7, 3) },
  ];
});

/** All of them exact where no error crosses a block's border. */
const exact: [string, Learner][] = [
  ["rtrl", rtrl()],
  ["blockRtrl of 3", blockRtrl({ block: 3 })],
  ["blockRtrl of 9", blockRtrl({ block: 9 })],
  ["uoro of 9", uoro({ block: 9 })],
];

const table = builds.flatMap((build) => cases.map((given) => ({ build, given, name: given.name })));

describe.each(table)("$build, $name", ({ build, given }) => {
  const problem = problemOf({ ...given, build });
  const full = gradientBy(bptt(), problem);

  it.each(exact)("%s gives the gradient of back-propagation through time", (_, learner) => {
    expect(relativeDistance(gradientBy(learner, problem), full)).toBeLessThan(ROUNDING);
  });
});

describe.each(cellNames)("%s over windows that carry", (cell) => {
  const network: NetworkOptions = { cell, inputSize: 5, hiddenSize: 6, outputSize: 4 };
  const build = builds[0];
  const whole = problemOf({ network, build, steps: [9] });
  const full = gradientBy(bptt(), whole);
  const [{ inputs, targets }] = whole.windows;
  const cut = (from: number, to: number) => ({
    inputs: { steps: to - from, batch: 2, tokens: inputs.tokens?.slice(from * 2, to * 2) },
    targets: { classes: targets.classes?.slice(from * 2, to * 2) },
    carry: from > 0,
  });
  const windows = [cut(0, 4), cut(4, 5), cut(5, 9)];

  it.each([
    ["rtrl", rtrl()],
    ["blockRtrl of 3", blockRtrl({ block: 3 })],
  ])("%s is exact across them", (_, learner) => {
    expect(relativeDistance(gradientBy(learner, { ...whole, windows }), full)).toBeLessThan(ROUNDING);
  });

  it("a window that does not carry forgets the past", () => {
    const apart = windows.map((window) => ({ ...window, carry: false }));
    const problem = { ...whole, windows: apart };
    expect(relativeDistance(gradientBy(rtrl(), problem), gradientBy(bptt(), problem))).toBeLessThan(ROUNDING);
    expect(relativeDistance(gradientBy(rtrl(), problem), full)).toBeGreaterThan(0.01);
  });
});

const diagonal = builds.flatMap((build) => diagonalCells.map((cell) => ({ build, cell })));

describe.each(diagonal)("diagonalRtrl of $cell, $build", ({ build, cell }) => {
  const network: NetworkOptions = { cell, inputSize: 5, hiddenSize: 6, outputSize: 4 };
  const sizes = [1, 3, 8, 17].flatMap((hiddenSize) =>
    [1, 4].flatMap((batch) => [false, true].map((dense) => ({ hiddenSize, batch, dense }))),
  );

  it.each(sizes)("is exact for one layer of $hiddenSize units, $batch sequences, values $dense", (size) => {
    for (const outputSize of [0, 4]) {
      const { hiddenSize, ...rest } = size;
      const problem = problemOf({ ...rest, network: { ...network, hiddenSize, outputSize }, build });
      const full = gradientBy(bptt(), problem);
      const gradient = gradientBy(diagonalRtrl(), problem);
      expect(relativeDistance(gradient, full)).toBeLessThan(ROUNDING);
      expect(gradientBy(snap1(), problem)).toEqual(gradient);
    }
  });

  it("is exact across windows that carry", () => {
    for (const batch of [1, 3]) {
      const problem = problemOf({ network, build, steps: [4, 1, 30], batch, dense: true });
      const gradient = gradientBy(diagonalRtrl(), problem);
      expect(relativeDistance(gradient, gradientBy(rtrl(), problem))).toBeLessThan(ROUNDING);
      expect(relativeDistance(gradient, gradientBy(bptt(), problem))).toBeGreaterThan(0.001);
    }
  });

  it("is exact for sequences of different lengths", () => {
    const problem = problemOf({ network, build, lengths: Int32Array.of(7, 3) });
    const full = gradientBy(bptt(), problem);
    expect(relativeDistance(gradientBy(diagonalRtrl(), problem), full)).toBeLessThan(ROUNDING);
  });

  it("is an approximation for stacked layers, exact in the top one", () => {
    const problem = problemOf({ network: { ...network, layers: 2 }, build });
    const full = gradientBy(bptt(), problem);
    const gradient = gradientBy(diagonalRtrl(), problem);
    expect(relativeDistance(gradient, full)).toBeGreaterThan(0.001);
    expect(relativeDistance(gradient, full)).toBeLessThan(0.5);
    const top = problem.network.parameters.findIndex(({ name }) => name === "rnn.weight_ih_l1");
    const start = problem.network.parameters
      .slice(0, top)
      .reduce((sum, parameter) => sum + parameter.read().length, 0);
    expect(relativeDistance(gradient.subarray(start), full.subarray(start))).toBeLessThan(ROUNDING);
  });
});

describe("one step", () => {
  it.each(cellNames.flatMap((cell) => onlineRules.map((rule) => ({ cell, ...rule }))))(
    "$cell: $name is exact, for there is no past",
    ({ cell, learner }) => {
      const network = { cell, inputSize: 5, hiddenSize: 7, outputSize: 4, layers: 2 };
      const problem = problemOf({ network, build: builds[0], steps: [1] });
      const full = gradientBy(bptt(), problem);
      expect(relativeDistance(gradientBy(learner, problem), full)).toBeLessThan(ROUNDING);
    },
  );
});

describe("parameters that are not trained", () => {
  const frozen = [/weight_hh/, /weight_ih_l0/, /bias_ih/, /bias_hh_l1/];
  const each = frozen.flatMap((name) =>
    [1, 2].flatMap((layers) => cellNames.map((cell) => ({ name, layers, cell }))),
  );
  it.each(each)(
    "$name of $layers layers get no gradient, and the others the same: $cell",
    ({ name, layers, cell }) => {
      const network = { cell, inputSize: 5, hiddenSize: 6, outputSize: 4, layers } as const;
      const problem = problemOf({ network, build: builds[0] });
      for (const parameter of problem.network.parameters) parameter.trainable = !name.test(parameter.name);
      const full = gradientBy(bptt(), problem);
      expect(relativeDistance(gradientBy(rtrl(), problem), full)).toBeLessThan(ROUNDING);
      if (isDiagonal(cells[cell]) && layers === 1)
        expect(relativeDistance(gradientBy(diagonalRtrl(), problem), full)).toBeLessThan(ROUNDING);
      for (const { learner } of onlineRules) {
        gradientBy(learner, problem);
        for (const parameter of problem.network.parameters) {
          if (!parameter.trainable) expect(parameter.readGradient().every((g) => g === 0)).toBe(true);
        }
      }
    },
  );
});

describe("networks that a rule does not cover", () => {
  const bidirectional = {
    cell: "gru",
    inputSize: 5,
    hiddenSize: 6,
    outputSize: 4,
    bidirectional: true,
  } as const;
  const embedding = { cell: "gru", inputSize: 5, hiddenSize: 6, outputSize: 4, embeddingSize: 3 } as const;
  it.each(madeRules.filter(({ plan }) => plan !== undefined))(
    "$name refuses a bidirectional one",
    ({ learner }) => {
      const problem = problemOf({ network: bidirectional, build: builds[0] });
      expect(() => gradientBy(learner, problem)).toThrow(
        `"learner" expected bptt() for a bidirectional network, got ${learner.name}()`,
      );
    },
  );
  it.each(madeRules.filter(({ plan }) => plan?.factored))(
    "$name refuses an embedding",
    ({ learner, plan }) => {
      const cell = plan?.diagonal === true ? diagonalCells[0] : "gru";
      const problem = problemOf({ network: { ...embedding, cell }, build: builds[0] });
      expect(() => gradientBy(learner, problem)).toThrow(/for a network with an embedding, got \w+\(\)/);
    },
  );
  it.each(madeRules.filter(({ plan }) => plan?.factored === true && plan.diagonal !== true))(
    "$name refuses layer normalisation",
    ({ learner }) => {
      const network = { ...embedding, embeddingSize: 0, layerNorm: true };
      const ask = () => gradientBy(learner, problemOf({ network, build: builds[0] }));
      expect(ask).toThrow(RangeError);
      expect(ask).toThrow(
        `"learner" expected a rule for a network with layerNorm, got ${learner.name}(): it needs gradients that are`,
      );
    },
  );
  it.each(cellNames.filter((cell) => !isDiagonal(cells[cell])))(
    "diagonalRtrl refuses the cell %s",
    (cell) => {
      const problem = problemOf({ network: { ...embedding, embeddingSize: 0, cell }, build: builds[0] });
      const ask = () => gradientBy(diagonalRtrl(), problem);
      expect(ask).toThrow(RangeError);
      expect(ask).toThrow(
        `"learner" expected a rule for the cell "${cell}", got diagonalRtrl(): it is for cells whose units do not see ` +
          `each other's states, ${diagonalCells.map((name) => `"${name}"`).join(", ")}`,
      );
    },
  );
});
