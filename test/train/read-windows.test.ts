import { describe, expect, it } from "vitest";
import { adam } from "../../src/optimize/adam.js";
import { train } from "../../src/train/train.js";
import type { Progress } from "../../src/train/training.js";
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

describe("the data", () => {
  it("is iterated anew each epoch, and closed only where it was not walked to its end", async () => {
    for (const asynchronous of [false, true]) {
      const { data, counts } = countedData(tokenWindows(3), asynchronous);
      await collect(train(tokenNetwork(), data, { optimizer: adam(), epochs: 4 }));
      expect(counts).toEqual({ iterated: 4, pulled: 16, closed: 0 });
    }
  });

  it("may be a generator for one epoch, which a second names as the reason it ends", async () => {
    function* once() {
      yield* tokenWindows(3);
    }
    async function* onceAsync() {
      await Promise.resolve();
      yield* tokenWindows(3);
    }
    for (const generate of [once, onceAsync]) {
      const one = await collect(train(tokenNetwork(), generate(), { optimizer: adam() }));
      expect(steps(one.events)).toEqual([1, 2, 3, "end 3"]);
      const seen: Progress[] = [];
      const two = collect(train(tokenNetwork(), generate(), { optimizer: adam(), epochs: 2 }), (event) => {
        seen.push(event);
      });
      await expect(two).rejects.toThrow(RangeError);
      await expect(two).rejects.toThrow(/^"data" expected .* got none: .*\(a generator can be walked once/);
      expect(steps(seen)).toEqual([1, 2, 3, "end 3"]);
    }
  });

  it("without windows is refused", async () => {
    await expect(collect(train(tokenNetwork(), [], { optimizer: adam() }))).rejects.toThrow(RangeError);
  });

  it("is closed by break, which ends quietly", async () => {
    for (const asynchronous of [false, true]) {
      const { data, counts } = countedData(tokenWindows(5), asynchronous);
      const network = tokenNetwork();
      for await (const { step } of train(network, data, { optimizer: adam() })) if (step === 2) break;
      expect(counts).toEqual({ iterated: 1, pulled: 2, closed: 1 });
      expect(allGradients(network).every((g) => g === 0)).toBe(true);
    }
  });

  it("is closed by an error of the caller's", async () => {
    const { data, counts } = countedData(tokenWindows(5));
    const run = collect(train(tokenNetwork(), data, { optimizer: adam() }), () => {
      throw new Error("the caller's");
    });
    await expect(run).rejects.toThrow("the caller's");
    expect(counts).toEqual({ iterated: 1, pulled: 1, closed: 1 });
  });

  it("is closed by a window that does not fit, which leaves the network as it was", async () => {
    const windows = tokenWindows(3);
    windows[1] = { ...windows[1], targets: { classes: new Int32Array(7) } };
    const { data, counts } = countedData(windows);
    const network = tokenNetwork();
    const seen: number[][] = [];
    const run = collect(train(network, data, { optimizer: adam() }), () => {
      seen.push(allParameters(network));
    });
    await expect(run).rejects.toThrow(/classes" expected 8 values \(\[T=4, B=2\]\), got 7/);
    expect(counts).toEqual({ iterated: 1, pulled: 2, closed: 1 });
    expect([allParameters(network)]).toEqual(seen);
  });

  it("may fail: its error comes through", async () => {
    function* failing() {
      yield tokenWindow();
      throw new Error("the disk's");
    }
    await expect(collect(train(tokenNetwork(), failing(), { optimizer: adam() }))).rejects.toThrow(
      "the disk's",
    );
  });

  it("is not waited for with an event in hand", async () => {
    const windows = tokenWindows(2);
    let release = (): void => undefined;
    const wait = new Promise<void>((resolve) => {
      release = resolve;
    });
    async function* slow() {
      yield windows[0];
      await wait;
      yield windows[1];
    }
    const events = train(tokenNetwork(), slow(), { optimizer: adam() });
    expect(await events.next()).toMatchObject({ done: false, value: { step: 1 } });
    const next = events.next();
    release();
    expect(await next).toMatchObject({ done: false, value: { step: 2 } });
  });
});
