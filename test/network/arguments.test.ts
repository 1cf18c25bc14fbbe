import { describe, expect, it } from "vitest";
import type { RecurrentNetwork } from "../../src/network/network.js";
import type { Sequence, State, Target } from "../../src/network/types.js";
import { builds } from "../builds.js";
import { badCalls, badCallSizes, goodTarget, goodTokens, type BadCall } from "./bad-calls.js";
import { gradientBits, parameterBits, bitsOf } from "./bits.js";
import { guardedNetwork } from "./guarded.js";
import { invoke, subclassed } from "./untyped.js";

function networkAtWork(build: (typeof builds)[number]): RecurrentNetwork {
  const network = guardedNetwork(badCallSizes, build);
  network.forward(goodTokens);
  network.backward(goodTarget);
  network.forward(goodTokens);
  return network;
}

/** Of everything that a call may change: parameters, gradients, and what backward gives from the tape. */
function bitsOfEverything(network: RecurrentNetwork): string[] {
  const before = [parameterBits(network), gradientBits(network)];
  const { loss, count, stateGradient } = network.backward(goodTarget);
  return [...before, gradientBits(network), bitsOf(stateGradient.h), `${loss} over ${count}`];
}

function expectRefusal(network: RecurrentNetwork, { argument, error, given, call }: BadCall): void {
  let caught: unknown;
  try {
    call(network);
  } catch (thrown) {
    caught = thrown;
  }
  const what = `${argument} given ${given}`;
  expect(caught, what).toBeInstanceOf(error);
  expect(caught, what).toHaveProperty("message", expect.stringContaining(`"${argument}" expected `));
}

/** An array of the same type but for its prototype, which misleads whoever asks it for a part. */
function misleading<Array extends Uint8Array | Int32Array | Float32Array>(array: Array): Array {
  return subclassed(array, { subarray: () => new Float32Array(99) });
}

function filled<Array extends Uint8Array | Int32Array | Float32Array>(
  array: Array,
  values: ArrayLike<number>,
): Array {
  array.set(values);
  return array;
}

/** The same numbers in shared memory, in the middle of something longer, and in a subclass. */
function bytes(values: Uint8Array): Uint8Array[] {
  const n = values.length;
  const shared = new Uint8Array(new SharedArrayBuffer(n));
  const part = new Uint8Array(n + 5).subarray(3, n + 3);
  return [...[shared, part].map((array) => filled(array, values)), misleading(values.slice())];
}

function integers(values: Int32Array): Int32Array[] {
  const n = values.length;
  const shared = new Int32Array(new SharedArrayBuffer(4 * n));
  const part = new Int32Array(n + 5).subarray(3, n + 3);
  return [...[shared, part].map((array) => filled(array, values)), misleading(values.slice())];
}

function floats(values: Float32Array): Float32Array[] {
  const n = values.length;
  const shared = new Float32Array(new SharedArrayBuffer(4 * n));
  const part = new Float32Array(n + 5).subarray(3, n + 3);
  return [...[shared, part].map((array) => filled(array, values)), misleading(values.slice())];
}

describe.each(builds)("arguments, %s build", (build) => {
  it("may be views, subclasses or shared memory", () => {
    using network = guardedNetwork(badCallSizes, build);
    const state = { h: Float32Array.from({ length: 9 }, (_, i) => i / 9) };
    const lengths = Int32Array.of(2, 1, 2);
    const resets = Uint8Array.of(0, 1, 0, 1, 0, 1);
    const values = Float32Array.from({ length: 24 }, (_, i) => i / 24);
    const run = (sequence: Sequence, initial: State, target: Target): string => {
      network.zeroGradients();
      const { outputs } = network.forward(sequence, { state: initial });
      return bitsOf(outputs) + String(network.backward(target).loss) + gradientBits(network);
    };
    const [tokens, classes] = [goodTokens.tokens, goodTarget.classes];
    const expectedTokens = run({ ...goodTokens, lengths, resets }, state, goodTarget);
    const expectedValues = run({ ...goodTokens, tokens: undefined, values }, state, {
      values: values.subarray(0, 12),
    });
    for (let form = 0; form < 3; form++) {
      const initial = { h: floats(state.h)[form] };
      const sequence = {
        ...goodTokens,
        tokens: bytes(tokens)[form],
        lengths: integers(lengths)[form],
        resets: bytes(resets)[form],
      };
      expect(run(sequence, initial, { classes: integers(classes)[form] })).toBe(expectedTokens);
      const dense = { ...goodTokens, tokens: undefined, values: floats(values)[form] };
      expect(run(dense, initial, { values: floats(values.subarray(0, 12))[form] })).toBe(expectedValues);
    }
    for (const other of [Buffer.from(tokens), Uint16Array.from(tokens), Int32Array.from(tokens)])
      expect(run({ ...goodTokens, tokens: other, lengths, resets }, state, goodTarget)).toBe(expectedTokens);
    expect(network.model.engine.arena.brokenGuards()).toEqual([]);
  });

  it("for a parameter are read by index, once each, and as many as there are", () => {
    using network = guardedNetwork(badCallSizes, build);
    const before = network.parameters.map((one) => one.read());
    let reads = 0;
    const values = {
      length: 3,
      *[Symbol.iterator]() {
        yield* new Array<number>(99).fill(7);
      },
    };
    for (let i = 0; i < 3; i++)
      Object.defineProperty(values, i, { get: () => (reads++ < 3 ? i : "changed") });
    invoke(network.parameter("rnn.bias_ih_l0"), "write", values);
    expect([...network.parameter("rnn.bias_ih_l0").read()]).toEqual([0, 1, 2]);
    network.parameter("rnn.bias_ih_l0").write(before[2]);
    expect(network.parameters.map((one) => one.read())).toEqual(before);
    const broken = Object.defineProperty([0, 1, 2], 1, {
      get: () => {
        throw new Error("not this one");
      },
    });
    expect(() => {
      network.parameter("rnn.bias_ih_l0").write(broken);
    }).toThrow("not this one");
    expect(network.parameters.map((one) => one.read())).toEqual(before);
  });
});

describe.each(builds)("bad arguments, %s build", (build) => {
  it.each(badCalls)("of %s are refused by name, and change nothing", (_, calls) => {
    const expected = bitsOfEverything(networkAtWork(build));
    const network = networkAtWork(build);
    expect(calls.length).toBeGreaterThan(10);
    for (const call of calls) expectRefusal(network, call);
    expect(bitsOfEverything(network)).toEqual(expected);
    expect(network.model.engine.arena.brokenGuards()).toEqual([]);
  });
});
