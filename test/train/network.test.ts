import { describe, expect, it } from "vitest";
import { DisposedError, InvalidStateError } from "../../src/errors.js";
import { adam } from "../../src/optimize/adam.js";
import { train } from "../../src/train/train.js";
import {
  allGradients,
  allParameters,
  collect,
  countedData,
  tokenNetwork,
  tokenWindow,
  tokenWindows,
} from "./windows.js";

describe("the network", () => {
  it("shows the last update's gradients, as clipped, between events; zeros after the last", async () => {
    const network = tokenNetwork();
    network.parameter("head.bias").writeGradient([9, 9, 9, 9, 9]);
    const options = { optimizer: adam(), clipNorm: 0.01 };
    const norm = () => Math.sqrt(allGradients(network).reduce((sum, g) => sum + g * g, 0));
    const { seen } = await collect(train(network, tokenWindows(3), options), norm);
    for (const clipped of seen.slice(0, 3)) expect(clipped).toBeCloseTo(0.01, 5);
    expect(norm()).toBe(0);
  });

  it("may have gradients before: they do not count", async () => {
    const run = async (gradient: number): Promise<number[]> => {
      const network = tokenNetwork();
      for (const parameter of network.parameters)
        parameter.writeGradient(parameter.readGradient().fill(gradient));
      await collect(train(network, tokenWindows(1), { optimizer: adam() }));
      return allParameters(network);
    };
    expect(await run(9)).toEqual(await run(0));
  });

  it("may be used between events: gradients of the caller's own do not count", async () => {
    const run = async (meddle: boolean): Promise<number[]> => {
      const network = tokenNetwork();
      await collect(train(network, tokenWindows(4), { optimizer: adam() }), () => {
        if (!meddle) return;
        network.forward(tokenWindow({ T: 9 }).inputs);
        network.backward(tokenWindow({ T: 9 }).targets);
        network.session().step(1);
      });
      return allParameters(network);
    };
    expect(await run(true)).toEqual(await run(false));
  });

  it("may be disposed of between events: the next is a DisposedError", async () => {
    const network = tokenNetwork();
    const { data, counts } = countedData(tokenWindows(4));
    const run = collect(train(network, data, { optimizer: adam() }), () => {
      network.dispose();
    });
    await expect(run).rejects.toThrow(DisposedError);
    expect(counts).toEqual({ iterated: 1, pulled: 1, closed: 1 });
  });

  it("disposed of with break ends quietly", async () => {
    const network = tokenNetwork();
    for await (const event of train(network, tokenWindows(4), { optimizer: adam() })) {
      expect(event.step).toBe(1);
      network.dispose();
      break;
    }
  });

  it("must be the optimizer's", async () => {
    const optimizer = adam();
    await collect(train(tokenNetwork(), tokenWindows(1), { optimizer }));
    const other = tokenNetwork();
    const before = allParameters(other);
    await expect(collect(train(other, tokenWindows(1), { optimizer }))).rejects.toThrow(InvalidStateError);
    expect(allParameters(other)).toEqual(before);
    expect(allGradients(other).every((g) => g === 0)).toBe(true);
  });
});
