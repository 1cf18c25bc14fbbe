/** Training in a worker is training: the same events and parameters, bit for bit. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sequenceSet } from "../../src/data/sequence-set.js";
import { tokenStream } from "../../src/data/token-stream.js";
import type { TrainingData } from "../../src/data/training-data.js";
import {
  adam,
  createLearner,
  createNetwork,
  evaluate,
  plateauSchedule,
  sgd,
  train,
  type Progress,
} from "../../src/index.js";
import { startWorker } from "../../src/worker/start-worker.js";
import type {
  LearnerDescription,
  NetworkWorker,
  RemoteData,
  RemoteTrainOptions,
} from "../../src/worker/index.js";
import { builds } from "../builds.js";
import { madeRules } from "../learn/rules.js";
import { variants } from "../optimize/variants.js";
import { tokenWindows } from "../train/windows.js";
import { halvedSquares, halving, constantWindows, wholeWindows } from "./own-functions.js";
import { collect, compare, described, stream, tokens, untimed, V } from "./compare.js";
import { ownWorker, threads } from "./workers.js";

const items = Array.from({ length: 9 }, (_, i) => ({
  inputs: { tokens: tokens.slice(i, 2 * i + 1) },
  targets: { class: i % V },
}));
const sets = { batch: 4, shuffle: true, seed: 5 };
const packed = { ...sets, pack: true };
/** Of 1 to 29 tokens. */
const documents = Array.from({ length: 12 }, (_, i) => tokens.slice(i * i, i * i + 1 + ((i * 7) % 29)));

const rules = madeRules.map(({ name, options, learner, plan }) => ({
  ...{ name, learner, described: { type: name, ...options } as LearnerDescription },
  cell: plan?.diagonal === true ? ("mingru" as const) : ("lstm" as const),
}));

describe.each(threads)("in %s, 50 updates are the same, bit for bit,", (_, start) => {
  let worker: NetworkWorker;
  beforeAll(async () => {
    worker = await start();
  });
  afterAll(() => worker.terminate());

  it.each(rules)("by $name", async ({ learner, described: remoteLearner, cell }) => {
    await compare(worker, {
      network: { cell, hiddenSize: 5 },
      data: tokenStream(tokens, stream),
      options: { optimizer: adam(), learner, clipNorm: 1, maxSteps: 50 },
      remoteData: described,
      remoteOptions: { optimizer: { type: "adam" }, learner: remoteLearner, clipNorm: 1, maxSteps: 50 },
    });
  });

  it.each(variants)("with $title", async ({ create, description }) => {
    await compare(worker, {
      data: tokenStream(tokens, stream),
      options: { optimizer: create(), maxSteps: 50, clipValue: 0.1 },
      remoteData: described,
      remoteOptions: { optimizer: description, maxSteps: 50, clipValue: 0.1 },
    });
  });

  it.each(builds)("in the %s build", async (build) => {
    const options = { maxSteps: 50 };
    await compare(
      worker,
      {
        network: { cell: "gru", layers: 2, dropout: 0.25 },
        data: tokenStream(tokens, stream),
        options: { ...options, optimizer: adam() },
        remoteData: described,
        remoteOptions: { ...options, optimizer: { type: "adam" } },
      },
      { build },
    );
  });

  it.each<[string, TrainingData, RemoteData]>([
    ["a list of windows", tokenWindows(12, { V }), tokenWindows(12, { V })],
    ["windows that come one by one", tokenWindows(12, { V }), slowly(tokenWindows(12, { V }))],
    ["a token stream of this thread's", tokenStream(tokens, stream), tokenStream(tokens, stream)],
    ["a set of this thread's", sequenceSet(items, sets), sequenceSet(items, sets)],
    ["a described set", sequenceSet(items, sets), { type: "sequenceSet", items, ...sets }],
    ["a packed set", sequenceSet(items, packed), { type: "sequenceSet", items, ...packed }],
    ["packed windows of this thread's", sequenceSet(items, packed), sequenceSet(items, packed)],
    [
      "a stream of documents",
      tokenStream(documents, { ...stream, pack: true }),
      { type: "tokenStream", tokens: documents, ...stream, pack: true },
    ],
  ])("over %s", async (_name, data, remoteData) => {
    await compare(worker, {
      data,
      options: { optimizer: adam(), maxSteps: 50 },
      remoteData,
      remoteOptions: { optimizer: { type: "adam" }, maxSteps: 50 },
    });
  });

  it("with validation, patience and a list of learning rates", async () => {
    const rates = [0.3, 0.2, 0.1];
    const common = { epochs: 30, patience: 2, validateEvery: 5 };
    await compare(worker, {
      data: tokenStream(tokens, stream),
      options: {
        ...common,
        optimizer: sgd({ learningRate: 1 }),
        validation: tokenWindows(3, { V }),
        schedule: (step) => rates[Math.min(step, 2)],
      },
      remoteData: described,
      remoteOptions: {
        ...common,
        optimizer: { type: "sgd", learningRate: 1 },
        validation: tokenWindows(3, { V }),
        schedule: rates,
      },
    });
  });

  it.each<[string, RemoteTrainOptions["schedule"]]>([
    ["made here", plateauSchedule({ rate: 0.5, patience: 1 })],
    ["described", { type: "plateau", rate: 0.5, patience: 1 }],
  ])("with a schedule that follows validation, %s", async (_name, schedule) => {
    const common = { epochs: 10, validation: tokenWindows(3, { V }), validateEvery: 3 };
    await compare(worker, {
      data: tokenStream(tokens, stream),
      options: {
        ...common,
        optimizer: sgd({ learningRate: 1 }),
        schedule: plateauSchedule({ rate: 0.5, patience: 1 }),
      },
      remoteData: described,
      remoteOptions: { ...common, optimizer: { type: "sgd", learningRate: 1 }, schedule },
    });
  });

  it("and evaluation too", async () => {
    const options = { inputSize: V, hiddenSize: 5, outputSize: V };
    const local = createNetwork(options);
    const remote = await worker.createNetwork(options);
    const expected = await evaluate(local, tokenStream(tokens, stream));
    expect(await remote.evaluate(described)).toEqual(expected);
    expect(await remote.evaluate(tokenStream(tokens, stream))).toEqual(expected);
  });
});

/** The same windows, each after a turn. */
function slowly<Window>(windows: readonly Window[]): AsyncIterable<Window> {
  return {
    async *[Symbol.asyncIterator]() {
      for (const window of windows) {
        await new Promise((resolve) => setTimeout(resolve));
        yield window;
      }
    },
  };
}

describe("functions of the worker's own", () => {
  const network = { inputSize: 1, outputSize: 1 };

  it("take part in training by their names", async () => {
    const worker = await startWorker({ worker: ownWorker });
    await compare(worker, {
      network,
      data: constantWindows(20),
      options: {
        optimizer: sgd({ learningRate: 0.05 }),
        learner: createLearner("whole", wholeWindows),
        schedule: halving(0.1),
        epochs: 2,
      },
      remoteData: { own: "constants", options: 20 },
      remoteOptions: {
        optimizer: { own: "plain", options: 0.05 },
        learner: { own: "whole" },
        schedule: { own: "halving", options: 0.1 },
        epochs: 2,
      },
    });
    await compare(worker, {
      network,
      data: constantWindows(20),
      options: { optimizer: adam(), loss: halvedSquares(3), epochs: 2 },
      remoteData: { own: "constants", options: 20 },
      remoteOptions: {
        optimizer: { type: "adam" },
        loss: { own: "halvedSquares", options: 3 },
        epochs: 2,
      },
    });
    await worker.terminate();
  });
});

describe("an optimizer of the worker's", () => {
  it("goes on from training to training, with the learning rate that it is given", async () => {
    const worker = await startWorker();
    const options = { inputSize: V, hiddenSize: 5, outputSize: V };
    const local = createNetwork(options);
    const remote = await worker.createNetwork(options);
    const optimizer = adam();
    const remoteOptimizer = await worker.createOptimizer({ type: "adam" });
    const expected: Progress[] = [];
    const came: Progress[] = [];
    for (const rate of [1e-3, 0.1]) {
      optimizer.learningRate = rate;
      await remoteOptimizer.setLearningRate(rate);
      const given = { maxSteps: 5 };
      expected.push(...(await collect(train(local, tokenStream(tokens, stream), { ...given, optimizer }))));
      came.push(...(await collect(remote.train(described, { ...given, optimizer: remoteOptimizer }))));
    }
    expect(untimed(came)).toEqual(untimed(expected));
    await worker.terminate();
  });
});
