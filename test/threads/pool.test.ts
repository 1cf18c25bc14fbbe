/** What `createThreadPool` takes, and what becomes of networks whose pool is there, gone, or has lost a thread. */

import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { loadNetwork, saveNetwork } from "../../src/formats/network-file.js";
import { createNetwork } from "../../src/network/create-network.js";
import type { Network, RuntimeOptions, ThreadPool } from "../../src/network/types.js";
import { adam } from "../../src/optimize/adam.js";
import { coresOf } from "../../src/threads/cores.js";
import { script } from "../../src/threads/generated/script.js";
import { makeWorker } from "../../src/threads/make-worker.js";
import { createThreadPool, startPool } from "../../src/threads/thread-pool.js";
import { WorkerError } from "../../src/threads/worker-error.js";
import type { WorkerLike } from "../../src/threads/worker-like.js";
import { resumeTraining } from "../../src/train/resume-training.js";
import { train } from "../../src/train/train.js";
import { inlinedKernels } from "../../src/wasm/inlined.js";
import { builds } from "../builds.js";
import { bitsOf, parameterBits } from "../network/bits.js";
import { tokenWindows } from "../train/windows.js";

const options = { cell: "gru", inputSize: 5, hiddenSize: 48, outputSize: 5, seed: 4 } as const;
const windows = tokenWindows(4, { T: 9, B: 10 });
const [{ inputs, targets }] = windows;

/** The outputs, the loss and all parameters after an update, as bits. */
function update(network: Network): string {
  const { outputs } = network.forward(inputs);
  network.zeroGradients();
  const { loss } = network.backward(targets);
  adam({ learningRate: 0.01 }).step(network);
  return [bitsOf(outputs), loss, parameterBits(network)].join();
}

const created: Network[] = [];
function create(runtime: RuntimeOptions = {}): Network {
  const network = createNetwork(options, runtime);
  created.push(network);
  return network;
}
const expected = update(create());

let pool: ThreadPool;
beforeAll(async () => {
  // Of 1: threads share the smallest work.
  pool = await startPool(3, 1);
});
afterAll(() => {
  pool.dispose();
  for (const network of created) network.dispose();
});

describe("createThreadPool", () => {
  it.each([
    [{ size: 0 }, RangeError, `"size" expected an integer from 1 to 256, got 0`],
    [{ size: 257 }, RangeError, `"size" expected an integer from 1 to 256, got 257`],
    [{ size: -1 }, RangeError, `"size" expected an integer from 1 to 256, got -1`],
    [{ size: 1.5 }, RangeError, `"size" expected an integer from 1 to 256, got 1.5`],
    [{ size: NaN }, RangeError, `"size" expected an integer from 1 to 256, got NaN`],
    [{ size: "2" }, TypeError, `"size" expected an integer, got "2"`],
    [{ size: null }, TypeError, `"size" expected an integer, got null`],
    [{ threads: 2 }, TypeError, `"options" expected size, got "threads"`],
    [2, TypeError, `"options" expected an object, got 2`],
    [null, TypeError, `"options" expected an object, got null`],
  ])("refuses %j", async (given, kind, message) => {
    const refused = createThreadPool(given as { size: number });
    await expect(refused).rejects.toThrow(kind);
    await expect(refused).rejects.toThrow(message);
  });

  it("makes as many threads as there are cores, if nothing is asked for", async () => {
    const all = await createThreadPool();
    expect(all.size).toBe(coresOf());
    expect((await createThreadPool({ size: undefined })).size).toBe(coresOf());
    expect(update(create({ threads: all }))).toBe(expected);
    all.dispose();
  });

  it("starts no worker for one thread", async () => {
    const make = vi.fn<() => never>();
    const one = await startPool(1, 1, make);
    expect([one.size, make.mock.calls.length]).toEqual([1, 0]);
    expect(update(create({ threads: one }))).toBe(expected);
    one.dispose();
  });

  it("makes more threads than there are cores", async () => {
    const many = await startPool(coresOf() + 3, 1);
    expect(many.size).toBe(coresOf() + 3);
    expect(update(create({ threads: many }))).toBe(expected);
    many.dispose();
  });

  it("is a WorkerError where a worker does not start, and ends those that did", async () => {
    const terminated: number[] = [];
    let made = 0;
    const make = (): { worker: WorkerLike; forget: () => void } => {
      const place = made++;
      const worker: WorkerLike = {
        postMessage: () => undefined,
        terminate: () => terminated.push(place),
        on(type, listener) {
          const due = place === 1 ? "error" : "message";
          if (type === due) setTimeout(listener, 10 * (1 + place), new Error("no such script"));
        },
      };
      return { worker, forget: () => undefined };
    };
    await expect(startPool(3, 1, make)).rejects.toThrow(WorkerError);
    expect(terminated).toEqual([0, 1]);
  });
});

describe('"threads" of createNetwork', () => {
  it.each([5, "pool", null, true, {}, [], { size: 2 }, () => 2])("is refused as %j", (threads) => {
    const given = { threads } as unknown as RuntimeOptions;
    expect(() => createNetwork(options, given)).toThrow(TypeError);
    expect(() => createNetwork(options, given)).toThrow(
      /^"threads" expected a pool of createThreadPool, got /,
    );
  });

  it.each(builds)("has the bits of one thread in the %s build", (build) => {
    expect(update(create({ build, threads: pool }))).toBe(update(create({ build })));
  });

  it("is refused a build that the pool has not", async () => {
    vi.resetModules();
    const load = await import("../../src/wasm/load.js");
    const threads = await import("../../src/threads/thread-pool.js");
    const network = await import("../../src/network/create-network.js");
    const binary = () => inlinedKernels("simd");
    // Compiled already: it cannot be compiled for memory that threads share.
    load.provideKernels("simd", () => new WebAssembly.Module(binary()));
    const early = await threads.startPool(2, 1);
    expect(() => network.createNetwork(options, { build: "simd", threads: early })).toThrow(RangeError);
    expect(() => network.createNetwork(options, { build: "simd", threads: early })).toThrow(
      /^"build" expected one that the pool has .*got "simd"/,
    );
    early.dispose();
  });
});

describe("a pool that was disposed of", () => {
  it("leaves its networks to the calling thread, with the same bits", async () => {
    const short = await startPool(3, 1);
    const [before, after] = [0, 1].map(() => create({ threads: short }));
    expect(update(before)).toBe(expected);
    const [alone] = [create()];
    update(alone);
    short.dispose();
    short.dispose();
    expect(update(before)).toBe(update(alone));
    expect(update(after)).toBe(expected);
    expect(update(create({ threads: short }))).toBe(expected);
    expect(short.size).toBe(3);
  });

  it.runIf(typeof Symbol.dispose === "symbol")("by `using`", async () => {
    const ended: number[] = [];
    const make = () => {
      const { worker, forget } = makeWorker(script, "test", "none");
      const watched: WorkerLike = {
        postMessage: worker.postMessage.bind(worker),
        terminate: () => ended.push(1) && worker.terminate(),
        on: worker.on?.bind(worker),
      };
      return { worker: watched, forget };
    };
    {
      using short = await startPool(2, 1, make);
      expect(update(create({ threads: short }))).toBe(expected);
      expect(ended).toEqual([]);
    }
    expect(ended).toEqual([1]);
  });
});

it("a thread that ended between two calls is a WorkerError of the next, once, and nothing has changed", async () => {
  const workers: WorkerLike[] = [];
  const make = () => {
    const made = makeWorker(script, "test", "none");
    workers.push(made.worker);
    return made;
  };
  const short = await startPool(3, 1, make);
  const network = create({ threads: short });
  const alone = create();
  expect(update(network)).toBe(update(alone));
  const ended = new Promise((resolve) => workers[1].on?.("exit", resolve));
  await workers[1].terminate();
  await ended;
  const before = parameterBits(network);
  expect(() => update(network)).toThrow(WorkerError);
  expect(parameterBits(network)).toBe(before);
  expect(update(network)).toBe(update(alone));
  short.dispose();
});

describe("files", () => {
  it("take a network from a pool to one thread, and back", () => {
    const there = create({ threads: pool });
    const here = create();
    expect(update(there)).toBe(update(here));
    expect(Buffer.from(saveNetwork(there)).equals(saveNetwork(here))).toBe(true);
    const [onPool, alone] = [{ threads: pool }, {}].map((runtime) =>
      loadNetwork(saveNetwork(there), runtime),
    );
    created.push(onPool, alone);
    expect(update(onPool)).toBe(update(alone));
    const copy = there.clone();
    created.push(copy);
    expect(update(copy)).toBe(update(here));
  });

  it("take a training from a pool to one thread, and back, at any step", async () => {
    const begin = () => ({ optimizer: adam({ learningRate: 0.01 }), epochs: 3, clipNorm: 1 });
    const whole: string[] = [];
    const one = create();
    for await (const { loss } of train(one, windows, begin())) whole.push(`${loss} ${parameterBits(one)}`);
    const network = create({ threads: pool });
    let training = train(network, windows, begin());
    const came: string[] = [];
    for (
      let runtime: RuntimeOptions = {};
      ;
      runtime = runtime.threads === undefined ? { threads: pool } : {}
    ) {
      const { done, value } = await training.next();
      if (done === true) break;
      came.push(`${value.loss} ${parameterBits(training.network)}`);
      const resumed = resumeTraining(training.save(), windows, begin(), runtime);
      await training.return();
      training = resumed;
      created.push(training.network);
    }
    expect(came).toEqual(whole);
  });
});
