/** Rules that draw, through the kernels: the mean of many draws is the full gradient. */
import { describe, expect, it } from "vitest";
import { cellNames, cells } from "../../../src/network/cells/by-name.js";
import { isDiagonal } from "../../../src/network/cells/cell.js";
import type { Cell } from "../../../src/network/types.js";
import { artbp } from "../../../src/learn/back/artbp.js";
import { bptt } from "../../../src/learn/back/bptt.js";
import type { Learner } from "../../../src/learn/learner.js";
import { kfRtrl } from "../../../src/learn/online/kf-rtrl.js";
import { noBackTrack } from "../../../src/learn/online/no-back-track.js";
import { uoro } from "../../../src/learn/online/uoro.js";
import { tbptt } from "../../../src/learn/back/tbptt.js";
import { builds } from "../../builds.js";
import { MeanTest, type MeanVerdict } from "../../oracle/learning/mean-test.js";
import { normalizableCells } from "../../network/kinds.js";
import { begin } from "../begin.js";
import { gradientBy, gradientOfRun, problemOf, type Problem } from "./problems.js";

const DRAWS = 4000;

function judge(learner: Learner, problem: Problem, full: Float64Array): MeanVerdict {
  const truncated = gradientBy(tbptt({ k1: 1 }), problem);
  const test = new MeanTest(full, {
    recurrent: problem.recurrent,
    directions: [full, full.map((x, i) => x - truncated[i])],
  });
  const run = begin(learner, problem.network, { reduction: "sum", seed: 7 });
  for (let i = 0; i < DRAWS; i++) test.add(gradientOfRun(run, problem));
  run.dispose?.();
  return test.verdict();
}

/** Between what right references showed at H 8, T 10, with room for another network and T 20. */
const rules: { learner: Learner; least: number; most: number }[] = [
  { learner: uoro(), least: 0.5, most: 60 },
  { learner: uoro({ block: 4 }), least: 0.05, most: 30 },
  { learner: noBackTrack(), least: 0.5, most: 60 },
  { learner: kfRtrl(), least: 0.05, most: 10 },
  { learner: artbp({ meanLength: 4 }), least: 0.01, most: 2 },
];

const diagonalCells = cellNames.filter((cell) => isDiagonal(cells[cell]));

/** Where states are unbounded, the noise has so few and so large terms that 4000 draws tell nothing. */
const isBounded = (cell: Cell): boolean =>
  cells[cell].squashedStates.every(({ bounds }) => Number.isFinite(bounds.high));

const networks = cellNames
  .filter((cell) => !diagonalCells.includes(cell) && isBounded(cell))
  .map((cell) => ({
    cell,
    problem: problemOf({
      network: { cell, inputSize: 3, hiddenSize: 8, outputSize: 3 },
      build: builds[0],
      steps: [20],
      batch: 1,
      recurrence: 1.5,
    }),
  }));

describe.each(networks)("$cell", ({ problem }) => {
  const full = gradientBy(bptt(), problem);

  it.each(rules)("$learner.name has the full gradient for its mean", ({ learner, least, most }) => {
    const { deviations, varying, noise, passes } = judge(learner, problem, full);
    expect({ deviations, varying, passes }).toMatchObject({ passes: true });
    expect(noise).toBeGreaterThan(least);
    expect(noise).toBeLessThan(most);
  });

  it("truncation after one step does not", () => {
    expect(judge(tbptt({ k1: 1 }), problem, full).passes).toBe(false);
  });
});

describe("stacked layers and a batch", () => {
  const problem = problemOf({
    network: { cell: "lstm", inputSize: 3, hiddenSize: 4, outputSize: 3, layers: 2 },
    build: builds[0],
    steps: [6],
  });
  const full = gradientBy(bptt(), problem);
  it.each(rules)("$learner.name has the full gradient for its mean", ({ learner }) => {
    expect(judge(learner, problem, full)).toMatchObject({ passes: true });
  });
});

describe.each(normalizableCells.filter(isBounded))("%s with layerNorm", (cell) => {
  const problem = problemOf({
    network: { cell, inputSize: 3, hiddenSize: 4, outputSize: 3, layerNorm: true },
    build: builds[0],
    steps: [6],
    batch: 1,
  });
  const full = gradientBy(bptt(), problem);
  it.each([uoro(), artbp({ meanLength: 3 })])("$name has the full gradient for its mean", (learner) => {
    expect(judge(learner, problem, full)).toMatchObject({ passes: true });
  });
});

describe.each(diagonalCells)("a cell without W_hh, %s", (cell) => {
  const problem = problemOf({
    network: { cell, inputSize: 3, hiddenSize: 4, outputSize: 3 },
    build: builds[0],
    steps: [6],
    batch: 1,
  });
  const full = gradientBy(bptt(), problem);
  // These see a step's gradient as products, of which there are fewer here.
  it.each([noBackTrack(), kfRtrl()])("$name has the full gradient for its mean", (learner) => {
    expect(judge(learner, problem, full)).toMatchObject({ passes: true });
  });
});

describe("seeds", () => {
  const { problem } = networks[1];
  it.each(rules)(
    "$learner.name draws the same from the same one, and otherwise from another",
    ({ learner }) => {
      const first = gradientBy(learner, problem, 3);
      expect(gradientBy(learner, problem, 3)).toEqual(first);
      expect(gradientBy(learner, problem, 4)).not.toEqual(first);
    },
  );
});
