import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TrainingWindow } from "../../../src/data/training-data.js";
import { bptt } from "../../../src/learn/back/bptt.js";
import { WindowChecks } from "../../../src/learn/windows/checked-window.js";
import type { LossFunction } from "../../../src/learn/learner.js";
import { tbptt } from "../../../src/learn/back/tbptt.js";
import type { Network, State } from "../../../src/network/types.js";
import { sgd } from "../../../src/optimize/sgd.js";
import { relativeError } from "../../oracle/compare.js";
import { begin } from "../begin.js";
import { cutWhole, masked, runsOf, whole } from "../cuts.js";
import { BATCH, carried, plans, stretchesOf, WIDTH, windowsOf } from "../recompute/plans.js";
import {
  createLearning,
  expectSame,
  learn,
  rate,
  still,
  sumGradients,
  sumOf,
  take,
  TOLERANCE,
  type Taken,
} from "../taken.js";

/** k1 < k2. */
const spans = fc
  .record({ k1: fc.integer({ min: 1, max: 6 }), more: fc.integer({ min: 1, max: 8 }) })
  .map(({ k1, more }) => ({ k1, k2: k1 + more }));

/** The states after 0, 1, … steps. */
function statesThrough(
  network: Network,
  window: TrainingWindow,
  first: State | undefined,
): (State | undefined)[] {
  const states = [first];
  for (const { inputs } of cutWhole(
    window,
    Array.from({ length: window.inputs.steps }, () => 1),
  ))
    states.push(network.forward(inputs, { state: states.at(-1) }).state);
  return states;
}

/** One carried run by forward and backward: parameters move after each gradient, states are those of the pass before. */
function reference(network: Network, run: TrainingWindow, { k1, k2 }: { k1: number; k2: number }): Taken[] {
  const T = run.inputs.steps;
  const optimizer = sgd(rate);
  const states = new Map<number, State | undefined>([[0, undefined]]);
  const taken: Taken[] = [];
  for (let before = 0; before < T; before += k1) {
    const end = Math.min(T, before + k1);
    const start = Math.max(0, end - k2);
    const stretch = cutWhole(run, start > 0 ? [start, end - start, T - end] : [end, T - end])[
      start > 0 ? 1 : 0
    ];
    const state = states.get(start);
    statesThrough(network, stretch, state).forEach((each, i) => states.set(start + i, each));
    network.forward(stretch.inputs, { state });
    const { loss } = network.backward(masked(stretch.targets, end - start, before - start));
    const lasts = Object.values(cutWhole(run, [before, end - before, T - end])[1].targets);
    const count = sumOf(
      lasts.map((part: ArrayLike<number>) => countOf(part, run.targets.classes !== undefined)),
    );
    taken.push(
      take(network, optimizer, {
        loss: run.targets.gradient === undefined ? loss : undefined,
        count,
        steps: (end - before) * BATCH,
      }),
    );
  }
  return taken;
}

const countOf = (part: ArrayLike<number>, classes: boolean): number =>
  Array.from(part).filter((x) => (classes ? x >= 0 : !Number.isNaN(x))).length;

describe("k2 > k1", () => {
  it("computes the last k2 steps anew, from the state that the pass before had there", () => {
    let overlaps = 0;
    fc.assert(
      fc.property(plans, spans, (plan, span) => {
        const windows = windowsOf(plan);
        const network = createLearning(plan.network);
        const expected = runsOf(windows).flatMap((run) => reference(network, whole(run), span));
        const taken = learn(createLearning(plan.network), tbptt(span), windows);
        expectSame(taken, expected);
        // Each loss counts once.
        expect(sumOf(taken.map(({ steps }) => steps))).toBe(
          sumOf(windows.map(({ inputs }) => inputs.steps * BATCH)),
        );
        if (runsOf(windows).some((run) => whole(run).inputs.steps > span.k2)) overlaps++;
        network.dispose();
      }),
      { numRuns: 200 },
    );
    expect(overlaps).toBeGreaterThan(40);
  });

  it("does not depend on where a run is cut into windows", () => {
    const divided = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(plans, divided, spans, (plan, lengths, span) => {
        const windows = carried(lengths, plan);
        const one = learn(createLearning(plan.network), tbptt(span), [whole(windows)]);
        expect(learn(createLearning(plan.network), tbptt(span), windows)).toEqual(one);
      }),
    );
  });

  it("is bptt over the run where k2 is no less than its length", () => {
    fc.assert(
      fc.property(plans, fc.integer({ min: 1, max: 20 }), (plan, k1) => {
        for (const run of runsOf(windowsOf(plan))) {
          const given = { reduction: "sum" as const };
          const one = whole(run);
          const [full] = learn(createLearning(plan.network), bptt(), [one], given, still);
          const k2 = Math.max(one.inputs.steps, k1 + 1);
          const taken = learn(createLearning(plan.network), tbptt({ k1, k2 }), run, given, still);
          expect(taken).toHaveLength(Math.ceil(one.inputs.steps / k1));
          expect(relativeError(sumGradients(taken), full.gradients)).toBeLessThan(TOLERANCE);
          expect(sumOf(taken.map(({ count }) => count))).toBe(full.count);
          const loss = sumOf(taken.map((event) => event.loss ?? NaN));
          if (full.loss === undefined) expect(loss).toBeNaN();
          else expect(Math.abs(loss - full.loss)).toBeLessThan(TOLERANCE * Math.max(1, full.loss));
        }
      }),
    );
  });

  it("is biased where k2 is less", () => {
    const run = carried([12], { inputs: "values", targets: "values" });
    const given = { reduction: "sum" as const };
    const [full] = learn(createLearning({ cell: "gru" }), bptt(), run, given, still);
    const far = [2, 4, 8].map((k2) => {
      const taken = learn(createLearning({ cell: "gru" }), tbptt({ k1: 1, k2 }), run, given, still);
      return relativeError(sumGradients(taken), full.gradients);
    });
    expect(far[0]).toBeGreaterThan(1e-3);
    expect(far[1]).toBeLessThan(far[0]);
    expect(far[2]).toBeLessThan(far[1]);
  });

  it("starts a second epoch from zeros, and the first from the state that it is given", () => {
    const windows = carried([3, 4, 4], { inputs: "tokens", targets: "classes" });
    const network = createLearning();
    const h = Float32Array.from({ length: BATCH * 5 }, (_, i) => i / 10 - 0.5);
    const epochs = (state?: State): unknown[] => {
      const run = begin(tbptt({ k1: 2, k2: 5 }), network, { state });
      const checks = new WindowChecks(network);
      return [1, 2].map(() => {
        checks.restart();
        return [...windows.flatMap((window) => [...run.window(checks.check(window))]), ...run.end()];
      });
    };
    const [first, second] = epochs();
    expect(second).toEqual(first);
    const [given, after] = epochs({ h });
    expect(given).not.toEqual(first);
    expect(after).toEqual(first);
    network.dispose();
  });

  it("keeps its states whatever else the network is asked in between", () => {
    const windows = carried([7, 6], { inputs: "values", targets: "values" });
    const learner = tbptt({ k1: 2, k2: 5 });
    const gradients = (disturb: (network: Network) => void): number[][] => {
      const network = createLearning({ cell: "lstm" });
      const run = begin(learner, network);
      const checks = new WindowChecks(network);
      const taken: number[][] = [];
      for (const window of windows) {
        for (const event of run.window(checks.check(window))) {
          taken.push(take(network, sgd(rate), event).gradients);
          disturb(network);
        }
      }
      network.dispose();
      return taken;
    };
    const other = carried([3], { inputs: "values", targets: "values" })[0].inputs;
    expect(gradients((network) => network.forward(other))).toEqual(gradients(() => undefined));
  });
});

describe("a loss of the caller's own, k2 > k1", () => {
  const windows = carried([5, 3, 6], { inputs: "values", targets: "values" });
  const span = { k1: 4, k2: 7 };

  it("sees the last k1 steps alone", () => {
    const seen: [number, TrainingWindow][] = [];
    const loss: LossFunction = (outputs, window) => {
      seen.push([outputs.length, window]);
      return { loss: 1, gradient: new Float32Array(outputs.length) };
    };
    learn(createLearning(), tbptt(span), windows, { loss });
    const stretches = stretchesOf(windows, span.k1);
    expect(seen.map(([length]) => length)).toEqual(
      stretches.map(({ inputs }) => inputs.steps * BATCH * WIDTH),
    );
    expect(JSON.stringify(seen.map(([, window]) => window))).toBe(JSON.stringify(stretches));
  });

  it("learns as from targets where it is the same loss, and its outputs are those steps'", () => {
    const squaredError: LossFunction = (outputs, { targets }) => {
      const goals = targets.values ?? new Float32Array(0);
      const far = outputs.map((y, i) => y - goals[i]);
      const loss = sumOf([...far.map((x) => x * x)]) / goals.length;
      return { loss, gradient: far.map((x) => (2 * x) / goals.length) };
    };
    const actual = learn(createLearning(), tbptt(span), windows, { loss: squaredError });
    expectSame(actual, learn(createLearning(), tbptt(span), windows));
  });
});

describe("sequences of different lengths, k2 > k1", () => {
  const T = 9;
  const [window] = carried([T], { inputs: "values", targets: "values" });
  const padded = (lengths: readonly number[]): TrainingWindow => ({
    ...window,
    inputs: { ...window.inputs, lengths: Int32Array.from(lengths) },
  });

  it.each([
    [[3, 9], { k1: 2, k2: 4 }],
    [[9, 1], { k1: 1, k2: 3 }],
    [[4, 6], { k1: 3, k2: 5 }],
    [[8, 2], { k1: 4, k2: 20 }],
  ])("are cut, each ending where it ends: %j", (lengths, span) => {
    const network = createLearning({ cell: "gru" });
    const given = { reduction: "sum" as const };
    // The targets past a length are no targets: the same without lengths.
    const unpadded = structuredClone(window);
    unpadded.targets.values?.forEach((_, i, values) => {
      const [t, b] = [Math.floor(i / (BATCH * WIDTH)), Math.floor(i / WIDTH) % BATCH];
      if (t >= lengths[b]) values[i] = NaN;
    });
    const expected = learn(createLearning({ cell: "gru" }), tbptt(span), [unpadded], given, still);
    const taken = learn(network, tbptt(span), [padded(lengths)], given, still);
    expectSame(taken, expected);
    expect(sumOf(taken.map(({ count }) => count))).toBe(sumOf(lengths) * WIDTH);
  });

  it("are not joined with what carries them on, wherever k2 reaches them", () => {
    const next = { ...window, carry: true };
    const run = (k1: number, k2: number) => () =>
      learn(createLearning(), tbptt({ k1, k2 }), [padded([9, 5]), next]);
    expect(run(9, 10)).toThrow(RangeError);
    expect(run(9, 10)).toThrow(/"inputs.lengths" expected whole windows .* got a length of 5 in 9 steps/);
    expect(run(3, 4)).toThrow(/got a length of 0 in 3 steps/);
    expect(run(9, 9)).not.toThrow();
  });
});
