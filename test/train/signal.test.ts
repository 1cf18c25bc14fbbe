import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import type { TrainingWindow } from "../../src/data/training-data.js";
import { tbptt } from "../../src/learn/back/tbptt.js";
import { adam } from "../../src/optimize/adam.js";
import type { TrainOptions } from "../../src/train/options.js";
import { train } from "../../src/train/train.js";
import {
  allGradients,
  allParameters,
  collect,
  countedData,
  steps,
  tokenNetwork,
  tokenWindow,
  tokenWindows,
} from "./windows.js";
import type { Progress } from "../../src/train/training.js";

const reason = new Error("enough");
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Data that gives the windows, then never answers again: neither to `next` nor to `return`. */
function stuckData(windows: readonly TrainingWindow[]) {
  let at = 0;
  const state: { waiting: boolean; closed: number; reject?: (error: Error) => void } = {
    waiting: false,
    closed: 0,
  };
  const data: AsyncIterable<TrainingWindow> = {
    [Symbol.asyncIterator]: () => ({
      next() {
        if (at < windows.length) return Promise.resolve({ done: false, value: windows[at++] });
        state.waiting = true;
        return new Promise((_, reject) => {
          state.reject = reject;
        });
      },
      return() {
        state.closed++;
        return new Promise(() => undefined);
      },
    }),
  };
  return { data, state };
}

describe("a signal", () => {
  it("that was aborted before throws its reason, before anything happens", async () => {
    const network = tokenNetwork();
    const before = allParameters(network);
    const { data, counts } = countedData(tokenWindows(3));
    const run = collect(train(network, data, { optimizer: adam(), signal: AbortSignal.abort(reason) }));
    await expect(run).rejects.toBe(reason);
    expect(counts).toEqual({ iterated: 0, pulled: 0, closed: 0 });
    expect(allParameters(network)).toEqual(before);
  });

  it.each<[string, Partial<TrainOptions>, (number | string)[]]>([
    ["between windows", {}, [1, 2]],
    ["within a window", { learner: tbptt({ k1: 3 }) }, [1, 2]],
    ["between epochs", { epochs: 3 }, [1, 2, 3, "end 3", 4]],
  ])("stops %s", async (_, options, expected) => {
    const controller = new AbortController();
    const network = tokenNetwork();
    const { data, counts } = countedData(tokenWindows(3));
    const { signal } = controller;
    const seen: Progress[] = [];
    let parameters: number[] = [];
    const run = collect(train(network, data, { optimizer: adam(), ...options, signal }), (event) => {
      seen.push(event);
      parameters = allParameters(network);
      if (event.step === expected.at(-1)) controller.abort(reason);
    });
    await expect(run).rejects.toBe(reason);
    expect(steps(seen)).toEqual(expected);
    expect(counts.closed).toBe(1);
    expect(allParameters(network)).toEqual(parameters);
    expect(allGradients(network).every((g) => g === 0)).toBe(true);
    await collect(train(network, tokenWindows(2), { optimizer: adam() })); // usable
  });

  it("aborted with the last event comes too late to matter", async () => {
    for (const options of [{ maxSteps: 2 }, { epochs: 1 }]) {
      const controller = new AbortController();
      const { signal } = controller;
      const { events } = await collect(
        train(tokenNetwork(), tokenWindows(2), { optimizer: adam(), signal, ...options }),
        ({ step, epochEnd }) => {
          if ("maxSteps" in options ? step === 2 : epochEnd) controller.abort(reason);
        },
      );
      expect(events.at(-1)?.step).toBe(2);
    }
  });

  it("aborted by the data itself stops before that window", async () => {
    const aborting = (controller: AbortController): Iterable<TrainingWindow> => ({
      *[Symbol.iterator]() {
        yield tokenWindow();
        controller.abort(reason);
        yield tokenWindow();
      },
    });
    const later = (controller: AbortController): AsyncIterable<TrainingWindow> => ({
      async *[Symbol.asyncIterator]() {
        await turn();
        yield* aborting(controller);
      },
    });
    for (const make of [aborting, later]) {
      const controller = new AbortController();
      const { signal } = controller;
      const seen: Progress[] = [];
      const run = collect(train(tokenNetwork(), make(controller), { optimizer: adam(), signal }), (event) => {
        seen.push(event);
      });
      await expect(run).rejects.toBe(reason);
      expect(steps(seen)).toEqual([1]);
    }
  });

  it("stops the wait for a window that never comes", async () => {
    const controller = new AbortController();
    const { data, state } = stuckData(tokenWindows(2));
    const seen: Progress[] = [];
    const run = collect(
      train(tokenNetwork(), data, { optimizer: adam(), signal: controller.signal }),
      (event) => {
        seen.push(event);
      },
    );
    while (!state.waiting) await turn();
    expect(steps(seen)).toEqual([1, 2]);
    controller.abort(reason);
    await expect(run).rejects.toBe(reason);
    expect(state.closed).toBe(1);
    state.reject?.(new Error("too late")); // and nobody is told: an unhandled rejection would fail the run
    await turn();
  });

  it("stops the wait for a window that aborts it and never comes", async () => {
    const controller = new AbortController();
    const data: AsyncIterable<TrainingWindow> = {
      [Symbol.asyncIterator]: () => ({
        next() {
          controller.abort(reason);
          return new Promise(() => undefined);
        },
      }),
    };
    const { signal } = controller;
    await expect(collect(train(tokenNetwork(), data, { optimizer: adam(), signal }))).rejects.toBe(reason);
  });

  it("leaves data to be closed by break", async () => {
    const { data, counts } = countedData(tokenWindows(5), true);
    const { signal } = new AbortController();
    for await (const { step } of train(tokenNetwork(), data, { optimizer: adam(), signal }))
      if (step === 2) break;
    expect(counts).toEqual({ iterated: 1, pulled: 2, closed: 1 });
  });

  it("stops a validation, and its wait", async () => {
    for (const stuck of [0, 2]) {
      const controller = new AbortController();
      const { data: validation, state } = stuckData(tokenWindows(stuck));
      const options = { optimizer: adam(), validation, validateEvery: 1, signal: controller.signal };
      const { data, counts } = countedData(tokenWindows(2));
      const run = collect(train(tokenNetwork(), data, options));
      while (!state.waiting) await turn();
      controller.abort(reason);
      await expect(run).rejects.toBe(reason);
      expect(state.closed).toBe(1);
      expect(counts).toEqual({ iterated: 1, pulled: 1, closed: 1 });
    }
  });

  it("is left without listeners", async () => {
    const { signal } = new AbortController();
    async function* data() {
      for (const window of tokenWindows(50)) {
        await turn();
        yield window;
      }
    }
    let most = 0;
    for (let repeat = 0; repeat < 2; repeat++) {
      await collect(train(tokenNetwork(), data(), { optimizer: adam(), signal }), () => {
        most = Math.max(most, getEventListeners(signal, "abort").length);
      });
    }
    expect(most).toBe(0);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("lets errors of the data through", async () => {
    async function* data() {
      await turn();
      yield tokenWindow();
      throw reason;
    }
    const { signal } = new AbortController();
    await expect(collect(train(tokenNetwork(), data(), { optimizer: adam(), signal }))).rejects.toBe(reason);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});
