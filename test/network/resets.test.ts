/**
 * A window in which sequences begin anew gives the bits of these sequences run apart: outputs, states, and the gradients of
 * inputs and states. Nothing here has a tolerance but the weights' gradients, which are sums in another order.
 */

import { afterAll, describe, expect, it } from "vitest";
import { cellNames, cells } from "../../src/network/cells/by-name.js";
import { normalizableCells } from "./kinds.js";
import type { RecurrentNetwork } from "../../src/network/network.js";
import type { NetworkOptions, Sequence, State } from "../../src/network/types.js";
import { Random } from "../../src/random.js";
import { builds } from "../builds.js";
import { bitsOf } from "./bits.js";
import { drawSequence, drawState, normals, outputWidthOf } from "./drawn.js";
import { guardedEngine, networkIn } from "./guarded.js";

/** Windows of a build. */
const CASES = Number(process.env["BPTT_RESETS"] ?? 2000);
const GROUPS = 10;

interface Drawn {
  readonly options: NetworkOptions;
  readonly sequence: Sequence & { resets: Uint8Array };
  readonly state: State;
  /** dLoss/dOutputs, [T, B, O], and dLoss/d(final state). */
  readonly gradient: Float32Array;
  readonly stateGradient: State;
}

function draw(random: Random): Drawn {
  const size = (most: number): number => 1 + random.integer(most);
  const embeddingSize = random.uniform() < 0.2 ? size(12) : 0;
  const cell = cellNames[random.integer(cellNames.length)];
  const options = {
    cell,
    layerNorm: normalizableCells.includes(cell) && random.uniform() < 0.3,
    inputSize: size(20),
    hiddenSize: size(40),
    outputSize: random.uniform() < 0.1 ? 0 : size(20),
    layers: size(2),
    bidirectional: random.uniform() < 0.4,
    embeddingSize,
    seed: random.integer(1 << 30),
  };
  const sizes = { ...options, steps: size(12), batch: size(6) };
  const { steps: T, batch: B } = sizes;
  const kind = embeddingSize > 0 || random.uniform() < 0.3 ? "tokens" : "values";
  const share = [0.1, 0.3, 1][random.integer(3)];
  const sequence = {
    ...drawSequence(random, kind, sizes),
    ...(random.uniform() < 0.4 && { lengths: Int32Array.from({ length: B }, () => size(T)) }),
    resets: Uint8Array.from({ length: T * B }, () => Number(random.uniform() < share)),
  };
  return {
    options,
    sequence,
    state: drawState(random, sizes),
    gradient: normals(random, T * B * outputWidthOf(sizes)),
    stateGradient: drawState(random, sizes),
  };
}

/** The episodes of sequence b, as [first step, end): those that `resets` separates, up to its length. */
function episodesOf({ steps, batch, lengths, resets }: Drawn["sequence"], b: number): [number, number][] {
  const end = lengths?.[b] ?? steps;
  const starts = [0];
  for (let t = 1; t < end; t++) if (resets[t * batch + b] === 1) starts.push(t);
  return starts.map((first, i) => [first, starts[i + 1] ?? end]);
}

/** Steps [from, to) of sequence b of [T, B, width]. */
function rows<Values extends Float32Array | Exclude<Sequence["tokens"], undefined>>(
  all: Values,
  { steps, batch }: Sequence,
  b: number,
  [from, to]: readonly [number, number],
): Values {
  const width = all.length / (steps * batch);
  return all.filter((_, i) => {
    const row = Math.floor(i / width);
    const t = Math.floor(row / batch);
    return row % batch === b && t >= from && t < to;
  }) as Values;
}

type Part = "h" | "c";

/** The state of sequence b, those of directions that `keeps` refuses being zeros. */
function stateOf(
  state: State,
  { layers = 1, bidirectional = false, hiddenSize: H }: NetworkOptions,
  b: number,
  keeps: (direction: number) => boolean,
): State {
  const D = bidirectional ? 2 : 1;
  const pick = (all: Float32Array): Float32Array => {
    const B = all.length / (layers * D * H);
    return Float32Array.from({ length: layers * D * H }, (_, i) => {
      const run = Math.floor(i / H);
      return keeps(run % D) ? all[(run * B + b) * H + (i % H)] : 0;
    });
  };
  return { h: pick(state.h), ...(state.c && { c: pick(state.c) }) };
}

/** The part of a state that belongs to one direction, [L, H]. */
function directionOf(
  state: State,
  part: Part,
  { bidirectional = false, hiddenSize: H }: NetworkOptions,
  d: number,
): Float32Array {
  const D = bidirectional ? 2 : 1;
  return (state[part] ?? new Float32Array(0)).filter((_, i) => Math.floor(i / H) % D === d);
}

interface Ran {
  outputs: Float32Array;
  hidden: Float32Array;
  state: State;
  stateGradient: State;
  inputGradient: Float32Array;
}

function run(
  network: RecurrentNetwork,
  sequence: Sequence,
  given: Pick<Drawn, "state" | "gradient" | "stateGradient">,
): Ran {
  const { state, gradient, stateGradient } = given;
  const forward = network.forward(sequence, { state, hidden: true });
  const inputGradient = sequence.values !== undefined;
  const backward = network.backward({ gradient }, { stateGradient, inputGradient });
  return {
    outputs: forward.outputs,
    hidden: forward.hidden ?? new Float32Array(0),
    state: forward.state,
    stateGradient: backward.stateGradient,
    inputGradient: backward.inputGradient ?? new Float32Array(0),
  };
}

/** Each episode of each sequence alone against its part of the whole window. */
function expectSameApart(network: RecurrentNetwork, drawn: Drawn): void {
  const { sequence, options } = drawn;
  const { tokens, values, batch, resets } = sequence;
  const directions = options.bidirectional === true ? [0, 1] : [0];
  const parts: Part[] = cells[network.options.cell].hasCellState ? ["h", "c"] : ["h"];
  const whole = run(network, sequence, drawn);
  const gradients = network.parameters.map((one) => one.readGradient());
  network.zeroGradients();
  for (let b = 0; b < batch; b++) {
    const episodes = episodesOf(sequence, b);
    episodes.forEach((span, i) => {
      const [isFirst, isLast] = [i === 0, i === episodes.length - 1];
      // The forward direction comes into the first episode and leaves the last one, the reverse one the other way.
      const comesIn = (d: number): boolean => (d === 0 ? isFirst && resets[b] === 0 : isLast);
      const leaves = (d: number): boolean => (d === 0 ? isLast : isFirst);
      const apart = run(
        network,
        {
          steps: span[1] - span[0],
          batch: 1,
          ...(tokens && { tokens: rows(tokens, sequence, b, span) }),
          ...(values && { values: rows(values, sequence, b, span) }),
        },
        {
          state: stateOf(drawn.state, options, b, comesIn),
          gradient: rows(drawn.gradient, sequence, b, span),
          stateGradient: stateOf(drawn.stateGradient, options, b, leaves),
        },
      );
      expect(bitsOf(apart.outputs)).toBe(bitsOf(rows(whole.outputs, sequence, b, span)));
      expect(bitsOf(apart.hidden)).toBe(bitsOf(rows(whole.hidden, sequence, b, span)));
      if (values)
        expect(bitsOf(apart.inputGradient)).toBe(bitsOf(rows(whole.inputGradient, sequence, b, span)));
      for (const d of directions) {
        for (const part of parts) {
          const all = (state: State): string =>
            bitsOf(
              directionOf(
                stateOf(state, options, b, () => true),
                part,
                options,
                d,
              ),
            );
          const own = (state: State): string => bitsOf(directionOf(state, part, options, d));
          if (leaves(d)) expect(own(apart.state)).toBe(all(whole.state));
          if (comesIn(d)) expect(own(apart.stateGradient)).toBe(all(whole.stateGradient));
        }
      }
      if (isFirst && resets[b] === 1) expectNoGradient(whole.stateGradient, options, b);
    });
  }
  expectCloseGradients(network, gradients);
}

/** An initial state that is dropped has a gradient of 0, in the forward direction. */
function expectNoGradient(gradient: State, options: NetworkOptions, b: number): void {
  const own = stateOf(gradient, options, b, () => true);
  for (const part of ["h", "c"] as const)
    expect(directionOf(own, part, options, 0).every((x) => x === 0)).toBe(true);
}

/**
 * The sums of up to 72 rows' products come in another order: a few roundings of 6e-8, of the largest gradient, but at least of
 * numbers of about 1, which is what the terms are of where they cancel.
 */
function expectCloseGradients(network: RecurrentNetwork, whole: readonly Float32Array[]): void {
  network.parameters.forEach((parameter, i) => {
    const apart = parameter.readGradient();
    const largest = apart.reduce((most, x) => Math.max(most, Math.abs(x)), 1);
    const off = apart.reduce((most, x, j) => Math.max(most, Math.abs(x - whole[i][j])), 0);
    expect(off, parameter.name).toBeLessThan(4e-6 * largest);
  });
}

describe.each(builds)("windows in which sequences begin anew, %s build", (build) => {
  const engine = guardedEngine(build);
  let cases = 0;

  it.each(Array.from({ length: GROUPS }, (_, group) => group))(
    "give the bits of the sequences run apart: group %i",
    { timeout: 600_000 },
    (group) => {
      for (let i = group; i < CASES; i += GROUPS) {
        const random = new Random(i, 7);
        const drawn = draw(random);
        using network = networkIn(engine, drawn.options);
        expectSameApart(network, drawn);
        cases++;
      }
      expect(engine.arena.brokenGuards()).toEqual([]);
    },
  );

  it("give the same bits without a tape, in parts, and where no reset is set", () => {
    for (let i = 0; i < 100; i++) {
      const random = new Random(i, 8);
      const { options, sequence, state } = draw(random);
      using network = networkIn(engine, options);
      const { outputs, state: final } = network.forward(sequence, { state });
      const inferred = network.forward(sequence, { state, keepTape: false });
      expect(bitsOf(inferred.outputs, inferred.state.h)).toBe(bitsOf(outputs, final.h));
      const { resets, ...rest } = sequence;
      const plain = network.forward(rest, { state });
      const none = network.forward({ ...rest, resets: new Uint8Array(resets.length) }, { state });
      expect(bitsOf(none.outputs, none.state.h)).toBe(bitsOf(plain.outputs, plain.state.h));
    }
  });

  it("are run without a tape in stretches of steps, as long ones are", () => {
    for (const cell of cellNames) {
      using network = networkIn(engine, { cell, inputSize: 5, hiddenSize: 9, outputSize: 3, layers: 2 });
      const random = new Random(3);
      const sizes = { ...network.options, steps: 700, batch: 2 };
      const sequence = {
        ...drawSequence(random, "values", sizes),
        resets: Uint8Array.from({ length: 1400 }, () => Number(random.integer(50) === 0)),
      };
      const { outputs, state } = network.forward(sequence);
      const inferred = network.forward(sequence, { keepTape: false });
      expect(bitsOf(inferred.outputs, inferred.state.h)).toBe(bitsOf(outputs, state.h));
      const plain = network.forward({ ...sequence, resets: new Uint8Array(1400) });
      expect(bitsOf(plain.outputs)).not.toBe(bitsOf(outputs));
    }
  });

  afterAll(() => {
    expect(cases).toBe(CASES);
  });
});
