/** Every learning rule learns from a window in which sequences begin anew as from these sequences run apart. */

import { describe, expect, it } from "vitest";
import type { TrainingWindow } from "../../src/data/training-data.js";
import { artbp } from "../../src/learn/back/artbp.js";
import { bptt } from "../../src/learn/back/bptt.js";
import { tbptt } from "../../src/learn/back/tbptt.js";
import type { Learner, LossFunction } from "../../src/learn/learner.js";
import { blockRtrl, rtrl } from "../../src/learn/online/rtrl.js";
import { diagonalRtrl, kfRtrl, noBackTrack, rflo, snap1, uoro } from "../../src/learn/rules.js";
import { WindowChecks } from "../../src/learn/windows/checked-window.js";
import { cellNames, cells } from "../../src/network/cells/by-name.js";
import { isDiagonal } from "../../src/network/cells/cell.js";
import type { NetworkOptions } from "../../src/network/types.js";
import { builds } from "../builds.js";
import { MeanTest } from "../oracle/learning/mean-test.js";
import { problemsOf } from "../oracle/learning/network-problem.js";
import { gradientOf } from "../oracle/learning/problem.js";
import { tbptt as oracleTbptt } from "../oracle/learning/truncated.js";
import { addScaled, zeros } from "../oracle/learning/vectors.js";
import { modelOf } from "../oracle/model.js";
import { normalizableCells } from "../network/kinds.js";
import { begin } from "./begin.js";
import { madeRules } from "./rules.js";
import {
  gradientBy,
  gradientOfRun,
  gradientsOf,
  problemOf,
  relativeDistance,
  type Problem,
} from "./online/problems.js";

/** Of sums over up to 12 steps: some dozens of roundings of 6e-8, relative to the whole gradient. */
const ROUNDING = 1e-5;
const [T, B] = [12, 3];

interface Made {
  /** One window, in which sequences begin anew. */
  packed: Problem;
  /** Each episode as a window of its own, which carries nothing. */
  apart: Problem;
}

/** Episodes of 1 to 12 steps; one sequence begins anew at its first step, one does not begin anew at all. */
const RESETS: readonly (readonly number[])[] = [[0, 3, 4, 9], [], [5, 11]];

function make(network: NetworkOptions, dense: boolean, lengths?: Int32Array, build = builds[0]): Made {
  const packed = problemOf({ network, build, steps: [T], batch: B, dense, ...(lengths && { lengths }) });
  const [{ inputs, targets }] = packed.windows;
  const resets = new Uint8Array(T * B);
  RESETS.forEach((steps, b) => {
    for (const t of steps) resets[t * B + b] = 1;
  });
  const windows = RESETS.flatMap((steps, b) => {
    const end = lengths?.[b] ?? T;
    const starts = [0, ...steps.filter((t) => t > 0 && t < end)];
    return starts.map((first, i) => episode({ inputs, targets }, b, first, starts[i + 1] ?? end));
  });
  return {
    packed: { ...packed, windows: [{ inputs: { ...inputs, resets }, targets, carry: false }] },
    apart: { ...packed, windows },
  };
}

/** Steps [first, end) of sequence b. */
function episode({ inputs, targets }: TrainingWindow, b: number, first: number, end: number): TrainingWindow {
  const cut = <Values extends Int32Array | Float32Array>(all: Values): Values => {
    const width = all.length / (T * B);
    return all.filter((_, i) => {
      const row = Math.floor(i / width);
      return row % B === b && row >= first * B && row < end * B;
    }) as Values;
  };
  const { tokens, values } = inputs;
  return {
    inputs: {
      steps: end - first,
      batch: 1,
      ...(tokens && { tokens: cut(Int32Array.from(tokens)) }),
      ...(values && { values: cut(values) }),
    },
    targets: targets.classes
      ? { classes: cut(targets.classes) }
      : { values: cut(targets.values ?? new Float32Array()) },
  };
}

const learners: Learner[] = [
  bptt(),
  bptt({ memoryBudget: 9000 }),
  tbptt({ k1: T }),
  tbptt({ k1: 2, k2: 2 * T }),
  rtrl(),
  blockRtrl({ block: 5 }),
  blockRtrl({ block: T }),
  uoro({ block: T }),
  snap1(),
  rflo(),
];
const named = learners.map((learner, i) => ({ name: `${learner.name} (${i})`, learner }));

const networks = builds.flatMap((build) =>
  cellNames.flatMap((cell) => {
    const one = { cell, inputSize: 5, hiddenSize: 6, outputSize: 4 };
    return [
      { name: `${cell}, tokens`, network: one, dense: false, lengths: undefined, build },
      {
        name: `${cell}, 2 layers, values`,
        network: { ...one, layers: 2 },
        dense: true,
        lengths: undefined,
        build,
      },
      { name: `${cell}, lengths`, network: one, dense: true, lengths: Int32Array.of(8, 12, 11), build },
    ];
  }),
);

describe.each(normalizableCells)("%s with layerNorm", (cell) => {
  const network = { cell, inputSize: 5, hiddenSize: 6, outputSize: 4, layers: 2, layerNorm: true };
  const { packed, apart } = make(network, true);
  const rules = [bptt(), tbptt({ k1: T }), rtrl(), blockRtrl({ block: 5 })];

  it.each(rules)("$name learns as from the episodes apart", (learner) => {
    const [given, expected] = [gradientBy(learner, packed), gradientBy(learner, apart)];
    // What begins from zeros is normalised by 1/√ε, some 300: so much larger are the roundings that it passes on.
    expect(relativeDistance(given, expected)).toBeLessThan(20 * ROUNDING);
  });
});

describe.each(networks)("$build, $name", ({ network, dense, lengths, build }) => {
  const { packed, apart } = make(network, dense, lengths, build);

  it.each(named)("$name learns as from the episodes apart", ({ learner }) => {
    const alone = { ...packed, windows: [{ ...packed.windows[0] }] };
    const expected = gradientBy(learner, apart);
    expect(relativeDistance(gradientBy(learner, alone), expected)).toBeLessThan(ROUNDING);
    // Without the resets it would be another gradient.
    const [{ inputs, targets }] = packed.windows;
    const { steps, batch, tokens, values } = inputs;
    const plain = { steps, batch, ...(tokens && { tokens }), ...(values && { values }) };
    const whole = gradientBy(learner, { ...packed, windows: [{ inputs: plain, targets }] });
    expect(relativeDistance(whole, expected)).toBeGreaterThan(0.001);
  });

  // The oracle's stretches end where a sequence does, the library's where the window does.
  it.runIf(lengths === undefined)("tbptt is the oracle's, wherever its stretches end", () => {
    const model = modelOf(packed.network);
    const [{ inputs, targets }] = packed.windows;
    for (const span of [{ k1: 3 }, { k1: 5, k2: 7 }, { k1: 1, k2: 4 }]) {
      const expected = zeros(gradientsOf(packed.network).length);
      for (const problem of problemsOf(model, inputs, targets, { reduction: "sum" }))
        addScaled(expected, 1, gradientOf(problem, oracleTbptt(span)));
      expect(relativeDistance(gradientBy(tbptt(span), packed), expected)).toBeLessThan(ROUNDING);
    }
  });
});

const diagonalCells = cellNames.filter((cell) => isDiagonal(cells[cell]));

it.each(diagonalCells)("diagonalRtrl of %s learns as from the episodes apart", (cell) => {
  const { packed, apart } = make({ cell, inputSize: 5, hiddenSize: 6, outputSize: 4 }, true);
  expect(relativeDistance(gradientBy(diagonalRtrl(), packed), gradientBy(bptt(), apart))).toBeLessThan(
    ROUNDING,
  );
});

it.each(cellNames)("an embedding of %s learns so too", (cell) => {
  const network = { cell, inputSize: 5, hiddenSize: 6, outputSize: 4, embeddingSize: 3 };
  const { packed, apart } = make(network, false);
  for (const learner of [bptt(), rtrl(), blockRtrl({ block: 5 }), uoro({ block: T })])
    expect(relativeDistance(gradientBy(learner, packed), gradientBy(bptt(), apart))).toBeLessThan(ROUNDING);
});

/** One sequence, so that draws come in the same order. */
function single(network: NetworkOptions, resets: readonly number[]): Made {
  const packed = problemOf({ network, build: builds[0], steps: [T], batch: 1, dense: true });
  const [{ inputs, targets }] = packed.windows;
  const { values = new Float32Array() } = inputs;
  const { classes = new Int32Array() } = targets;
  const starts = [0, ...resets];
  const windows = starts.map((first, i) => {
    const end = starts[i + 1] ?? T;
    const I = network.inputSize;
    return {
      inputs: { steps: end - first, batch: 1, values: values.slice(first * I, end * I) },
      targets: { classes: classes.slice(first, end) },
    };
  });
  const all = Uint8Array.from({ length: T }, (_, t) => Number(resets.includes(t)));
  return {
    packed: { ...packed, windows: [{ inputs: { ...inputs, resets: all }, targets }] },
    apart: { ...packed, windows },
  };
}

const drawing = [uoro(), noBackTrack(), kfRtrl()];

describe.each(cellNames.flatMap((cell) => [1, 2].map((layers) => ({ cell, layers }))))(
  "a rule that draws, $cell of $layers layers",
  ({ cell, layers }) => {
    const network = { cell, layers, inputSize: 5, hiddenSize: 6, outputSize: 4 };
    const { packed, apart } = single(network, [4, 5, 9]);

    it.each(drawing)("$name forgets all of the past: the very gradient of the episodes apart", (learner) => {
      expect(gradientBy(learner, packed)).toEqual(gradientBy(learner, apart));
      expect(gradientBy(learner, packed, 2)).not.toEqual(gradientBy(learner, apart));
    });
  },
);

describe.each([uoro({ block: 4 }), artbp({ meanLength: 4 }), kfRtrl()])("$name", (learner) => {
  it.each(["gru", "lstm"] as const)("has the full gradient for its mean, %s", (cell) => {
    const { packed, apart } = make({ cell, inputSize: 3, hiddenSize: 4, outputSize: 3 }, true);
    const full = gradientBy(bptt(), apart);
    const truncated = gradientBy(tbptt({ k1: 1 }), packed);
    const test = new MeanTest(full, {
      recurrent: packed.recurrent,
      directions: [full, full.map((x, i) => x - truncated[i])],
    });
    const run = begin(learner, packed.network, { reduction: "sum", seed: 7 });
    for (let i = 0; i < 2000; i++) test.add(gradientOfRun(run, packed));
    run.dispose?.();
    expect(test.verdict()).toMatchObject({ passes: true });
  });
});

describe("windows that carry", () => {
  const network = { cell: "lstm", inputSize: 5, hiddenSize: 6, outputSize: 4 } as const;
  const rules = [
    rtrl(),
    blockRtrl({ block: 4 }),
    snap1(),
    rflo(),
    tbptt({ k1: 3 }),
    tbptt({ k1: 3, k2: 7 }),
    tbptt({ k1: 7 }),
  ];

  it.each(rules.map((learner, i) => ({ name: `${learner.name} (${i})`, learner })))(
    "may begin anew at any step, after some that do not: $name",
    ({ learner }) => {
      const { packed } = make(network, true);
      const [{ inputs, targets }] = packed.windows;
      const { resets = new Uint8Array(0), values = new Float32Array() } = inputs;
      // Nothing begins anew in the first five steps, so that room for it comes with a later window.
      resets.fill(0, 0, 5 * B);
      const cuts = [0, 2, 5, 6, T];
      const windows = cuts.slice(1).map((to, i) => ({
        inputs: {
          steps: to - cuts[i],
          batch: B,
          values: values.slice(cuts[i] * B * 5, to * B * 5),
          ...(to > 5 && { resets: resets.slice(cuts[i] * B, to * B) }),
        },
        targets: { classes: targets.classes?.slice(cuts[i] * B, to * B) },
        carry: i > 0,
      }));
      const [joined, cut] = [packed, { ...packed, windows }].map((problem) => gradientBy(learner, problem));
      expect(relativeDistance(cut, joined)).toBeLessThan(ROUNDING);
    },
  );
});

describe("a loss of the caller's own", () => {
  it.each([tbptt({ k1: 5 }), rtrl(), artbp({ meanLength: 3 })])(
    "sees the resets of its steps: $name",
    (learner) => {
      const { packed } = make({ inputSize: 5, hiddenSize: 6, outputSize: 4 }, false);
      const [window] = packed.windows;
      const seen: number[] = [];
      const own: LossFunction = (outputs, { inputs }) => {
        seen.push(...(inputs.resets ?? new Uint8Array(inputs.steps * inputs.batch)));
        inputs.resets?.fill(1);
        return { loss: 0, gradient: new Float32Array(outputs.length) };
      };
      const run = begin(learner, packed.network, { loss: own });
      Array.from(run.window(new WindowChecks(packed.network, own).check(window)));
      Array.from(run.end());
      run.dispose?.();
      expect(seen).toEqual([...(window.inputs.resets ?? [])]);
    },
  );
});

it("are all the rules that there are", () => {
  const tested = [...learners, ...drawing, artbp({ meanLength: 4 }), diagonalRtrl()].map(({ name }) => name);
  expect(new Set(tested)).toEqual(new Set(madeRules.map(({ name }) => name)));
});
