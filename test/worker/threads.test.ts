import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createNetwork } from "../../src/network/create-network.js";
import { saveNetwork } from "../../src/formats/network-file.js";
import { adam } from "../../src/optimize/adam.js";
import { createThreadPool } from "../../src/threads/thread-pool.js";
import { train } from "../../src/train/train.js";
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

  it.each([1, 2])("takes no pool of %d threads of the page's", async (size) => {
    using threads = await createThreadPool({ size });
    const error =
      /^"runtime.threads" expected none in a worker, got an object: startWorker\(\{ threads: 2 \}\)/;
    const network = createNetwork(options);
    const optimizer = adam();
    const training = train(network, [{ inputs, targets }], { optimizer, maxSteps: 1 });
    await training.next();
    const remote = { optimizer: { type: "adam" } } as const;
    for (const call of [
      worker.createNetwork(options, { threads }),
      worker.createNetwork(options, { build: "simd", threads }),
      worker.loadNetwork(saveNetwork(network), { threads }),
      worker.resumeTraining(training.save(), [{ inputs, targets }], remote, { threads }),
    ]) {
      await expect(call).rejects.toThrow(TypeError);
      await expect(call).rejects.toThrow(error);
    }
  });

  it.each([0, 257, 1.5, "2", null])("is refused with %j threads", async (threads) => {
    const given = { threads } as { threads: number };
    await expect(startWorker(given)).rejects.toThrow(/"threads" expected an integer/);
  });
});
