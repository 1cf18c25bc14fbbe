import { describe, expect, it } from "vitest";
import { cellNames } from "../../src/network/cells/by-name.js";
import { createEngine } from "../../src/memory/engine.js";
import { initialize } from "../../src/network/parameters/initialize.js";
import { RecurrentNetwork } from "../../src/network/network.js";
import { completeOptions } from "../../src/network/options.js";
import { Random } from "../../src/random.js";
import { builds } from "../builds.js";
import { relativeError } from "../oracle/compare.js";
import { modelOf } from "../oracle/model.js";
import { oracleBackward, oracleForward } from "../oracle/network.js";
import { drawSequence, drawState, drawTarget, dropoutMasks, type StackedCase } from "./stacked-cases.js";

// What the project promises, per tensor; float32's rounding comes to some 1e-6 of a tensor's largest number here.
const tolerance = 5e-5;

function expectClose(what: string, actual: ArrayLike<number> | undefined, expected: ArrayLike<number>): void {
  expect(relativeError(actual ?? [], expected), what).toBeLessThanOrEqual(tolerance);
}

const engines = builds.map((build) => createEngine(build, 64));

function check(given: StackedCase): void {
  for (const engine of engines) {
    const options = completeOptions(given.options);
    const network = new RecurrentNetwork(engine, options);
    initialize(network.model.parameters, options);
    const what = `${engine.build} ${JSON.stringify(given)}`;
    const random = new Random(given.seed, 9);
    const sequence = drawSequence(random, given);
    const target = drawTarget(random, given, network, sequence);
    const state = given.states ? drawState(random, network, given.batch) : undefined;
    const stateGradient = given.states ? drawState(random, network, given.batch) : undefined;

    const dropoutMasksOf = given.training ? dropoutMasks(network, given.steps, given.batch, 0) : [];
    const model = modelOf(network);
    const expected = oracleForward(model, cleared(sequence), { state, dropoutMasks: dropoutMasksOf });
    const back = oracleBackward(model, expected.tape, target, { stateGradient });

    const run = network.forward(sequence, { state, training: given.training, hidden: true });
    expectClose(`${what} outputs`, run.outputs, expected.outputs);
    expectClose(`${what} hidden`, run.hidden, expected.hidden);
    expectClose(`${what} h`, run.state.h, expected.state.h);
    if (expected.state.c !== undefined) expectClose(`${what} c`, run.state.c, expected.state.c);

    const inputGradient = given.inputs === "values";
    const result = network.backward(target, { stateGradient, inputGradient });
    expect(result.count, what).toBe(back.count);
    if (given.target === "gradient") expect(result.loss, what).toBeNaN();
    else expectClose(`${what} loss`, [result.loss], [back.loss]);
    for (const { name, readGradient } of network.parameters.map((parameter) => ({
      name: parameter.name,
      readGradient: () => parameter.readGradient(),
    })))
      expectClose(`${what} ${name}`, readGradient(), back.gradients.get(name) ?? []);
    expectClose(`${what} dh`, result.stateGradient.h, back.stateGradient.h);
    if (back.stateGradient.c !== undefined)
      expectClose(`${what} dc`, result.stateGradient.c, back.stateGradient.c);
    if (inputGradient) expectClose(`${what} dx`, result.inputGradient, back.inputGradient ?? []);

    expect(engine.arena.brokenGuards(), what).toEqual([]);
    network.dispose();
    expect(engine.arena.reserved, what).toBe(0);
  }
}

/** The oracle reads what stands past a length, so that it needs numbers there. */
function cleared(sequence: ReturnType<typeof drawSequence>): ReturnType<typeof drawSequence> {
  const { tokens, values } = sequence;
  return {
    ...sequence,
    ...(tokens && { tokens: tokens.map((token) => Math.max(0, token)) }),
    ...(values && { values: values.map((value) => (Number.isNaN(value) ? 0 : value)) }),
  };
}

const base = { steps: 5, batch: 3, states: true, training: true, seed: 1 };

describe.each(cellNames)("%s agrees with the oracle", (cell) => {
  it("over layers, directions, lengths, dropout and both kinds of input", () => {
    let cases = 0;
    for (const layers of [1, 2, 3]) {
      for (const bidirectional of [false, true]) {
        for (const lengths of [false, true]) {
          for (const dropout of [0, 0.4]) {
            for (const inputs of ["tokens", "values"] as const) {
              const options = {
                inputSize: 6,
                hiddenSize: 5,
                outputSize: 4,
                cell,
                layers,
                bidirectional,
                dropout,
              };
              check({ ...base, options: { ...options, seed: cases }, inputs, target: "classes", lengths });
              cases++;
            }
          }
        }
      }
    }
    expect(cases).toBe(48);
  });

  it("over hidden sizes", () => {
    for (const hiddenSize of [1, 2, 3, 4, 7, 8, 9, 13, 16, 17, 24, 31, 33, 64, 65, 100]) {
      const options = { inputSize: 3, hiddenSize, outputSize: 3, cell, layers: 2, bidirectional: true };
      check({ ...base, options, inputs: "values", target: "values", lengths: true });
    }
  });

  it("over drawn combinations", () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = new Random(seed, 5);
      const tokens = random.uniform() < 0.5;
      const size = (): number => 1 + Math.floor(40 * random.uniform() * random.uniform());
      const headless = random.uniform() < 0.25;
      const options = {
        inputSize: size(),
        hiddenSize: size(),
        outputSize: headless ? 0 : size(),
        cell,
        layers: 1 + random.integer(3),
        bidirectional: random.uniform() < 0.5,
        dropout: random.uniform() < 0.5 ? 0.3 : 0,
        embeddingSize: tokens && random.uniform() < 0.5 ? size() : 0,
        seed,
      };
      check({
        options,
        steps: 1 + random.integer(12),
        batch: 1 + random.integer(6),
        inputs: tokens ? "tokens" : "values",
        target: (["classes", "values", "gradient"] as const)[random.integer(3)],
        lengths: random.uniform() < 0.5,
        states: random.uniform() < 0.5,
        training: random.uniform() < 0.7,
        seed,
      });
    }
  });
});
