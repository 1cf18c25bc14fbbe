import { describe, expect, it } from "vitest";
import { cellNames } from "../../src/network/cells/by-name.js";
import { createEngine, type Engine } from "../../src/memory/engine.js";
import { initialize } from "../../src/network/parameters/initialize.js";
import { RecurrentNetwork } from "../../src/network/network.js";
import { completeOptions } from "../../src/network/options.js";
import type { Sequence, State, Target } from "../../src/network/types.js";
import { Random } from "../../src/random.js";
import { builds } from "../builds.js";
import { reachOfRounding, type Answers } from "../oracle/conditioning.js";
import { modelOf, type OracleModel } from "../oracle/model.js";
import { oracleBackward, oracleForward } from "../oracle/network.js";
import { drawGains, normalizableCells } from "./kinds.js";
import { drawSequence, drawState, drawTarget, dropoutMasks, type StackedCase } from "./stacked-cases.js";

// What the project promises, per tensor; float32's rounding comes to some 1e-6 of a tensor's largest number here.
const tolerance = 5e-5;

const engines = builds.map((build) => createEngine(build, 64));

/** What a case gives: an initial state, a gradient of the final one, and what the outputs are dropped by. */
interface Given {
  readonly sequence: Sequence;
  readonly target: Target;
  readonly state: State | undefined;
  readonly stateGradient: State | undefined;
  readonly dropoutMasks: readonly Float64Array[];
}

/** All that the network says, by name. */
function networkAnswers(network: RecurrentNetwork, { training, inputs }: StackedCase, given: Given) {
  const { sequence, target, state, stateGradient } = given;
  const inputGradient = inputs === "values";
  const run = network.forward(sequence, { state, training, hidden: true });
  const back = network.backward(target, { stateGradient, inputGradient });
  const answers = new Map<string, ArrayLike<number>>([
    ["outputs", run.outputs],
    ["hidden", run.hidden ?? []],
    ["h", run.state.h],
    ["c", run.state.c ?? []],
    ["count", [back.count]],
    ["loss", [back.loss]],
    ["dh", back.stateGradient.h],
    ["dc", back.stateGradient.c ?? []],
    ["dx", back.inputGradient ?? []],
  ]);
  for (const parameter of network.parameters) answers.set(parameter.name, parameter.readGradient());
  return answers;
}

function oracleAnswers(model: OracleModel, { inputs }: StackedCase, given: Given): Answers {
  const { sequence, target, state, stateGradient, dropoutMasks: masks } = given;
  const run = oracleForward(model, cleared(sequence), { state, dropoutMasks: masks });
  const back = oracleBackward(model, run.tape, target, { stateGradient });
  return new Map<string, ArrayLike<number>>([
    ["outputs", run.outputs],
    ["hidden", run.hidden],
    ["h", run.state.h],
    ["c", run.state.c ?? []],
    ["count", [back.count]],
    ["loss", [back.loss]],
    ["dh", back.stateGradient.h],
    ["dc", back.stateGradient.c ?? []],
    ["dx", inputs === "values" ? (back.inputGradient ?? []) : []],
    ...back.gradients,
  ]);
}

function expectClose(
  what: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  reach: number,
): void {
  expect(actual.length, what).toBe(expected.length);
  if (expected.length === 1 && Number.isNaN(expected[0])) {
    expect(actual[0], what).toBeNaN();
    return;
  }
  const largest = Array.from(expected).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  let worst = 0;
  for (let i = 0; i < expected.length; i++) worst = Math.max(worst, Math.abs(actual[i] - expected[i])); // a NaN stays
  expect(worst, what).toBeLessThanOrEqual(tolerance * largest + reach);
}

function networkOf(engine: Engine, given: StackedCase): RecurrentNetwork {
  const options = completeOptions(given.options);
  const network = new RecurrentNetwork(engine, options);
  initialize(network.model.parameters, options);
  drawGains(network, new Random(given.seed, 10));
  return network;
}

function drawGiven(network: RecurrentNetwork, given: StackedCase): Given {
  const random = new Random(given.seed, 9);
  const sequence = drawSequence(random, given);
  return {
    sequence,
    target: drawTarget(random, given, network, sequence),
    state: given.states ? drawState(random, network, given.batch) : undefined,
    stateGradient: given.states ? drawState(random, network, given.batch) : undefined,
    dropoutMasks: given.training ? dropoutMasks(network, given.steps, given.batch, 0) : [],
  };
}

/** One case, in every build; the oracle's answers are the same for all, as are the parameters. */
function check(given: StackedCase): void {
  let oracle: { answers: Answers; reach: Map<string, number> } | undefined;
  for (const engine of engines) {
    const network = networkOf(engine, given);
    const drawn = drawGiven(network, given);
    const answersOf = (model: OracleModel): Answers => oracleAnswers(model, given, drawn);
    const model = modelOf(network);
    oracle ??= { answers: answersOf(model), reach: reachOfRounding(model, answersOf) };
    const actual = networkAnswers(network, given, drawn);
    for (const [name, expected] of oracle.answers) {
      const what = `${engine.build} ${JSON.stringify(given)} ${name}`;
      expectClose(what, actual.get(name) ?? [], expected, oracle.reach.get(name) ?? 0);
    }
    expect(engine.arena.brokenGuards(), JSON.stringify(given)).toEqual([]);
    network.dispose();
    expect(engine.arena.reserved, JSON.stringify(given)).toBe(0);
  }
}

/** The oracle reads what stands past a length, so that it needs numbers there. */
function cleared(sequence: Sequence): Sequence {
  const { tokens, values } = sequence;
  return {
    ...sequence,
    ...(tokens && { tokens: tokens.map((token) => Math.max(0, token)) }),
    ...(values && { values: values.map((value) => (Number.isNaN(value) ? 0 : value)) }),
  };
}

/**
 * The fewest units, or inputs, for which a comparison makes sense. N forgets a vector's length: of two units it keeps their
 * order, of a single input its sign. The derivative, about ε/σ², is then what is left of a difference of numbers around 1, in
 * float32 a few per cent off.
 */
const LEAST_NORMALIZED = 3;

const base = { steps: 5, batch: 3, states: true, training: true, seed: 1 };

const table = [
  ...cellNames.map((cell) => ({ cell, layerNorm: false })),
  ...normalizableCells.map((cell) => ({ cell, layerNorm: true })),
];

describe.each(table)("$cell agrees with the oracle, layerNorm $layerNorm", ({ cell, layerNorm }) => {
  it("over layers, directions, lengths, dropout and both kinds of input", () => {
    let cases = 0;
    for (const layers of [1, 2, 3]) {
      for (const bidirectional of [false, true]) {
        for (const lengths of [false, true]) {
          for (const dropout of layers > 1 ? [0, 0.4] : [0]) {
            for (const inputs of ["tokens", "values"] as const) {
              const options = {
                inputSize: 6,
                hiddenSize: 5,
                outputSize: 4,
                cell,
                layerNorm,
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
    expect(cases).toBe(40);
  });

  it("over hidden sizes", () => {
    for (const hiddenSize of [1, 2, 3, 4, 7, 8, 9, 13, 16, 17, 24, 31, 33, 64, 65, 100]) {
      if (layerNorm && hiddenSize < LEAST_NORMALIZED) continue;
      const options = {
        inputSize: 3,
        hiddenSize,
        outputSize: 3,
        cell,
        layerNorm,
        layers: 2,
        bidirectional: true,
      };
      check({ ...base, options, inputs: "values", target: "values", lengths: true });
    }
  });

  it("over drawn combinations", () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = new Random(seed, 5);
      const tokens = random.uniform() < 0.5;
      const least = layerNorm ? LEAST_NORMALIZED : 1;
      const size = (): number => least + Math.floor(40 * random.uniform() * random.uniform());
      const headless = random.uniform() < 0.25;
      const layers = 1 + random.integer(3);
      const options = {
        inputSize: size(),
        hiddenSize: size(),
        outputSize: headless ? 0 : size(),
        cell,
        layerNorm,
        layers,
        bidirectional: random.uniform() < 0.5,
        dropout: layers > 1 && random.uniform() < 0.5 ? 0.3 : 0,
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

describe.each(normalizableCells)("%s of one or two units with layerNorm", (cell) => {
  // Where N is of a single number it is 0, and z is the biases; a derivative is that of no change at all, or what is left of a
  // difference of numbers around 1.
  it.each([1, 2])("%i: states are the oracle's, gradients finite", (hiddenSize) => {
    for (const inputs of ["tokens", "values"] as const) {
      for (const engine of engines) {
        const options = { inputSize: 4, hiddenSize, outputSize: 3, cell, layerNorm: true, layers: 2 };
        const given: StackedCase = { ...base, options, inputs, target: "classes", lengths: true };
        const network = networkOf(engine, given);
        const drawn = drawGiven(network, given);
        const actual = networkAnswers(network, given, drawn);
        const expected = oracleAnswers(modelOf(network), given, drawn);
        for (const name of ["outputs", "hidden", "h", "c", "loss"]) {
          expectClose(
            `${engine.build} ${inputs} ${name}`,
            actual.get(name) ?? [],
            expected.get(name) ?? [],
            0,
          );
        }
        for (const [name, values] of actual) {
          expect(Array.from(values).every(Number.isFinite), `${engine.build} ${inputs} ${name}`).toBe(true);
        }
        network.dispose();
      }
    }
  });
});
