import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ForwardResult, Sequence } from "../../src/network/types.js";
import { Random } from "../../src/random.js";
import { builds } from "../builds.js";
import { bitsOf } from "./bits.js";
import { drawSequence, drawState, outputWidthOf } from "./drawn.js";
import { guardedNetwork } from "./guarded.js";
import { kinds, stepKinds, streamingKinds, type Kind } from "./kinds.js";

/** Steps [from, to) of a sequence; I is the width of its values. */
function stretch({ batch, tokens, values }: Sequence, from: number, to: number, I: number): Sequence {
  const [first, last] = [from * batch, to * batch];
  return {
    steps: to - from,
    batch,
    ...(tokens === undefined
      ? { values: values?.slice(first * I, last * I) }
      : { tokens: tokens.slice(first, last) }),
  };
}

function bitsOfStates(...results: ForwardResult[]): string {
  return bitsOf(...results.flatMap(({ state: { h, c } }) => (c === undefined ? [h] : [h, c])));
}

function bitsOfResult(result: ForwardResult): string {
  return bitsOf(result.outputs, result.hidden ?? new Float32Array()) + bitsOfStates(result);
}

/** A network of one of the kinds, of any width, and what it is to read. */
function anyCase(from: readonly Kind[]) {
  return fc
    .record({
      kind: fc.constantFrom(...from),
      hiddenSize: fc.integer({ min: 1, max: 40 }),
      steps: fc.integer({ min: 2, max: 30 }),
      batch: fc.integer({ min: 1, max: 9 }),
      input: fc.nat(1),
      seed: fc.integer({ min: 0, max: 1e6 }),
    })
    .map(({ kind, hiddenSize, steps, batch, input, seed }) => {
      const options = { ...kind.options, hiddenSize, seed };
      const sizes = { ...options, steps, batch };
      const random = new Random(seed);
      const sequence = drawSequence(random, kind.inputs[input % kind.inputs.length], sizes);
      return { name: kind.name, options, sequence, state: drawState(random, sizes), random };
    });
}

describe.each(builds)("states, %s build", (build) => {
  it("carried from part to part give the same bits as the whole", () => {
    fc.assert(
      fc.property(
        anyCase(streamingKinds),
        fc.nat(),
        fc.boolean(),
        ({ options, sequence, state }, cut, keepTape) => {
          using network = guardedNetwork(options, build);
          const at = 1 + (cut % (sequence.steps - 1));
          const part = (from: number, to: number) => stretch(sequence, from, to, options.inputSize);
          const whole = network.forward(sequence, { state });
          const first = network.forward(part(0, at), { state, keepTape });
          const rest = network.forward(part(at, sequence.steps), { state: first.state });
          expect(bitsOf(first.outputs, rest.outputs)).toBe(bitsOf(whole.outputs));
          expect(bitsOfStates(rest)).toBe(bitsOfStates(whole));
          expect(network.model.engine.arena.brokenGuards()).toEqual([]);
        },
      ),
      { seed: 1, numRuns: 100 },
    );
  });

  it("and all else are the same bits with and without a tape", () => {
    fc.assert(
      fc.property(anyCase(kinds), fc.boolean(), ({ options, sequence, state }, training) => {
        using network = guardedNetwork(options, build);
        using twin = network.clone(); // whose first dropout masks are the same
        const asked = { state, training, hidden: true };
        expect(bitsOfResult(network.forward(sequence, { ...asked, keepTape: false }))).toBe(
          bitsOfResult(twin.forward(sequence, asked)),
        );
      }),
      { seed: 2, numRuns: 100 },
    );
  });

  // Without a tape, T·B goes by in stretches of at most 512 rows, and of one step at least.
  it.each([
    { steps: 511, batch: 1 },
    { steps: 512, batch: 1 },
    { steps: 513, batch: 1 },
    { steps: 1025, batch: 1 },
    { steps: 103, batch: 5 },
    { steps: 3, batch: 513 },
    { steps: 1, batch: 1030 },
  ])("and all else are so for $steps steps of $batch", ({ steps, batch }) => {
    // Deeper than the products' blocks of 256, whose sums must not depend on the number of rows.
    const deep = { inputSize: 260, hiddenSize: 259, outputSize: 7 };
    const dropping = {
      inputSize: 3,
      hiddenSize: 6,
      outputSize: 2,
      cell: "gru",
      layers: 2,
      dropout: 0.5,
    } as const;
    for (const options of [deep, dropping]) {
      using network = guardedNetwork(options, build);
      using twin = network.clone();
      for (const inputs of ["tokens", "values"] as const) {
        const random = new Random(5);
        const sizes = { ...options, steps, batch };
        const sequence = drawSequence(random, inputs, sizes);
        const lengths = new Int32Array(batch).map(() => 1 + random.integer(steps));
        const asked = { state: drawState(random, sizes), training: true, hidden: true };
        for (const given of [sequence, { ...sequence, lengths }]) {
          expect(bitsOfResult(network.forward(given, { ...asked, keepTape: false }))).toBe(
            bitsOfResult(twin.forward(given, asked)),
          );
        }
      }
      expect(network.model.engine.arena.brokenGuards()).toEqual([]);
    }
  });

  it("of sequences side by side, of any lengths, do not mix", () => {
    fc.assert(
      fc.property(anyCase(stepKinds), ({ options, sequence, random }) => {
        using network = guardedNetwork(options, build);
        const { steps, batch } = sequence;
        const lengths = new Int32Array(batch).map(() => 1 + random.integer(steps));
        const together = network.forward({ ...sequence, lengths }, { hidden: true });
        const [O, H] = [outputWidthOf(options), (together.hidden?.length ?? NaN) / (steps * batch)];
        lengths.forEach((length, b) => {
          const alone = network.forward(alongTime(sequence, b, length, options.inputSize), { hidden: true });
          expect(column(together.outputs, b, batch, O)).toEqual(padded(alone.outputs, steps * O));
          expect(column(together.hidden, b, batch, H)).toEqual(padded(alone.hidden, steps * H));
          expect(column(together.state.h, b, batch, options.hiddenSize)).toEqual(alone.state.h);
          expect(column(together.state.c, b, batch, options.hiddenSize)).toEqual(
            alone.state.c ?? new Float32Array(),
          );
        });
      }),
      { seed: 3, numRuns: 40 },
    );
  });

  it("are zeros where none is given", () => {
    for (const { options, inputs } of kinds) {
      using network = guardedNetwork(options, build);
      const sizes = { ...options, steps: 3, batch: 2 };
      const sequence = drawSequence(new Random(1), inputs[0], sizes);
      const state = drawState(new Random(2), sizes);
      const expected = network.forward(sequence);
      network.forward(sequence, { state });
      expect(bitsOfResult(network.forward(sequence, { state: undefined }))).toBe(bitsOfResult(expected));
      state.h.fill(0);
      state.c?.fill(0);
      expect(bitsOfResult(network.forward(sequence, { state }))).toBe(bitsOfResult(expected));
    }
  });

  it("that go in and come out are copies", () => {
    for (const { options, inputs } of kinds) {
      using network = guardedNetwork({ ...options, hiddenSize: 8 }, build);
      const sizes = { ...options, hiddenSize: 8, steps: 3, batch: 2 };
      const sequence = drawSequence(new Random(1), inputs[0], sizes);
      const state = drawState(new Random(2), sizes);
      const given = structuredClone(state);
      for (const keepTape of [true, false]) {
        const result = network.forward(sequence, { state, keepTape, hidden: true });
        const expected = bitsOfResult(result);
        const again = network.forward(sequence, { state, keepTape, hidden: true });
        for (const array of [again.outputs, again.hidden, again.state.h, again.state.c]) array?.fill(7);
        expect(bitsOfResult(result)).toBe(expected);
        expect(structuredClone(result.state)).toEqual(result.state);
        expect(state).toEqual(given);
      }
    }
  });
});

/** The first `length` steps of sequence b. */
function alongTime(sequence: Sequence, b: number, length: number, I: number): Sequence {
  const { batch, tokens, values } = sequence;
  if (tokens !== undefined)
    return { steps: length, batch: 1, tokens: Int32Array.from({ length }, (_, t) => tokens[t * batch + b]) };
  return { steps: length, batch: 1, values: column(values, b, batch, I).slice(0, length * I) };
}

/** [·, B, width] of sequence b. */
function column(array: Float32Array | undefined, b: number, batch: number, width: number): Float32Array {
  return (array ?? new Float32Array()).filter((_, i) => Math.floor(i / width) % batch === b);
}

function padded(array: Float32Array | undefined, length: number): Float32Array {
  const longer = new Float32Array(length);
  longer.set(array ?? []);
  return longer;
}
