import { describe, expect, it } from "vitest";
import { createNetwork, sgd, train, type TrainingWindow } from "../../../src/index.js";
import { artbp } from "../../../src/learn/back/artbp.js";
import { bptt } from "../../../src/learn/back/bptt.js";
import { WindowChecks } from "../../../src/learn/windows/checked-window.js";
import { createLearner, type GradientEvent, type Learner } from "../../../src/learn/learner.js";
import { requireOnline } from "../../../src/learn/online/online-learners.js";
import { blockRtrl, rtrl } from "../../../src/learn/online/rtrl.js";
import { uoro } from "../../../src/learn/online/uoro.js";
import { tbptt } from "../../../src/learn/back/tbptt.js";
import type { Network } from "../../../src/network/types.js";
import { Random } from "../../../src/random.js";
import { builds } from "../../builds.js";
import { gradientBy, gradientsOf, problemOf, relativeDistance } from "./problems.js";
import { onlineRules } from "./rules.js";

const shape = { cell: "gru", inputSize: 5, hiddenSize: 6, outputSize: 4, seed: 3 } as const;

/** Windows of the given lengths; those in `starts` carry nothing. Every third target is none. */
function windowsOf(lengths: readonly number[], starts: readonly number[] = [0], batch = 2): TrainingWindow[] {
  const random = new Random(8);
  return lengths.map((steps, i) => ({
    inputs: { steps, batch, tokens: Int32Array.from({ length: steps * batch }, () => random.integer(5)) },
    targets: {
      classes: Int32Array.from({ length: steps * batch }, (_, k) => (k % 3 ? random.integer(4) : -1)),
    },
    carry: !starts.includes(i),
  }));
}

interface Taken {
  readonly event: GradientEvent;
  readonly gradient: Float64Array;
}

/** The gradients that windows bring at fixed parameters; the windows' arrays are spoilt after the first of each. */
function gradientsEvery(
  network: Network,
  learner: Learner,
  every: number,
  windows: readonly TrainingWindow[],
): Taken[] {
  const online = requireOnline(learner, "a test", "no");
  const run = online.begin(every)({ network, reduction: "mean", seed: 1 });
  const checks = new WindowChecks(network);
  network.zeroGradients();
  const taken: Taken[] = [];
  const take = (events: Iterable<GradientEvent>, spoil: () => void): void => {
    for (const event of events) {
      taken.push({ event, gradient: gradientsOf(network) });
      network.zeroGradients();
      spoil();
    }
  };
  for (const { inputs, targets, carry } of windows) {
    const tokens = inputs.tokens?.slice();
    const classes = targets.classes?.slice();
    const window = { inputs: { ...inputs, tokens }, targets: { classes }, carry };
    take(run.window(checks.check(window)), () => {
      tokens?.fill(0);
      classes?.fill(0);
    });
  }
  take(run.end(), () => undefined);
  run.dispose?.();
  return taken;
}

describe.each(onlineRules)("$name, a gradient every so many steps", ({ learner }) => {
  it.each([
    { every: 3, lengths: [7], steps: [3, 3, 1] },
    { every: 1, lengths: [2, 1], steps: [1, 1, 1] },
    { every: 5, lengths: [2, 2, 4], steps: [5, 3] },
    { every: 4, lengths: [3, 6, 2], starts: [0, 1], steps: [3, 4, 4] },
    { every: 100, lengths: [4, 4], steps: [8] },
    { every: 4, lengths: [4, 8], steps: [4, 4, 4] },
  ])(
    "of $lengths steps, $every at a time, makes gradients of $steps",
    ({ every, lengths, starts, steps }) => {
      using network = createNetwork(shape);
      const windows = windowsOf(lengths, starts);
      const taken = gradientsEvery(network, learner, every, windows);
      expect(taken.map(({ event }) => event.steps / 2)).toEqual(steps);
      const classes = windows.flatMap(({ targets }) => [...(targets.classes ?? [])]);
      let at = 0;
      for (const { event } of taken) {
        expect(event.count).toBe(classes.slice(at, (at += event.steps)).filter((one) => one >= 0).length);
      }
    },
  );

  it("is the same wherever the windows end, if its blocks do not", () => {
    using network = createNetwork(shape);
    // Every gradient is of four steps or more: longer than no block but the one of 4, which they all end.
    const whole = gradientsEvery(network, learner, 4, windowsOf([12]));
    const steps = windowsOf([12]).flatMap(({ inputs, targets }) =>
      [0, 4, 8].map((t) => ({
        inputs: { steps: 4, batch: 2, tokens: inputs.tokens?.slice(2 * t, 2 * t + 8) },
        targets: { classes: targets.classes?.slice(2 * t, 2 * t + 8) },
        carry: t > 0,
      })),
    );
    const cut = gradientsEvery(network, learner, 4, steps);
    expect(cut.map(({ event }) => event)).toEqual(whole.map(({ event }) => event));
    expect(cut.map(({ gradient }) => gradient)).toEqual(whole.map(({ gradient }) => gradient));
  });
});

describe("the gradients of the parts", () => {
  it.each(builds)("add up to the whole one at fixed parameters, weighed by their targets, %s", (build) => {
    using network = createNetwork(shape, { build });
    const [first, second] = [windowsOf([4, 7])[0], windowsOf([4, 7])[1]];
    const problem = { ...problemOf({ network: shape, build }), network, windows: [first, second] };
    const full = gradientBy(bptt(), {
      ...problem,
      windows: [
        {
          inputs: {
            steps: 11,
            batch: 2,
            tokens: Int32Array.of(...(first.inputs.tokens ?? []), ...(second.inputs.tokens ?? [])),
          },
          targets: {
            classes: Int32Array.of(...(first.targets.classes ?? []), ...(second.targets.classes ?? [])),
          },
        },
      ],
    });
    for (const learner of [rtrl(), blockRtrl({ block: 4 })]) {
      const parts = gradientsEvery(network, learner, 3, problem.windows);
      const sum = full.map((_, i) =>
        parts.reduce((s, { event, gradient }) => s + event.count * gradient[i], 0),
      );
      // Sums of 22 steps in another order: some dozens of roundings of 6e-8, relative to the whole gradient.
      expect(relativeDistance(sum, full)).toBeLessThan(1e-5);
    }
  });
});

describe("train's option updateEvery", () => {
  const optimizer = sgd({ learningRate: 0.01 });
  const learners = [bptt(), tbptt({ k1: 4 }), artbp({ meanLength: 4 })];
  const own = createLearner("mine", () => ({ window: () => [], end: () => [] }));

  it.each([...learners, own])("is refused with $name, and tbptt's k1 named", (learner) => {
    using network = createNetwork(shape);
    const start = () => train(network, windowsOf([4]), { learner, optimizer, updateEvery: 3 });
    expect(start).toThrow(RangeError);
    expect(start).toThrow(
      `"learner" expected an online rule, one that learns forwards in time, for "updateEvery", got ${learner.name}: ` +
        `leave "updateEvery" out, or use tbptt({ k1: 3 }), which updates every k1 steps`,
    );
  });

  it.each([0, 1.5, -1, NaN])("is a whole number of at least 1, not %s", (updateEvery) => {
    using network = createNetwork(shape);
    const start = () => train(network, [], { learner: rtrl(), optimizer, updateEvery });
    expect(start).toThrow(/"updateEvery" expected an integer of at least 1/);
  });

  it.each(onlineRules)("$name updates as often as it says", async ({ learner }) => {
    using network = createNetwork(shape);
    let updates = 0;
    const options = { learner, optimizer: sgd({ learningRate: 0.01 }), updateEvery: 3 };
    for await (const { epochEnd } of train(network, windowsOf([7, 4, 5], [0, 2]), options))
      if (!epochEnd) updates++;
    // 3 + 3 + (1 + 2) + 2, then 3 + 2.
    expect(updates).toBe(6);
  });

  it("uses the caller's own loss at every block", async () => {
    using network = createNetwork(shape);
    const seen: number[] = [];
    const loss = (outputs: Float32Array, { inputs }: TrainingWindow) => {
      seen.push(inputs.steps);
      return { loss: inputs.steps, gradient: outputs };
    };
    const options = { learner: uoro({ block: 4 }), optimizer, loss, updateEvery: 6 };
    const losses: number[] = [];
    const windows = windowsOf([8]).map((window) => ({ ...window, targets: {} }));
    for await (const { epochEnd, ...event } of train(network, windows, options))
      if (!epochEnd) losses.push(event.loss);
    expect(seen).toEqual([4, 2, 2]);
    expect(losses).toEqual([(4 * 4 + 2 * 2) / 6, 2]);
  });
});
