import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DisposedError, InvalidStateError } from "../../src/errors.js";
import { forecast, type ForecastOptions } from "../../src/infer/forecast.js";
import { rtrl } from "../../src/learn/rules.js";
import { cellNames } from "../../src/network/cells/by-name.js";
import { createNetwork } from "../../src/network/create-network.js";
import type { Network, Session, State } from "../../src/network/types.js";
import { sgd } from "../../src/optimize/optimizers.js";
import { Random } from "../../src/random.js";
import { onlineSession } from "../../src/train/online-session.js";
import { builds } from "../builds.js";
import { bitsOf, gradientBits } from "../network/bits.js";
import { normals } from "../network/drawn.js";
import { guardedEngine, networkIn } from "../network/guarded.js";

/** The outputs at all steps of a series that starts from a state. */
function outputsOf(network: Network, values: Float32Array, state?: State): Float32Array {
  const steps = values.length / network.options.inputSize;
  return network.forward({ steps, batch: 1, values }, { state, keepTape: false }).outputs;
}

const stateBits = ({ h, c }: State): string => bitsOf(h, ...(c ? [c] : []));

function joined(...parts: readonly Float32Array[]): Float32Array {
  return Float32Array.from(parts.flatMap((part) => [...part]));
}

describe.each(builds)("forecast, %s build", (build) => {
  const engine = guardedEngine(build);

  it.each(cellNames)("feeds each output back, bit for bit as one pass over all inputs: %s", (cell) => {
    const cases = fc.record({
      width: fc.integer({ min: 1, max: 5 }),
      layers: fc.integer({ min: 1, max: 2 }),
      T: fc.integer({ min: 1, max: 12 }),
      steps: fc.integer({ min: 1, max: 9 }),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(cases, ({ width, layers, T, steps, seed }) => {
        using network = networkIn(engine, {
          cell,
          layers,
          inputSize: width,
          hiddenSize: 7,
          outputSize: width,
          seed,
        });
        const history = normals(new Random(seed), T * width);
        const { values, ...rest } = forecast(network, history, { steps });
        expect(rest).toEqual({});
        expect(values).toHaveLength(steps * width);
        const fed = values.subarray(0, (steps - 1) * width);
        const all = outputsOf(network, joined(history, fed));
        expect(bitsOf(values)).toBe(bitsOf(all.slice((T - 1) * width)));
        expect(forecast(network, [...history], { steps }).values).toEqual(values);
      }),
      { numRuns: 15 },
    );
    expect(engine.arena.brokenGuards()).toEqual([]);
  });

  it("goes on from a session's state, and leaves the session behind the history", () => {
    const random = new Random(5);
    using network = networkIn(engine, { cell: "lstm", inputSize: 2, hiddenSize: 6, outputSize: 2, seed: 1 });
    using session = network.session();
    const [past, history] = [normals(random, 10), normals(random, 6)];
    for (let t = 0; t < 5; t++) session.step(past.subarray(2 * t, 2 * t + 2));
    const whole = forecast(network, joined(past, history), { steps: 8 });
    expect(forecast(session, history, { steps: 8 })).toEqual(whole);
    const { state } = network.forward({ steps: 8, batch: 1, values: joined(past, history) });
    expect(stateBits(session.state)).toBe(stateBits(state));
  });

  it("runs anew on the last steps of a window", () => {
    const random = new Random(6);
    for (const layers of [1, 2]) {
      using network = networkIn(engine, { cell: "gru", layers, inputSize: 3, hiddenSize: 5, outputSize: 3 });
      const history = normals(random, 21);
      for (const window of [1, 4, 7]) {
        const { values } = forecast(network, history, { steps: 10, window });
        const series = joined(history, values);
        for (let step = 0; step < 10; step++) {
          const outputs = outputsOf(network, series.slice((7 + step - window) * 3, (7 + step) * 3));
          expect(values.slice(step * 3, step * 3 + 3)).toEqual(outputs.slice(-3));
        }
      }
    }
  });

  it("leaves tape and gradients as they are", () => {
    using network = networkIn(engine, { inputSize: 2, hiddenSize: 4, outputSize: 2 });
    const values = normals(new Random(1), 8);
    const gradient = (between: () => void): string => {
      network.zeroGradients();
      network.forward({ steps: 4, batch: 1, values });
      between();
      network.backward({ values: new Float32Array(8) });
      return gradientBits(network);
    };
    const expected = gradient(() => undefined);
    expect(gradient(() => forecast(network, values, { steps: 3 }))).toBe(expected);
    expect(gradient(() => forecast(network, values, { steps: 3, window: 2 }))).toBe(expected);
  });
});

describe("forecast with inputs of the caller's", () => {
  const sizes = { inputSize: 3, hiddenSize: 4, outputSize: 1, cell: "gru", seed: 3 } as const;

  it("reads what `next` makes of a step's values, for every step but the last", () => {
    using network = createNetwork(sizes);
    const history = normals(new Random(1), 12);
    const made: number[][] = [];
    const { values } = forecast(network, history, {
      steps: 4,
      next(last, step) {
        expect(last).toHaveLength(1);
        const inputs = [2 * last[0], step, 0.5];
        made.push(inputs);
        last.fill(NaN); // a copy
        return inputs;
      },
    });
    expect(made.map(([, step]) => step)).toEqual([0, 1, 2]);
    expect(made.map(([twice]) => twice / 2)).toEqual([...values.subarray(0, 3)]);
    const all = outputsOf(network, joined(history, Float32Array.from(made.flat())));
    expect(bitsOf(values)).toBe(bitsOf(all.slice(3)));
  });

  it("fails as `next` fails, and leaves a session as it was", () => {
    using network = createNetwork(sizes);
    using session = network.session();
    session.step(Float32Array.of(1, 2, 3));
    const before = stateBits(session.state);
    const calls: [ForecastOptions["next"], RegExp][] = [
      [
        () => {
          throw new Error("no calendar");
        },
        /^no calendar$/,
      ],
      [() => [1, 2], /"next\(values, step\)" expected 3 values \(\[I=3\]\), got 2/],
      [() => [1, 2, NaN], /"next\(values, step\)\[2\]" expected a finite number/],
      [() => Uint8Array.of(1, 2, 3), /"next\(values, step\)" .* got Uint8Array\(3\): use `sample`/],
    ];
    for (const [next, message] of calls) {
      expect(() => forecast(session, [1, 2, 3], { steps: 2, next })).toThrow(message);
      expect(stateBits(session.state)).toBe(before);
      expect(() => forecast(session, [1, 2, 3], { steps: 1, next })).not.toThrow();
      session.reset();
      session.step(Float32Array.of(1, 2, 3));
    }
  });

  it("is needed where the network reads more than it forecasts", () => {
    using network = createNetwork(sizes);
    expect(() => forecast(network, [1, 2, 3], { steps: 1 })).toThrow(
      /"next" expected a function, got undefined: the network reads 3 inputs a step and forecasts 1/,
    );
  });
});

describe("forecast of quantiles", () => {
  it.each([
    [[0.1, 0.5, 0.9], 1],
    [[0.9, 0.1, 0.45], 2],
    [[0.4, 0.6], 0], // as near as each other: the first
    [[0.2], 0],
  ] as const)("feeds the level nearest the median back, and gives them all: %j", (levels, middle) => {
    const [K, Q] = [2, levels.length];
    using network = createNetwork({ inputSize: K, hiddenSize: 5, outputSize: K * Q, cell: "lstm" });
    const history = normals(new Random(2), 4 * K);
    const { values, quantiles } = forecast(network, history, { steps: 5, levels });
    expect(quantiles).toHaveLength(5 * K * Q);
    values.forEach((value, i) => {
      expect(value).toBe(quantiles[i * Q + middle]);
    });
    const all = outputsOf(network, joined(history, values.subarray(0, 4 * K)));
    expect(bitsOf(quantiles)).toBe(bitsOf(all.slice(3 * K * Q)));
  });
});

describe("forecast from a session that learns", () => {
  it("takes nothing from what it learns", () => {
    const losses = (look: boolean): number[] => {
      using network = createNetwork({ inputSize: 1, hiddenSize: 3, outputSize: 1, seed: 4 });
      using session = onlineSession(network, { learner: rtrl(), optimizer: sgd({ learningRate: 0.05 }) });
      const series = normals(new Random(8), 12);
      return Array.from({ length: 8 }, (_, t) => {
        const { loss } = session.learn(series.subarray(t, t + 1), series.subarray(t + 1, t + 2));
        if (look) forecast(session, [0.1], { steps: 4 });
        else session.step(Float32Array.of(0.1));
        return loss;
      });
    };
    expect(losses(true)).toEqual(losses(false));
  });
});

describe("forecast refuses", () => {
  const sizes = { inputSize: 2, hiddenSize: 3, outputSize: 2 };
  const good = { steps: 2 };

  it.each<[string, unknown, unknown, ErrorConstructor, RegExp]>([
    ["no options", [1, 2], undefined, TypeError, /"options" expected an object, got undefined/],
    ["no steps", [1, 2], {}, TypeError, /"steps" expected an integer, got undefined/],
    ["0 steps", [1, 2], { steps: 0 }, RangeError, /"steps" .* at least 1, got 0/],
    ["steps past all memory", [1, 2], { steps: 2 ** 50 }, RangeError, /out of memory: .* "values"/],
    ["no history", [], good, RangeError, /"history" expected at least one step of 2 values .* got 0/],
    ["part of a step", [1, 2, 3], good, RangeError, /"history" .* got 3 values/],
    ["a gap in the history", [1, NaN], good, RangeError, /"history\[1\]" expected a finite number .* NaN/],
    ["more than single precision", [1, 1e39], good, RangeError, /"history\[1\]" .* 1e\+39/],
    ["text in the history", [1, "2"], good, TypeError, /"history\[1\]" expected a number, got "2"/],
    ["text", "12", good, TypeError, /"history" expected a Float32Array or a list of numbers, got "12"/],
    ["tokens", Int32Array.of(1, 2), good, TypeError, /"history" .* use `sample` for tokens/],
    ["a next that is none", [1, 2], { ...good, next: 1 }, TypeError, /"next" expected a function, got 1/],
    ["levels that are none", [1, 2], { ...good, levels: 0.5 }, TypeError, /"levels" expected an array/],
    [
      "no level",
      [1, 2],
      { ...good, levels: [] },
      RangeError,
      /"levels" .* divide the network's 2 outputs, got 0/,
    ],
    ["3 levels of 2", [1, 2], { ...good, levels: [0.1, 0.5, 0.9] }, RangeError, /"levels" .* got 3/],
    [
      "a level left out",
      [1, 2],
      { ...good, levels: new Array<number>(2).fill(0.5, 1) },
      TypeError,
      /"levels\[0\]" expected a number, got undefined/,
    ],
    ["a level of 1", [1, 2], { ...good, levels: [1] }, RangeError, /"levels\[0\]" .* below 1, got 1/],
    ["a window of 0", [1, 2], { ...good, window: 0 }, RangeError, /"window" .* from 1 to 1, got 0/],
    [
      "a window past the history",
      [1, 2],
      { ...good, window: 2 },
      RangeError,
      /"window" .* from 1 to 1, got 2/,
    ],
  ])("%s", (_, history, options, type, message) => {
    using network = createNetwork(sizes);
    using session = network.session();
    for (const source of [network, session]) {
      if (source === session && typeof options === "object" && "window" in (options ?? {})) continue;
      const call = (): unknown => Reflect.apply(forecast, undefined, [source, history, options]);
      expect(call).toThrow(type);
      expect(call).toThrow(message);
    }
  });

  it("networks and sessions that cannot", () => {
    const of =
      (source: unknown, more = {}) =>
      () =>
        forecast(source as Session, [1, 2], { ...good, ...more });
    expect(of(1)).toThrow(/"source" expected an object, got 1/);
    expect(of({})).toThrow(/"source" expected a network made by createNetwork or a session/);
    using embedded = createNetwork({ ...sizes, embeddingSize: 2 });
    expect(of(embedded)).toThrow(/"source" expected a network that reads values, .* use `sample`/);
    using embeddedSession = embedded.session();
    expect(of(embeddedSession)).toThrow(/use `sample`/);
    using both = createNetwork({ ...sizes, bidirectional: true });
    expect(of(both)).toThrow(/"source" expected a network of one direction.* got a bidirectional one/);
    using network = createNetwork(sizes);
    using pair = network.session({ batch: 2 });
    expect(of(pair)).toThrow(/"source" expected a batch of 1, got 2/);
    using session = network.session();
    expect(of(session, { window: 1 })).toThrow(/"window" expected none for a session/);
    session.dispose();
    expect(of(session)).toThrow(DisposedError);
    network.dispose();
    expect(of(network)).toThrow(DisposedError);
  });

  it.each([undefined, 2])("a network that `next` disposes of, window %s", (window) => {
    const network = createNetwork(sizes);
    const next = (values: Float32Array): Float32Array => {
      network.dispose();
      return values;
    };
    const history = new Float32Array(4 * sizes.inputSize);
    expect(() => forecast(network, history, { steps: 3, window, next })).toThrow(DisposedError);
  });

  it("outputs that are not finite", () => {
    using network = createNetwork(sizes);
    const bias = network.parameter("head.bias");
    using session = network.session();
    for (const value of [NaN, Infinity]) {
      bias.write([0, value]);
      for (const source of [network, session]) {
        const call = (): unknown => forecast(source, [1, 2], good);
        expect(call).toThrow(InvalidStateError);
        expect(call).toThrow(`outputs are not finite (${value})`);
      }
      expect(session.state.h.every((x) => x === 0)).toBe(true);
    }
  });
});
