import { describe, expect, it } from "vitest";
import { createNetwork } from "../../src/network/create-network.js";
import type { Build, Loss, Network, Sequence, State, Target } from "../../src/network/types.js";
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
import { resetsFixtures } from "../fixtures/pytorch-resets.js";
import { lossFixtures } from "../fixtures/pytorch-losses.js";
import { losses, type LossName } from "../../src/network/losses/by-name.js";
import { relativeError } from "../oracle/compare.js";
import type { Tensors } from "../oracle/model.js";
import type { OracleState } from "../oracle/state.js";

// What the project promises. Float32's rounding comes to some 1e-6 of a tensor's largest number in these sizes.
const tolerance = 5e-5;

function expectClose(what: string, actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(relativeError(actual, expected), what).toBeLessThanOrEqual(tolerance);
}

function networkOf({ sizes, parameters }: Pick<ModelFixture, "sizes" | "parameters">, build: Build): Network {
  const network = createNetwork(sizes, { build });
  for (const [name, values] of parameters) network.parameter(name).write(values);
  return network;
}

function stateOf({ h, c }: OracleState): State {
  return { h: Float32Array.from(h), ...(c === undefined ? {} : { c: Float32Array.from(c) }) };
}

function sequenceOf(
  given: Pick<ModelFixture, "steps" | "batch" | "values" | "tokens" | "lengths">,
): Sequence {
  const { steps, batch, tokens, values, lengths } = given;
  const sizes = { steps, batch, ...(lengths === undefined ? {} : { lengths }) };
  return tokens === undefined ? { ...sizes, values: Float32Array.from(values ?? []) } : { ...sizes, tokens };
}

function targetOf(target: { classes: Int32Array } | { values: Float64Array }): Target {
  return "classes" in target ? target : { values: Float32Array.from(target.values) };
}

function expectStateClose(what: string, actual: State, expected: OracleState): void {
  expectClose(`${what} h`, actual.h, expected.h);
  expect(actual.c === undefined).toBe(expected.c === undefined);
  if (actual.c !== undefined && expected.c !== undefined) expectClose(`${what} c`, actual.c, expected.c);
}

/** What the LSTM's last_mse loss adds: ½ mean(c²) of the final state. */
function halfMeanSquare(
  { name }: ModelFixture,
  { h, c }: State,
): { loss: number; stateGradient: State } | undefined {
  if (!name.startsWith("last_mse") || c === undefined) return undefined;
  const loss = c.reduce((sum, value) => sum + value * value, 0) / (2 * c.length);
  return { loss, stateGradient: { h: new Float32Array(h.length), c: c.map((value) => value / c.length) } };
}

function expectGradients(network: Network, expected: Tensors): void {
  expect(network.parameters.map(({ name }) => name)).toEqual([...expected.keys()]);
  for (const [name, values] of expected) expectClose(name, network.parameter(name).readGradient(), values);
}

describe.each(builds)("PyTorch's numbers, %s build", (build) => {
  const single = [
    ...gradientFixtures("core"),
    ...gradientFixtures("last_mse"),
    ...gradientFixtures("packed"),
  ];

  it("are 41 cases of one forward and backward", () => {
    expect(single).toHaveLength(41);
  });

  it.each(single)("$name", (fixture) => {
    const network = networkOf(fixture, build);
    const inputGradient = fixture.values !== undefined;
    const run = network.forward(sequenceOf(fixture), { state: stateOf(fixture.initialState), hidden: true });
    const extra = halfMeanSquare(fixture, run.state);
    const back = network.backward(targetOf(fixture.target), {
      inputGradient,
      ...(extra === undefined ? {} : { stateGradient: extra.stateGradient }),
    });

    expectClose("hidden", run.hidden ?? [], fixture.hidden);
    if (fixture.outputs !== undefined)
      expectClose("outputs", run.outputs.slice(-fixture.outputs.length), fixture.outputs);
    expectStateClose("final", run.state, fixture.finalState);
    expectClose("loss", [back.loss + (extra?.loss ?? 0)], [fixture.loss]);
    expectGradients(network, fixture.gradients);
    expectStateClose("gradient of initial", back.stateGradient, fixture.stateGradient);
    if (fixture.inputGradient !== undefined)
      expectClose("input gradient", back.inputGradient ?? [], fixture.inputGradient);
    network.dispose();
  });

  const anew = resetsFixtures();

  it("are 6 cases of sequences that begin anew", () => {
    expect(anew).toHaveLength(6);
  });

  it.each(anew)("$name", (fixture) => {
    using network = networkOf(fixture, build);
    const { classes, resets } = fixture;
    const run = network.forward({ ...sequenceOf(fixture), resets }, { state: stateOf(fixture.initialState) });
    const back = network.backward({ classes }, { inputGradient: true });
    expectClose("outputs", run.outputs, fixture.outputs);
    expectStateClose("final", run.state, fixture.finalState);
    expectClose("loss", [back.loss], [fixture.loss]);
    expectGradients(network, fixture.gradients);
    expectClose("input gradient", back.inputGradient ?? [], fixture.inputGradient);
  });

  const truncated = truncatedFixtures();

  it("are 8 cases of windows with carried state", () => {
    expect(truncated).toHaveLength(8);
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

  const training = trainingFixtures();

  it("are 3 training runs with clipping and SGD", () => {
    expect(training).toHaveLength(3);
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

/** Makes a loss from PyTorch's name and options of it. */
function makeLoss(name: string, options: object): Loss {
  const create = losses[name as LossName] as (options: object) => Loss;
  return create(options);
}

describe.each(builds)("PyTorch's losses, %s build", (build) => {
  const fixtures = [...lossFixtures("loss_"), ...lossFixtures("pooled_")];

  it("are 24 cases", () => {
    expect(fixtures).toHaveLength(24);
  });

  it.each(fixtures)("$name", (fixture) => {
    const network = networkOf(fixture, build);
    const loss = makeLoss(fixture.lossName, fixture.options);
    const { outputs } = network.forward(sequenceOf(fixture));
    const back = network.backward(fixture.target, { loss, inputGradient: true });
    expectClose("outputs", outputs, fixture.outputs);
    expectClose("loss", [back.loss], [fixture.loss]);
    expectClose("inputs", back.inputGradient ?? [], fixture.inputGradient);
    expectGradients(network, fixture.gradients);
  });
});
