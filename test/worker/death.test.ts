/** Whatever ends a worker, all that waits for it rejects with a WorkerError, soon. */

import { setTimeout as wait } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { Random } from "../../src/random.js";
import { startWorker } from "../../src/worker/start-worker.js";
import type { NetworkWorker, RemoteNetwork } from "../../src/worker/types.js";
import { WorkerError } from "../../src/threads/worker-error.js";
import type { WorkerLike } from "../../src/threads/worker-like.js";
import { tokenWindow, tokenWindows } from "../train/windows.js";
import { ownWorker } from "./workers.js";

const V = 5;
const options = { inputSize: V, hiddenSize: 16, outputSize: V };
const tokens = Uint8Array.from({ length: 500 }, (_, i) => (i * i) % V);
const described = { type: "tokenStream", tokens, batch: 2, window: 4 } as const;
const optimizer = { type: "adam" } as const;
const { inputs, targets } = tokenWindow({ V, T: 50, B: 8 });

async function keepTraining(
  network: RemoteNetwork,
  data: Parameters<RemoteNetwork["train"]>[0],
): Promise<void> {
  let steps = 0;
  for await (const { step } of network.train(data, { optimizer, epochs: 1e6 })) steps = step;
  throw new Error(`ended after ${steps} steps`);
}

async function keepCalling(network: RemoteNetwork): Promise<void> {
  const session = await network.session();
  for (;;) await Promise.all([network.forward(inputs), session.step(1), session.sample({ length: 20 })]);
}

/** What never ends but with the worker. */
function everything(network: RemoteNetwork): Promise<void>[] {
  return [
    keepTraining(network, described),
    keepTraining(network, tokenWindows(20, { V })),
    keepCalling(network),
    network.clone().then(async (clone) => {
      for (;;) await clone.compareLearners(inputs, targets, [{ type: "uoro" }]);
    }),
  ];
}

/** Fails where one of the promises is still pending after 2 seconds, or came to anything but a WorkerError. */
async function expectDeath(promises: readonly Promise<unknown>[], message: RegExp): Promise<void> {
  const deadline = wait(2000, "still pending");
  for (const promise of promises) {
    const came: unknown = await Promise.race([
      promise.then(
        () => "no error",
        (error: unknown) => error,
      ),
      deadline,
    ]);
    expect(came).toBeInstanceOf(WorkerError);
    expect(String(came)).toMatch(message);
  }
}

async function startWatched(): Promise<{ worker: NetworkWorker; thread: Worker }> {
  const thread = ownWorker();
  return { worker: await startWorker({ worker: () => thread }), thread };
}

describe("a worker that is killed", () => {
  it("at any moment leaves nothing pending", async () => {
    const random = new Random(11);
    for (let kill = 0; kill < 8; kill++) {
      const { worker, thread } = await startWatched();
      const running = worker.createNetwork(options).then((network) => Promise.all(everything(network)));
      const noted = running.catch((error: unknown) => error);
      await wait(random.integer(60));
      const killed = thread.terminate();
      await expectDeath([running, worker.createNetwork(options)], /the worker ended/);
      expect(await noted).toBeInstanceOf(WorkerError);
      await killed;
    }
  });

  it("rejects each of the calls that wait, and every later one", async () => {
    const { worker, thread } = await startWatched();
    const network = await worker.createNetwork(options);
    const pending = everything(network);
    await wait(30);
    void thread.terminate();
    await expectDeath(pending, /the worker ended/);
    await expectDeath([network.forward(inputs), network.evaluate(described)], /the worker ended/);
    await worker.terminate();
    await expectDeath([network.train(described, { optimizer }).next()], /the worker ended/);
    network.parameters[0].trainable = false;
    network.dispose();
  });

  it("in the middle of a break ends the loop quietly", async () => {
    const { worker, thread } = await startWatched();
    const network = await worker.createNetwork(options);
    for await (const { step } of network.train(described, { optimizer, epochs: 1e6 })) {
      if (step < 5) continue;
      await thread.terminate();
      break;
    }
    await expectDeath([network.save()], /the worker ended/);
  });
});

describe("a worker that ends by itself", () => {
  it("by process.exit() is noticed", async () => {
    const { worker } = await startWatched();
    const network = await worker.createNetwork(options);
    const loss = { own: "exits" };
    await expectDeath([network.train(described, { optimizer, loss }).next()], /the worker ended/);
  });

  it("by an error has it for its cause", async () => {
    const { worker } = await startWatched();
    const network = await worker.createNetwork(options);
    const training = keepTraining(network, described);
    network.evaluate({ own: "throwsLater" }).catch(() => undefined);
    await expectDeath([training], /the worker ended/);
    await expect(network.save()).rejects.toMatchObject({ cause: { message: "thrown in the worker" } });
  });
});

describe("terminate", () => {
  it("rejects what waits, at once, and may be called again", async () => {
    const worker = await startWorker();
    const network = await worker.createNetwork(options);
    const pending = everything(network);
    await wait(20);
    const ended = worker.terminate();
    await expectDeath(pending, /the worker was terminated/);
    await ended;
    await worker.terminate();
    await expectDeath([worker.createNetwork(options)], /the worker was terminated/);
  });

  it("comes with `await using`, where the engine has it", async () => {
    const worker = await startWorker();
    const symbol: unknown = Symbol.asyncDispose;
    if (typeof symbol === "symbol") await worker[Symbol.asyncDispose]();
    else await worker.terminate();
    await expectDeath([worker.createNetwork(options)], /the worker was terminated/);
  });
});

describe("startWorker", () => {
  const thread = (script: string) => () => new Worker(script, { eval: true });
  const answering = (answer: unknown) =>
    thread(
      `require("node:worker_threads").parentPort.postMessage(${JSON.stringify(answer)}); setTimeout(() => {}, 1e5)`,
    );

  it.each<[string, () => WorkerLike, number, RegExp]>([
    ["throws", thread(`throw new Error("broken")`), 5000, /ended before it answered/],
    ["ends", thread(``), 5000, /ended before it answered/],
    [
      "does not serve",
      thread(`setTimeout(() => {}, 1e5)`),
      30,
      /did not answer within 30 ms .* serveNetworks/,
    ],
    ["says something else", answering({ hello: 1 }), 300, /did not answer within/],
    ["is of another version", answering({ bptt: 0, message: { kind: "ready" } }), 5000, /another version/],
  ])("rejects for a worker that %s", async (_, worker, timeout, message) => {
    await expectDeath([startWorker({ worker, timeout })], message);
  });

  it.each<[string, unknown, RegExp]>([
    ["no options", null, /"options" expected an object, got null/],
    ["a worker itself", { worker: {} }, /"worker" expected a function/],
    ["a function that makes none", { worker: () => 3 }, /"worker\(\)" expected a Worker/],
    ["no time at all", { timeout: 0 }, /"timeout" expected/],
  ])("refuses %s", async (_, given, message) => {
    const error: unknown = await startWorker(given as object).catch((reason: unknown) => reason);
    expect(error instanceof TypeError || error instanceof RangeError).toBe(true);
    expect(String(error)).toMatch(message);
  });
});
