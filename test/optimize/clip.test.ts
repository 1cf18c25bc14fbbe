import { describe, expect, it } from "vitest";
import { clipGradientNorm, clipGradientValue, gradientNorm } from "../../src/optimize/clip.js";
import type { RecurrentNetwork } from "../../src/network/network.js";
import { Random } from "../../src/random.js";
import { builds } from "../builds.js";
import { gradientBits } from "../network/bits.js";
import { normals } from "../network/drawn.js";
import { guardedNetwork } from "../network/guarded.js";
import { kinds } from "../network/kinds.js";
import { invoke } from "../network/untyped.js";
import { clipNorm, clipValue } from "../oracle/clip.js";
import { relativeError } from "../oracle/compare.js";
import type { Tensors } from "../oracle/model.js";

const library = { clipGradientNorm, clipGradientValue };
const names = ["clipGradientNorm", "clipGradientValue"] as const;
const sizes = { inputSize: 5, hiddenSize: 9, outputSize: 3 };

// The factor and each product are rounded to float32 once; the norm is summed in float64.
const tolerance = 3e-7;

function writeGradients(network: RecurrentNetwork, scale: number): Tensors {
  const random = new Random(3);
  return new Map(
    network.parameters.map((one) => {
      one.writeGradient(normals(random, one.read().length, scale));
      return [one.name, Float64Array.from(one.readGradient())];
    }),
  );
}

function expectGradients(network: RecurrentNetwork, expected: Tensors): void {
  for (const [name, values] of expected)
    expect(relativeError(network.parameter(name).readGradient(), values), name).toBeLessThanOrEqual(
      tolerance,
    );
}

/** All gradients are this number; there are `count`. */
function fill(network: RecurrentNetwork, value: number): number {
  let count = 0;
  for (const one of network.parameters) {
    const gradient = one.readGradient().fill(value);
    one.writeGradient(gradient);
    count += gradient.length;
  }
  return count;
}

describe.each(builds)("clipping, %s build", (build) => {
  it.each(kinds)("by norm and by value agrees with the oracle: $name", ({ options }) => {
    for (const scale of [1e-20, 1e-3, 1, 100, 1e20]) {
      for (const limit of [0, 1e-6, 0.01, 1, 50, 1e30, Infinity]) {
        using network = guardedNetwork(options, build);
        const byNorm = writeGradients(network, scale);
        const norm = clipNorm(byNorm, limit);
        expect(relativeError([gradientNorm(network)], [norm])).toBeLessThan(1e-12);
        expect(relativeError([clipGradientNorm(network, limit)], [norm])).toBeLessThan(1e-12);
        expectGradients(network, byNorm);
        const byValue = writeGradients(network, scale);
        clipValue(byValue, limit);
        clipGradientValue(network, limit);
        expectGradients(network, byValue);
        expect(network.model.engine.arena.brokenGuards()).toEqual([]);
      }
    }
  });

  it("leaves what is within the limit as it is, bit by bit", () => {
    using network = guardedNetwork(sizes, build);
    writeGradients(network, 1);
    const before = gradientBits(network);
    const norm = gradientNorm(network);
    for (const limit of [norm + 1e-5, 1e9, 1e300, Infinity]) {
      expect(clipGradientNorm(network, limit)).toBe(norm);
      clipGradientValue(network, Math.max(10, limit));
      expect(gradientBits(network)).toBe(before);
    }
  });

  it("measures and cuts gradients whose squares float32 cannot hold", () => {
    using network = guardedNetwork(sizes, build);
    for (const value of [1e30, -3e38, 1e-30]) {
      const count = fill(network, value);
      const norm = Math.abs(Math.fround(value)) * Math.sqrt(count);
      expect(relativeError([clipGradientNorm(network, 1)], [norm])).toBeLessThan(1e-12);
      // Below 2^-126 a factor has fewer bits: 1/(3e38·√count) is 2e-40, of 2^-149 steps.
      const after = norm > 1 ? 1 : norm;
      expect(relativeError([gradientNorm(network)], [after])).toBeLessThan(1e-5);
    }
  });

  it("leaves gradients that are not finite, and says so by the norm", () => {
    using network = guardedNetwork(sizes, build);
    for (const [value, norm] of [
      [NaN, NaN],
      [Infinity, Infinity],
      [-Infinity, Infinity],
    ]) {
      writeGradients(network, 1);
      network.parameter("head.bias").writeGradient([1, value, 2]);
      const before = gradientBits(network);
      for (const limit of [0, 1, Infinity]) expect(clipGradientNorm(network, limit)).toBe(norm);
      expect(gradientBits(network)).toBe(before);
    }
    network.parameter("head.bias").writeGradient([NaN, -Infinity, Infinity]);
    clipGradientValue(network, 2);
    expect([...network.parameter("head.bias").readGradient()]).toEqual([NaN, -2, 2]);
  });

  it("to 0 leaves zeros", () => {
    using network = guardedNetwork(sizes, build);
    for (const name of names) {
      for (const limit of [0, -0]) {
        writeGradients(network, 1);
        invoke(library, name, network, limit);
        expect(gradientNorm(network)).toBe(0);
      }
    }
  });

  it.each([
    ["clipGradientNorm", "maxNorm"],
    ["clipGradientValue", "maxValue"],
  ])("%s refuses a bad %s, and what is no network", (name, argument) => {
    using network = guardedNetwork(sizes, build);
    writeGradients(network, 1);
    const before = gradientBits(network);
    const refused = (
      network_: unknown,
      limit: unknown,
      error: typeof TypeError | typeof RangeError,
      which: string,
    ): void => {
      expect(() => invoke(library, name, network_, limit)).toThrow(error);
      expect(() => invoke(library, name, network_, limit)).toThrow(`"${which}" expected `);
    };
    for (const limit of [undefined, null, "1", true, 1n, {}, [1]])
      refused(network, limit, TypeError, argument);
    for (const limit of [NaN, -1, -1e-300, -Infinity]) refused(network, limit, RangeError, argument);
    for (const other of [undefined, null, 1, "network", {}, [], network.options, () => network])
      refused(other, 1, TypeError, "network");
    expect(gradientBits(network)).toBe(before);
  });
});
