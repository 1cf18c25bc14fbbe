import { describe, expect, it } from "vitest";
import { createNetwork } from "../../src/network/create-network.js";
import type { Build, Network, Sequence, State, Target } from "../../src/network/types.js";
import { clipGradientNorm } from "../../src/optimize/clip.js";
import { sgd } from "../../src/optimize/sgd.js";
import { builds } from "../builds.js";
import {
  gradientFixtures,
  trainingFixtures,
  truncatedFixtures,
  windowsOf,
  type ModelFixture,
} from "../fixtures/pytorch.js";
import { relativeError } from "../oracle/compare.js";
import type { Tensors } from "../oracle/model.js";
import type { OracleState } from "../oracle/state.js";

// What the project promises. Float32's rounding comes to some 1e-6 of a tensor's largest number in these sizes.
const tolerance = 5e-5;

function expectClose(what: string, actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(relativeError(actual, expected), what).toBeLessThanOrEqual(tolerance);
}

function available({ sizes }: ModelFixture): boolean {
  const { cell, layers, bidirectional } = sizes;
  return (cell === "elman" || cell === "elman-relu") && layers === 1 && !bidirectional;
}

function networkOf({ sizes, parameters }: ModelFixture, build: Build): Network {
  const network = createNetwork(sizes, { build });
  for (const [name, values] of parameters) network.parameter(name).write(values);
  return network;
}

function stateOf({ h, c }: OracleState): State {
  return { h: Float32Array.from(h), ...(c === undefined ? {} : { c: Float32Array.from(c) }) };
}

function sequenceOf(given: Pick<ModelFixture, "steps" | "batch" | "values" | "tokens">): Sequence {
  const { steps, batch, tokens, values } = given;
  return tokens === undefined
    ? { steps, batch, values: Float32Array.from(values ?? []) }
    : { steps, batch, tokens };
}

function targetOf(target: { classes: Int32Array } | { values: Float64Array }): Target {
  return "classes" in target ? target : { values: Float32Array.from(target.values) };
}

function expectStateClose(what: string, actual: State, expected: OracleState): void {
  expectClose(`${what} h`, actual.h, expected.h);
  expect(actual.c === undefined).toBe(expected.c === undefined);
}

function expectGradients(network: Network, expected: Tensors): void {
  expect(network.parameters.map(({ name }) => name)).toEqual([...expected.keys()]);
  for (const [name, values] of expected) expectClose(name, network.parameter(name).readGradient(), values);
}

describe.each(builds)("PyTorch's numbers, %s build", (build) => {
  const single = [...gradientFixtures("core"), ...gradientFixtures("last_mse")].filter(available);

  it("are 11 cases of one forward and backward", () => {
    expect(single).toHaveLength(11);
  });

  it.each(single)("$name", (fixture) => {
    const network = networkOf(fixture, build);
    const inputGradient = fixture.values !== undefined;
    const run = network.forward(sequenceOf(fixture), { state: stateOf(fixture.initialState) });
    const back = network.backward(targetOf(fixture.target), { inputGradient });

    if (fixture.outputs === undefined) throw new Error(`${fixture.name} has no outputs`);
    expectClose("outputs", run.outputs.slice(-fixture.outputs.length), fixture.outputs);
    expectStateClose("final", run.state, fixture.finalState);
    expectClose("loss", [back.loss], [fixture.loss]);
    expectGradients(network, fixture.gradients);
    expectStateClose("gradient of initial", back.stateGradient, fixture.stateGradient);
    if (fixture.inputGradient !== undefined)
      expectClose("input gradient", back.inputGradient ?? [], fixture.inputGradient);
    network.dispose();
  });

  const truncated = truncatedFixtures().filter(available);

  it("are 2 cases of windows with carried state", () => {
    expect(truncated).toHaveLength(2);
  });

  it.each(truncated)("$name", (fixture) => {
    const network = networkOf(fixture, build);
    let state = stateOf(fixture.initialState);
    windowsOf(fixture).forEach(({ inputs, targets }, w) => {
      const expected = fixture.windows[w];
      state = network.forward(sequenceOf(inputs), { state }).state;
      expectClose("loss", [network.backward(targetOf(targets)).loss], [expected.loss]);
      expectStateClose("final", state, expected.state);
      expectClose("W_hh", network.parameter("rnn.weight_hh_l0").readGradient(), expected.recurrentGradient);
    });
    expectGradients(network, fixture.gradients);
    network.dispose();
  });

  const training = trainingFixtures().filter(available);

  it("are 1 training run with clipping and SGD", () => {
    expect(training).toHaveLength(1);
  });

  it.each(training)("$name", (fixture) => {
    const network = networkOf(fixture, build);
    const optimizer = sgd({ learningRate: fixture.learningRate });
    let state = stateOf(fixture.initialState);
    const norms: number[] = [];
    const losses = windowsOf(fixture).map(({ inputs, targets }) => {
      state = network.forward(sequenceOf(inputs), { state }).state;
      network.zeroGradients();
      const { loss } = network.backward(targetOf(targets));
      norms.push(clipGradientNorm(network, fixture.clipNorm));
      optimizer.step(network);
      return loss;
    });
    expectClose("losses", losses, fixture.losses);
    expectClose("norms", norms, fixture.gradientNorms);
    for (const [name, values] of fixture.parametersAfter)
      expectClose(name, network.parameter(name).read(), values);
    expectClose("final h", state.h, fixture.finalH);
    network.dispose();
  });
});
