/** When a training in a worker can be saved, and what is refused of a checkpoint. */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  adam,
  createNetwork,
  DisposedError,
  FormatError,
  InvalidStateError,
  train,
} from "../../src/index.js";
import { startWorker } from "../../src/worker/start-worker.js";
import {
  WorkerError,
  type NetworkWorker,
  type RemoteNetwork,
  type RemoteResumeOptions,
  type RemoteTraining,
  type RemoteTrainOptions,
} from "../../src/worker/index.js";
import { tokenWindows } from "../train/windows.js";
import { collect, remoteParameters, V } from "./compare.js";
import { ownWorker } from "./workers.js";

const windows = tokenWindows(4, { V });
const size = { inputSize: V, hiddenSize: 4, outputSize: V, seed: 2 };
const given = (more: Partial<RemoteTrainOptions> = {}): RemoteTrainOptions => ({
  optimizer: { type: "adam" },
  ahead: 0,
  epochs: 3,
  ...more,
});

let worker: NetworkWorker;
let network: RemoteNetwork;
beforeAll(async () => {
  worker = await startWorker({ worker: ownWorker });
});
afterAll(() => worker.terminate());
beforeEach(async () => {
  network = await worker.createNetwork(size);
});

async function begun(options = given()): Promise<RemoteTraining> {
  const training = network.train(windows, options);
  await training.next();
  return training;
}

/** The error that a promise rejects with, and that has this class. */
async function rejection(promise: Promise<unknown>, type: new (...args: never[]) => Error): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(type);
  return String(error);
}

describe("save is refused", () => {
  it("before the first event was asked for, which it may be at once", async () => {
    const training = network.train(windows, given());
    expect(training.network).toBe(network);
    expect(await rejection(training.save(), InvalidStateError)).toMatch(/take its first event before/);
    const first = training.next();
    const checkpoint = await training.save();
    expect((await first).value).toMatchObject({ step: 1 });
    expect(await training.save()).toEqual(checkpoint);
    const rest = await worker.resumeTraining(checkpoint, windows, given());
    expect(rest.network.options).toEqual(network.options);
    expect(await rejection(rest.save(), InvalidStateError)).toMatch(/take its first event before/);
    expect((await rest.next()).value).toMatchObject({ step: 2 });
  });

  it("after an error", async () => {
    const training = network.train([...windows.slice(0, 2), { ...windows[0], targets: {} }], given());
    await expect(collect(training)).rejects.toThrow(TypeError);
    expect(await rejection(training.save(), InvalidStateError)).toMatch(/a training that no error ended/);
  });

  it("after the page's data threw", async () => {
    const training = network.train(
      {
        *[Symbol.iterator]() {
          yield windows[0];
          throw new EvalError("no more");
        },
      },
      given(),
    );
    await expect(collect(training)).rejects.toThrow(EvalError);
    expect(await rejection(training.save(), InvalidStateError)).toMatch(/a training that no error ended/);
  });

  it("once another training of the network began, and not for one of another network", async () => {
    const ended = await begun();
    await ended.return();
    const other = (await worker.createNetwork(size)).train(windows, given());
    await other.next();
    const checkpoint = await ended.save();
    const next = await begun();
    expect(await rejection(ended.save(), InvalidStateError)).toMatch(
      /none of its network having begun since/,
    );
    await next.return();
    expect(await rejection(ended.save(), InvalidStateError)).toMatch(/under way/);
    for (const training of [next, other]) expect((await training.save()).length).toBe(checkpoint.length);
  });

  it.each(["under way", "ended"])("by a training %s whose network is disposed of", async (when) => {
    const training = await begun();
    if (when === "ended") await training.return();
    network.dispose();
    await rejection(training.save(), DisposedError);
  });

  it("by a worker that ended", async () => {
    const mortal = await startWorker();
    const training = (await mortal.createNetwork(size)).train(windows, given());
    await training.next();
    await mortal.terminate();
    await rejection(training.save(), WorkerError);
  });

  it.each(["under way", "ended"])("by a learner of the worker's own without save, %s", async (when) => {
    const training = await begun(given({ learner: { own: "whole" } }));
    if (when === "ended") await training.return();
    expect(await rejection(training.save(), TypeError)).toMatch(/"learner" expected a run with the methods/);
    if (when === "under way") expect((await training.next()).value).toMatchObject({ step: 2 });
  });
});

describe("resumeTraining rejects", () => {
  let checkpoint: Uint8Array;
  beforeAll(async () => {
    const training = train(createNetwork(size), windows, { optimizer: adam(), epochs: 3 });
    for (let i = 0; i < 6; i++) await training.next();
    checkpoint = training.save();
  });

  const resume = (bytes: unknown, options: unknown, runtime?: object) =>
    worker.resumeTraining(bytes as Uint8Array, windows, options as RemoteResumeOptions, runtime);

  it.each<[string, unknown, new (...args: never[]) => Error]>([
    ["nothing", undefined, TypeError],
    ["a text", "checkpoint", TypeError],
    ["no bytes", new Uint8Array(0), FormatError],
    ["other bytes", new Uint8Array(100).fill(7), FormatError],
  ])("%s in place of a checkpoint at once, a network given or not", async (_, bytes, type) => {
    await rejection(resume(bytes, given()), type);
    await rejection(resume(bytes, { ...given(), network }), type);
  });

  it("a cut checkpoint at once, wherever it is cut", async () => {
    for (let length = 0; length < checkpoint.length; length += 1 + (checkpoint.length >> 4))
      await rejection(resume(checkpoint.slice(0, length), given()), FormatError);
  });

  it.each<[string, () => unknown, RegExp, object?]>([
    ["no options", () => undefined, /"options" expected an object/],
    ["an unknown option", () => given({ lerner: 1 } as object), /"lerner": did you mean "learner"/],
    ["no optimizer", () => ({}), /"optimizer" expected/],
    ["a network that is none", () => ({ ...given(), network: {} }), /"options.network" expected a network/],
    ["a network here", () => ({ ...given(), network: createNetwork(size) }), /"options.network" expected/],
    ["a runtime beside a network", () => ({ ...given(), network }), /"runtime" expected none beside/, {}],
  ])("%s at once", async (_, options, message, runtime) => {
    expect(await rejection(resume(checkpoint, options(), runtime), TypeError)).toMatch(message);
  });

  it("a network of another worker, and one that was disposed of, at once", async () => {
    const other = await startWorker();
    const foreign = await other.createNetwork(size);
    expect(await rejection(resume(checkpoint, { ...given(), network: foreign }), TypeError)).toMatch(
      /"options.network" expected a network of the same worker/,
    );
    await other.terminate();
    network.dispose();
    await rejection(resume(checkpoint, { ...given(), network }), DisposedError);
  });

  it("a build that is none at once", async () => {
    expect(await rejection(resume(checkpoint, given(), { build: "none" }), RangeError)).toMatch(/"build"/);
  });

  it.each<[string, Partial<RemoteTrainOptions>, new (...args: never[]) => Error, RegExp]>([
    ["another learner", { learner: { type: "uoro" } }, FormatError, /"checkpoint.learner.name"/],
    ["another optimizer", { optimizer: { type: "lion" } }, FormatError, /"checkpoint.optimizer.kind"/],
    ["another loss", { loss: { type: "huber" } }, FormatError, /"checkpoint.loss" expected "huber"/],
    ["averaging", { averaging: { decay: 0.5 } }, FormatError, /"checkpoint.averaging" expected one/],
    ["an unknown rule", { learner: { type: "bppt" } as never }, RangeError, /"learner.type"/],
    ["a schedule without validation", { schedule: { type: "plateau", rate: 1 } }, TypeError, /"validation"/],
  ])("%s with the first event, and changes nothing", async (_, more, type, message) => {
    network.parameter("head.bias").trainable = false;
    const before = await remoteParameters(network);
    const rest = await resume(checkpoint, { ...given(more), network });
    expect(await rejection(rest.next(), type)).toMatch(message);
    expect(await remoteParameters(network)).toEqual(before);
    expect(network.parameter("head.bias").trainable).toBe(false);
    await rejection(rest.save(), InvalidStateError);
    const fresh = await resume(checkpoint, given(more));
    expect(await rejection(fresh.next(), type)).toMatch(message);
  });

  it("a network of another kind with the first event", async () => {
    const other = await worker.createNetwork({ ...size, hiddenSize: 5 });
    const rest = await resume(checkpoint, { ...given(), network: other });
    expect(await rejection(rest.next(), RangeError)).toMatch(
      /"options.network" expected the saved network's hiddenSize, 4, got 5/,
    );
  });

  it("nothing of bytes that change after the call, nor do they", async () => {
    const bytes = checkpoint.slice();
    const rest = await resume(bytes, given());
    expect(bytes).toEqual(checkpoint);
    bytes.fill(0);
    expect((await rest.next()).value).toMatchObject({ step: 6 });
  });
});
