import { describe, expect, it } from "vitest";
import { cellNames } from "../../src/network/cells/by-name.js";
import type { RecurrentNetwork } from "../../src/network/network.js";
import type { State } from "../../src/network/types.js";
import { builds } from "../builds.js";
import { relativeError } from "../oracle/compare.js";
import type { OracleState } from "../oracle/state.js";
import { guardedEngine, networkIn } from "./guarded.js";
import {
  answerOf,
  drawCase,
  drawSizes,
  optionsOf,
  type DrawnCase,
  type OracleAnswer,
  type OracleCase,
} from "./oracle-cases.js";

// What the project promises, per tensor. Float32 rounds each number to 6e-8 of itself; sums of some hundred products
// over some ten steps come to 1e-6 of a tensor's largest number, and a sum that cancels loses a digit or two more.
const tolerance = 5e-5;

// Values below 2^-110 = 7.7e-34 are flushed to 0 on their way back through time, so a tensor whose numbers are all this
// small may come out as zeros.
const vanished = 1e-30;

function expectClose(what: string, actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  const largest = Array.from(expected).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  if (largest > vanished) expect(relativeError(actual, expected), what).toBeLessThanOrEqual(tolerance);
  else
    expect(
      Array.from(actual).every((x) => Math.abs(x) <= vanished),
      what,
    ).toBe(true);
}

function expectStateClose(what: string, actual: State, expected: OracleState): void {
  expectClose(`${what} h`, actual.h, expected.h);
  expectClose(`${what} c`, actual.c ?? [], expected.c ?? []);
}

function expectGradients(network: RecurrentNetwork, { backward }: OracleAnswer, what: string): void {
  for (const parameter of network.parameters) {
    const { name } = parameter;
    expectClose(`${what}: ${name}`, parameter.readGradient(), backward.gradients.get(name) ?? []);
  }
}

function expectForwardBackward(
  network: RecurrentNetwork,
  given: OracleCase,
  drawn: DrawnCase,
  answer: OracleAnswer,
): void {
  const what = JSON.stringify(given);
  const { sequence, target, state, stateGradient } = drawn;
  const { outputs, state: final } = network.forward(sequence, { state });
  expectClose(`${what}: outputs`, outputs, answer.forward.outputs);
  expectStateClose(`${what}: final state`, final, answer.forward.state);
  const inputGradient = given.inputs === "values";
  const result = network.backward(target, { reduction: given.reduction, stateGradient, inputGradient });
  expect(result.count, what).toBe(answer.backward.count);
  if (given.target === "gradient") expect(result.loss, what).toBeNaN();
  else expectClose(`${what}: loss`, [result.loss], [answer.backward.loss]);
  expectGradients(network, answer, what);
  expectStateClose(`${what}: state gradient`, result.stateGradient, answer.backward.stateGradient);
  expect(result.inputGradient !== undefined, what).toBe(inputGradient);
  if (result.inputGradient !== undefined)
    expectClose(`${what}: input gradient`, result.inputGradient, answer.backward.inputGradient ?? []);
}

const engines = builds.map(guardedEngine);

/** One case, in every build; the oracle's answer is the same for all, as are the parameters. */
function check(given: OracleCase): void {
  let answered: (DrawnCase & { answer: OracleAnswer }) | undefined;
  for (const engine of engines) {
    const network = networkIn(engine, given.options);
    answered ??= answerOf(given, network);
    expectForwardBackward(network, given, answered, answered.answer);
    expect(engine.arena.brokenGuards(), JSON.stringify(given)).toEqual([]);
    network.dispose();
    expect(engine.arena.reserved).toBe(0);
  }
}

/** 1..67, around every width of a tile and of a panel, and the primes to 257. */
const widths = Array.from({ length: 257 }, (_, i) => i + 1).filter(
  (n) => n <= 67 || Array.from({ length: 15 }, (_, i) => i + 2).every((d) => n % d !== 0),
);

const small = { inputSize: 5, hiddenSize: 6, outputSize: 4, steps: 4, batch: 3 };
const sweeps: [name: string, sizes: (typeof small)[]][] = [
  ["hidden sizes", widths.map((hiddenSize) => ({ ...small, hiddenSize }))],
  ["input sizes", widths.map((inputSize) => ({ ...small, inputSize }))],
  ["output sizes", widths.map((outputSize) => ({ ...small, outputSize }))],
  ["batches", Array.from({ length: 9 }, (_, i) => ({ ...small, batch: i + 1 }))],
  ["steps", Array.from({ length: 64 }, (_, i) => ({ ...small, steps: i + 1 }))],
  [
    "blocks of the products, of 96 and 128 rows, 256 deep, and 256 rows of targets",
    [
      { ...small, inputSize: 290 },
      { ...small, hiddenSize: 290 },
      { ...small, outputSize: 290 },
      { ...small, steps: 61, batch: 9 },
      { ...small, steps: 1500, batch: 1 },
      { inputSize: 270, hiddenSize: 269, outputSize: 9, steps: 9, batch: 3 },
    ],
  ],
];

describe("outputs, states, losses and gradients agree with the oracle", () => {
  it("over 103 widths", () => {
    expect(widths).toHaveLength(103);
    expect(builds.length).toBeGreaterThan(0);
  });

  describe.each(cellNames)("%s", (cell) => {
    it.each(sweeps)("over all %s, the others small", (_, sizes) => {
      sizes.forEach((one, i) => {
        const given = drawCase(i, one);
        // Each size meets both kinds of input, in one cell and the next.
        const inputs = (i + cellNames.indexOf(cell)) % 2 === 0 ? "tokens" : "values";
        check({ ...given, options: optionsOf(cell, given.options), inputs });
      });
    });
  });

  const count = Number(process.env["BPTT_SWEEP"] ?? 300);
  it(`over ${count} combinations`, () => {
    expect(count).toBeGreaterThan(0);
    for (let seed = 1; seed <= count; seed++) check(drawSizes(seed));
  });
});
