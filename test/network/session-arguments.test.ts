import { describe, expect, it } from "vitest";
import type { Session } from "../../src/network/types.js";
import { builds } from "../builds.js";
import { guardedNetwork } from "./guarded.js";
import { detached, impostors, invoke, misstated, noNumbers, noObjects } from "./untyped.js";

const sizes = { inputSize: 6, hiddenSize: 11, outputSize: 5 };

describe.each(builds)("a session's arguments, %s build", (build) => {
  it("are refused by name, and leave it as it is", () => {
    using network = guardedNetwork(sizes, build);
    using session = network.session({ batch: 2 });
    using control = network.session({ batch: 2 });
    for (const one of [session, control]) one.step(Uint8Array.of(1, 2));
    expectRefusals(session);
    expect(session.state).toEqual(control.state);
    expect(session.step(Uint8Array.of(3, 4))).toEqual(control.step(Uint8Array.of(3, 4)));
    expect(network.model.engine.arena.brokenGuards()).toEqual([]);
  });

  it("that are single tokens are integers below I", () => {
    using network = guardedNetwork(sizes, build);
    using session = network.session();
    for (const token of [NaN, -1, 6, 1.5, Infinity, 2 ** 32])
      expect(() => session.step(token)).toThrow(/^"input" expected an integer from 0 to 5, got /);
    expect(session.state).toEqual({ h: new Float32Array(11) });
  });

  it("that are values are refused where an embedding reads tokens", () => {
    using network = guardedNetwork({ ...sizes, embeddingSize: 4 }, build);
    using session = network.session();
    for (const length of [0, 4, 6]) {
      expect(() => session.step(new Float32Array(length))).toThrow(TypeError);
      expect(() => session.step(new Float32Array(length))).toThrow(/^"input" expected tokens/);
    }
  });

  it("that are states have c exactly where the cell has", () => {
    using network = guardedNetwork({ ...sizes, cell: "lstm", layers: 2 }, build);
    const h = new Float32Array(44);
    using session = network.session({ state: { h, c: h } });
    expect(session.batch).toBe(2);
    for (const state of [{ h }, { h, c: undefined }, { h, c: null }, { h, c: [] }]) {
      expect(() => invoke(network, "session", { state })).toThrow(
        /^"options.state.c" expected a Float32Array/,
      );
      expect(() => Reflect.set(session, "state", state)).toThrow(/^"state.c" expected a Float32Array/);
    }
    for (const length of [0, 22, 43, 45, 88]) {
      const state = { h, c: new Float32Array(length) };
      expect(() => (session.state = state)).toThrow(
        /^"state.c" expected 44 values \(\[L\*D=2, B=2, H=11\]\)/,
      );
    }
  });
});

/** Of a session of two sequences. */
function expectRefusals(session: Session): void {
  const bytes = Uint8Array.of(1, 2);
  const wrong = [
    ...noObjects,
    ...noNumbers,
    [1, 2],
    new Float64Array(12),
    new Int8Array(2),
    new DataView(new ArrayBuffer(2)),
  ].filter((input) => typeof input !== "number" && !(input instanceof Float32Array));
  const cases: [argument: string, error: typeof TypeError | typeof RangeError, calls: (() => unknown)[]][] = [
    [
      "input",
      TypeError,
      [...wrong, ...impostors(bytes), ...impostors(new Float32Array(12))].map(
        (input) => () => invoke(session, "step", input),
      ),
    ],
    [
      "input",
      RangeError,
      [1, NaN, new Uint8Array(1), new Uint8Array(3), detached(Uint8Array.of(1, 2))].map(
        (input) => () => session.step(input),
      ),
    ],
    [
      "input",
      RangeError,
      [Uint8Array.of(1, 6), Int32Array.of(-1, 0), new Float32Array(6), new Float32Array(13)].map(
        (input) => () => session.step(input),
      ),
    ],
    [
      "input",
      RangeError,
      [misstated(new Float32Array(60), 12), misstated(new Uint8Array(60), 2)].map(
        (input) => () => session.step(input),
      ),
    ],
    [
      "out",
      TypeError,
      [null, [], {}, new Float64Array(10), new Array(10).fill(0), ...impostors(new Float32Array(10))].map(
        (out) => () => invoke(session, "step", bytes, out),
      ),
    ],
    ["out", RangeError, [9, 11, 0].map((n) => () => session.step(bytes, new Float32Array(n)))],
    [
      "state",
      TypeError,
      [undefined, ...noObjects].map((state) => () => Reflect.set(session, "state", state)),
    ],
    [
      "state.h",
      TypeError,
      [{}, { h: new Float64Array(22) }, { h: [] }].map((state) => () => Reflect.set(session, "state", state)),
    ],
    ["state.h", RangeError, [21, 23, 11, 0].map((n) => () => (session.state = { h: new Float32Array(n) }))],
    [
      "which",
      TypeError,
      [null, 1, true, [0, 1], new Int8Array(2), new Int32Array(2), ...impostors(bytes)].map(
        (which) => () => invoke(session, "reset", which),
      ),
    ],
    [
      "which",
      RangeError,
      [
        new Uint8Array(0),
        new Uint8Array(1),
        new Uint8Array(3),
        Uint8Array.of(0, 2),
        detached(bytes.slice()),
      ].map((which) => () => {
        session.reset(which);
      }),
    ],
    ["state.c", TypeError, [() => (session.state = { h: new Float32Array(22), c: new Float32Array(22) })]],
  ];
  for (const [argument, error, calls] of cases) {
    for (const call of calls) {
      expect(call).toThrow(error);
      expect(call).toThrow(`"${argument}" expected `);
    }
  }
}
