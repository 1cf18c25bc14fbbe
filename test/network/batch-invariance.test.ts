/**
 * A forward pass gives a sequence the same bits whatever stands beside it in the batch, in one window or in several, step by
 * step, with a tape or without: docs/decisions/batch-invariance.md says why. Nothing here has a tolerance.
 */

import { afterAll, describe, expect, it } from "vitest";
import { cellNames } from "../../src/network/cells/by-name.js";
import type { RecurrentNetwork } from "../../src/network/network.js";
import type { NetworkOptions, Sequence, State } from "../../src/network/types.js";
import { Random } from "../../src/random.js";
import { builds } from "../builds.js";
import { bitsOf } from "./bits.js";
import { drawSequence, drawState, outputWidthOf } from "./drawn.js";
import { normalizableCells } from "./kinds.js";
import { guardedEngine, networkIn } from "./guarded.js";

/** Networks a build, each with a window of its own, in groups that a failure names. */
const GROUPS = 50;
const CASES = 40;

interface Drawn {
  readonly options: NetworkOptions;
  readonly sequence: Sequence;
  readonly state: State;
}

/** Sizes from 1 to 67; more than 256 units or inputs now and then, so that products go by in blocks of depth. */
function draw(random: Random): Drawn {
  const size = (): number => (random.uniform() < 0.05 ? 250 + random.integer(40) : 1 + random.integer(67));
  const bidirectional = random.uniform() < 0.3;
  const embeddingSize = random.uniform() < 0.2 ? 1 + random.integer(20) : 0;
  const cell = cellNames[random.integer(cellNames.length)];
  const options = {
    cell,
    layerNorm: normalizableCells.includes(cell) && random.uniform() < 0.3,
    inputSize: size(),
    hiddenSize: size(),
    outputSize: random.uniform() < 0.1 ? 0 : size(),
    layers: 1 + random.integer(3),
    bidirectional,
    embeddingSize,
    seed: random.integer(1 << 30),
  };
  const sizes = { ...options, steps: 1 + random.integer(7), batch: 2 + random.integer(14) };
  const kind = embeddingSize > 0 || random.uniform() < 0.3 ? "tokens" : "values";
  const sequence = drawSequence(random, kind, sizes);
  if (random.uniform() < 0.4)
    sequence.lengths = Int32Array.from({ length: sizes.batch }, () => 1 + random.integer(sizes.steps));
  return { options, sequence, state: drawState(random, sizes) };
}

/** Columns [from, to) of the batch out of rows [·, B, width]. */
function columns<Values extends Float32Array | Exclude<Sequence["tokens"], undefined>>(
  values: Values,
  B: number,
  width: number,
  from: number,
  to: number,
): Values {
  return values.filter((_, i) => {
    const b = Math.floor(i / width) % B;
    return b >= from && b < to;
  }) as Values;
}

/** Sequences [from, to) of the batch alone. */
function part(
  { steps, batch, tokens, values, lengths }: Sequence,
  I: number,
  from: number,
  to: number,
): Sequence {
  return {
    steps,
    batch: to - from,
    ...(tokens && { tokens: columns(tokens, batch, 1, from, to) }),
    ...(values && { values: columns(values, batch, I, from, to) }),
    ...(lengths && { lengths: lengths.slice(from, to) }),
  };
}

/** Steps [from, to) of a window without lengths. */
function span({ steps, batch, tokens, values }: Sequence, from: number, to: number): Sequence {
  const cut = <Values extends Float32Array | Exclude<Sequence["tokens"], undefined>>(all: Values): Values =>
    all.slice((from * all.length) / steps, (to * all.length) / steps) as Values;
  return {
    steps: to - from,
    batch,
    ...(tokens && { tokens: cut(tokens) }),
    ...(values && { values: cut(values) }),
  };
}

const stateBits = ({ h, c }: State): string => bitsOf(h, ...(c ? [c] : []));

function partOfState({ h, c }: State, B: number, H: number, from: number, to: number): State {
  return { h: columns(h, B, H, from, to), ...(c && { c: columns(c, B, H, from, to) }) };
}

/** The whole batch against some of its sequences, one of them alone. */
function expectSameAlone(network: RecurrentNetwork, { sequence, state }: Drawn, random: Random): void {
  const { inputSize: I, hiddenSize: H } = network.options;
  const { batch: B } = sequence;
  const whole = network.forward(sequence, { state, hidden: true });
  const one = random.integer(B);
  const to = one + 1 + random.integer(B - one);
  for (const [first, end] of [
    [one, one + 1],
    [one, to],
  ]) {
    const alone = network.forward(part(sequence, I, first, end), {
      state: partOfState(state, B, H, first, end),
      hidden: true,
      keepTape: random.uniform() < 0.5,
    });
    const pick = (values: Float32Array, width: number) => columns(values, B, width, first, end);
    expect(bitsOf(alone.outputs)).toBe(bitsOf(pick(whole.outputs, outputWidthOf(network.options))));
    const width = H * (network.options.bidirectional ? 2 : 1);
    expect(bitsOf(alone.hidden ?? new Float32Array())).toBe(
      bitsOf(pick(whole.hidden ?? new Float32Array(1), width)),
    );
    expect(stateBits(alone.state)).toBe(stateBits(partOfState(whole.state, B, H, first, end)));
  }
}

/** One window against two that carry the state, and against a session's steps. */
function expectSameInParts(
  network: RecurrentNetwork,
  { sequence: given, state }: Drawn,
  random: Random,
): void {
  const { steps, batch, tokens, values } = given;
  const sequence = { steps, batch, ...(tokens && { tokens }), ...(values && { values }) };
  const { outputs, state: final } = network.forward(sequence, { state, keepTape: false });
  const cut = random.integer(steps + 1);
  let carried = state;
  const parts = [span(sequence, 0, cut), span(sequence, cut, steps)]
    .filter((window) => window.steps > 0)
    .map((window) => {
      const run = network.forward(window, { state: carried });
      carried = run.state;
      return run.outputs;
    });
  expect(bitsOf(...parts)).toBe(bitsOf(outputs));
  expect(stateBits(carried)).toBe(stateBits(final));
  using session = network.session({ batch, state });
  const stepped = Array.from({ length: steps }, (_, t) => {
    const step = span(sequence, t, t + 1);
    return session.step(step.tokens ?? step.values ?? new Float32Array());
  });
  expect(bitsOf(...stepped)).toBe(bitsOf(outputs));
  expect(stateBits(session.state)).toBe(stateBits(final));
}

describe.each(builds)("a forward pass, %s build", (build) => {
  const engine = guardedEngine(build);
  let cases = 0;

  it.each(Array.from({ length: GROUPS }, (_, group) => group))(
    "gives the same bits in any batch, whole or step by step: group %i",
    (group) => {
      for (let i = 0; i < CASES; i++) {
        const random = new Random(group, i);
        const drawn = draw(random);
        using network = networkIn(engine, drawn.options);
        expectSameAlone(network, drawn, random);
        if (drawn.options.bidirectional !== true) expectSameInParts(network, drawn, random);
        cases++;
      }
      expect(engine.arena.brokenGuards()).toEqual([]);
    },
  );

  it("gives other bits for another sequence, so that equal ones say something", () => {
    const { options, sequence } = draw(new Random(1, 1));
    using network = networkIn(engine, options);
    const { batch: B, steps: T } = sequence;
    const width = outputWidthOf(network.options);
    const { outputs } = network.forward(sequence);
    const of = (b: number) => bitsOf(columns(outputs, B, width, b, b + 1));
    expect(T * B).toBeGreaterThan(1);
    expect(new Set(Array.from({ length: B }, (_, b) => of(b))).size).toBe(B);
  });

  afterAll(() => {
    expect(cases).toBe(GROUPS * CASES);
  });
});
