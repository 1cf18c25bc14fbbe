import { describe, expect, it } from "vitest";
import type { RecurrentNetwork } from "../../src/network/network.js";
import { Random } from "../../src/random.js";
import { builds } from "../builds.js";
import { relativeError } from "../oracle/compare.js";
import { bitsOf, gradientBits } from "./bits.js";
import { drawSequence, drawState, drawTarget, outputWidthOf } from "./drawn.js";
import { guardedEngine, guardedNetwork, networkIn } from "./guarded.js";
import { kinds, streamingKinds } from "./kinds.js";
import { accumulateGradient, score } from "./passes.js";

// Without a tape, more than 512 rows go by in stretches.
const windows = [
  { steps: 4, batch: 3 },
  { steps: 140, batch: 4 },
  { steps: 2, batch: 520 },
];

function drawn(network: RecurrentNetwork, window: (typeof windows)[number], input: "tokens" | "values") {
  const sizes = { ...network.options, ...window };
  const random = new Random(window.steps);
  const lengths = new Int32Array(window.batch).map(() => 1 + random.integer(window.steps));
  return {
    sequence: drawSequence(random, input, sizes),
    lengths,
    state: drawState(random, sizes),
    classes: drawTarget(random, "classes", sizes),
    values: drawTarget(random, "values", sizes),
  };
}

describe.each(builds)("passes of training and evaluation, %s build", (build) => {
  const engine = guardedEngine(build);

  it.each(kinds)("score as forward and backward do, and count the hits: $name", ({ options, inputs }) => {
    using network = networkIn(engine, options);
    for (const window of windows) {
      const { sequence, state, lengths, ...targets } = drawn(network, window, inputs[0]);
      for (const given of [sequence, { ...sequence, lengths }] as const) {
        for (const target of [targets.classes, targets.values]) {
          const { outputs, state: final } = network.forward(given, { state });
          const { loss } = network.backward(target, { reduction: "sum" });
          const scored = score(network, given, target, state);
          // Sums in float64 of the same numbers, in another order.
          expect(relativeError([scored.loss], [loss])).toBeLessThan(1e-12);
          expect(scored.state).toEqual(final);
          const seen: number[] = [];
          const look = (some: Float32Array): number => seen.push(...some);
          expect(score(network, given, target, state, look)).toEqual(scored);
          // What is past a length is 0 in what forward returns, and nobody looks at it here.
          const whole = options.output === "sequence";
          const counts = (i: number): boolean => {
            const row = Math.floor(i / outputWidthOf(options));
            const b = row % given.batch;
            return whole || Math.floor(row / given.batch) < (given.lengths?.[b] ?? given.steps);
          };
          const last = whole ? seen.slice(-outputs.length) : seen;
          expect(last.filter((_, i) => counts(i))).toEqual([...outputs].filter((_, i) => counts(i)));
        }
      }
    }
    expect(engine.arena.brokenGuards()).toEqual([]);
  });

  it.each(kinds)("train as forward and backward do: $name", ({ options, inputs }) => {
    using network = networkIn(engine, options);
    using twin = network.clone();
    for (const input of inputs) {
      const { sequence, state, lengths, ...targets } = drawn(network, windows[0], input);
      for (const given of [sequence, { ...sequence, lengths }] as const) {
        for (const target of [targets.classes, targets.values]) {
          const pass = accumulateGradient(network, given, target, state, "sum");
          const { state: final } = twin.forward(given, { state, training: true });
          const { loss } = twin.backward(target, { reduction: "sum" });
          expect(pass).toEqual({ loss, state: final, states: [] });
          expect(gradientBits(network)).toBe(gradientBits(twin));
        }
      }
    }
  });

  it.each(streamingKinds)(
    "pass over a sequence that has ended, whose state waits: $name",
    ({ options, inputs }) => {
      using network = networkIn(engine, { ...options, dropout: 0 });
      const { sequence, state, values } = drawn(network, windows[0], inputs[0]);
      const ended = { ...sequence, lengths: Int32Array.of(4, 0, 2) };
      const { state: final } = accumulateGradient(network, ended, values, state, "sum");
      const gradients = network.parameters.map((one) => one.readGradient());
      const H = options.hiddenSize;
      for (const part of ["h", "c"] as const) {
        const stays = (array: Float32Array | undefined): Float32Array | undefined =>
          array?.filter((_, i) => Math.floor(i / H) % 3 === 1);
        expect(stays(final[part])).toEqual(stays(state[part]));
      }
      // The same without any targets for it, and with another start.
      const changed = structuredClone(state);
      for (const array of [changed.h, changed.c])
        array?.forEach((_, i) => Math.floor(i / H) % 3 === 1 && (array[i] = 9));
      network.zeroGradients();
      accumulateGradient(network, ended, values, changed, "sum");
      expect(network.parameters.map((one) => one.readGradient())).toEqual(gradients);
    },
  );

  it("give no score to a gradient, and refuse what forward and backward refuse", () => {
    using network = guardedNetwork(kinds[0].options, build);
    const { sequence, classes, state } = drawn(network, windows[0], "tokens");
    const { outputs } = network.forward(sequence);
    expect(() => score(network, sequence, { gradient: outputs })).toThrow(
      /^"targets?" expected classes or values/,
    );
    const before = gradientBits(network);
    for (const pass of [score, accumulateGradient]) {
      expect(() => pass(network, { ...sequence, steps: 5 }, classes)).toThrow(/^"inputs.tokens" expected/);
      const short = { classes: new Int32Array(11) };
      expect(() => pass(network, sequence, short)).toThrow(/^"targets.classes" expected/);
      expect(() => pass(network, sequence, classes, { h: state.h.subarray(1) })).toThrow(
        /^"state.h" expected/,
      );
    }
    expect(gradientBits(network)).toBe(before);
    // and the tape is still there
    expect(network.backward(classes).count).toBeGreaterThan(0);
    expect(bitsOf(network.forward(sequence).outputs)).toBe(bitsOf(outputs));
  });
});
