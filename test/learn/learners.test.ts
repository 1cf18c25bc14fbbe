import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TrainingWindow } from "../../src/data/training-data.js";
import { bptt } from "../../src/learn/back/bptt.js";
import { WindowChecks } from "../../src/learn/windows/checked-window.js";
import type { GradientEvent, Learner, LossFunction } from "../../src/learn/learner.js";
import { tbptt } from "../../src/learn/back/tbptt.js";
import type { Network, State } from "../../src/network/types.js";
import { sgd } from "../../src/optimize/sgd.js";
import { relativeError } from "../oracle/compare.js";
import { begin } from "./begin.js";
import { BATCH, plans, stretchesOf, WIDTH, windowsOf, type Plan } from "./recompute/plans.js";
import { createLearning, learn, rate, sumOf, take, type Taken } from "./taken.js";

/** The same by forward and backward. */
function reference(network: Network, stretches: readonly TrainingWindow[]): Taken[] {
  const optimizer = sgd(rate);
  let state: State | undefined;
  const taken = stretches.map(({ inputs, targets, carry }) => {
    const run = network.forward(inputs, carry === true ? { state } : {});
    state = run.state;
    const { loss, count, weight } = network.backward(targets);
    const steps = inputs.steps * inputs.batch;
    return take(network, optimizer, {
      loss: targets.gradient === undefined ? loss : undefined,
      count,
      weight,
      steps,
    });
  });
  network.dispose();
  return taken;
}

// The same kernels over the same numbers in the same order: every bit is the same.
describe("gradients are those of forward and backward", () => {
  it("bptt: one for each window", () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const windows = windowsOf(plan);
        expect(learn(createLearning(plan.network), bptt(), windows)).toEqual(
          reference(createLearning(plan.network), windows),
        );
      }),
    );
  });

  it("tbptt: one for every k1 steps of a carried run, and one for what is left of it", () => {
    const seen = { cut: 0, joined: 0 };
    fc.assert(
      fc.property(plans, fc.integer({ min: 1, max: 12 }), (plan, k1) => {
        const windows = windowsOf(plan);
        const stretches = stretchesOf(windows, k1);
        if (stretches.length > windows.length) seen.cut++;
        if (stretches.length < windows.length) seen.joined++;
        const taken = learn(createLearning(plan.network), tbptt({ k1 }), windows);
        expect(taken).toEqual(reference(createLearning(plan.network), stretches));
        // Each loss counts once.
        expect(sumOf(taken.map(({ steps }) => steps))).toBe(
          sumOf(plan.windows.map(({ steps }) => steps * BATCH)),
        );
      }),
      { numRuns: 300 },
    );
    expect(Math.min(seen.cut, seen.joined)).toBeGreaterThan(10);
  });

  it("tbptt where k1 is the windows' length is bptt", () => {
    const plan = fc.integer({ min: 1, max: 6 }).chain((k1) =>
      plans.map((given) => ({
        k1,
        plan: { ...given, windows: given.windows.map(({ carry }) => ({ steps: k1, carry })) },
      })),
    );
    fc.assert(
      fc.property(plan, ({ k1, plan }) => {
        expect(learn(createLearning(), tbptt({ k1, k2: k1 }), windowsOf(plan))).toEqual(
          learn(createLearning(), bptt(), windowsOf(plan)),
        );
      }),
    );
  });

  it.each([
    ["bptt", bptt()],
    ["tbptt, windows cut", tbptt({ k1: 2 })],
    ["tbptt, windows joined", tbptt({ k1: 5 })],
  ])("%s: a second epoch starts from zeros", (_, learner) => {
    const lengths = [3, 4, 4];
    const windows = windowsOf({
      inputs: "tokens",
      targets: "classes",
      windows: lengths.map((steps) => ({ steps, carry: true })),
    });
    const network = createLearning();
    const run = begin(learner, network);
    const checks = new WindowChecks(network);
    const epoch = (): GradientEvent[] => {
      checks.restart();
      return [...windows.flatMap((window) => [...run.window(checks.check(window))]), ...run.end()];
    };
    const first = epoch();
    expect(sumOf(first.map(({ steps }) => steps))).toBe(sumOf(lengths) * BATCH);
    expect(epoch()).toEqual(first);
    network.dispose();
  });
});

/** The mean squared error, as the library has it. */
const squaredError: LossFunction = (outputs, { targets }) => {
  const goals = targets.values ?? new Float32Array(0);
  const squares = outputs.map((y, i) => (y - goals[i]) * (y - goals[i]));
  const gradient = outputs.map((y, i) => (2 * (y - goals[i])) / goals.length);
  return { loss: sumOf([...squares]) / goals.length, gradient };
};

describe("a loss of the caller's own", () => {
  const lengths = [5, 3, 4, 6];
  const planOf = (targets: Plan["targets"]): Omit<Plan, "network"> => ({
    inputs: "values",
    targets,
    windows: lengths.map((steps, i) => ({ steps, carry: i !== 2 })),
  });

  // The outputs' gradient is rounded to float32 in other places: some 1e-7 of numbers about 1.
  const tolerance = 1e-5;

  it.each([
    ["bptt", bptt()],
    ["tbptt, windows cut", tbptt({ k1: 2 })],
    ["tbptt, windows joined", tbptt({ k1: 9 })],
  ])("%s: learns as from targets where it is the same loss", (_, learner) => {
    const windows = windowsOf(planOf("values"));
    const expected = learn(createLearning(), learner, windows);
    const actual = learn(createLearning(), learner, windows, { loss: squaredError });
    expect(actual).toHaveLength(expected.length);
    actual.forEach(({ loss = NaN, count, steps, gradients }, i) => {
      expect([count, steps]).toEqual([expected[i].count, expected[i].steps]);
      const far = gradients.map((g, j) => Math.abs(g - expected[i].gradients[j]));
      expect(Math.max(...far, Math.abs(loss - (expected[i].loss ?? NaN)))).toBeLessThan(tolerance);
    });
  });

  it.each([
    ["bptt", bptt(), lengths],
    ["tbptt, windows cut", tbptt({ k1: 2 }), [2, 2, 2, 2, 2, 2, 2, 2, 2]],
    ["tbptt, windows joined", tbptt({ k1: 9 }), [8, 9, 1]],
  ])("%s: needs no targets, and counts every step", (_, learner, steps) => {
    const windows = windowsOf(planOf("values")).map((window) => ({ ...window, targets: {} }));
    const taken = learn(createLearning(), learner, windows, {
      loss: (outputs) => ({ loss: NaN, gradient: new Float32Array(outputs.length) }),
    });
    expect(taken.map(({ loss, count }) => [loss, count])).toEqual(steps.map((T) => [NaN, T * BATCH]));
    expect(taken.every(({ gradients }) => gradients.every((g) => g === 0))).toBe(true);
  });

  const seenBy = (learner: Learner, windows: readonly TrainingWindow[]): TrainingWindow[] => {
    const seen: TrainingWindow[] = [];
    const network = createLearning();
    const loss: LossFunction = (outputs, window) => {
      seen.push(window);
      return { loss: 1, gradient: new Float32Array(outputs.length) };
    };
    const run = begin(learner, network, { loss });
    const checks = new WindowChecks(network, loss);
    const events = [...windows.flatMap((window) => [...run.window(checks.check(window))]), ...run.end()];
    expect(events).toHaveLength(seen.length);
    network.dispose();
    return seen;
  };

  it("sees the window itself where a gradient is of that window", () => {
    const windows = windowsOf(planOf("classes"));
    const same = (seen: TrainingWindow[]): boolean[] => seen.map((window, i) => window === windows[i]);
    expect(same(seenBy(bptt(), windows))).toEqual([true, true, true, true]);
    expect(same(seenBy(tbptt({ k1: lengths[0] }), windows.slice(0, 1)))).toEqual([true]);
  });

  it("sees stretches of k1 steps otherwise", () => {
    const windows = windowsOf(planOf("classes"));
    for (const k1 of [2, 4, 9])
      expect(JSON.stringify(seenBy(tbptt({ k1 }), windows))).toBe(JSON.stringify(stretchesOf(windows, k1)));
  });
});

describe("sequences of different lengths", () => {
  const [window] = windowsOf({ inputs: "values", targets: "values", windows: [{ steps: 5, carry: false }] });
  const padded = (...lengths: number[]): TrainingWindow => ({
    ...window,
    inputs: { ...window.inputs, lengths: Int32Array.from(lengths) },
  });

  it.each([
    ["bptt", bptt()],
    ["tbptt of whole windows", tbptt({ k1: 5 })],
  ])("%s learns from them", (_, learner) => {
    const windows = [padded(2, 5), { ...padded(4, 3), carry: true }];
    const taken = learn(createLearning(), learner, windows);
    expect(taken).toEqual(reference(createLearning(), windows));
    expect(taken.map(({ count }) => count)).toEqual([7 * WIDTH, 7 * WIDTH]);
    const callers = learn(createLearning(), learner, windows, { loss: squaredError });
    expect(callers.map(({ count }) => count)).toEqual([7 * WIDTH, 7 * WIDTH]);
  });

  /** Steps [from, to) of sequence b alone, as one window of batch 1. */
  const alone = (b: number, from: number, to: number): TrainingWindow => {
    const { values = new Float32Array() } = window.inputs;
    const goals = window.targets.values ?? new Float32Array();
    const pick = (all: Float32Array): Float32Array =>
      Float32Array.from({ length: (to - from) * WIDTH }, (_, i) => {
        const t = from + Math.floor(i / WIDTH);
        return all[(t * BATCH + b) * WIDTH + (i % WIDTH)];
      });
    return { inputs: { steps: to - from, batch: 1, values: pick(values) }, targets: { values: pick(goals) } };
  };

  /** Each sequence on its own, cut at its own length; gradients of sums, over what all count in the stretch. */
  function cutAlone(lengths: readonly number[], k1: number): number[][] {
    const network = createLearning();
    const optimizer = sgd(rate);
    const states: (State | undefined)[] = [];
    const taken: number[][] = [];
    for (let from = 0; from < 5; from += k1) {
      const ends = lengths.map((length) => Math.min(length, from + k1, 5));
      const count = ends.reduce((sum, end) => sum + Math.max(0, end - from) * WIDTH, 0);
      ends.forEach((end, b) => {
        if (end <= from) return;
        const { inputs, targets } = alone(b, from, end);
        states[b] = network.forward(inputs, { state: states[b] }).state;
        network.backward(targets, { reduction: "sum" });
      });
      for (const parameter of network.parameters)
        parameter.writeGradient(parameter.readGradient().map((x) => x / Math.max(1, count)));
      taken.push(network.parameters.flatMap((parameter) => [...parameter.readGradient()]));
      optimizer.step(network);
      network.zeroGradients();
    }
    network.dispose();
    return taken;
  }

  it.each([
    [2, [2, 5]],
    [2, [1, 3]],
    [3, [5, 1]],
    [1, [4, 2]],
  ])("tbptt cuts them, k1 = %d of 5 steps and lengths %j", (k1, lengths) => {
    const taken = learn(createLearning(), tbptt({ k1 }), [padded(...lengths)]);
    const expected = cutAlone(lengths, k1);
    expect(taken).toHaveLength(expected.length);
    // The same sums in another order.
    taken.forEach(({ gradients }, i) => {
      expect(relativeError(gradients, expected[i])).toBeLessThanOrEqual(1e-5);
    });
    const counts = taken.reduce((sum, { count }) => sum + count, 0);
    expect(counts).toBe((lengths[0] + lengths[1]) * WIDTH);
    const callers = learn(createLearning(), tbptt({ k1 }), [padded(...lengths)], { loss: squaredError });
    expect(callers.map(({ count }) => count)).toEqual(taken.map(({ count }) => count));
  });

  it("tbptt joins them to whole windows before, and refuses to join what carries them on", () => {
    const windows = [{ ...window }, { ...padded(5, 1), carry: true }];
    const [first, ...rest] = learn(createLearning(), tbptt({ k1: 7 }), windows);
    expect([first.count, ...rest.map(({ count }) => count)]).toEqual([13 * WIDTH, 3 * WIDTH]);
    const after = [padded(5, 1), { ...window, carry: true }];
    expect(() => learn(createLearning(), tbptt({ k1: 7 }), after)).toThrow(
      /"inputs.lengths" expected whole windows .* got a length of 1 in 5 steps/,
    );
  });
});

describe("a bidirectional network", () => {
  const both = { bidirectional: true };
  const windows = windowsOf({ inputs: "tokens", targets: "classes", windows: [{ steps: 5, carry: false }] });

  it("is for bptt alone", () => {
    expect(learn(createLearning(both), bptt(), windows)).toEqual(reference(createLearning(both), windows));
    const run = () => learn(createLearning(both), tbptt({ k1: 5 }), windows);
    expect(run).toThrow(RangeError);
    expect(run).toThrow(/"learner" expected bptt\(\) for a bidirectional network, got tbptt\(\)/);
  });
});
