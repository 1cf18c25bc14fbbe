/** An option that does not exist is refused everywhere, on this thread and for a worker, by its name and the nearest that exists. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as onnx from "../../src/entries/onnx.js";
import * as library from "../../src/index.js";
import { startWorker } from "../../src/worker/start-worker.js";
import type { NetworkWorker, RemoteNetwork } from "../../src/worker/index.js";
import { invoke } from "../network/untyped.js";

const sizes = { inputSize: 2, hiddenSize: 2, outputSize: 2 };
const inputs = { steps: 2, batch: 1, values: new Float32Array(4) };
const targets = { classes: Int32Array.of(0, 1) };
const data = [{ inputs, targets }];
const network = library.createNetwork(sizes);
const optimizer = library.sgd({ learningRate: 0.1 });
const learner = library.uoro();
const item = { inputs: { tokens: Uint8Array.of(1) }, targets: { class: 1 } };
const target = Array.from({ length: 60 }, (_, row) => row % 7);
const rest = { optimizer, maxSteps: 1 };

/** A function of the library, or a method, what comes before the options, what the options need, the typing error, what was meant. */
type Case = [target: object, name: string, before: unknown[], needed: object, wrong: string, meant: string];

const cases: Case[] = [
  [library, "createNetwork", [], sizes, "bidirectionnal", "bidirectional"],
  [library, "createNetwork", [], sizes, "hidden_size", "hiddenSize"],
  [library, "createNetwork", [sizes], {}, "backend", "build"],
  [network, "forward", [inputs], {}, "tape", "keepTape"],
  [network, "session", [], {}, "batchSize", "batch"],
  [library, "sgd", [], { learningRate: 1 }, "momentun", "momentum"],
  [library, "rmsprop", [], { learningRate: 1 }, "eps", "epsilon"],
  [library, "adagrad", [], { learningRate: 1 }, "lrDecay", "learningRateDecay"],
  [library, "adam", [], {}, "lr", "learningRate"],
  [library, "adamW", [], {}, "weight_decay", "weightDecay"],
  [library, "lion", [], {}, "wd", "weightDecay"],
  [library, "bptt", [], {}, "budget", "memoryBudget"],
  [library, "tbptt", [], { k1: 1 }, "K2", "k2"],
  [library, "artbp", [], { meanLength: 2 }, "length", "meanLength"],
  [library, "blockRtrl", [], { block: 1 }, "blocks", "block"],
  [library, "uoro", [], {}, "size", "block"],
  [library, "constantSchedule", [], { rate: 1 }, "warmup", "warmUp"],
  [library, "stepSchedule", [], { rate: 1, every: 1 }, "factors", "factor"],
  [library, "exponentialSchedule", [], { rate: 1, factor: 1 }, "evry", "every"],
  [library, "cosineSchedule", [], { rate: 1, steps: 1 }, "warmup", "warmUp"],
  [library, "linearSchedule", [], { rate: 1, steps: 1 }, "step", "steps"],
  [library, "plateauSchedule", [], { rate: 1 }, "coolDown", "cooldown"],
  [library, "anomalyScorer", [], {}, "windows", "window"],
  [library, "train", [network, data], rest, "clipnorm", "clipNorm"],
  [library, "onlineSession", [network], { optimizer, learner }, "clipvalue", "clipValue"],
  [library, "estimateGradient", [network, inputs, targets, learner], {}, "seeds", "seed"],
  [library, "compareLearners", [network, inputs, targets, [learner]], {}, "drawn", "draws"],
  [library, "gradientFlow", [network, inputs, targets], {}, "tolerence", "tolerance"],
  [library, "tokenStream", [new Uint8Array(9)], { batch: 1, window: 2 }, "windows", "window"],
  [library, "sequenceSet", [[item]], { batch: 1 }, "shuffled", "shuffle"],
  [library, "forecastData", [{ target }], { horizon: 1 }, "look_back", "lookback"],
  [library, "forecastData", [{ target }], { horizon: 1 }, "season", "seasons"],
  [
    library.forecastData({ target }, { horizon: 1 }).training,
    "windows",
    [],
    { batch: 1 },
    "shufle",
    "shuffle",
  ],
  [library, "classWeights", [[item]], {}, "class", "classes"],
  [library, "stratifiedSplit", [["a", "b"]], {}, "heldout", "heldOut"],
  [library, "fromPyTorch", [library.toPyTorch(network)], {}, "outputs", "output"],
  [library, "toPyTorch", [network], {}, "embeddings", "embedding"],
  [library, "saveNetwork", [network, {}], {}, "type", "dtype"],
  [library, "predict", [network, [inputs]], {}, "batchSize", "batch"],
  [onnx, "toOnnx", [network], {}, "soft_max", "softmax"],
  [library, "predictClasses", [network, [inputs]], {}, "top_k", "topK"],
  [library, "forecast", [network, [1, 2]], { steps: 1 }, "level", "levels"],
  [library, "sequenceSet", [[item]], { batch: 1 }, "packed", "pack"],
  [library, "sequenceSet", [[item]], { batch: 1 }, "buckets", "bucket"],
  [
    library,
    "textStream",
    [() => ["ab"], library.CharVocabulary.from("ab")],
    { batch: 1, window: 1 },
    "stretches",
    "stretch",
  ],
  [library.WordVocabulary, "from", ["a a"], {}, "min_count", "minCount"],
  [library, "sample", [network.session()], { length: 1 }, "top_k", "topK"],
  [library, "ctcDecode", [new Float32Array(4)], { steps: 2, batch: 1 }, "length", "lengths"],
  [library.CharVocabulary.from("ab"), "encode", ["a"], {}, "unknowns", "unknown"],
  [new library.ByteVocabulary(), "encoder", [], {}, "unknowns", "unknown"],
];

const refusal = (wrong: string, meant: string): RegExp =>
  new RegExp(`^"\\w+" expected .*, got "${wrong}": did you mean "${meant}"\\?$`);

for (const [target, name, before, needed, wrong, meant] of cases) {
  it(`${name}, ${wrong}`, () => {
    const call = (options: object) => () => invoke(target, name, ...before, options);
    expect(call(needed)).not.toThrow();
    // Whatever its value is: an option that is undefined was meant to be one.
    for (const value of [1, undefined]) {
      expect(call({ ...needed, [wrong]: value })).toThrow(TypeError);
      expect(call({ ...needed, [wrong]: value })).toThrow(refusal(wrong, meant));
    }
  });
}

it("findLearningRate, which says so when it is awaited", async () => {
  const call = invoke(library, "findLearningRate", network, data, {
    optimizer: () => library.adam(),
    stepss: 3,
  });
  await expect(call).rejects.toThrow(refusal("stepss", "steps"));
});

it("backward, which stays possible", () => {
  network.zeroGradients();
  network.forward(inputs);
  expect(() => invoke(network, "backward", targets, { inputGradients: true })).toThrow(
    refusal("inputGradients", "inputGradient"),
  );
  expect(network.backward(targets).count).toBe(2);
});

it("but a truncation that gradientFlow measured is one of tbptt's as it is", () => {
  const measured: library.Truncation = { k1: 2, k2: 4, predictedBias: 0.1, relativeBias: 0.1, bytes: 8 };
  expect(library.tbptt(measured).name).toBe("tbptt");
  expect(() => invoke(library, "tbptt", { ...measured, byte: 1 })).toThrow(
    /^"options" expected k1 or k2, got "byte": did you mean/,
  );
});

it("in options of options", () => {
  expect(() => invoke(library, "createNetwork", { ...sizes, initialization: { forget: 1 } })).toThrow(
    /^"initialization" expected recurrent or forgetBias, got "forget": did you mean "forgetBias"\?$/,
  );
});

describe("for a worker", () => {
  let worker: NetworkWorker;
  let remote: RemoteNetwork;
  beforeAll(async () => {
    worker = await startWorker();
    remote = await worker.createNetwork(sizes);
  });
  afterAll(async () => {
    await worker.terminate();
  });

  const adam = { type: "adam" };
  it.each<[string, unknown[], object, string, string]>([
    ["forward", [inputs], {}, "tape", "keepTape"],
    ["session", [], {}, "batchSize", "batch"],
    ["save", [{}], {}, "type", "dtype"],
    ["estimateGradient", [inputs, targets, { type: "uoro" }], {}, "seeds", "seed"],
    ["compareLearners", [inputs, targets, [{ type: "uoro" }]], {}, "drawn", "draws"],
    ["gradientFlow", [inputs, targets], {}, "tolerence", "tolerance"],
  ])("%s", async (name, before, needed, wrong, meant) => {
    const call = async (): Promise<unknown> =>
      await invoke(remote, name, ...before, { ...needed, [wrong]: 1 });
    await expect(call).rejects.toThrow(refusal(wrong, meant));
  });

  /** Trains to the end. */
  async function trained(options: object): Promise<void> {
    const events = invoke(remote, "train", data, options) as AsyncIterator<unknown>;
    while ((await events.next()).done !== true);
  }

  it.each<[string, object, string, string]>([
    ["train", { optimizer: adam, clipnorm: 1 }, "clipnorm", "clipNorm"],
    ["an optimizer", { optimizer: { ...adam, lr: 1 } }, "lr", "learningRate"],
    ["a learner", { optimizer: adam, learner: { type: "tbptt", k1: 1, k: 2 } }, "k", "k1"],
  ])("%s", async (_, options, wrong, meant) => {
    await expect(trained(options)).rejects.toThrow(refusal(wrong, meant));
  });

  it("options that are no object", async () => {
    for (const [options, came] of [
      [null, "null"],
      [[1], "an array of 1"],
      [new Float32Array(2), "Float32Array\\(2\\)"],
    ] as const) {
      const message = new RegExp(`^"options" expected an object, got ${came}$`);
      await expect(invoke(remote, "forward", inputs, options)).rejects.toThrow(message);
    }
  });

  it("but a truncation that was measured is one of tbptt's", async () => {
    const learner = { type: "tbptt", k1: 2, k2: 4, predictedBias: 0.1, relativeBias: 0.1, bytes: 8 };
    await trained({ optimizer: adam, learner });
  });

  it("a rule that has no options", async () => {
    const options = { optimizer: adam, learner: { type: "rtrl", block: 1 } };
    await expect(trained(options)).rejects.toThrow(/^"learner" expected no options, got "block"$/);
  });
});
