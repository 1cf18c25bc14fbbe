import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { DisposedError } from "../../src/errors.js";
import type { Engine } from "../../src/memory/engine.js";
import { createNetwork } from "../../src/network/create-network.js";
import type { RecurrentNetwork } from "../../src/network/network.js";
import { restoreParameters, snapshotParameters } from "../../src/network/snapshot.js";
import { adam } from "../../src/optimize/adam.js";
import { clipGradientNorm, clipGradientValue, gradientNorm } from "../../src/optimize/clip.js";
import { sgd } from "../../src/optimize/sgd.js";
import { builds } from "../builds.js";
import { bitsOf, gradientBits, parameterBits } from "./bits.js";
import { guardedEngine, guardedNetwork, networkIn } from "./guarded.js";
import { stepKinds as kinds } from "./kinds.js";
import { accumulateGradient, score } from "./passes.js";

const sizes = { inputSize: 6, hiddenSize: 5, outputSize: 3 };
const sequence = { steps: 3, batch: 2, tokens: Uint8Array.of(0, 1, 2, 3, 4, 5) };
const target = { classes: Int32Array.of(0, 1, 2, 0, 1, 2) };

function optionsOf(i: number) {
  return { ...kinds[i % kinds.length].options, hiddenSize: 1 + (i % 13), outputSize: 3, seed: i };
}

/** Three updates; everything that comes of them. */
function* training(network: RecurrentNetwork): Generator<undefined, string> {
  const optimizer = adam();
  let bits = "";
  for (let step = 0; step < 3; step++) {
    bits += bitsOf(network.forward(sequence).outputs);
    yield;
    bits += String(network.backward(target).loss) + gradientBits(network);
    yield;
    optimizer.step(network);
    yield;
  }
  return bits + parameterBits(network);
}

function finish(run: Generator<undefined, string>): string {
  for (;;) {
    const { done, value } = run.next();
    if (done === true) return value;
  }
}

/** Every use of a network's memory: sessions, optimizers, both passes. */
function use(network: RecurrentNetwork): void {
  finish(training(network));
  score(network, sequence, target);
  network.forward({ steps: 40, batch: 1, tokens: new Uint8Array(40) });
  if (network.options.bidirectional) return;
  network.session().step(1);
}

function pages({ arena }: Engine): number {
  return arena.u8.length / 65536;
}

describe.each(builds)("networks that share memory, %s build", (build) => {
  it("do not disturb each other, 200 alive at once, in turns", () => {
    const engine = guardedEngine(build);
    const alone = Array.from({ length: 200 }, (_, i) => {
      using network = guardedNetwork(optionsOf(i), build);
      return finish(training(network));
    });
    const networks = alone.map((_, i) => networkIn(engine, optionsOf(i)));
    const runs = networks.map(training);
    const together = new Map<number, string>();
    while (together.size < runs.length) {
      runs.forEach((run, i) => {
        const { done, value } = run.next();
        if (done === true && !together.has(i)) together.set(i, value);
      });
      // some leave in between, which is another hole in the memory
      networkIn(engine, optionsOf(together.size)).dispose();
    }
    expect(alone.filter((bits, i) => together.get(i) !== bits)).toEqual([]);
    expect(engine.arena.brokenGuards()).toEqual([]);
    for (const network of networks) network.dispose();
    expect(engine.arena.reserved).toBe(0);
  });

  it("give it all back, 2,000 times over, so that it stays as small", () => {
    const engine = guardedEngine(build);
    for (let i = 0; i < 100; i++) {
      using network = networkIn(engine, optionsOf(i));
      use(network);
    }
    const before = pages(engine);
    for (let i = 0; i < 2000; i++) {
      using network = networkIn(engine, optionsOf(i));
      if (i % 10 === 0) use(network);
    }
    expect(engine.arena.reserved).toBe(0);
    expect(pages(engine)).toBe(before);
  });

  it("stay as small while they train and change the size of their windows", () => {
    const engine = guardedEngine(build);
    using network = networkIn(engine, sizes);
    const cycle = (): void => {
      for (const steps of [1, 30, 7]) {
        const tokens = new Uint8Array(2 * steps);
        accumulateGradient(network, { steps, batch: 2, tokens }, { classes: new Int32Array(2 * steps) });
        score(network, { steps, batch: 2, tokens }, { classes: new Int32Array(2 * steps) });
      }
      const optimizer = adam();
      optimizer.step(network);
      optimizer.reset();
      network.session({ batch: 3 }).dispose();
    };
    for (let i = 0; i < 10; i++) cycle();
    const before = [engine.arena.reserved, pages(engine)];
    for (let i = 0; i < 300; i++) cycle();
    expect([engine.arena.reserved, pages(engine)]).toEqual(before);
  });

  it("stay as small however far their sessions go", () => {
    const engine = guardedEngine(build);
    using network = networkIn(engine, { ...sizes, cell: "lstm" });
    using session = network.session();
    const [values, out] = [new Float32Array(6), new Float32Array(3)];
    session.step(values, out);
    const before = [engine.arena.reserved, pages(engine)];
    for (let step = 0; step < 20_000; step++) session.step(values, out);
    expect([engine.arena.reserved, pages(engine)]).toEqual(before);
    expect(out.every(Number.isFinite)).toBe(true);
  });

  it("give it back when they are forgotten", async () => {
    setFlagsFromString("--expose-gc");
    const collect: unknown = runInNewContext("gc");
    if (typeof collect !== "function") throw new Error("no garbage collector to call");
    const engine = guardedEngine(build);
    const kept = networkIn(engine, sizes);
    const keptBytes = engine.arena.reserved;
    for (let i = 0; i < 50; i++) use(networkIn(engine, optionsOf(i)));
    expect(engine.arena.reserved).toBeGreaterThan(keptBytes);
    // Finalizers run when the engine sees fit: some turns after the collection.
    for (let turn = 0; turn < 100 && engine.arena.reserved > keptBytes; turn++) {
      Reflect.apply(collect, undefined, []);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(engine.arena.reserved).toBe(keptBytes);
    expect(kept.forward(sequence).outputs).toHaveLength(18);
  });
});

describe("a network that was disposed of", () => {
  function disposed(): { network: RecurrentNetwork; calls: [name: string, call: () => unknown][] } {
    const network = guardedNetwork(sizes, builds[0]);
    const snapshot = snapshotParameters(network);
    const [parameter] = network.parameters;
    const optimizer = adam();
    optimizer.step(network);
    network.forward(sequence);
    network.dispose();
    return {
      network,
      calls: [
        ["forward", () => network.forward(sequence)],
        ["backward", () => network.backward(target)],
        ["parameter", () => network.parameter("head.bias")],
        [
          "zeroGradients",
          () => {
            network.zeroGradients();
          },
        ],
        ["clone", () => network.clone()],
        ["session", () => network.session()],
        ["read", () => parameter.read()],
        [
          "write",
          () => {
            parameter.write([]);
          },
        ],
        ["readGradient", () => parameter.readGradient()],
        [
          "writeGradient",
          () => {
            parameter.writeGradient([]);
          },
        ],
        ["trainable", () => parameter.trainable],
        ["trainable =", () => (parameter.trainable = true)],
        [
          "the optimizer's step",
          () => {
            optimizer.step(network);
          },
        ],
        [
          "another optimizer's step",
          () => {
            sgd({ learningRate: 1 }).step(network);
          },
        ],
        ["gradientNorm", () => gradientNorm(network)],
        ["clipGradientNorm", () => clipGradientNorm(network, 1)],
        [
          "clipGradientValue",
          () => {
            clipGradientValue(network, 1);
          },
        ],
        ["score", () => score(network, sequence, target)],
        ["accumulateGradient", () => accumulateGradient(network, sequence, target)],
        ["snapshotParameters", () => snapshotParameters(network)],
        [
          "restoreParameters",
          () => {
            restoreParameters(network, snapshot);
          },
        ],
      ],
    };
  }

  it.each(disposed().calls)("refuses %s", (_, call) => {
    expect(call).toThrow(DisposedError);
    expect(call).toThrow("the network was disposed of");
  });

  it("may be disposed of again, and holds nothing", () => {
    const { network, calls } = disposed();
    const { arena } = network.model.engine;
    expect(arena.reserved).toBe(0);
    network.dispose();
    for (const [, call] of calls) expect(call).toThrow(DisposedError);
    expect(arena.reserved).toBe(0);
    // names, shapes and options can still be read
    expect(network.parameters.map(({ name, shape }) => `${name} ${shape.join("×")}`)).toContain(
      "head.weight 3×5",
    );
    expect(network.options.hiddenSize).toBe(5);
  });

  it("is so at the end of its block with `using`, as are its sessions", () => {
    let outer: RecurrentNetwork;
    {
      using network = guardedNetwork(sizes, builds[0]);
      using session = network.session();
      session.step(1);
      outer = network;
    }
    expect(() => outer.parameter("head.bias")).toThrow(DisposedError);
    expect(outer.model.engine.arena.reserved).toBe(0);
    using inner = createNetwork(sizes);
    const session = inner.session();
    {
      using ended = session;
      ended.step(1);
    }
    expect(() => session.step(1)).toThrow("the session was disposed of");
  });
});
