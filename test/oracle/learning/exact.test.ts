import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cellNames } from "../../../src/network/cells/by-name.js";
import { Random } from "../../../src/random.js";
import { cells } from "../cells/by-name.js";
import { relativeError } from "../compare.js";
import { influenceBalancing } from "./influence-balancing.js";
import { blockRtrl, rtrl, snap1 } from "./influence.js";
import { networkProblem, randomEpisode, randomNetwork, type StackNetwork } from "./network-problem.js";
import { gradientOf, jacobians, takeSteps, type Problem } from "./problem.js";
import { stackLayers, weightsWithin, type StackSizes } from "./stack.js";
import { bptt, tbptt } from "./truncated.js";
import { addScaled, matrixTimes, rowTimes, zeros } from "./vectors.js";

/** Rounding of the same sums in another order. */
const rounding = 1e-12;
const T = 7;

const networks = cellNames.flatMap((cell) =>
  [1, 2].flatMap((layers) => [0, 2].map((embeddingSize) => ({ cell, layers, embeddingSize }))),
);
type Shape = Pick<StackSizes, "cell"> & Partial<StackSizes>;

function problemWith(shape: Shape, seed = 1, change?: (network: StackNetwork) => void): Problem {
  const random = new Random(seed);
  const sizes = { inputSize: 3, hiddenSize: 3, outputSize: 2, ...shape };
  const network = randomNetwork(sizes, random);
  change?.(network);
  return networkProblem(network, randomEpisode(sizes, T, "classes", random));
}

/** Sets each gate's recurrent weights to their diagonal times `factor`. */
function makeDiagonal({ sizes, parameters }: StackNetwork, layer: number, factor = 1): void {
  const { hidden: H, ...rest } = stackLayers(sizes)[layer];
  const { weightHh } = weightsWithin(parameters, { hidden: H, ...rest });
  weightHh.forEach((value, i) => (weightHh[i] = Math.floor(i / H) % H === i % H ? factor * value : 0));
}

describe.each(networks)("$cell, $layers layers, embedding $embeddingSize", (shape) => {
  const problem = problemWith(shape);
  const full = gradientOf(problem, bptt);

  it("RTRL is BPTT", () => {
    expect(relativeError(gradientOf(problem, rtrl), full)).toBeLessThan(rounding);
  });

  it.each([1, 2, 3, T, T + 1])("block RTRL of %i is BPTT", (block) => {
    expect(relativeError(gradientOf(problem, blockRtrl({ block })), full)).toBeLessThan(rounding);
  });

  it("TBPTT is BPTT when k2 covers the sequence", () => {
    for (let k1 = 1; k1 <= T + 1; k1++) {
      const rule = tbptt({ k1, k2: Math.max(k1, T) });
      expect(relativeError(gradientOf(problem, rule), full)).toBeLessThan(rounding);
    }
  });
});

/**
 * Computes TBPTT's gradient by its definition: the error of step t reaches the steps from `end − k2` on,
 * `end` being its window's.
 */
function truncatedSum(problem: Problem, k1: number, k2: number): Float64Array {
  const P = problem.recurrence.parameters.length;
  const sum = zeros(problem.parameters.length);
  takeSteps(problem, 0, problem.steps, problem.initial).forEach(({ q, head }, t, tape) => {
    addScaled(sum.subarray(P), 1, head);
    const end = Math.min(problem.steps, k1 * Math.ceil((t + 1) / k1));
    for (let from = Math.max(0, end - k2); from <= t; from++) {
      const { parameters } = jacobians(problem, [tape[from]]);
      const steps = tape.slice(from + 1, t + 1);
      const { state } = steps.length > 0 ? jacobians(problem, steps) : { state: undefined };
      const influence = state === undefined ? parameters : matrixTimes(state, parameters);
      addScaled(sum.subarray(0, P), 1, rowTimes(q, influence));
    }
  });
  return sum;
}

describe("TBPTT", () => {
  const problem = problemWith({ cell: "gru", layers: 2 });
  const full = gradientOf(problem, bptt);

  it("is the sum over each error's reach", () => {
    const lengths = fc.tuple(fc.integer({ min: 1, max: T + 1 }), fc.integer({ min: 0, max: T }));
    fc.assert(
      fc.property(lengths, ([k1, more]) => {
        const gradient = gradientOf(problem, tbptt({ k1, k2: k1 + more }));
        expect(relativeError(gradient, truncatedSum(problem, k1, k1 + more))).toBeLessThan(rounding);
      }),
      { numRuns: 30 },
    );
  });

  it("is biased when k2 does not cover the sequence", () => {
    for (let k2 = 1; k2 < T; k2++)
      expect(relativeError(gradientOf(problem, tbptt({ k1: 1, k2 })), full)).toBeGreaterThan(1e-6);
  });

  it("counts every loss once: the head's gradient is exact", () => {
    const P = problem.recurrence.parameters.length;
    for (const k1 of [1, 2, 3, 5]) {
      for (const k2 of [k1, k1 + 1, 2 * k1]) {
        const head = gradientOf(problem, tbptt({ k1, k2 })).subarray(P);
        expect(relativeError(head, full.subarray(P))).toBeLessThan(rounding);
      }
    }
  });

  it("has k2 = k1 by default, and refuses to lose losses", () => {
    expect(gradientOf(problem, tbptt({ k1: 3 }))).toEqual(gradientOf(problem, tbptt({ k1: 3, k2: 3 })));
    expect(() => tbptt({ k1: 3, k2: 2 })).toThrow(RangeError);
  });
});

describe("SnAp-1", () => {
  it.each(cellNames)("is BPTT in one layer whose units read only themselves: %s", (cell) => {
    const problem = problemWith({ cell }, 1, (network) => {
      if (cells[cell].recurs) makeDiagonal(network, 0);
    });
    expect(relativeError(gradientOf(problem, snap1), gradientOf(problem, bptt))).toBeLessThan(rounding);
  });

  it.each(cellNames.filter((cell) => cells[cell].recurs))(
    "is not, in a layer that is connected: %s",
    (cell) => {
      const problem = problemWith({ cell });
      expect(relativeError(gradientOf(problem, snap1), gradientOf(problem, bptt))).toBeGreaterThan(1e-3);
    },
  );

  it("is an approximation in a stack, even of minGRUs", () => {
    const problem = problemWith({ cell: "mingru", layers: 2 });
    expect(relativeError(gradientOf(problem, snap1), gradientOf(problem, bptt))).toBeGreaterThan(1e-3);
  });

  it("brings errors down at their own step: BPTT when the layer above remembers nothing", () => {
    const problem = problemWith({ cell: "elman", layers: 2 }, 1, (network) => {
      makeDiagonal(network, 0);
      makeDiagonal(network, 1, 0);
    });
    expect(relativeError(gradientOf(problem, snap1), gradientOf(problem, bptt))).toBeLessThan(rounding);
  });

  it("in an Elman layer is E[i, :] ← J_ii E[i, :] + D_i a, g[i, :] += q_i E[i, :]", () => {
    const [H, I] = [3, 3];
    let traces = zeros(0);
    const problem = problemWith({ cell: "elman" }, 2, ({ sizes, parameters }) => {
      traces = weightsWithin(parameters, stackLayers(sizes)[0]).weightHh;
    });
    const diagonal = Array.from({ length: H }, (_, i) => traces[i * H + i]);
    const E = diagonal.map(() => zeros(I + H + 1));
    const g = diagonal.map(() => zeros(I + H + 1));
    for (const { x, before, after, q } of takeSteps(problem, 0, T, problem.initial)) {
      const a = [...x, ...before, 1];
      E.forEach((row, i) => {
        const slope = 1 - after[i] ** 2;
        row.forEach((e, j) => (row[j] = slope * diagonal[i] * e + slope * a[j]));
        addScaled(g[i], q[i], row);
      });
    }
    const bias = g.map((row) => row[I + H]);
    const expected = [
      ...g.flatMap((row) => [...row.subarray(0, I)]),
      ...g.flatMap((row) => [...row.subarray(I, I + H)]),
      ...bias,
      ...bias,
    ];
    const actual = gradientOf(problem, snap1).subarray(0, problem.recurrence.parameters.length);
    expect(relativeError(actual, expected)).toBeLessThan(rounding);
  });

  it("in a minGRU is E_z ← (1 − z) E_z + z (1 − z) (c − h) xᵀ, E_c ← (1 − z) E_c + z xᵀ", () => {
    const [H, I] = [3, 3];
    const problem = problemWith({ cell: "mingru" }, 2);
    const weights = problem.parameters;
    const pre = (x: Float64Array, row: number): number =>
      x.reduce((sum, value, j) => sum + weights[row * I + j] * value, weights[2 * H * I + row]);
    const E = Array.from({ length: 2 * H }, () => zeros(I + 1));
    const g = E.map(() => zeros(I + 1));
    for (const { x, before, q } of takeSteps(problem, 0, T, problem.initial)) {
      const a = [...x, 1];
      for (let j = 0; j < H; j++) {
        const z = 1 / (1 + Math.exp(-pre(x, j)));
        const c = pre(x, H + j);
        const slopes = [z * (1 - z) * (c - before[j]), z];
        slopes.forEach((slope, gate) => {
          const row = E[gate * H + j];
          row.forEach((e, k) => (row[k] = (1 - z) * e + slope * a[k]));
          addScaled(g[gate * H + j], q[j], row);
        });
      }
    }
    const expected = [...g.flatMap((row) => [...row.subarray(0, I)]), ...g.map((row) => row[I])];
    const actual = gradientOf(problem, bptt).subarray(0, problem.recurrence.parameters.length);
    expect(relativeError(actual, expected)).toBeLessThan(rounding);
  });

  it("refuses an embedding", () => {
    expect(() => gradientOf(problemWith({ cell: "gru", embeddingSize: 2 }), snap1)).toThrow(RangeError);
  });
});

it("every rule that draws nothing gives the exact gradient of influence balancing", () => {
  const problem = influenceBalancing(60);
  const full = gradientOf(problem, bptt);
  for (const rule of [rtrl, blockRtrl({ block: 7 }), snap1, tbptt({ k1: 5, k2: 60 })])
    expect(relativeError(gradientOf(problem, rule), full)).toBeLessThan(rounding);
});
