import { describe, expect, it } from "vitest";
import { createNetwork } from "../../src/network/create-network.js";
import type { Build, Network, Parameter } from "../../src/network/types.js";
import { clipGradientNorm, clipGradientValue } from "../../src/optimize/clip.js";
import { optimizers } from "../../src/optimize/optimizers.js";
import { builds } from "../builds.js";
import { clipFixture, optimizerFixtures } from "../fixtures/pytorch-updates.js";
import { relativeError } from "../oracle/compare.js";

// What the project promises; a few updates in float32 come to some 1e-7 of a tensor's largest number.
const tolerance = 5e-5;

function expectClose(actual: ArrayLike<number>, expected: readonly Float64Array[]): void {
  let from = 0;
  for (const tensor of expected) {
    const part = Array.from({ length: tensor.length }, (_, i) => actual[from + i]);
    expect(relativeError(part, tensor)).toBeLessThanOrEqual(tolerance);
    from += tensor.length;
  }
  expect(from).toBe(actual.length);
}

function joined(tensors: readonly Float64Array[]): number[] {
  return tensors.flatMap((tensor) => [...tensor]);
}

/** A network whose first parameter has room for all the tensors, one after the other; the other parameters are zeros. */
function networkFor(
  tensors: readonly Float64Array[],
  build: Build,
): { network: Network; parameter: Parameter } {
  const network = createNetwork(
    { inputSize: joined(tensors).length, hiddenSize: 1, outputSize: 1 },
    { build },
  );
  for (const parameter of network.parameters) {
    parameter.write(new Float32Array(parameter.shape.reduce((product, size) => product * size, 1)));
  }
  return { network, parameter: network.parameter("rnn.weight_ih_l0") };
}

describe.each(builds)("PyTorch's updates, %s build", (build) => {
  const fixtures = optimizerFixtures();

  it("are 14 runs of the five optimizers", () => {
    expect(fixtures).toHaveLength(14);
  });

  it.each(fixtures)("$name", ({ create, parameters, updates }) => {
    const { network, parameter } = networkFor(parameters, build);
    parameter.write(joined(parameters));
    const optimizer = create(optimizers);
    expect(updates).toHaveLength(10);
    for (const update of updates) {
      parameter.writeGradient(joined(update.gradients));
      optimizer.step(network);
      expectClose(parameter.read(), update.parameters);
    }
    network.dispose();
  });

  const { gradients, byNorm, byValue } = clipFixture();

  it.each(byNorm)("clipped to the norm $maxNorm", ({ maxNorm, norm, clipped }) => {
    const { network, parameter } = networkFor(gradients, build);
    parameter.writeGradient(joined(gradients));
    expect(relativeError([clipGradientNorm(network, maxNorm)], [norm])).toBeLessThanOrEqual(tolerance);
    expectClose(parameter.readGradient(), clipped);
    network.dispose();
  });

  it.each(byValue)("clipped to the value $maxValue", ({ maxValue, clipped }) => {
    const { network, parameter } = networkFor(gradients, build);
    parameter.writeGradient(joined(gradients));
    clipGradientValue(network, maxValue);
    expectClose(parameter.readGradient(), clipped);
    network.dispose();
  });
});
