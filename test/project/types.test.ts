import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { asBundlersDo, compile, strictOptions, withDom, withNodeTypes } from "./compiler.js";
import { installPackage } from "./installed-package.js";

/** A program that touches each public type once; every line after an @ts-expect-error must be refused. */
const program = `
import * as library from "bptt";
import {
  adam, adamW, adagrad, bptt, CharVocabulary, classWeights, clipGradientNorm, clipGradientValue, createNetwork, ctcDecode,
  DisposedError, DivergenceError, editDistance, evaluate, forecast, FormatError, fromPyTorch, InvalidStateError, loadNetwork, predict,
  predictClasses, readMetadata, readSafetensors, rmsprop, sample, saveNetwork, sequenceSet, sgd, softmax, supportedBuilds, tbptt,
  tokenStream, toPyTorch, train, writeSafetensors,
} from "bptt";
import type {
  Build, Cell, ClassPrediction, Forecast, Learner, Network, NetworkOptions, Optimizer, Parameter, Progress, RuntimeOptions, SafetensorsFile, SafetensorsTensor, Schedule, Sequence, SequenceItem,
  Session, State, Target, TrainingData, TrainingWindow,
} from "bptt";

const cell: Cell = "elman";
const builds: readonly Build[] = supportedBuilds();
const runtime: RuntimeOptions = { build: builds[0] ?? "auto" };
const options: NetworkOptions = { inputSize: 2, hiddenSize: 3, outputSize: 2, cell, initialization: { recurrent: "orthogonal" } };
using network: Network = createNetwork(options, runtime);
const complete: number = network.options.layers + network.options.seed;

const inputs: Sequence = { steps: 1, batch: 1, tokens: Int32Array.of(1) };
const targets: Target = { classes: Int32Array.of(0) };
const { outputs, state } = network.forward(inputs, { keepTape: true });
const carried: State = state;
const { loss, count, stateGradient } = network.backward(targets, { reduction: "sum", stateGradient: carried });
const numbers: number[] = [loss, count, stateGradient.h.length, complete, clipGradientNorm(network, 1)];
clipGradientValue(network, 1);
const weights: Float32Array = network.parameter("head.weight").read();
const names: string[] = network.parameters.map((parameter: Parameter) => parameter.name);

const optimizers: Optimizer[] = [
  sgd({ learningRate: 0.1, momentum: 0.9 }), rmsprop({ learningRate: 0.1 }), adagrad({ learningRate: 0.1 }), adam(),
  adamW({ weightDecay: 0.1 }),
];
const learners: Learner[] = [bptt({ memoryBudget: 1e6 }), tbptt({ k1: 1, k2: 1 })];
const window: TrainingWindow = { inputs, targets, carry: false };
const data: TrainingData = [window];
const schedule: Schedule = (step) => 0.1 / (1 + step);
const [optimizer = adam()] = optimizers;
for await (const progress of train(network, data, { optimizer, schedule, learner: bptt(), maxSteps: 1, clipNorm: 1 })) {
  const event: Progress = progress;
  numbers.push(event.loss, event.validationLoss ?? 0);
}
const { accuracy = 0 } = await evaluate(network, data);

const vocabulary: CharVocabulary = CharVocabulary.from("ab");
const stream: TrainingData = tokenStream(vocabulary.encode("abab"), { batch: 1, window: 1 });
using session: Session = network.session({ batch: 1 });
const text: string = vocabulary.decode(sample(session, { length: 4, temperature: 0.5, topK: 2, seed: 1 }));
const probabilities: Float32Array = softmax(session.step(0), 2);
const labels: Int32Array[] = ctcDecode(outputs, { steps: 1, batch: 1, blank: 0, beam: 4 });
numbers.push(editDistance(labels[0] ?? [], [1]));
const file: Uint8Array = saveNetwork(network, { name: "x" }, { dtype: "F16" });
const dictionary: SafetensorsFile = readSafetensors(toPyTorch(network, { head: "fc" }));
const weight: SafetensorsTensor | undefined = dictionary.tensors.get("fc.weight");
const written: Uint8Array = writeSafetensors(dictionary.tensors, { ...dictionary.metadata, size: String(weight?.shape[0]) });
const exchanged: Network = fromPyTorch(written, { cell: "elman", head: "fc", embedding: null, output: "step" }, runtime);
const loaded: Network = loadNetwork(file);
const metadata: Record<string, string> = readMetadata(file);
const items: readonly SequenceItem[] = [{ inputs: { tokens: Uint8Array.of(1) }, targets: { class: 1 }, weight: 2 }];
const balanced: TrainingData = sequenceSet(items, { batch: 1, classWeights: classWeights(items, { classes: 2 }) });
const sequences = items.map((one) => one.inputs);
const outputsOf: Float32Array[] = predict(network, sequences, { batch: 8, activation: "softmax" });
const likeliest: ClassPrediction[] = predictClasses(network, sequences, { topK: 2 });
const future: Forecast = forecast(network, [0, 1], { steps: 3, next: ([x = 0, y = 0], step) => [x, y + step] });
const quantiles: Float32Array = forecast(network, [0, 1], { steps: 3, levels: [0.5], window: 1 }).quantiles;
const errors: (new (...words: never[]) => Error)[] = [DisposedError, DivergenceError, FormatError, InvalidStateError];
export { accuracy, balanced, builds, errors, exchanged, future, learners, library, likeliest, loaded, metadata, names, numbers, outputs };
export { outputsOf, probabilities, quantiles, stream, text, weights };

// @ts-expect-error: no such cell
export const wrongCell: Cell = "lstn";
// @ts-expect-error: sizes are numbers
export const wrongSize: NetworkOptions = { inputSize: "2", hiddenSize: 3, outputSize: 2 };
// @ts-expect-error: the sizes are needed
export const noSizes: NetworkOptions = {};
// @ts-expect-error: 64-bit floats are none of the inputs
export const wrongInput: Sequence = { steps: 1, batch: 1, values: new Float64Array(1) };
// @ts-expect-error: quantiles come with levels
export const noLevels: Float32Array = forecast(network, [0, 1], { steps: 3 }).quantiles;
// @ts-expect-error: tbptt needs k1
export const noWindow = tbptt({});
`;

/** Where the platform's types are known, its own AbortSignal is what \`train\` takes. */
const stopping = `
import { adam, train } from "bptt";
import type { Network, TrainingData } from "bptt";
export const run = (network: Network, data: TrainingData) =>
  train(network, data, { optimizer: adam(), signal: new AbortController().signal });
`;

/** The same in a worker; where the platform's types are known, its Worker is one that can be given. */
const remote = `
import { serveNetworks, startWorker, WorkerError } from "bptt/worker";
import type { NetworkWorker, RemoteNetwork, RemoteSession, RemoteTraining, RemoteTrainOptions, WorkerLike } from "bptt/worker";

export const start = (make: () => WorkerLike) => startWorker({ worker: make, timeout: 1000 });
await using worker: NetworkWorker = await startWorker();
using network: RemoteNetwork = await worker.createNetwork({ inputSize: 2, hiddenSize: 3, outputSize: 2 });
const optimizer = await worker.createOptimizer({ type: "sgd", learningRate: 0.1, momentum: 0.9 });
const options: RemoteTrainOptions = { optimizer, learner: { type: "tbptt", k1: 2 }, schedule: [0.1, 0.2], ahead: 0 };
const tokens = Uint8Array.of(0, 1, 0, 1);
for await (const { step, loss } of network.train({ type: "tokenStream", tokens, batch: 1, window: 1 }, options)) step + loss;
for await (const { step } of network.train([], { optimizer: { type: "adam" }, loss: { own: "mine", options: 1 } })) step;
const training: RemoteTraining = network.train([], { optimizer, validation: [], schedule: { type: "plateau", rate: 0.1 } });
const checkpoint: Uint8Array = await training.save();
const resumed = await worker.resumeTraining(checkpoint, [], { ...options, network: training.network });
export const resumedNetwork: RemoteNetwork = resumed.network;
const session: RemoteSession = await network.session({ batch: 1 });
export const outputs: Float32Array = await session.step(0);
export const { hidden = outputs } = await network.forward({ steps: 1, batch: 1, tokens: Uint8Array.of(1) }, { hidden: true });
export const { gradients } = await network.estimateGradient({ steps: 1, batch: 1, tokens }, {}, { type: "uoro" });
export const serve = () => serveNetworks({ schedules: { mine: () => (step) => 1 / step } });
export const failed = (error: unknown) => error instanceof WorkerError;
// @ts-expect-error: no such rule
network.train([], { optimizer, learner: { type: "bppt" } });
// @ts-expect-error: functions cannot go to a worker
network.train([], { optimizer, schedule: (step: number) => 1 / step });
`;
const onnx = `
import { createNetwork } from "bptt";
import { toOnnx, type ToOnnxOptions } from "bptt/onnx";
const options: ToOnnxOptions = { softmax: true, input: "tokens" };
export const file: Uint8Array = toOnnx(createNetwork({ inputSize: 2, hiddenSize: 3, outputSize: 2 }), options);
// @ts-expect-error: no such input
export const wrongInput: ToOnnxOptions = { input: "token" };
`;
const nodeWorker = `
import { Worker } from "node:worker_threads";
import { startWorker } from "bptt/worker";
export const worker = startWorker({ worker: () => new Worker("./worker.js") });
`;
const webWorker = `
import { startWorker } from "bptt/worker";
export const worker = startWorker({ worker: () => new Worker("./worker.js", { type: "module" }) });
`;

let folder: string;
beforeAll(() => {
  folder = installPackage();
  writeFileSync(join(folder, "program.ts"), program);
  const others = { stopping, remote, onnx, "node-worker": nodeWorker, "web-worker": webWorker };
  for (const [name, text] of Object.entries(others)) writeFileSync(join(folder, `${name}.ts`), text);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

it.each([
  ["Node's module resolution", {}, ["program.ts", "remote.ts", "onnx.ts"]],
  ["a bundler's module resolution", asBundlersDo, ["program.ts", "remote.ts", "onnx.ts"]],
  ["Node's types", withNodeTypes, ["program.ts", "stopping.ts", "remote.ts", "node-worker.ts"]],
  ["a browser's types", withDom, ["program.ts", "stopping.ts", "remote.ts", "web-worker.ts"]],
])("the shipped types compile in a strict project with %s", (_, options, files) => {
  const paths = files.map((file) => join(folder, file));
  expect(compile(paths, { ...strictOptions, ...options })).toEqual([]);
});
