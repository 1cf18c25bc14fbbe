/** Rules learn from the numbers that were checked, whatever becomes of the caller's arrays meanwhile. */

import { describe, expect, it } from "vitest";
import type { TrainingWindow } from "../../src/data/training-data.js";
import { bptt, compareLearners, createLearner, createNetwork, tbptt, uoro } from "../../src/index.js";
import type { GradientEvent, Learner, LossFunction } from "../../src/learn/learner.js";
import { WindowChecks } from "../../src/learn/windows/checked-window.js";
import type { Cell, Network } from "../../src/network/types.js";
import { Random } from "../../src/random.js";
import { begin } from "./begin.js";
import { madeRules } from "./rules.js";

const V = 5;
const [T, B] = [7, 3];

/** Windows that carry on each other; with `lengths`, one in which a sequence ends early, after which nothing carries. */
function windowsOf(lengths?: readonly number[]): TrainingWindow[] {
  const random = new Random(3);
  const draw = (): Int32Array => Int32Array.from({ length: T * B }, () => random.integer(V));
  return [0, 1, 2].map((i) => ({
    inputs: {
      steps: T,
      batch: B,
      tokens: draw(),
      resets: Uint8Array.from({ length: T * B }, () => Number(random.integer(4) === 0)),
      ...(lengths && { lengths: Int32Array.from(lengths) }),
    },
    targets: { classes: draw() },
    carry: i > 0 && lengths === undefined,
  }));
}

/** Writes what no check would let through. */
function spoil({ inputs, targets }: TrainingWindow): void {
  inputs.tokens?.fill(250);
  inputs.resets?.fill(1);
  inputs.lengths?.fill(1000);
  targets.classes?.fill(250);
}

const networkFor = (cell: Cell): Network =>
  createNetwork({ cell, inputSize: V, hiddenSize: 4, outputSize: V, seed: 2 });

interface Subject {
  readonly title: string;
  readonly learner: Learner;
  readonly cell: Cell;
}

const subjects: readonly Subject[] = [
  ...madeRules.map(({ name, learner }): Subject => ({
    title: name,
    learner,
    cell: name === "diagonalRtrl" ? "mingru" : "gru",
  })),
  { title: "tbptt, whole windows", learner: tbptt({ k1: T }), cell: "lstm" },
  { title: "tbptt, across windows", learner: tbptt({ k1: 5 }), cell: "lstm" },
  { title: "tbptt, overlapping across windows", learner: tbptt({ k1: 5, k2: 12 }), cell: "lstm" },
];

/** What a rule yields for the windows, with the gradients; `after` is called with each window once it was checked. */
function run(
  { learner, cell }: Subject,
  windows: readonly TrainingWindow[],
  { after = () => undefined, loss }: { after?: (window: TrainingWindow) => void; loss?: LossFunction },
): unknown[] {
  using network = networkFor(cell);
  const checks = new WindowChecks(network, loss);
  const rule = begin(learner, network, { loss });
  const taken: unknown[] = [];
  const take = (event: GradientEvent): void => {
    taken.push(event, ...network.parameters.map((parameter) => parameter.readGradient()));
    network.zeroGradients();
  };
  for (const window of windows) {
    const checked = checks.check(window);
    after(window);
    for (const event of rule.window(checked)) take(event);
  }
  for (const event of rule.end()) take(event);
  rule.dispose?.();
  return taken;
}

/** Any loss that has to do with the targets. */
const sumOfSquares: LossFunction = (outputs, { targets }) => {
  const classes = targets.classes ?? new Int32Array(0);
  const gradient = outputs.map((y, i) => y - classes[Math.floor(i / V)] / V);
  return { loss: gradient.reduce((sum, g) => sum + g * g, 0), gradient };
};

describe.each(subjects)("$title", (subject) => {
  it("does not see what becomes of a window once it was checked", () => {
    const plain = run(subject, windowsOf(), {});
    expect(plain.length).toBeGreaterThan(2);
    expect(run(subject, windowsOf(), { after: spoil })).toEqual(plain);
  });

  it("does not see what a loss of the caller's does to the window that it is given", () => {
    const spoiling: LossFunction = (outputs, window) => {
      const answer = sumOfSquares(outputs, window);
      spoil(window);
      return answer;
    };
    const plain = run(subject, windowsOf(), { loss: sumOfSquares });
    expect(run(subject, windowsOf(), { loss: spoiling })).toEqual(plain);
  });

  it("gives a loss of the caller's the lengths of each part of a window that has some, and all of its steps", () => {
    const steps = [0, 0, 0];
    const loss: LossFunction = (outputs, window) => {
      const { lengths = [] } = window.inputs;
      expect(lengths).toHaveLength(B);
      for (let b = 0; b < B; b++) steps[b] += lengths[b];
      return sumOfSquares(outputs, window);
    };
    const [window] = windowsOf([7, 4, 5]);
    run(subject, [window], { loss });
    expect(steps).toEqual([7, 4, 5]);
  });
});

it("a rule that spoils its window leaves those that are compared with it alone", () => {
  const spoils = createLearner("spoils", ({ state }) => ({
    *window({ window, inputs, targets, lengths }) {
      state?.h.fill(0.9);
      for (const each of [lengths, inputs.lengths]) each?.fill(1);
      inputs.array.fill(250);
      targets?.array.fill(250);
      spoil(window);
      yield { loss: 1, count: 1, steps: 1 };
    },
    end: () => [],
  }));
  using network = networkFor("gru");
  const compare = (rules: Learner[]) => {
    const [{ inputs, targets }] = windowsOf([7, 4, 5]);
    const state = { h: new Float32Array(B * 4).fill(0.1) };
    const { full, learners } = compareLearners(network, inputs, targets, rules, { draws: 2, state });
    expect(state.h.every((x) => x === Math.fround(0.1))).toBe(true);
    return [full, ...learners.slice(-3).map(({ measured }) => ({ ...measured, milliseconds: 0 }))];
  };
  const rules = [bptt(), tbptt({ k1: 2, k2: 4 }), uoro()];
  expect(compare([spoils, ...rules])).toEqual(compare(rules));
});
