import { describe, expect, it } from "vitest";
import { cellNames, cells } from "../../../src/network/cells/by-name.js";
import { createNetwork, type Network, type Sequence, type Target } from "../../../src/index.js";
import { requireSequence } from "../../../src/network/arguments.js";
import { requireTarget } from "../../../src/network/target-arguments.js";
import { Dynamics } from "../../../src/network/dynamics/dynamics.js";
import { requireNetwork } from "../../../src/network/network.js";
import type { Rows } from "../../../src/network/dynamics/rows.js";
import type { NetworkOptions, State } from "../../../src/network/types.js";
import { Random } from "../../../src/random.js";
import { builds } from "../../builds.js";
import { normalizableCells } from "../kinds.js";

const T = 5;
const B = 3;

interface Case {
  name: string;
  options: NetworkOptions;
  lengths?: Int32Array;
  resets?: Uint8Array;
}

const networks = [
  ...cellNames.map((cell) => ({ cell, layerNorm: false })),
  ...normalizableCells.map((cell) => ({ cell, layerNorm: true })),
];

const cases: Case[] = networks.flatMap(({ cell: own, layerNorm }) => {
  const common = { cell: own, layerNorm, inputSize: 6, hiddenSize: 5, outputSize: 4, seed: 3 };
  const cell = layerNorm ? `${own} with layerNorm` : own;
  return [
    { name: cell, options: common },
    { name: `${cell}, 2 layers`, options: { ...common, layers: 2, hiddenSize: 9 } },
    { name: `${cell}, embedding`, options: { ...common, embeddingSize: 3 } },
    {
      name: `${cell}, 3 layers, lengths`,
      options: { ...common, layers: 3 },
      lengths: Int32Array.of(5, 2, 4),
    },
    {
      name: `${cell}, 2 layers, resets`,
      options: { ...common, layers: 2 },
      // At the first step, inside, and at the last one; and a sample that does not begin anew.
      resets: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1),
    },
    { name: `${cell}, no head`, options: { ...common, outputSize: 0 } },
  ];
});

/** Numbers in a quarter's steps, so that sums in another order stay close. */
function floats(random: Random, length: number): Float32Array {
  return Float32Array.from({ length }, () => random.uniform() * 2 - 1);
}

function draw({ options, lengths, resets }: Case, seed: number, dense: boolean) {
  const random = new Random(seed);
  const { inputSize: I, outputSize, hiddenSize: H, layers = 1, cell = "elman" } = options;
  const O = outputSize > 0 ? outputSize : H;
  const inputs: Sequence = dense
    ? { steps: T, batch: B, values: floats(random, T * B * I) }
    : { steps: T, batch: B, tokens: Int32Array.from({ length: T * B }, () => random.integer(I)) };
  if (lengths !== undefined) inputs.lengths = lengths;
  if (resets !== undefined) inputs.resets = resets;
  const targets: Target = { values: floats(random, T * B * O) };
  const state = (): State => {
    const h = floats(random, layers * B * H);
    return cells[cell].hasCellState ? { h, c: floats(random, layers * B * H) } : { h };
  };
  return { inputs, targets, state: state(), end: state() };
}

/** The state as rows of the joint state. */
function fillRows(rows: Rows, dynamics: Dynamics, { options }: Case, state: State): void {
  const { layers = 1, hiddenSize: H } = options;
  for (let l = 0; l < layers; l++) {
    [state.h, ...(state.c ? [state.c] : [])].forEach((values, part) => {
      for (let b = 0; b < B; b++) {
        for (let i = 0; i < H; i++)
          rows.set(b, dynamics.layout.offset(l, part) + i, values[(l * B + b) * H + i]);
      }
    });
  }
}

function gradientsOf(network: Network): Float32Array {
  return Float32Array.from(network.parameters.flatMap((parameter) => [...parameter.readGradient()]));
}

/** Sums of products of numbers around 1, over up to 5 steps: a few roundings of 6e-8 of the largest. */
function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  const largest = Math.max(1, ...Array.from(expected, Math.abs));
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++)
    expect(Math.abs(actual[i] - expected[i])).toBeLessThan(4e-6 * largest);
}

function kindsOf({ options }: Case): boolean[] {
  return options.embeddingSize === undefined ? [false, true] : [false];
}

const table = builds.flatMap((build) =>
  cases.flatMap((given) => kindsOf(given).map((dense) => ({ build, given, dense }))),
);

describe.each(table)("dynamics, $build, $given.name, dense $dense", ({ build, given, dense }) => {
  const { inputs, targets, state, end } = draw(given, 1, dense);
  const network = createNetwork(given.options, { build });
  const { model } = requireNetwork(network);
  const checked = requireSequence(inputs, network.options);
  const goal = requireTarget(targets, checked, network.options);

  const expected = createNetwork(given.options, { build });
  const forward = expected.forward(inputs, { state });
  const back = expected.backward(targets, { stateGradient: end });

  function started(steps = T): Dynamics {
    const resets = given.resets !== undefined;
    const dynamics = new Dynamics(model, { batch: B, steps, inputs: dense ? "values" : "tokens", resets });
    dynamics.state = state;
    return dynamics;
  }

  it("runs as forward does, in one block and in several", () => {
    const dynamics = started(T + 2);
    dynamics.forward(checked, 0, T);
    expect(dynamics.state).toEqual(forward.state);
    const blocks = started(2);
    for (const [first, steps] of [
      [0, 2],
      [2, 1],
      [3, 2],
    ]) {
      // Lengths count from a block's start.
      blocks.forward(checked, first, steps);
    }
    expectClose(blocks.state.h, forward.state.h);
  });

  it("goes back as backward does, twice the same from one forward", () => {
    network.zeroGradients();
    const dynamics = started();
    dynamics.forward(checked, 0, T);
    const loss = dynamics.loss(goal, 0, 1 / goal.count) / goal.count;
    const cotangent = dynamics.createStates(B);
    fillRows(cotangent, dynamics, given, end);
    dynamics.vjp({ cotangent });
    const adjoint = dynamics.vjp({ cotangent, losses: true });
    adjoint.accumulate();
    expect(loss).toBeCloseTo(back.loss, 6);
    expectClose(gradientsOf(network), gradientsOf(expected));
    const start = dynamics.createStates(B);
    fillRows(start, dynamics, given, back.stateGradient);
    expectClose(adjoint.start.read(), start.read());
  });

  it("gives each sample's gradients on its own", () => {
    network.zeroGradients();
    const dynamics = started();
    dynamics.forward(checked, 0, T);
    dynamics.loss(goal, 0, 1 / goal.count);
    const cotangent = dynamics.createStates(B);
    fillRows(cotangent, dynamics, given, end);
    const adjoint = dynamics.vjp({ cotangent, losses: true });
    const rows = dynamics.createGradients(B);
    for (let b = 0; b < B; b++) adjoint.accumulateRow(b, rows, b);
    for (let b = 0; b < B; b++) dynamics.addToGradients(1, rows, b);
    expectClose(gradientsOf(network), gradientsOf(expected));
  });

  it("takes any number of cotangents of one sample", () => {
    const dynamics = started();
    dynamics.forward(checked, 0, T);
    const each = dynamics.createStates(B);
    fillRows(each, dynamics, given, end);
    for (let b = 0; b < B; b++) {
      const several = dynamics.createStates(4);
      several.copy(1, each, b);
      several.copy(3, each, b);
      several.scale(3, -2);
      const both = dynamics.createGradients(3);
      const one = dynamics.vjp({ cotangent: several, sample: b });
      one.accumulateRow(1, both, 0);
      one.accumulateRow(3, both, 1);
      const start = one.start.read(1);
      const adjoint = dynamics.vjp({ cotangent: each });
      adjoint.accumulateRow(b, both, 2);
      expectClose(start, adjoint.start.read(b));
      expectClose(both.read(0), both.read(2));
      expectClose(
        both.read(1).map((x) => x / -2),
        both.read(2),
      );
    }
  });

  it("has a forward derivative whose transpose is the backward one", () => {
    const dynamics = started();
    dynamics.forward(checked, 0, T);
    const v = dynamics.createStates(B);
    const nu = dynamics.createStates(B);
    fillRows(v, dynamics, given, draw(given, 2, dense).end);
    fillRows(nu, dynamics, given, end);
    const before = dynamics.createStates(B);
    for (let b = 0; b < B; b++) before.copy(b, v, b);
    dynamics.jvp(v);
    const { start } = dynamics.vjp({ cotangent: nu });
    for (let b = 0; b < B; b++) {
      const forwards = nu.dot(b, v, b);
      expect(Math.abs(forwards - start.dot(b, before, b))).toBeLessThan(
        4e-6 * Math.max(1, Math.abs(forwards)),
      );
      if (dynamics.begunAnew(b)) expect(v.norm(b)).toBe(0);
      else if (v.norm(b) === 0) expect(given.options.cell).toBe("elman-relu");
    }
  });
});
