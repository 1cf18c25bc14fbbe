import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createNetwork } from "../../src/network/create-network.js";
import { startWorker } from "../../src/worker/start-worker.js";
import type { NetworkWorker } from "../../src/worker/types.js";
import { supportedBuilds } from "../../src/wasm/load.js";

let worker: NetworkWorker;
beforeAll(async () => {
  worker = await startWorker({ threads: 3 });
});
afterAll(() => worker.terminate());

const [T, B] = [9, 12];
const options = { cell: "lstm", inputSize: 40, hiddenSize: 96, outputSize: 40 } as const;
const inputs = { steps: T, batch: B, tokens: Int32Array.from({ length: T * B }, (_, i) => (i * 7) % 40) };
const targets = { classes: Int32Array.from({ length: T * B }, (_, i) => (i * 11) % 40) };

describe("a worker with threads", () => {
  it.each(supportedBuilds())("gives the bits of one without, %s", async (build) => {
    const here = createNetwork(options, { build });
    const there = await worker.createNetwork(options, { build });
    expect(there.build).toBe(build);
    expect((await there.forward(inputs)).outputs).toEqual(here.forward(inputs).outputs);
    expect(await there.backward(targets)).toEqual(here.backward(targets));
    for (const [i, parameter] of there.parameters.entries())
      expect(await parameter.readGradient()).toEqual(here.parameters[i].readGradient());
    there.dispose();
    here.dispose();
  });

  it("loads networks onto its threads too, and copies them", async () => {
    const there = await worker.createNetwork(options);
    const again = await worker.loadNetwork(await there.save());
    expect((await again.forward(inputs)).outputs).toEqual((await there.forward(inputs)).outputs);
  });

  it.each([0, 257, 1.5, "2", null])("is refused with %j threads", async (threads) => {
    const given = { threads } as { threads: number };
    await expect(startWorker(given)).rejects.toThrow(/"threads" expected an integer/);
  });
});
