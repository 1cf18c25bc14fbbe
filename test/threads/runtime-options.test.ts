/** Every function that makes a network makes it on the pool that it is given. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fromOnnx, toOnnx } from "../../src/entries/onnx.js";
import {
  adam,
  createNetwork,
  fromPyTorch,
  loadNetwork,
  onlineSession,
  resumeTraining,
  saveNetwork,
  supportedBuilds,
  toPyTorch,
  train,
  uoro,
  type Network,
  type RuntimeOptions,
  type ThreadPool,
} from "../../src/index.js";
import { engineFor } from "../../src/memory/engine.js";
import { requireNetwork } from "../../src/network/network.js";
import { startPool } from "../../src/threads/thread-pool.js";
import { invoke } from "../network/untyped.js";

const options = { cell: "lstm", inputSize: 9, hiddenSize: 20, outputSize: 7, seed: 3 } as const;
const [steps, batch] = [5, 6];
const inputs = { steps, batch, tokens: Int32Array.from({ length: steps * batch }, (_, i) => (i * i) % 9) };
const targets = { classes: Int32Array.from({ length: steps * batch }, (_, i) => (i * 5) % 7) };
const data = [{ inputs, targets }];
const origin = createNetwork(options, { build: "simd" });
const training = train(createNetwork(options, { build: "simd" }), data, { optimizer: adam(), epochs: 9 });
await training.next();
const checkpoint = training.save();

/** The functions that take options at run time, each as it makes a network of them. */
const makers: Readonly<Record<string, (runtime?: RuntimeOptions) => Network>> = {
  createNetwork: (runtime) => createNetwork(options, runtime),
  loadNetwork: (runtime) => loadNetwork(saveNetwork(origin), runtime),
  fromPyTorch: (runtime) => fromPyTorch(toPyTorch(origin), {}, runtime),
  fromOnnx: (runtime) => fromOnnx(toOnnx(origin), runtime),
  resumeTraining: (runtime) =>
    resumeTraining(checkpoint, data, { optimizer: adam(), epochs: 9 }, runtime).network,
};
const names = Object.keys(makers);

/** Functions that pass the options on to others within the library. */
const inside = ["loadParameters", "networkOf", "requireRuntime", "resumeInWorker"];

let pool: ThreadPool;
beforeAll(async () => {
  pool = await startPool(3, 1);
});
afterAll(() => {
  pool.dispose();
});

/** Outputs and gradients of a window, as bits. */
function bitsOf(network: Network): Uint32Array[] {
  const { outputs } = network.forward(inputs);
  network.backward(targets);
  const gradients = network.parameters.map((parameter) => parameter.readGradient());
  return [outputs, ...gradients].map(({ buffer }) => new Uint32Array(buffer));
}

const engineOf = (network: Network): unknown => requireNetwork(network).model.engine;

it("are all of which the sources say so", () => {
  const folder = join(import.meta.dirname, "../../src");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".ts") && !/^cli\b/.test(file),
  );
  const found = files.flatMap((file) => {
    const text = readFileSync(join(folder, file), "utf8");
    return [...text.matchAll(/^export (?:async )?function (\w+)\((.*?)\): /gms)]
      .filter(([, , parameters]) => /\bRuntimeOptions\b/.test(parameters))
      .map(([, name]) => name);
  });
  expect(found.sort()).toEqual([...names, ...inside].sort());
});

describe.each(names)("%s", (name) => {
  const make = makers[name];

  it.each(supportedBuilds())("makes a network on a pool, with the bits of one without: %s", (build) => {
    using shared = make({ build, threads: pool });
    using alone = make({ build });
    expect(engineOf(shared)).toBe(engineFor(build, pool));
    expect(engineOf(alone)).toBe(engineFor(build));
    expect(engineOf(shared)).not.toBe(engineOf(alone));
    expect(shared.build).toBe(build);
    expect(bitsOf(shared)).toEqual(bitsOf(alone));
  });

  it("takes the fastest build of the pool's unless it is told", () => {
    using shared = make({ threads: pool });
    using alone = make();
    expect(shared.build).toBe(alone.build);
    expect(engineOf(shared)).toBe(engineFor(alone.build, pool));
  });

  it.each([4, null, "pool", {}, { size: 2 }, []])("refuses %j as a pool", (threads) => {
    expect(() => invoke(makers, name, { threads })).toThrow(TypeError);
    expect(() => invoke(makers, name, { threads })).toThrow(
      /^"threads" expected a pool of createThreadPool, got /,
    );
  });
});

describe("what is made of a network on a pool", () => {
  it("runs on it too: clones, and the network of a training that goes on", () => {
    using network = createNetwork(options, { threads: pool });
    using clone = network.clone();
    expect(engineOf(clone)).toBe(engineOf(network));
    const { network: given } = resumeTraining(checkpoint, data, { optimizer: adam(), epochs: 9, network });
    expect(engineOf(given)).toBe(engineFor(network.build, pool));
  });

  it("learns online with the bits of one without", () => {
    const learned = (runtime: RuntimeOptions): Float32Array[] => {
      using network = createNetwork(options, { build: "simd", ...runtime });
      using session = onlineSession(network, { optimizer: adam(), learner: uoro() });
      for (let i = 0; i < 8; i++) {
        session.learn(i % 9, { classes: Int32Array.of(i % 7) });
      }
      return network.parameters.map((parameter) => parameter.read());
    };
    expect(learned({ threads: pool })).toEqual(learned({}));
  });
});
