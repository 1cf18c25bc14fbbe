import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { adam } from "../../src/optimize/adam.js";
import { evaluate } from "../../src/train/evaluate.js";
import { Pace } from "../../src/train/pace.js";
import { train } from "../../src/train/train.js";
import type { TrainingWindow } from "../../src/data/training-data.js";
import { collect, tokenNetwork, tokenWindow } from "./windows.js";

/** The clock moves only when something is said to have taken time. */
let clock: number;
beforeEach(() => {
  clock = 1000;
  vi.spyOn(performance, "now").mockImplementation(() => clock);
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** Counts the event loop's turns for as long as `work` goes on, and the clock's longest way from one to the next. */
async function turnsDuring(work: () => Promise<unknown>): Promise<{ turns: number; longest: number }> {
  let turns = 0;
  let longest = 0;
  let last = clock;
  let going = true;
  const tick = (): void => {
    longest = Math.max(longest, clock - last);
    last = clock;
    if (!going) return;
    turns++;
    setImmediate(tick);
  };
  setImmediate(tick);
  await work();
  going = false;
  longest = Math.max(longest, clock - last);
  return { turns, longest };
}

/** `count` windows, each of which takes as long. */
function* slowWindows(count: number, milliseconds: number): Generator<TrainingWindow> {
  for (let i = 0; i < count; i++) {
    clock += milliseconds;
    yield tokenWindow();
  }
}

describe("the event loop", () => {
  it.each([
    ["0.1 ms", 1600, 0.1, 10, 40],
    ["1 ms", 320, 1, 20, 60],
    ["7.9 ms", 100, 7.9, 45, 55],
  ])(
    "gets a turn at least every 16 ms, and far from every update: updates of %s",
    async (_, count, each, least, most) => {
      const { turns, longest } = await turnsDuring(() =>
        collect(train(tokenNetwork(), slowWindows(count, each), { optimizer: adam() })),
      );
      expect(longest).toBeLessThanOrEqual(16);
      expect(turns).toBeGreaterThanOrEqual(least);
      expect(turns).toBeLessThanOrEqual(most);
    },
  );

  it("gets one every update where each takes longer", async () => {
    const { longest } = await turnsDuring(() =>
      collect(train(tokenNetwork(), slowWindows(50, 30), { optimizer: adam() })),
    );
    expect(longest).toBeLessThanOrEqual(30);
  });

  it("gets none in an instant", async () => {
    const { turns } = await turnsDuring(() =>
      collect(train(tokenNetwork(), slowWindows(300, 0), { optimizer: adam() })),
    );
    expect(turns).toBe(0);
  });

  it("gets turns while the caller's own work between events takes the time", async () => {
    const { turns, longest } = await turnsDuring(() =>
      collect(train(tokenNetwork(), slowWindows(100, 0), { optimizer: adam() }), () => {
        clock += 4;
      }),
    );
    expect(longest).toBeLessThanOrEqual(16);
    expect(turns).toBeGreaterThanOrEqual(25);
  });

  it("gets turns while validation and evaluation go on", async () => {
    const validation = { [Symbol.iterator]: () => slowWindows(200, 2) };
    const network = tokenNetwork();
    const validating = () => collect(train(network, [tokenWindow()], { optimizer: adam(), validation }));
    for (const work of [validating, () => evaluate(network, validation)]) {
      const { turns, longest } = await turnsDuring(work);
      expect(longest).toBeLessThanOrEqual(16);
      expect(turns).toBeGreaterThanOrEqual(25);
    }
  });

  it("runs timers and takes a signal from one", async () => {
    vi.restoreAllMocks();
    const controller = new AbortController();
    setTimeout(() => {
      controller.abort(new Error("from a timer"));
    }, 1);
    const endless = train(tokenNetwork(), [tokenWindow()], {
      optimizer: adam(),
      maxSteps: Number.MAX_SAFE_INTEGER,
      signal: controller.signal,
    });
    await expect(collect(endless)).rejects.toThrow("from a timer");
  });
});

describe("an engine without setImmediate", () => {
  it("has its turns too", async () => {
    const native = Object.getOwnPropertyDescriptor(globalThis, "setImmediate");
    if (native === undefined) throw new Error("this engine has none");
    const pace = new Pace();
    const order: string[] = [];
    setTimeout(() => order.push("a timer"), 0);
    Reflect.deleteProperty(globalThis, "setImmediate");
    try {
      // Timers of a browser come in their own order; here one that is due has come after a few turns.
      for (let turns = 0; turns < 1000 && order.length === 0; turns++) {
        clock += 8;
        await pace.breathe();
      }
    } finally {
      Object.defineProperty(globalThis, "setImmediate", native);
    }
    expect(order).toEqual(["a timer"]);
  });
});
