import { describe, expect, it } from "vitest";
import { cellNames, cells } from "../../../src/network/cells/by-name.js";
import { isDiagonal } from "../../../src/network/cells/cell.js";
import { createNetwork } from "../../../src/network/create-network.js";
import { orthogonal } from "../../../src/network/parameters/initialize.js";
import type { NetworkOptions } from "../../../src/network/types.js";
import { Random } from "../../../src/random.js";
import { normalizableCells } from "../kinds.js";

const sizes = { inputSize: 20, hiddenSize: 30, outputSize: 40 };
/** Those with a W_hh. */
const recurrent = cellNames.filter((cell) => !isDiagonal(cells[cell]));
const forgetting = cellNames.filter((cell) => cells[cell].forgetGate !== undefined);
const orthogonalSizes = [1, 2, 3, 4, 8, 17, 33, 64, 100, 127];

function readAll(options: NetworkOptions): Map<string, Float32Array> {
  using network = createNetwork(options);
  return new Map(network.parameters.map((one) => [one.name, one.read()]));
}

function read(options: NetworkOptions, name: string): Float32Array {
  return readAll(options).get(name) ?? new Float32Array();
}

function mean(values: ArrayLike<number>, f = (x: number): number => x): number {
  return Array.from(values).reduce((sum, x) => sum + f(x), 0) / values.length;
}

/** The largest entry of |W Wᵀ − 1|. */
function offOrthogonal(w: ArrayLike<number>, n: number): number {
  let most = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let product = i === j ? -1 : 0;
      for (let k = 0; k < n; k++) product += w[i * n + k] * w[j * n + k];
      most = Math.max(most, Math.abs(product));
    }
  }
  return most;
}

/** Of a matrix of at most 3 rows. */
function determinant(w: ArrayLike<number>, n: number): number {
  if (n === 1) return w[0];
  if (n === 2) return w[0] * w[3] - w[1] * w[2];
  const minor = (a: number, b: number): number => w[3 + a] * w[6 + b] - w[3 + b] * w[6 + a];
  return w[0] * minor(1, 2) - w[1] * minor(0, 2) + w[2] * minor(0, 1);
}

describe("parameters start", () => {
  it.each(normalizableCells)("gains of layer normalisation at 1, a bias of theirs at 0: %s", (cell) => {
    const options = { ...sizes, cell, layers: 2, bidirectional: true, layerNorm: true };
    const norms = [...readAll(options)].filter(([name]) => name.startsWith("rnn.norm"));
    const suffixes = ["l0", "l0_reverse", "l1", "l1_reverse"];
    const [H, G] = [options.hiddenSize, cells[cell].gates.length];
    const own = G === 1 ? { norm: H } : { norm_ih: G * H, norm_hh: G * H };
    const all = { ...own, ...(cell === "lstm" && { norm_c: H, norm_c_bias: H }) };
    const expected = suffixes.flatMap((suffix) =>
      Object.entries(all).map(([name, length]) => ({
        name: `rnn.${name}_${suffix}`,
        values: new Float32Array(length).fill(name === "norm_c_bias" ? 0 : 1),
      })),
    );
    expect(norms.map(([name, values]) => ({ name, values }))).toEqual(expected);
  });

  it.each(cellNames)("evenly in ±1/√H, the head in ±1/√(D·H): %s", (cell) => {
    for (const bidirectional of [false, true]) {
      for (const [name, values] of readAll({ ...sizes, cell, layers: 2, bidirectional, seed: 5 })) {
        const bound = 1 / Math.sqrt(30 * (name.startsWith("head") && bidirectional ? 2 : 1));
        const largest = values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
        expect(largest, name).toBeLessThanOrEqual(Math.fround(bound));
        // The largest of n even draws falls short of the bound by 1/n of it; 12/n has a chance of e⁻¹².
        expect(largest, name).toBeGreaterThan(bound * (1 - 12 / values.length));
        // Five standard errors, of the mean and of the variance.
        const n = values.length;
        expect(Math.abs(mean(values)), name).toBeLessThan((5 * bound) / Math.sqrt(3 * n));
        const variance = mean(values, (x) => (x / bound) ** 2);
        expect(Math.abs(variance - 1 / 3), name).toBeLessThan(5 * Math.sqrt(4 / 45 / n));
      }
    }
  });

  it("from N(0, 1) in an embedding", () => {
    const values = read({ ...sizes, inputSize: 100, embeddingSize: 100 }, "embedding.weight");
    // Five standard errors of 10,000 draws.
    expect(Math.abs(mean(values))).toBeLessThan(0.05);
    expect(Math.abs(mean(values, (x) => x * x) - 1)).toBeLessThan(5 * Math.sqrt(2e-4));
    expect(Math.abs(mean(values, (x) => x ** 4) - 3)).toBeLessThan(5 * Math.sqrt(96e-4));
  });

  it.each(recurrent)("from the identity in each gate's W_hh, when asked: %s", (cell) => {
    for (const hiddenSize of [1, 2, 9]) {
      const initialization = { recurrent: "identity" } as const;
      const weights = read({ ...sizes, hiddenSize, cell, initialization }, "rnn.weight_hh_l0");
      const gates = weights.length / hiddenSize ** 2;
      expect([...weights]).toEqual(
        Array.from({ length: gates }, () =>
          Array.from({ length: hiddenSize ** 2 }, (_, i) => (i % (hiddenSize + 1) === 0 ? 1 : 0)),
        ).flat(),
      );
    }
  });

  it.each(recurrent)("orthogonal in each gate's W_hh, when asked: %s", (cell) => {
    for (const hiddenSize of [1, 2, 9]) {
      const options = { ...sizes, hiddenSize, cell, layers: 2, bidirectional: true };
      for (const name of ["rnn.weight_hh_l0", "rnn.weight_hh_l1_reverse"]) {
        const weights = read({ ...options, initialization: { recurrent: "orthogonal" } }, name);
        const area = hiddenSize ** 2;
        const gates = Array.from({ length: weights.length / area }, (_, g) =>
          weights.slice(g * area, (g + 1) * area),
        );
        for (const gate of gates) expect(offOrthogonal(gate, hiddenSize)).toBeLessThan(1e-6);
        if (hiddenSize > 2) expect(new Set(gates.map(String)).size).toBe(gates.length);
      }
    }
  });

  it.each(forgetting)("from the forget gate's bias that was asked for, the rest as without: %s", (cell) => {
    const options = { ...sizes, cell, layers: 2 };
    const start = 30 * (cells[cell].forgetGate ?? NaN);
    const without = readAll(options);
    const given = readAll({ ...options, initialization: { forgetBias: 1.5 } });
    for (const [name, values] of given) {
      const expected = without.get(name)?.slice();
      if (name.startsWith("rnn.bias_ih")) expected?.fill(1.5, start, start + 30);
      if (name.startsWith("rnn.bias_hh")) expected?.fill(0, start, start + 30);
      expect(values, name).toEqual(expected);
    }
  });

  it("each from a stream of its own: how W_hh starts changes nothing else", () => {
    const uniform = readAll(sizes);
    const identity = readAll({ ...sizes, initialization: { recurrent: "identity" } });
    const changed = [...uniform.keys()].filter(
      (name) => String(uniform.get(name)) !== String(identity.get(name)),
    );
    expect(changed).toEqual(["rnn.weight_hh_l0"]);
  });
});

describe("random orthogonal matrices", () => {
  // Entries are rounded to float32, 6e-8 of themselves; a product of two rows sums up to that of them.
  it.each(orthogonalSizes)("are orthogonal within 1e-6, %d rows", (n) => {
    for (let seed = 0; seed < 5; seed++)
      expect(offOrthogonal(orthogonal(new Random(seed), n), n)).toBeLessThan(1e-6);
  });

  const DRAWS = 4000;
  const draws = (n: number): Float32Array[] => {
    const random = new Random(11);
    return Array.from({ length: DRAWS }, () => orthogonal(random, n));
  };

  it.each([1, 2, 3])("turn and reflect equally often, %d rows", (n) => {
    const signs = draws(n).map((w) => determinant(w, n));
    for (const sign of signs) expect(Math.abs(sign)).toBeCloseTo(1, 5);
    // Five standard errors of a fair coin.
    expect(Math.abs(mean(signs))).toBeLessThan(5 / Math.sqrt(DRAWS));
  });

  // Of Haar's measure on n rows: E w = 0, E w² = 1/n, E w⁴ = 3/(n(n + 2)), E tr² = 1; the standard errors are bounded by
  // those of values within ±1, and of tr² by √(E tr⁴ − 1) ≤ √2.
  it.each([2, 3, 5])("are evenly spread, %d rows: every entry's moments, and the trace's", (n) => {
    const all = draws(n);
    const limit = 5 / Math.sqrt(DRAWS);
    for (let i = 0; i < n * n; i++) {
      const entries = all.map((w) => w[i]);
      expect(Math.abs(mean(entries)), `entry ${i}`).toBeLessThan(limit / Math.sqrt(n));
      expect(Math.abs(mean(entries, (x) => x * x) - 1 / n), `entry ${i}`).toBeLessThan(
        limit * Math.sqrt(3 / (n * (n + 2))),
      );
      expect(Math.abs(mean(entries, (x) => x ** 4) - 3 / (n * (n + 2))), `entry ${i}`).toBeLessThan(
        limit * 0.5,
      );
    }
    const traces = all.map((w) => w.reduce((sum, x, i) => (i % (n + 1) === 0 ? sum + x : sum), 0));
    expect(Math.abs(mean(traces, (x) => x * x) - 1)).toBeLessThan(limit * Math.SQRT2);
    // Neighbouring entries are uncorrelated.
    expect(Math.abs(mean(all.map((w) => w[0] * w[1])))).toBeLessThan(limit / n);
    expect(Math.abs(mean(all.map((w) => w[0] * w[n + 1])))).toBeLessThan(limit / n);
  });
});
