import { describe, expect, it } from "vitest";
import { cellNames } from "../../src/network/cells/by-name.js";
import { DisposedError } from "../../src/errors.js";
import type { Sequence, Session, StepInput } from "../../src/network/types.js";
import { sgd } from "../../src/optimize/sgd.js";
import { Random } from "../../src/random.js";
import { builds } from "../builds.js";
import { drawSequence, drawState, outputWidthOf } from "./drawn.js";
import { guardedNetwork } from "./guarded.js";
import { kinds, streamingKinds } from "./kinds.js";
import { invoke } from "./untyped.js";

const sizes = { inputSize: 6, hiddenSize: 11, outputSize: 5 };
const STEPS = 64;

/** Step t of a sequence; I is the width of its values. */
function inputAt({ batch, tokens, values }: Sequence, t: number, I: number): StepInput {
  const width = batch * I;
  return tokens?.slice(t * batch, (t + 1) * batch) ?? values?.slice(t * width, (t + 1) * width) ?? NaN;
}

/** The project's promise for 64 steps: far more than float32's rounding, far less than a wrong sum. */
function expectNear(actual: Float32Array, expected: Float32Array): void {
  expect(actual).toHaveLength(expected.length);
  const most = expected.reduce((largest, x) => Math.max(largest, Math.abs(x)), 1);
  actual.forEach((x, i) => {
    expect(Math.abs(x - expected[i])).toBeLessThanOrEqual(1e-5 * most);
  });
}

describe.each(builds)("a session, %s build", (build) => {
  it.each(streamingKinds)(
    "steps as forward does, 64 steps of 1 to 5 sequences: $name",
    ({ options, inputs }) => {
      for (let batch = 1; batch <= 5; batch++) {
        using network = guardedNetwork({ ...options, hiddenSize: 11, seed: batch }, build);
        for (const kind of inputs) {
          const random = new Random(batch);
          const drawn = { ...network.options, steps: STEPS, batch };
          const sequence = drawSequence(random, kind, drawn);
          const state = drawState(random, drawn);
          const { outputs, state: final } = network.forward(sequence, { state });
          using session = network.session({ state });
          expect(session.batch).toBe(batch);
          expect(session.network).toBe(network);
          const width = batch * outputWidthOf(network.options);
          for (let t = 0; t < STEPS; t++) {
            const stepped = session.step(inputAt(sequence, t, options.inputSize));
            expectNear(stepped, outputs.slice(t * width, (t + 1) * width));
          }
          expectNear(session.state.h, final.h);
          expectNear(session.state.c ?? new Float32Array(), final.c ?? new Float32Array());
        }
        expect(network.model.engine.arena.brokenGuards()).toEqual([]);
      }
    },
  );

  it("drops nothing", () => {
    using network = guardedNetwork({ ...sizes, layers: 2, dropout: 0.5 }, build);
    network.forward({ steps: 1, batch: 1, tokens: Uint8Array.of(3) }, { training: true });
    const { outputs } = network.forward({ steps: 1, batch: 1, tokens: Uint8Array.of(3) });
    expectNear(network.session().step(3), outputs);
  });

  it("is refused to networks that read both ways", () => {
    const refused = kinds.filter(({ options }) => options.bidirectional);
    expect(refused.length).toBeGreaterThan(2);
    for (const { options } of refused) {
      using network = guardedNetwork(options, build);
      expect(() => network.session()).toThrow(RangeError);
      expect(() => network.session()).toThrow(/bidirectional/);
    }
  });

  it("takes a token as a number, and as an array of any token type", () => {
    using network = guardedNetwork(sizes, build);
    for (const token of [0, -0, 5]) {
      const expected = network.forward({ steps: 1, batch: 1, tokens: Uint8Array.of(token) }).outputs;
      for (const input of [
        token,
        Uint8Array.of(token),
        Uint16Array.of(token),
        Int32Array.of(token),
        Buffer.of(token),
      ]) {
        expectNear(network.session().step(input), expected);
      }
    }
  });

  it("may change between tokens and values at any step", () => {
    using network = guardedNetwork(sizes, build);
    using oneHot = network.session();
    using mixed = network.session();
    const random = new Random(2);
    for (let t = 0; t < 20; t++) {
      const token = random.integer(6);
      const values = Float32Array.from({ length: 6 }, (_, i) => (i === token ? 1 : 0));
      expectNear(mixed.step(random.uniform() < 0.5 ? token : values), oneHot.step(values));
    }
    expectNear(mixed.state.h, oneHot.state.h);
  });

  it("gives, sets and resets its state, always as copies", () => {
    using network = guardedNetwork(sizes, build);
    const given = { h: new Float32Array(22).fill(0.25) };
    using session = network.session({ batch: 2, state: given });
    given.h.fill(9);
    expect(session.state).toEqual({ h: new Float32Array(22).fill(0.25) });
    session.state.h.fill(9);
    expect(session.state).toEqual({ h: new Float32Array(22).fill(0.25) });
    const outputs = session.step(Uint8Array.of(1, 2));
    const after = session.state;
    session.step(Uint8Array.of(3, 4));
    session.state = { h: new Float32Array(22).fill(0.25) };
    expect(session.step(Uint8Array.of(1, 2))).toEqual(outputs);
    expect(session.state).toEqual(after);
    session.reset();
    expect(session.state).toEqual({ h: new Float32Array(22) });
    expect(session.step(Uint8Array.of(1, 2))).toEqual(
      network.session({ batch: 2 }).step(Uint8Array.of(1, 2)),
    );
    // not finite, and then again so
    session.state = { h: new Float32Array(22).fill(NaN) };
    expect(session.step(Uint8Array.of(1, 2)).every(Number.isNaN)).toBe(true);
    session.state = { h: new Float32Array(22).fill(0.25) };
    expect(session.step(Uint8Array.of(1, 2))).toEqual(outputs);
  });

  it.each(cellNames)("lets some of its sequences begin anew, and the others go on: %s", (cell) => {
    using network = guardedNetwork({ ...sizes, cell, layers: 2 }, build);
    using session = network.session({ batch: 3 });
    const alone = [0, 1, 2].map(() => network.session());
    const random = new Random(5);
    for (let t = 0; t < 12; t++) {
      const which = Uint8Array.from({ length: 3 }, () => random.integer(2));
      session.reset(which);
      alone.forEach((one, b) => {
        if (which[b] === 1) one.reset();
      });
      const tokens = Uint8Array.from({ length: 3 }, () => random.integer(6));
      const outputs = alone.flatMap((one, b) => [...one.step(tokens[b])]);
      expect([...session.step(tokens)]).toEqual(outputs);
    }
    const before = session.state;
    session.reset(new Uint8Array(3));
    expect(session.state).toEqual(before);
    session.reset(Uint8Array.of(1, 1, 1));
    expect(session.state.h).toEqual(new Float32Array(66));
  });

  it("fills and returns `out`", () => {
    using network = guardedNetwork(sizes, build);
    using session = network.session();
    const expected = session.step(1);
    session.reset();
    const room = new Float32Array(7).fill(9);
    const out = room.subarray(1, 6);
    expect(session.step(1, out)).toBe(out);
    expect(room).toEqual(Float32Array.of(9, ...expected, 9));
    session.reset();
    const shared = new Float32Array(new SharedArrayBuffer(20));
    expect([...session.step(1, shared)]).toEqual([...expected]);
    expect(session.step(2)).not.toBe(session.step(2));
  });

  it("sees the parameters as they are at each step", () => {
    using network = guardedNetwork(sizes, build);
    using session = network.session();
    session.step(1);
    const { state } = session;
    network.forward({ steps: 1, batch: 1, tokens: Uint8Array.of(1) });
    network.backward({ classes: Int32Array.of(2) });
    sgd({ learningRate: 1 }).step(network);
    const sequence = { steps: 1, batch: 1, tokens: Uint8Array.of(3) };
    expectNear(session.step(3), network.forward(sequence, { state }).outputs);
    for (const parameter of network.parameters) parameter.write(parameter.read().fill(0));
    network.parameter("head.bias").write([1, 2, 3, 4, 5]);
    expect(session.step(0)).toEqual(Float32Array.of(1, 2, 3, 4, 5));
  });

  it("and others of the same network go their own ways", () => {
    using network = guardedNetwork(sizes, build);
    const alone = [1, 2].map((token) => {
      using session = network.session();
      return Array.from({ length: 5 }, () => session.step(token));
    });
    const together = [network.session(), network.session()];
    for (let t = 0; t < 5; t++) {
      together.forEach((session, i) => {
        expect(session.step(i + 1)).toEqual(alone[i][t]);
      });
    }
  });

  it("ends with dispose, and with its network", () => {
    const network = guardedNetwork(sizes, build);
    const { arena } = network.model.engine;
    const session = network.session();
    session.step(new Float32Array(6));
    const before = arena.reserved;
    network.session().dispose();
    expect(arena.reserved).toBe(before);
    const orphan = network.session();
    for (let times = 0; times < 2; times++) session.dispose();
    expectDisposed(session, /the session was disposed of/);
    expect(network.forward({ steps: 1, batch: 1, tokens: new Uint8Array(1) }).outputs).toHaveLength(5);
    network.dispose();
    expectDisposed(orphan, /the network was disposed of/);
    expectDisposed(session, /the session was disposed of/);
    orphan.dispose();
    expect(arena.reserved).toBe(0);
  });
});

function expectDisposed(session: Session, message: RegExp): void {
  const calls = [
    () => session.step(0),
    () => invoke(session, "step", null),
    () => session.state,
    () => (session.state = { h: new Float32Array(11) }),
    () => {
      session.reset();
    },
  ];
  for (const call of calls) {
    expect(call).toThrow(DisposedError);
    expect(call).toThrow(message);
  }
}
