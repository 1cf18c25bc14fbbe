import { describe, expect, it } from "vitest";
import { createNetwork } from "../../src/network/create-network.js";
import { softmax } from "../../src/network/softmax.js";
import type { Build, NetworkOptions } from "../../src/network/types.js";
import { adam } from "../../src/optimize/adam.js";
import { clipGradientNorm } from "../../src/optimize/clip.js";
import { Random } from "../../src/random.js";
import { builds } from "../builds.js";
import { bitsOf, parameterBits } from "./bits.js";
import { drawSequence, drawTarget, outputWidthOf } from "./drawn.js";
import { kinds, type Kind } from "./kinds.js";
import { accumulateGradient } from "./passes.js";

/** 20 updates of 5 steps of 4 sequences, the state carried; all losses and norms, the parameters and some probabilities. */
function trainingBits({ options, inputs }: Kind, build: Build, seed = 1): string {
  using network = createNetwork({ ...options, seed }, { build });
  const sizes = { ...options, steps: 5, batch: 4 };
  const random = new Random(1);
  const optimizer = adam({ learningRate: 0.01 });
  const numbers: number[] = [];
  let state: ReturnType<typeof accumulateGradient>["state"] | undefined;
  for (let update = 0; update < 20; update++) {
    const sequence = drawSequence(random, inputs[update % inputs.length], sizes);
    const target = drawTarget(random, "classes", sizes);
    const pass = accumulateGradient(network, sequence, target, state);
    ({ state } = pass);
    numbers.push(pass.loss, clipGradientNorm(network, 0.5));
    optimizer.step(network);
    network.zeroGradients();
  }
  const { outputs } = network.forward(drawSequence(random, inputs[0], sizes));
  const lossesAndNorms = new Float32Array(Float64Array.from(numbers).buffer);
  const probabilities = softmax(outputs, outputWidthOf(options));
  return bitsOf(lossesAndNorms, probabilities, ...network.parameters.map((one) => one.read()));
}

// Recorded from Node 20. A change of a kernel's order of sums, or of a random stream, changes them rightly; nothing else
// does: not the Node version, the machine or the browser.
const recorded: [string, string][] = [
  ["elman", "800936f046112e4b"],
  ["elman-relu", "cf2ef934be4abbe9"],
  ["elman without a head", "6c37cf2caca701a9"],
  ["gru", "07e8b5559c179cb7"],
  ["lstm of 2 layers", "31ac46ec359ff33c"],
  ["elman of 3 layers with dropout", "f4e64ce5e34bf84b"],
  ["lstm with an embedding", "071d49c8efd78a67"],
  ["gru of 2 layers in both directions", "60c33caca44cb077"],
  ["lstm in both directions without a head", "ac734dd7ef50ed4c"],
  ["mingru", "9fcb43f0c43bd962"],
  ["mingru of 2 layers in both directions", "58a4dba06504031f"],
  ["lstm", "971b49cde52b9865"],
  ["lstm of 2 layers in both directions", "24d476daeda1a0b1"],
  ["elman of 2 layers in both directions", "0ed70db432f28e85"],
  ["elman-relu of 2 layers in both directions", "7a212dca480b38a3"],
];

it.each(recorded)("a training run has the recorded bits in the plain build: %s", (name, bits) => {
  const kind = kinds.find((one) => one.name === name);
  if (kind === undefined) throw new Error("there is no such kind of network");
  expect(trainingBits(kind, "simd").slice(0, 16)).toBe(bits);
});

describe.each(kinds)("a training run from a seed: $name", (kind) => {
  it.each(builds)("has the same bits each time, %s build", (build) => {
    const expected = trainingBits(kind, build);
    for (let run = 0; run < 5; run++) expect(trainingBits(kind, build)).toBe(expected);
  });

  it("has others from other seeds", () => {
    const seeds = [0, 1, 2, -1, 2 ** 32, 2 ** 40, -(2 ** 40), Number.MAX_SAFE_INTEGER];
    expect(new Set(seeds.map((seed) => trainingBits(kind, "simd", seed))).size).toBe(seeds.length);
  });
});

it("parameters are the same in every build", () => {
  for (const { options } of kinds) {
    const bits = builds.map((build) => {
      using network = createNetwork(options, { build });
      return parameterBits(network);
    });
    expect(new Set(bits).size).toBe(1);
  }
});

it("parameters of one network are drawn apart from each other", () => {
  const options: NetworkOptions = {
    inputSize: 5,
    hiddenSize: 5,
    outputSize: 5,
    cell: "gru",
    layers: 2,
    bidirectional: true,
  };
  using network = createNetwork(options);
  const starts = network.parameters.map((one) => bitsOf(one.read().slice(0, 4)));
  expect(new Set(starts).size).toBe(starts.length);
});
