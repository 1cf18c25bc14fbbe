import { describe, expect, it } from "vitest";
import { clipFixture, optimizerFixtures } from "../fixtures/pytorch-updates.js";
import { gradientFixtures, trainingFixtures, truncatedFixtures, windowsOf } from "../fixtures/pytorch.js";
import { resetsFixtures } from "../fixtures/pytorch-resets.js";
import { clipNorm, clipValue } from "./clip.js";
import { relativeError } from "./compare.js";
import { addTo, oracleModel, tensor, tensorsFor, type Tensors } from "./model.js";
import { oracleBackward, oracleForward } from "./network.js";
import { oracleOptimizers } from "./optimizers/by-name.js";
import type { OracleState } from "./state.js";
import { oracleTrain } from "./train.js";

// Both sides are float64 sums of at most a few hundred terms in different orders: some 1e-14 apart.
const tolerance = 1e-12;

function expectClose(what: string, actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(relativeError(actual, expected), what).toBeLessThanOrEqual(tolerance);
}

function expectTensorsClose(actual: Tensors, expected: Tensors): void {
  expect([...actual.keys()]).toEqual([...expected.keys()]);
  for (const [name, values] of expected) expectClose(name, tensor(actual, name), values);
}

function expectStateClose(what: string, actual: OracleState, expected: OracleState): void {
  expectClose(`${what} h`, actual.h, expected.h);
  expect(actual.c === undefined).toBe(expected.c === undefined);
  if (actual.c !== undefined && expected.c !== undefined) expectClose(`${what} c`, actual.c, expected.c);
}

/** Returns what the LSTM's last_mse loss adds: ½ mean(c²) of the final state, and its gradient. */
function halfMeanSquare({ c }: OracleState): { loss: number; stateGradient: OracleState } | undefined {
  if (c === undefined) return undefined;
  const loss = c.reduce((sum, value) => sum + value * value, 0) / (2 * c.length);
  return { loss, stateGradient: { h: new Float64Array(c.length), c: c.map((value) => value / c.length) } };
}

describe.each([
  { kind: "core", count: 32 },
  { kind: "last_mse", count: 3 },
  { kind: "packed", count: 6 },
] as const)("PyTorch's $kind fixtures", ({ kind, count }) => {
  const fixtures = gradientFixtures(kind);

  it(`are ${count}`, () => {
    expect(fixtures).toHaveLength(count);
  });

  it.each(fixtures)("$name", (fixture) => {
    const model = oracleModel(fixture.sizes, fixture.parameters);
    const run = oracleForward(model, fixture, { state: fixture.initialState });
    const extra = kind === "last_mse" ? halfMeanSquare(run.state) : undefined;
    const back = oracleBackward(model, run.tape, fixture.target, { stateGradient: extra?.stateGradient });

    expectClose("hidden", run.hidden, fixture.hidden);
    if (fixture.outputs !== undefined)
      expectClose("outputs", run.outputs.slice(-fixture.outputs.length), fixture.outputs);
    expectStateClose("final", run.state, fixture.finalState);
    expectClose("loss", [back.loss + (extra?.loss ?? 0)], [fixture.loss]);
    expectTensorsClose(back.gradients, fixture.gradients);
    expectStateClose("gradient of initial", back.stateGradient, fixture.stateGradient);
    if (fixture.inputGradient !== undefined)
      expectClose("input gradient", back.inputGradient ?? [], fixture.inputGradient);
  });
});

describe("PyTorch's windows in which sequences begin anew", () => {
  const fixtures = resetsFixtures();

  it("are 6", () => {
    expect(fixtures).toHaveLength(6);
  });

  it.each(fixtures)("$name", (fixture) => {
    const model = oracleModel(fixture.sizes, fixture.parameters);
    const run = oracleForward(model, fixture, { state: fixture.initialState });
    const { classes } = fixture;
    const back = oracleBackward(model, run.tape, { classes });
    expect(fixture.resets).toContain(1);
    expectClose("outputs", run.outputs, fixture.outputs);
    expectStateClose("final", run.state, fixture.finalState);
    expectClose("loss", [back.loss], [fixture.loss]);
    expectTensorsClose(back.gradients, fixture.gradients);
    expectClose("input gradient", back.inputGradient ?? [], fixture.inputGradient);
  });
});

describe("PyTorch's windows with carried state", () => {
  const fixtures = truncatedFixtures();

  it("are 8", () => {
    expect(fixtures).toHaveLength(8);
  });

  it.each(fixtures)("$name", (fixture) => {
    const model = oracleModel(fixture.sizes, fixture.parameters);
    const sums = tensorsFor(model.sizes, (_, length) => new Float64Array(length));
    let state = fixture.initialState;
    expect(fixture.windows.length).toBe(3);
    windowsOf(fixture).forEach(({ inputs, targets }, w) => {
      const run = oracleForward(model, inputs, { state });
      const { loss, gradients } = oracleBackward(model, run.tape, targets);
      for (const [name, sum] of sums) addTo(sum, tensor(gradients, name));
      state = run.state;
      expectClose("loss", [loss], [fixture.windows[w].loss]);
      expectStateClose("final", state, fixture.windows[w].state);
      expectClose("W_hh", tensor(sums, "rnn.weight_hh_l0"), fixture.windows[w].recurrentGradient);
    });
    expectTensorsClose(sums, fixture.gradients);
  });
});

describe("PyTorch's training runs with clipping and SGD", () => {
  const fixtures = trainingFixtures();

  it("are 3", () => {
    expect(fixtures).toHaveLength(3);
  });

  it.each(fixtures)("$name", (fixture) => {
    const model = oracleModel(fixture.sizes, fixture.parameters);
    const updates = [
      ...oracleTrain(model, windowsOf(fixture), {
        optimizer: oracleOptimizers.sgd({ learningRate: fixture.learningRate }),
        clipNorm: fixture.clipNorm,
        state: fixture.initialState,
      }),
    ];
    expectClose(
      "losses",
      updates.map(({ loss }) => loss),
      fixture.losses,
    );
    expectClose(
      "norms",
      updates.map(({ gradientNorm }) => gradientNorm),
      fixture.gradientNorms,
    );
    expectTensorsClose(model.parameters, fixture.parametersAfter);
    expectClose("final h", updates[2].state.h, fixture.finalH);
  });
});

function named(list: readonly Float64Array[]): Tensors {
  return new Map(list.map((values, i) => [`${i}`, values.slice()]));
}

describe("PyTorch's clipping", () => {
  const { gradients, byNorm, byValue } = clipFixture();

  it("has 3 cases by norm and 1 by value", () => {
    expect([byNorm.length, byValue.length]).toEqual([3, 1]);
  });

  it.each(byNorm)("to the norm $maxNorm", ({ maxNorm, norm, clipped }) => {
    const actual = named(gradients);
    expectClose("norm", [clipNorm(actual, maxNorm)], [norm]);
    expectTensorsClose(actual, named(clipped));
  });

  it.each(byValue)("to the value $maxValue", ({ maxValue, clipped }) => {
    const actual = named(gradients);
    clipValue(actual, maxValue);
    expectTensorsClose(actual, named(clipped));
  });
});

describe("PyTorch's optimizers", () => {
  const fixtures = optimizerFixtures();

  it("are 14", () => {
    expect(fixtures).toHaveLength(14);
  });

  it.each(fixtures)("$name", ({ create, parameters, updates }) => {
    const optimizer = create(oracleOptimizers);
    const actual = named(parameters);
    expect(updates).toHaveLength(10);
    for (const update of updates) {
      optimizer.step(actual, named(update.gradients));
      expectTensorsClose(actual, named(update.parameters));
    }
  });
});
