import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cellNames, cells } from "../../src/network/cells/by-name.js";
import { isDiagonal } from "../../src/network/cells/cell.js";
import { InvalidStateError } from "../../src/errors.js";
import { sample, type SampleOptions } from "../../src/infer/sample.js";
import { createNetwork } from "../../src/network/create-network.js";
import { builds } from "../builds.js";
import { probabilitiesByHand, standIn } from "./logits.js";

/** Σ (seen − expected)² / expected over the tokens that may come; the others must not. */
function chiSquare(tokens: Int32Array, expected: readonly number[]): number {
  const seen = expected.map((_, token) => tokens.filter((one) => one === token).length);
  return expected.reduce((sum, p, token) => {
    if (p === 0) {
      expect(seen[token]).toBe(0);
      return sum;
    }
    const mean = p * tokens.length;
    return sum + (seen[token] - mean) ** 2 / mean;
  }, 0);
}

/** Pairs of this χ² are exceeded by chance in 1 of 10,000 runs; index: degrees of freedom. The seeds are fixed. */
const LIMITS = [0, 15.14, 18.42, 21.11, 23.51, 25.74, 27.86];

describe("sample", () => {
  const logits = [0.3, -1, 2, 0.3, 1.25, -4, 1.9];
  it.each<Omit<SampleOptions, "length">>([
    {},
    { temperature: 0.5 },
    { temperature: 3 },
    { temperature: 1e30 },
    { topK: 1 },
    { topK: 3 },
    { topK: 4 }, // tokens 0 and 3 are equals, and 0 is the first
    { topK: 5, temperature: 2 },
    { topK: 7 },
    { topK: 1000 },
    { topP: 1e-9 },
    { topP: 0.38 },
    { topP: 0.4 },
    { topP: 0.9 },
    { topP: 0.999 },
    { topP: 1 },
    { topK: 3, topP: 0.6 },
    { topK: 3, topP: 0.95, temperature: 0.7 },
    { topK: 3, topP: 1 },
    { exclude: [2] },
    { exclude: [5, 2, 5], temperature: 0.5 },
    { exclude: Uint8Array.of(0, 6), topK: 3 },
    { exclude: [2], topK: 6 },
    { exclude: [4, 6], topP: 0.9, topK: 4 },
    { exclude: [0, 1, 2, 3, 5, 6] },
  ])("draws by probability: %o", (options) => {
    const session = standIn(7, () => logits);
    const tokens = sample(session, { ...options, length: 20_000, prime: [0], seed: 5 });
    const expected = probabilitiesByHand(logits, options);
    const freedom = expected.filter((p) => p > 0).length - 1;
    expect(chiSquare(tokens, expected)).toBeLessThanOrEqual(LIMITS[freedom]);
  });

  // By ln of probabilities 1/2, 1/4, 1/8, 1/8: the set's probability, and the tokens that may come.
  it.each([
    [0.49, [2]],
    [0.51, [2, 0]],
    [0.74, [2, 0]],
    [0.76, [2, 0, 1]],
    [0.87, [2, 0, 1]],
    [0.88, [2, 0, 1, 3]],
  ])("keeps the fewest tokens whose probability is at least %d", (topP, kept) => {
    const session = standIn(4, () => [0.25, 0.125, 0.5, 0.125].map(Math.log));
    const tokens = sample(session, { length: 400, prime: [0], topP });
    expect(new Set(tokens)).toEqual(new Set(kept));
  });

  it.each([
    [0.24, 1],
    [0.25, 1],
    [0.26, 2],
    [0.5, 2],
    [0.75, 3],
    [0.99, 4],
  ])("keeps no more of four equals than it takes to reach %d exactly", (topP, count) => {
    const session = standIn(4, () => [7, 7, 7, 7]);
    const tokens = sample(session, { length: 200, prime: [0], topP });
    expect(Math.max(...tokens)).toBe(count - 1);
    expect(new Set(tokens).size).toBe(count);
  });

  it("keeps what a slow reference keeps, whatever the logits", () => {
    const options = fc.record({
      logits: fc.array(
        fc.oneof(fc.integer({ min: -3, max: 3 }), fc.float({ min: -8, max: 8, noNaN: true })),
        {
          minLength: 1,
          maxLength: 20,
        },
      ),
      topK: fc.integer({ min: 1, max: 22 }),
      topP: fc.constantFrom(0.001, 0.1234567, 0.4567891, 0.7891234, 0.9876543, 1),
      temperature: fc.constantFrom(0.1, 1, 1.5),
      exclude: fc.array(fc.nat(19), { maxLength: 6 }),
      seed: fc.integer(),
    });
    fc.assert(
      fc.property(options, ({ logits, ...given }) => {
        const exact = Array.from(new Float32Array(logits));
        // One token at least is left.
        const exclude = given.exclude.filter(
          (token) => token < exact.length && token !== given.topK % exact.length,
        );
        const choice = { ...given, exclude };
        using session = standIn(exact.length, () => exact);
        const tokens = sample(session, { ...choice, length: 30, prime: [0] });
        const allowed = probabilitiesByHand(exact, choice);
        for (const token of tokens) expect(allowed[token]).toBeGreaterThan(0);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it("draws the first token evenly where there is no prime", () => {
    const session = standIn(6, () => [9, 0, 0, 0, 0, 0]);
    for (const options of [{}, { prime: [] }, { temperature: 0, topK: 1, topP: 0.1 }]) {
      const firsts = Int32Array.from(
        { length: 6000 },
        (_, seed) => sample(session, { ...options, length: 1, seed })[0],
      );
      expect(chiSquare(firsts, Array<number>(6).fill(1 / 6))).toBeLessThan(LIMITS[5]);
    }
    const some = Int32Array.from(
      { length: 6000 },
      (_, seed) => sample(session, { exclude: [0, 3], length: 1, seed })[0],
    );
    expect(
      chiSquare(
        some,
        [0, 1, 1, 0, 1, 1].map((share) => share / 4),
      ),
    ).toBeLessThan(LIMITS[3]);
    expect(session.steps).toEqual([]); // the last token is not stepped
  });

  it.each<[string, number[], number]>([
    ["the likeliest", [1, 5, 2], 1],
    ["the first of equals", [1, 5, 5], 1],
    ["the first of all", [0, 0, 0], 0],
    ["the last", [-3, -2, -1], 2],
    ["among the largest numbers", [-3.4e38, 3.4e38, 3.3e38], 1],
    ["that float32 can just tell apart", [1, 1.0000001192092896, 1], 1],
  ])(
    "takes %s at temperature 0, for topK 1, for a tiny topP, and for tiny temperatures",
    (_, logits, best) => {
      const session = standIn(3, () => logits);
      const alone = logits.filter((logit) => logit === Math.max(...logits)).length === 1;
      const choices: Partial<SampleOptions>[] = [
        { temperature: 0 },
        { temperature: 0, topK: 2, topP: 0.5 },
        { topK: 1 },
        { topK: 1, temperature: 100 },
        { topP: 1e-12 },
        { topP: Number.MIN_VALUE },
        ...(alone ? [{ temperature: 1e-30 }, { temperature: Number.MIN_VALUE }] : []),
      ];
      for (const choice of choices) {
        expect([...sample(session, { ...choice, length: 5, prime: [0] })]).toEqual(
          Array<number>(5).fill(best),
        );
      }
    },
  );

  it("draws evenly among equals at any temperature", () => {
    const session = standIn(4, () => [3e38, 3e38, 3e38, -3e38]);
    for (const temperature of [Number.MIN_VALUE, 1e-30, 1, 1e30]) {
      const tokens = sample(session, { length: 3000, prime: [0], temperature });
      expect(chiSquare(tokens, [1 / 3, 1 / 3, 1 / 3, 0])).toBeLessThan(LIMITS[2]);
    }
  });

  it("steps through the prime and every token but the last", () => {
    const cases = fc.record({
      prime: fc.array(fc.nat(4), { maxLength: 5 }),
      length: fc.nat(8),
      seed: fc.integer(),
    });
    fc.assert(
      fc.property(cases, ({ prime, length, seed }) => {
        using session = standIn(5, (steps) =>
          Array.from({ length: 5 }, (_, i) => Math.sin(i + steps.length)),
        );
        const tokens = sample(session, { prime, length, seed });
        expect(tokens).toHaveLength(length);
        expect(session.steps).toEqual([...prime, ...tokens.subarray(0, -1)]);
        expect(session.restored).toEqual([]);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it("draws each token from the outputs after the one before", () => {
    // After token n comes n + 1, or n + 2 in one of four draws.
    const session = standIn(8, (steps) => {
      const last = steps.at(-1) ?? 0;
      return Array.from({ length: 8 }, (_, i) =>
        [1, 2].includes((i - last + 8) % 8) ? Math.log((i - last + 8) % 8 === 1 ? 3 : 1) : -90,
      );
    });
    const tokens = sample(session, { length: 10_000, prime: [3], seed: 2 });
    const jumps = tokens.map((token, i) => (token - (i === 0 ? 3 : tokens[i - 1]) + 8) % 8);
    expect(chiSquare(jumps, [0, 0.75, 0.25])).toBeLessThan(LIMITS[1]);
  });

  it("gives the same for the same seed, and other tokens for others", () => {
    const session = standIn(5, () => [0, 0, 0, 0, 0]);
    const draw = (seed?: number): string => sample(session, { length: 40, seed }).join("");
    const seeds = [0, 1, 2, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
    expect(new Set(seeds.map(draw)).size).toBe(seeds.length);
    for (const seed of seeds) expect(draw(seed)).toBe(draw(seed));
    expect(draw(undefined)).toBe(draw(0));
    expect(draw(-0)).toBe(draw(0));
  });
});

describe("sample of a network", () => {
  const sizes = {
    inputSize: 7,
    hiddenSize: 9,
    outputSize: 7,
    seed: 4,
    initialization: { recurrent: "orthogonal" },
  } as const;

  it.each(cellNames)("follows its forward: %s", (cell) => {
    for (const build of builds) {
      const initialization = isDiagonal(cells[cell]) ? {} : sizes.initialization;
      using network = createNetwork({ ...sizes, cell, initialization }, { build });
      using session = network.session();
      const prime = [3, 1, 4];
      const tokens = sample(session, { length: 12, prime, temperature: 0 });
      const all = [...prime, ...tokens];
      const { outputs, state } = network.forward({
        steps: 14,
        batch: 1,
        tokens: Uint8Array.from(all.slice(0, -1)),
      });
      const likeliest = Array.from({ length: 14 }, (_, t) => {
        const row = [...outputs.subarray(t * 7, t * 7 + 7)];
        return row.indexOf(Math.max(...row));
      });
      expect([...tokens]).toEqual(likeliest.slice(2));
      const { h } = session.state;
      h.forEach((value, i) => {
        expect(value).toBeCloseTo(state.h[i], 5); // the one-step products sum in another order
      });
    }
  });

  it("goes on from where the session stands", () => {
    using network = createNetwork(sizes);
    using session = network.session();
    const whole = sample(session, { length: 20, prime: [2], temperature: 0 });
    session.reset();
    const first = sample(session, { length: 8, prime: [2], temperature: 0 });
    const second = sample(session, { length: 12, prime: first.subarray(-1), temperature: 0 });
    expect([...first, ...second]).toEqual([...whole]);
  });

  it("is the same from every session in the same state", () => {
    using network = createNetwork({ ...sizes, cell: "lstm" });
    using one = network.session();
    sample(one, { length: 5, seed: 9 });
    using other = network.session({ state: one.state });
    const options = { length: 50, prime: [1], temperature: 2, seed: 3 };
    expect(sample(other, options)).toEqual(sample(one, options));
  });

  it("reads the prime for no tokens at all, and without it does nothing", () => {
    using network = createNetwork(sizes);
    using session = network.session();
    const before = session.state;
    expect(sample(session, { length: 0 })).toEqual(new Int32Array());
    expect(session.state).toEqual(before);
    expect(sample(session, { length: 0, prime: [1, 2] })).toEqual(new Int32Array());
    const { state } = network.forward({ steps: 2, batch: 1, tokens: Uint8Array.of(1, 2) });
    session.state.h.forEach((value, i) => {
      expect(value).toBeCloseTo(state.h[i], 6);
    });
  });

  it("says so when the network diverged, and leaves the state as it was", () => {
    for (const value of [NaN, Infinity, -Infinity]) {
      using network = createNetwork(sizes);
      using session = network.session();
      session.step(3);
      const before = session.state;
      const bias = network.parameter("head.bias");
      bias.write(bias.read().fill(value, 2, 3));
      for (const options of [{ temperature: 0 }, { temperature: 1 }, { topK: 1 }, { prime: [1, 2] }]) {
        const act = (): unknown => sample(session, { length: 4, ...options });
        expect(act).toThrow(InvalidStateError);
        expect(act).toThrow(`outputs are not finite (${value} for token 2)`);
        expect(session.state).toEqual(before);
      }
    }
  });

  it("leaves the state as it was when a step fails", () => {
    const session = standIn(3, (steps) => {
      if (steps.length === 4) throw new RangeError("no room");
      return [1, 2, 3];
    });
    session.step(1);
    expect(() => sample(session, { length: 9, prime: [1] })).toThrow("no room");
    expect(session.restored).toEqual([{ h: Float32Array.of(1) }]);
  });
});
