import { describe, expect, it, vi } from "vitest";
import { OutOfMemoryError } from "../../src/errors.js";
import type { Arena } from "../../src/memory/arena.js";
import { createNetwork } from "../../src/network/create-network.js";
import type { RecurrentNetwork } from "../../src/network/network.js";
import { adagrad } from "../../src/optimize/adagrad.js";
import { adam } from "../../src/optimize/adam.js";
import { rmsprop } from "../../src/optimize/rmsprop.js";
import { sgd } from "../../src/optimize/sgd.js";
import { Random } from "../../src/random.js";
import { builds } from "../builds.js";
import { bitsOf, gradientBits, parameterBits } from "./bits.js";
import { drawSequence, drawTarget } from "./drawn.js";
import { guardedEngine, networkIn } from "./guarded.js";
import { kinds, type Kind } from "./kinds.js";
import { accumulateGradient, score } from "./passes.js";

/** Lets the first n − 1 reservations pass and refuses the n-th; `count` says how many there were. */
function failAt(arena: Arena, n: number): { count: () => number; restore: () => void } {
  const reserve = arena.reserve.bind(arena);
  const spy = vi.spyOn(arena, "reserve").mockImplementation((plan) => {
    if (spy.mock.calls.length === n) throw new OutOfMemoryError("out of memory: as the test wants it");
    return reserve(plan);
  });
  return {
    count: () => spy.mock.calls.length,
    restore: () => {
      spy.mockRestore();
    },
  };
}

function drawn({ options, inputs }: Kind, input: "tokens" | "values", steps: number, batch: number) {
  const sizes = { ...options, steps, batch };
  const random = new Random(steps);
  const kind = inputs.includes(input) ? input : "tokens";
  return { sequence: drawSequence(random, kind, sizes), target: drawTarget(random, "values", sizes) };
}

/** What may need memory; each says all that it gave. */
const operations: [name: string, run: (network: RecurrentNetwork, kind: Kind) => string][] = [
  ...(["tokens", "values"] as const).flatMap((input): typeof operations => [
    [
      `forward of ${input}`,
      (network, kind) => {
        const { outputs, state } = network.forward(drawn(kind, input, 3, 2).sequence, { training: true });
        return bitsOf(outputs, state.h);
      },
    ],
    [
      `forward of ${input} without a tape`,
      (network, kind) =>
        bitsOf(
          network.forward(drawn(kind, input, 3, 2).sequence, { keepTape: false, training: true }).outputs,
        ),
    ],
    [
      `a training pass over ${input}`,
      (network, kind) => {
        const { sequence, target } = drawn(kind, input, 5, 1);
        return JSON.stringify(accumulateGradient(network, sequence, target)) + gradientBits(network);
      },
    ],
    [
      `a score of ${input}`,
      (network, kind) => {
        const { sequence, target } = drawn(kind, input, 4, 2);
        return JSON.stringify(score(network, sequence, target));
      },
    ],
  ]),
  [
    "a clone",
    (network) => {
      using clone = network.clone();
      return parameterBits(clone);
    },
  ],
  [
    "steps of a session",
    (network, { options, inputs }) => {
      if (options.bidirectional === true) return "none";
      using session = network.session({ batch: 2 });
      const first = session.step(Uint8Array.of(1, 2));
      if (!inputs.includes("values")) return bitsOf(first);
      return bitsOf(first, session.step(new Float32Array(2 * options.inputSize).fill(0.5)), session.state.h);
    },
  ],
  ...[
    sgd({ learningRate: 0.1, momentum: 0.5 }),
    rmsprop({ learningRate: 0.1, momentum: 0.5, centered: true }),
    adagrad({ learningRate: 0.1 }),
    adam({ amsgrad: true }),
  ].map((optimizer, i): (typeof operations)[number] => [
    `an update of optimizer ${i}`,
    (network) => {
      optimizer.reset();
      optimizer.step(network);
      const once = parameterBits(network);
      optimizer.step(network);
      return once + parameterBits(network);
    },
  ]),
];

/** A network with gradients, and a tape to go back through. */
function networkAtWork(arena: ReturnType<typeof guardedEngine>, kind: Kind): RecurrentNetwork {
  const network = networkIn(arena, kind.options);
  const { sequence, target } = drawn(kind, "tokens", 2, 3);
  accumulateGradient(network, sequence, target);
  network.forward(sequence);
  return network;
}

describe.each(builds)("out of memory, %s build", (build) => {
  const engine = guardedEngine(build);
  const { arena } = engine;

  it.each(operations)("at any reservation of %s changes nothing, and the next try works", (name, run) => {
    let refused = 0;
    for (const kind of kinds) {
      const control = networkAtWork(engine, kind);
      const counter = failAt(arena, -1);
      const expected = run(control, kind);
      const count = counter.count();
      counter.restore();
      control.dispose();
      for (let n = 1; n <= count; n++, refused++) {
        const network = networkAtWork(engine, kind);
        const before = [parameterBits(network), gradientBits(network)];
        const failure = failAt(arena, n);
        expect(() => run(network, kind), `${kind.name}, reservation ${n}`).toThrow(OutOfMemoryError);
        failure.restore();
        expect([parameterBits(network), gradientBits(network)]).toEqual(before);
        expect(run(network, kind)).toBe(expected);
        network.dispose();
        expect(arena.brokenGuards()).toEqual([]);
        expect(arena.reserved).toBe(0);
      }
    }
    expect(refused, name).toBeGreaterThan(0);
  });

  it("in a forward leaves the tape, which backward needs no memory for", () => {
    for (const kind of kinds) {
      const { target } = drawn(kind, "tokens", 2, 3);
      const backward = (network: RecurrentNetwork): string => {
        const none = failAt(arena, 1);
        const { loss, stateGradient } = network.backward(target);
        none.restore();
        return `${loss} ${bitsOf(stateGradient.h)} ${gradientBits(network)}`;
      };
      using control = networkAtWork(engine, kind);
      const expected = backward(control);
      for (const [, run] of operations.filter(
        ([name]) => name.startsWith("forward") || name.startsWith("a training"),
      )) {
        using network = networkAtWork(engine, kind);
        const failure = failAt(arena, 1);
        expect(() => run(network, kind)).toThrow(OutOfMemoryError);
        failure.restore();
        expect(backward(network)).toBe(expected);
      }
    }
    expect(arena.reserved).toBe(0);
  });

  it("in createNetwork holds nothing", () => {
    for (const { options } of kinds) {
      const failure = failAt(arena, 1);
      expect(() => networkIn(engine, options)).toThrow(OutOfMemoryError);
      failure.restore();
      expect(arena.reserved).toBe(0);
      networkIn(engine, options).dispose();
    }
  });

  it("is what too much is, of memory or of outputs, and the network goes on", () => {
    using network = createNetwork({ inputSize: 2, hiddenSize: 700, outputSize: 1 }, { build });
    const small = { steps: 2, batch: 1, tokens: Uint8Array.of(0, 1) };
    const expected = network.forward(small);
    // 2^21 rows of 704 floats would be 5.9 GB.
    const tokens = new Uint8Array(2 ** 21);
    for (const [steps, batch] of [
      [2 ** 21, 1],
      [1, 2 ** 21],
    ]) {
      expect(() => network.forward({ steps, batch, tokens })).toThrow(OutOfMemoryError);
    }
    expect(() => network.forward({ steps: 1, batch: 2 ** 21, tokens }, { keepTape: false })).toThrow(
      OutOfMemoryError,
    );
    expect(() => network.session({ batch: 2 ** 21 })).toThrow(OutOfMemoryError);
    expect(network.forward(small)).toEqual(expected);
    // 2^21·2^19 outputs are more than an array can hold.
    using wide = createNetwork({ inputSize: 2, hiddenSize: 1, outputSize: 2 ** 19 }, { build });
    for (const keepTape of [true, false]) {
      expect(() => wide.forward({ steps: 2 ** 21, batch: 1, tokens }, { keepTape })).toThrow(
        OutOfMemoryError,
      );
      expect(() => wide.forward({ steps: 2 ** 21, batch: 1, tokens }, { keepTape })).toThrow(/"outputs"/);
    }
  });
});
