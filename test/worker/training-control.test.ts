/** How a training in a worker is paused, stopped, aborted, and how it fails. */

import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  DivergenceError,
  plateauSchedule,
  tokenStream,
  type Progress,
  type TrainingWindow,
} from "../../src/index.js";
import type { NetworkWorker, RemoteData, RemoteNetwork, RemoteTrainOptions } from "../../src/worker/index.js";
import { startWorker } from "../../src/worker/start-worker.js";
import { tokenWindow, tokenWindows, valueWindow } from "../train/windows.js";
import { ownWorker } from "./workers.js";

const V = 5;
const tokens = Uint8Array.from({ length: 500 }, (_, i) => (i * i) % V);
const stream = { batch: 2, window: 4 };
const described = { type: "tokenStream", tokens, ...stream } as const;
const optimizer = { type: "adam" } as const;

let worker: NetworkWorker;
let network: RemoteNetwork;
beforeAll(async () => {
  worker = await startWorker({ worker: ownWorker });
  network = await worker.createNetwork({ inputSize: V, hiddenSize: 4, outputSize: V });
});
afterAll(() => worker.terminate());

const endless = (data: RemoteData, options: Partial<RemoteTrainOptions> = {}) =>
  network.train(data, { optimizer, epochs: 1e6, ...options });

/** Whether the network's parameters change from now on. */
async function isTraining(): Promise<boolean> {
  const before = await network.save();
  await wait(20);
  return !Buffer.from(before).equals(await network.save());
}

/** Data of so many windows that knows what was done with it. */
class Watched {
  asked = 0;
  closed = 0;
  readonly windows: number;
  readonly async: boolean;

  constructor(windows: number, async = true) {
    this.windows = windows;
    this.async = async;
  }

  data(): RemoteData {
    const next = (): IteratorResult<TrainingWindow> =>
      this.asked++ < this.windows
        ? { done: false, value: tokenWindow({ V, seed: this.asked }) }
        : { done: true, value: undefined };
    const end = (): IteratorResult<TrainingWindow> => {
      this.closed++;
      return { done: true, value: undefined };
    };
    if (!this.async) return { [Symbol.iterator]: () => ({ next, return: end }) };
    return {
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.resolve(next()),
        return: () => Promise.resolve(end()),
      }),
    };
  }
}

describe("break", () => {
  it.each([
    ["described", () => described],
    ["this thread's", () => tokenStream(tokens, stream)],
  ])("ends a training over %s data: nothing goes on after it", async (_, data) => {
    let events = 0;
    for await (const event of endless(data())) {
      events++;
      expect(event.step + event.epoch - 1).toBeGreaterThanOrEqual(events - 1);
      if (events === 100) break;
    }
    expect(await isTraining()).toBe(false);
    const gradient = await network.parameter("head.bias").readGradient();
    expect(gradient.every((x) => x === 0)).toBe(true);
  });

  it.each([true, false])("closes the data's iterator, asynchronous or not (%s)", async (async) => {
    const watched = new Watched(1e9, async);
    for await (const { step } of endless(watched.data())) if (step === 10) break;
    expect(watched.closed).toBe(1);
    const { asked } = watched;
    await wait(10);
    expect(watched.asked).toBe(asked);
  });

  it("ends one that waits for data which never comes", async () => {
    const data = {
      async *[Symbol.asyncIterator]() {
        yield tokenWindow({ V });
        await new Promise(() => undefined);
      },
    };
    for await (const { step } of endless(data)) if (step === 1) break;
    expect(await isTraining()).toBe(false);
  });

  it("throws what closing the data throws", async () => {
    const data: RemoteData = {
      [Symbol.iterator]: () => ({
        next: () => ({ done: false, value: tokenWindow({ V }) }),
        return: () => {
          throw new EvalError("closed badly");
        },
      }),
    };
    const run = async (): Promise<void> => {
      for await (const { step } of endless(data)) if (step === 3) break;
    };
    await expect(run()).rejects.toThrow(EvalError);
  });

  it("with ahead = 0 leaves the parameters of the event that it came at", async () => {
    const seen: Uint8Array[] = [];
    for (const steps of [7, undefined]) {
      const fresh = await worker.createNetwork({ inputSize: V, hiddenSize: 4, outputSize: V });
      const options = { optimizer, ahead: 0, maxSteps: steps ?? 50 };
      for await (const { step } of fresh.train(described, options)) {
        // The worker has its time to run ahead.
        if (step === 5) await wait(20);
        if (step === 7) break;
      }
      seen.push(await fresh.save());
    }
    expect(seen[1]).toEqual(seen[0]);
  });
});

describe("a training of which no event is taken", () => {
  it("has not begun before the first is asked for", async () => {
    const events = endless(described);
    expect(await isTraining()).toBe(false);
    await events.return();
  });

  it.each([
    ["described", () => described],
    ["this thread's", () => tokenStream(tokens, stream)],
  ])("rests over %s data, and goes on when the next is", async (_, data) => {
    const events = endless(data(), { ahead: 10 });
    const first = await events.next();
    await wait(60);
    expect(await isTraining()).toBe(false);
    const steps: number[] = [first.value?.step ?? 0];
    while ((steps.at(-1) ?? 0) < 300) {
      const { value, done } = await events.next();
      if (done !== true && !value.epochEnd) steps.push(value.step);
    }
    // Every update has its event, however many came together.
    expect(steps).toEqual(steps.map((__, i) => i + 1));
    await events.return();
  });

  it("does not walk through data that nobody needs", async () => {
    const watched = new Watched(1e9);
    const events = endless(watched.data(), { ahead: 0 });
    await events.next();
    await wait(30);
    expect(watched.asked).toBeLessThan(20);
    await events.return();
  });
});

describe("a signal", () => {
  it.each([["an error", new EvalError("enough")] as const, ["a word", "enough"] as const])(
    "throws its reason, %s, and ends training",
    async (_, reason) => {
      const controller = new AbortController();
      const run = async (): Promise<void> => {
        for await (const { step } of endless(described, { signal: controller.signal }))
          if (step === 20) controller.abort(reason);
      };
      await expect(run()).rejects.toBe(reason);
      expect(await isTraining()).toBe(false);
    },
  );

  it("that aborted before leaves the network as it is", async () => {
    const before = await network.save();
    await expect(endless(described, { signal: AbortSignal.abort() }).next()).rejects.toThrow("abort");
    expect(await network.save()).toEqual(before);
  });

  it("ends a training that waits for data, this thread's or the worker's", async () => {
    const never = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }) };
    for (const data of [never, { own: "never" }]) {
      const signal = AbortSignal.timeout(20);
      await expect(endless(data, { signal }).next()).rejects.toThrow("due to timeout");
    }
  });

  it("ends a training that rests", async () => {
    const controller = new AbortController();
    const events = endless(described, { signal: controller.signal, ahead: 0 });
    await events.next();
    await wait(5);
    controller.abort();
    await expect(events.next()).rejects.toBe(controller.signal.reason);
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });
});

describe("a training that fails", () => {
  it("by divergence tells of the step and the last finite loss, after the events before", async () => {
    const values = await worker.createNetwork({ inputSize: 1, hiddenSize: 4, outputSize: 1 });
    const seen: Progress[] = [];
    const run = async (): Promise<void> => {
      const data = [0, 1, 2, 3e38].map((target) => valueWindow(1, target));
      for await (const event of values.train(data, { optimizer })) seen.push(event);
    };
    const error: unknown = await run().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DivergenceError);
    expect(error).toMatchObject({ step: 3, lastFiniteLoss: seen[2].loss, name: "DivergenceError" });
    expect(seen.map(({ step }) => step)).toEqual([1, 2, 3]);
    expect(String(error)).toContain("training diverged at step 3");
  });

  it("by the data's iterator throws what that threw, and does not close it", async () => {
    const thrown = { not: "an error" };
    let closed = false;
    const data: RemoteData = {
      [Symbol.iterator]: () => {
        const windows = tokenWindows(3, { V });
        return {
          next: () => {
            const value = windows.pop();
            if (value === undefined) throw thrown as unknown as Error;
            return { done: false, value };
          },
          return: () => {
            closed = true;
            return { done: true, value: undefined };
          },
        };
      },
    };
    const steps: number[] = [];
    const run = async (): Promise<void> => {
      for await (const { step } of endless(data)) steps.push(step);
    };
    await expect(run()).rejects.toBe(thrown);
    expect(steps).toEqual([1, 2, 3]);
    expect(closed).toBe(false);
    await expect(network.evaluate(data)).rejects.toBe(thrown);
  });

  it.each<[string, unknown, Partial<Record<keyof RemoteTrainOptions, unknown>>, RegExp]>([
    ["no data", undefined, {}, /"data" expected an iterable of windows, .* got undefined/],
    ["a function for data", () => [], {}, /"data" expected .* got a function/],
    ["an unknown kind of data", { type: "stream" }, {}, /"data.type" expected one of tokenStream/],
    ["unknown data of the worker's", { own: "nothing" }, {}, /"data.own" expected .*"constants"/],
    ["no optimizer", [], { optimizer: undefined }, /"optimizer" expected { type: "adam", .* got undefined/],
    ["an optimizer itself", [], { optimizer: { step: () => 0 } }, /"optimizer" .* functions, .* cannot go/],
    ["an unknown optimizer", [], { optimizer: { type: "adma" } }, /"optimizer.type" .* got "adma"/],
    ["an unknown rule", [], { learner: { type: "bppt" } }, /"learner.type" .* got "bppt"/],
    [
      "a learner itself",
      [],
      { learner: { name: "bptt" } },
      /"learner" expected { type: "tbptt", k1: 64 }, or/,
    ],
    [
      "a loss itself",
      [],
      { loss: () => 0 },
      /"loss" expected one made by huber.*{ own: "name" } .* got a function/,
    ],
    ["a function for a schedule", [], { schedule: () => 0 }, /"schedule" expected .* got a function/],
    [
      "an unknown schedule",
      [],
      { schedule: { type: "step" } },
      /"schedule.type" expected one of plateau, got/,
    ],
    ["a schedule's wrong option", [], { schedule: { type: "plateau", rate: -1 } }, /"rate" .* got -1/],
    ["a schedule's unknown option", [], { schedule: { type: "plateau", rates: 1 } }, /got "rates"/],
    [
      "a schedule without validation",
      [],
      { schedule: plateauSchedule({ rate: 1 }) },
      /"validation" expected/,
    ],
    ["an empty schedule", [], { schedule: [] }, /"schedule.length" .* got 0/],
    ["a learning rate that is none", [], { schedule: [1, "2"] }, /"schedule\[1\]" expected a number/],
    ["a limit that is none", [], { clipNorm: -1 }, /"clipNorm" expected .* got -1/],
    ["no windows", [], {}, /"data" expected at least one window/],
    ["a window that is none", [3], {}, /expected an object|inputs/],
    ["a window of functions", [() => 0], {}, /"window" expected what can go to a worker/],
    ["a window of something else", [{ inputs: { steps: () => 1 } }], {}, /"window.inputs.steps" .* function/],
    ["a signal that is none", [], { signal: {} }, /"signal" expected an AbortSignal/],
    ["ahead that is none", [], { ahead: -1 }, /"ahead" expected .* got -1/],
  ])("by %s says so, and changes nothing", async (_, data, options, message) => {
    const before = await network.save();
    const run = async (): Promise<void> => {
      await endless(data as RemoteData, options as Partial<RemoteTrainOptions>).next();
    };
    const error: unknown = await run().catch((reason: unknown) => reason);
    expect(error instanceof TypeError || error instanceof RangeError, String(error)).toBe(true);
    expect(String(error)).toMatch(message);
    expect(await network.save()).toEqual(before);
  });
});

describe("while a training runs", () => {
  it("other calls are answered, and other networks trained", async () => {
    const other = await worker.createNetwork({ inputSize: V, hiddenSize: 4, outputSize: V });
    const events = endless(described, { ahead: 1000 });
    await events.next();
    const session = await network.session();
    const sampled = await session.sample({ length: 5 });
    expect(sampled.length).toBe(5);
    let steps = 0;
    for await (const { step } of other.train(tokenStream(tokens, stream), { optimizer, maxSteps: 20 }))
      steps = step;
    expect(steps).toBe(20);
    await events.return();
    session.dispose();
    other.dispose();
  });

  it("a network that is disposed of ends it with a DisposedError", async () => {
    const other = await worker.createNetwork({ inputSize: V, hiddenSize: 4, outputSize: V });
    const run = async (): Promise<void> => {
      for await (const { step } of other.train(described, { optimizer, epochs: 1e6 }))
        if (step === 5) other.dispose();
    };
    await expect(run()).rejects.toThrow("the network was disposed of");
  });
});
