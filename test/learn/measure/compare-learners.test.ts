import { describe, expect, it } from "vitest";
import { bptt } from "../../../src/learn/back/bptt.js";
import { compareLearners } from "../../../src/learn/measure/compare-learners.js";
import { estimateGradient } from "../../../src/learn/measure/estimate-gradient.js";
import { createLearner, requireLearner, type Learner } from "../../../src/learn/learner.js";
import { tbptt } from "../../../src/learn/back/tbptt.js";
import { createNetwork } from "../../../src/network/create-network.js";
import { requireNetwork } from "../../../src/network/network.js";
import type { Network } from "../../../src/network/types.js";
import { Random } from "../../../src/random.js";
import { gradientBits, parameterBits } from "../../network/bits.js";
import { carried } from "../recompute/plans.js";

const [{ inputs: sequence, targets: target }] = carried([16], { inputs: "values", targets: "values" });
const createSmall = (): Network =>
  createNetwork({ cell: "gru", inputSize: 3, hiddenSize: 6, outputSize: 3, seed: 5 });

/** bptt's gradient, times `factor`, plus independent normal numbers of deviation `sigma` from the seed. */
function noisy(sigma: number, factor = 1): Learner {
  const begin = requireLearner("learner", bptt());
  return createLearner("noisy", (context) => {
    const random = new Random(context.seed);
    const run = begin(context);
    return {
      *window(window) {
        for (const event of run.window(window)) {
          for (const parameter of context.network.parameters)
            parameter.writeGradient(
              parameter.readGradient().map((x) => factor * x + sigma * random.normal()),
            );
          yield event;
        }
      },
      end: () => run.end(),
    };
  });
}

function flat(gradients: ReadonlyMap<string, Float32Array>): number[] {
  return [...gradients.values()].flatMap((values) => [...values]);
}

const norm = (values: readonly number[]): number => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));

describe("rules that do not draw", () => {
  const network = createSmall();
  const learners = [bptt(), tbptt({ k1: 2 }), tbptt({ k1: 2, k2: 8 }), tbptt({ k1: 4, k2: 16 })];
  const { full, learners: rows } = compareLearners(network, sequence, target, learners);

  it("are held against the full gradient, by parameter and overall", () => {
    const exact = estimateGradient(network, sequence, target, bptt());
    expect(full).toEqual(exact);
    expect(rows.map(({ name, refused }) => [name, refused])).toEqual(
      learners.map(({ name }) => [name, undefined]),
    );
    rows.forEach(({ measured }, i) => {
      const { gradients, loss } = estimateGradient(network, sequence, target, learners[i]);
      const [g, e] = [flat(gradients), flat(exact.gradients)];
      const dot = g.reduce((sum, x, j) => sum + x * e[j], 0);
      // The same numbers, but divided by the count, and rounded to float32 after it.
      expect(measured?.overall.cosine).toBeCloseTo(dot / norm(g) / norm(e), 6);
      expect(measured?.overall.relativeDifference).toBeCloseTo(norm(g.map((x, j) => x - e[j])) / norm(e), 6);
      expect([...(measured?.parameters.keys() ?? [])]).toEqual(network.parameters.map(({ name }) => name));
      for (const [name, distance] of measured?.parameters ?? []) {
        const [one, other] = [[...(gradients.get(name) ?? [])], [...(exact.gradients.get(name) ?? [])]];
        expect(distance.relativeDifference).toBeCloseTo(
          norm(one.map((x, j) => x - other[j])) / norm(other),
          6,
        );
      }
      expect(measured?.loss).toBeCloseTo(loss, 6);
    });
  });

  it("are asked once, and have no noise", () => {
    for (const { measured } of rows) expect(measured).toMatchObject({ draws: 1, noise: 0, samplingError: 0 });
  });

  it("are nothing away from themselves, further the shorter they reach, and exact at full reach", () => {
    const far = rows.map(({ measured }) => measured?.overall.relativeDifference ?? NaN);
    expect(far[0]).toBe(0);
    expect(rows[0].measured?.overall.cosine).toBeCloseTo(1, 12);
    expect(far[1]).toBeGreaterThan(2 * far[2]);
    expect(far[2]).toBeGreaterThan(1e-4);
    expect(far[3]).toBeLessThan(1e-5);
  });

  it("take time, and memory by their reach", () => {
    const [all, short, , reaching] = rows.map(({ measured }) => measured?.bytes ?? NaN);
    expect(short).toBeLessThan(all);
    expect(reaching).toBeGreaterThan(short);
    for (const { measured } of rows) expect(measured?.milliseconds).toBeGreaterThan(0);
  });
});

describe("rules that draw", () => {
  const network = createSmall();
  const exact = flat(estimateGradient(network, sequence, target, bptt()).gradients);
  const count = sequence.steps * sequence.batch * 3;
  const sigma = 2;
  // Noise is added to sums, and so a share of 1/count of it to means.
  const noise = (exact.length * (sigma / count) ** 2) / norm(exact) ** 2;

  it("have their noise and the mean's bias, each within what the draws can tell", () => {
    const { learners } = compareLearners(network, sequence, target, [noisy(sigma), noisy(sigma, 1.5)], {
      draws: 100,
      seed: 3,
    });
    for (const [i, bias] of [0, 0.5].entries()) {
      const { measured } = learners[i];
      expect(measured?.draws).toBe(100);
      // Squares of 99 · 219 normal numbers: 1 % of deviation.
      expect(Math.abs((measured?.noise ?? NaN) / noise - 1)).toBeLessThan(0.05);
      expect(measured?.samplingError).toBeCloseTo(Math.sqrt((measured?.noise ?? NaN) / 100), 12);
      const expected = Math.sqrt(bias * bias + noise / 100);
      // Squares of 219 normal numbers: 5 % of deviation of their root.
      expect(Math.abs((measured?.overall.relativeDifference ?? NaN) / expected - 1)).toBeLessThan(0.2);
    }
  });

  it("are drawn from consecutive seeds", () => {
    const seeds: number[] = [];
    const spy = createLearner("spy", ({ seed }) => {
      seeds.push(seed);
      return { window: () => [], end: () => [] };
    });
    const { learners } = compareLearners(network, sequence, target, [spy], { draws: 4, seed: -2 });
    expect(seeds).toEqual([-2, -1, 0, 1]);
    expect(learners[0].measured).toMatchObject({ draws: 4, noise: 0, loss: 0 });
    expect(learners[0].measured?.overall).toEqual({ cosine: NaN, relativeDifference: 1 });
    compareLearners(network, sequence, target, [spy]);
    expect(seeds.slice(4)).toEqual(Array.from({ length: 16 }, (_, i) => 5 + i));
  });

  it("have no known noise when asked once", () => {
    const { learners } = compareLearners(network, sequence, target, [noisy(sigma)], { draws: 1 });
    expect(learners[0].measured).toMatchObject({ draws: 1, noise: NaN, samplingError: NaN });
  });
});

describe("a comparison", () => {
  it("goes on where a rule refuses the network, and says why", () => {
    const network = createNetwork({ inputSize: 3, hiddenSize: 6, outputSize: 3, bidirectional: true });
    const { learners } = compareLearners(network, sequence, target, [tbptt({ k1: 2 }), bptt()]);
    expect(learners[0]).toEqual({
      name: "tbptt",
      refused: `"learner" expected bptt() for a bidirectional network, got tbptt()`,
    });
    expect(learners[1].measured?.overall.relativeDifference).toBe(0);
    network.dispose();
  });

  it("ends where a rule is broken", () => {
    const broken = createLearner("broken", () => ({
      window: () => {
        throw new Error("a bug");
      },
      end: () => [],
    }));
    expect(() => compareLearners(createSmall(), sequence, target, [broken])).toThrow(/^a bug$/);
  });

  it("is of nothing where there is no gradient", () => {
    const nothing = { values: new Float32Array(sequence.steps * sequence.batch * 3).fill(NaN) };
    const { full, learners } = compareLearners(createSmall(), sequence, nothing, [bptt(), noisy(1)], {
      draws: 2,
    });
    expect(full.loss).toBe(0);
    expect(learners.map(({ measured }) => measured?.overall)).toEqual([
      { cosine: NaN, relativeDifference: 0 },
      { cosine: NaN, relativeDifference: Infinity },
    ]);
  });

  it("leaves the network as it is", () => {
    const network = createSmall();
    network.forward(sequence);
    network.backward(target);
    const { arena } = requireNetwork(network).model.engine;
    const marks = (): unknown => [parameterBits(network), gradientBits(network), arena.reserved];
    const before = marks();
    compareLearners(network, sequence, target, [bptt(), noisy(1), tbptt({ k1: 1, k2: 4 })], { draws: 3 });
    expect(marks()).toEqual(before);
    network.dispose();
  });

  const network = createSmall();
  const refused: [string, unknown[], typeof Error, RegExp][] = [
    ["no network", [{}, sequence, target, []], TypeError, /^"network" expected/],
    ["no target", [network, sequence, {}, []], TypeError, /^"targets" expected exactly one/],
    [
      "a learner alone",
      [network, sequence, target, bptt()],
      TypeError,
      /^"learners" expected an array of learners/,
    ],
    [
      "another thing",
      [network, sequence, target, [bptt(), 3]],
      TypeError,
      /^"learners\[1\]" expected one made by .* got 3/,
    ],
    [
      "no draws",
      [network, sequence, target, [], { draws: 0 }],
      RangeError,
      /^"options.draws" expected .* got 0/,
    ],
    ["no options", [network, sequence, target, [], 7], TypeError, /^"options" expected an object, got 7/],
    ["half a seed", [network, sequence, target, [], { seed: 0.5 }], RangeError, /^"options.seed" expected/],
    [
      "no seeds left",
      [network, sequence, target, [], { seed: Number.MAX_SAFE_INTEGER }],
      RangeError,
      /^"options.seed \+ options.draws" expected/,
    ],
  ];
  it.each(refused)("refuses %s", (_, given, type, message) => {
    const call = (): unknown => Reflect.apply(compareLearners, undefined, given);
    expect(call).toThrow(type);
    expect(call).toThrow(message);
  });
});
