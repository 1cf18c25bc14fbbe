import { describe, expect, it } from "vitest";
import { Random } from "../../src/random.js";
import { readCtcFixtures } from "../fixtures/ctc.js";
import { relativeError } from "./compare.js";
import { collapse, ctcByPaths, ctcByStates, type CtcCase, type CtcResult } from "./ctc.js";
import { centralDifferences } from "./differences.js";

/** Some labels that are no blank; too many for the steps, once in a while. */
function drawLabels(random: Random, count: number, width: number, blank: number): number[] {
  return Array.from({ length: count }, () => (blank + 1 + random.integer(width - 1)) % width);
}

function draw(seed: number): CtcCase {
  const random = new Random(seed);
  const [steps, width] = [1 + random.integer(6), 1 + random.integer(4)];
  const blank = random.integer(width);
  const labels = drawLabels(random, width === 1 ? 0 : random.integer(steps + 1), width, blank);
  const logits = Float64Array.from({ length: steps * width }, () => 3 * random.normal());
  return { logits, width, labels, blank };
}

const cases = Array.from({ length: 400 }, (_, seed) => draw(seed));

describe("the oracle of connectionist temporal classification", () => {
  it.each([
    [[1, 1, 0, 2], 0, [1, 2]],
    [[1, 0, 1], 0, [1, 1]],
    [[0, 0], 0, []],
    [[1, 0, 1], 1, [0]],
    [[2, 2, 2, 1, 1], 0, [2, 1]],
    [[], 0, []],
  ])("takes the path %j with the blank %i for the labels %j", (path, blank, labels) => {
    expect(collapse(path, blank)).toEqual(labels);
  });

  it("is the same over all paths and over states", () => {
    let impossible = 0;
    for (const given of cases) {
      const [paths, states] = [ctcByPaths(given), ctcByStates(given)];
      if (paths.loss === Infinity) impossible++;
      expect(
        states.loss === paths.loss || Math.abs(states.loss - paths.loss) < 1e-12 * (1 + paths.loss),
      ).toBe(true);
      expect(Math.max(...states.gradient.map((d, i) => Math.abs(d - paths.gradient[i])))).toBeLessThan(1e-12);
    }
    // Repeated labels that have no step for the blank between them are there, and are few.
    expect(impossible).toBeGreaterThan(5);
    expect(impossible).toBeLessThan(cases.length / 2);
  });

  it("has the gradient of central differences", () => {
    for (const given of cases.slice(0, 100)) {
      const { loss, gradient } = ctcByStates(given);
      if (loss === Infinity) continue;
      const differences = centralDifferences(() => ctcByStates(given).loss, given.logits);
      // A loss of order 10 rounds by 1e-15: 1e-9 of a difference of 1e-6.
      const wrong = gradient.filter((d, i) => !(Math.abs(d - differences[i]) <= 2e-8));
      expect([...wrong]).toEqual([]);
    }
  });

  it.each(readCtcFixtures())("is PyTorch's in $name", (fixture) => {
    const { steps, batch, width, outputs, labels, labelLengths, lengths } = fixture;
    const sums = new Float64Array(width);
    let loss = 0;
    for (let b = 0, first = 0; b < batch; b++) {
      const rows = Array.from({ length: Math.min(steps, lengths[b]) }, (_, t) => {
        return [...outputs.subarray((t * batch + b) * width, (t * batch + b + 1) * width)];
      });
      const own = [...labels.subarray(first, (first += labelLengths[b]))];
      const result: CtcResult = ctcByStates({
        logits: Float64Array.from(rows.flat()),
        width,
        labels: own,
        blank: 0,
      });
      const divisor = batch * Math.max(1, own.length);
      loss += result.loss / divisor;
      result.gradient.forEach((d, i) => (sums[i % width] += d / divisor));
    }
    // Both are float64: a few dozen roundings.
    expect(Math.abs(loss / fixture.loss - 1)).toBeLessThan(1e-13);
    expect(relativeError(sums, fixture.outputGradientSum)).toBeLessThan(1e-12);
  });
});
