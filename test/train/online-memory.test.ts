import { describe, expect, it } from "vitest";
import {
  createNetwork,
  onlineSession,
  sgd,
  train,
  type Network,
  type TrainingWindow,
} from "../../src/index.js";
import { requireNetwork } from "../../src/network/network.js";
import { onlineRules } from "../learn/online/rules.js";

const shape = { cell: "gru", inputSize: 5, hiddenSize: 4, outputSize: 4, seed: 3 } as const;

/** Bytes of all typed arrays that an object leads to, each buffer once; the kernels' own memory apart. */
function heldBytes(root: unknown, kernels: ArrayBufferLike): number {
  const seen = new Set<unknown>([kernels]);
  const queue: unknown[] = [root];
  let bytes = 0;
  for (let one = queue.pop(); queue.length > 0 || one !== undefined; one = queue.pop()) {
    if ((typeof one !== "object" && typeof one !== "function") || one === null || seen.has(one)) continue;
    seen.add(one);
    if (ArrayBuffer.isView(one)) queue.push(one.buffer);
    else if (one instanceof ArrayBuffer) bytes += one.byteLength;
    else if (Array.isArray(one)) bytes += 8 * one.length;
    if (one instanceof Map) queue.push(...one.keys(), ...one.values());
    if (one instanceof Set) queue.push(...one);
    if (!ArrayBuffer.isView(one)) for (const key of Reflect.ownKeys(one)) queue.push(Reflect.get(one, key));
  }
  return bytes;
}

function memoryOf(network: Network, more?: unknown) {
  const { arena } = requireNetwork(network).model.engine;
  return { reserved: arena.reserved, held: heldBytes([network, more], arena.u8.buffer) };
}

/** Single steps without end, counted, and whether they were closed. */
function endless() {
  const state = { steps: 0, closed: false };
  async function* steps(): AsyncGenerator<TrainingWindow> {
    try {
      for (;;) {
        await Promise.resolve();
        const t = state.steps++;
        yield {
          inputs: { steps: 1, batch: 1, tokens: Uint8Array.of((t * t) % 5) },
          targets: { classes: Int32Array.of(t % 4) },
          carry: true,
        };
      }
    } finally {
      state.closed = true;
    }
  }
  return { data: { [Symbol.asyncIterator]: steps }, state };
}

describe.each(onlineRules)("$name", ({ learner }) => {
  it("takes no more memory in a session's step 1000 than in its step 10", () => {
    using network = createNetwork(shape);
    using session = onlineSession(network, {
      learner,
      optimizer: sgd({ learningRate: 1e-3 }),
      updateEvery: 7,
    });
    const after = (steps: number) => {
      while (session.steps < steps) session.learn(session.steps % 5, session.steps % 4);
      return memoryOf(network, session);
    };
    const early = after(10);
    expect(early.held).toBeGreaterThan(0);
    expect(after(1000)).toEqual(early);
    expect(session.save().length).toBeLessThan(1.2 * early.reserved + 1e5);
  });

  it("takes no more memory for a window of 1000 steps than for one of 10", async () => {
    const reserved: number[] = [];
    for (const steps of [10, 1000]) {
      using network = createNetwork(shape);
      const { arena } = requireNetwork(network).model.engine;
      const window = {
        inputs: { steps, batch: 1, tokens: new Uint8Array(steps).map((_, t) => t % 5) },
        targets: { classes: new Int32Array(steps).map((_, t) => t % 4) },
      };
      const before = arena.reserved;
      arena.peak = before;
      await train(network, [window], { learner, optimizer: sgd({ learningRate: 1e-3 }) }).next();
      reserved.push(arena.peak - before);
    }
    expect(reserved[1]).toBe(reserved[0]);
  });

  it("learns from a stream without end, in constant memory, to maxSteps and till it is told to stop", async () => {
    using network = createNetwork(shape);
    const options = { learner, optimizer: sgd({ learningRate: 1e-3 }), updateEvery: 2 };
    const { data, state } = endless();
    const held: unknown[] = [];
    for await (const { step } of train(network, data, { ...options, maxSteps: 200 }))
      if (step === 5 || step === 200) held.push(memoryOf(network));
    expect(held[1]).toEqual(held[0]);
    expect(state).toEqual({ steps: 400, closed: true });
    const stop = new AbortController();
    const more = endless();
    const run = async () => {
      for await (const { step } of train(network, more.data, { ...options, signal: stop.signal }))
        if (step === 3) stop.abort(new Error("enough"));
    };
    await expect(run()).rejects.toThrow("enough");
    expect(more.state.steps).toBeLessThanOrEqual(7);
  });
});

it("what counts held bytes sees an array that grows", () => {
  const grows = { at: new Map([["a", [new Float32Array(10)]]]) };
  const before = heldBytes(grows, new ArrayBuffer(0));
  grows.at.get("a")?.push(new Float32Array(100));
  expect(heldBytes(grows, new ArrayBuffer(0)) - before).toBe(8 + 400);
});
