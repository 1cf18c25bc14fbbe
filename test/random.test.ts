import { describe, expect, it } from "vitest";
import { naturalLogarithm, Random } from "../src/random.js";

const MANY = 100_000;

function draw<Item>(length: number, f: () => Item): Item[] {
  return Array.from({ length }, f);
}

function mean(values: readonly number[], f = (x: number): number => x): number {
  return values.reduce((sum, x) => sum + f(x), 0) / values.length;
}

/** Σ (count − expected)²/expected over equally likely outcomes 0 … n − 1. */
function chiSquare(outcomes: readonly number[], n: number): number {
  const counts = new Array<number>(n).fill(0);
  for (const outcome of outcomes) counts[outcome]++;
  const expected = outcomes.length / n;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** Five standard deviations above the mean of a χ² of n − 1 degrees of freedom, and some more where n is small. */
function chiLimit(n: number): number {
  return n - 1 + 5 * Math.sqrt(2 * (n - 1)) + 12;
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const [ma, mb] = [mean(a), mean(b)];
  const product = mean(a.map((x, i) => (x - ma) * (b[i] - mb)));
  return product / Math.sqrt(mean(a, (x) => (x - ma) ** 2) * mean(b, (x) => (x - mb) ** 2));
}

describe("the generator", () => {
  it("is xoshiro128++: the reference implementation's first numbers from the state 1, 2, 3, 4", () => {
    const random = new Random(0);
    const state: unknown = Reflect.get(random, "state");
    if (!(state instanceof Uint32Array)) throw new Error("the state is elsewhere");
    state.set([1, 2, 3, 4]);
    expect(draw(10, () => random.bits())).toEqual([
      641, 1573767, 3222811527, 3517856514, 836907274, 4247214768, 3867114732, 1355841295, 495546011,
      621204420,
    ]);
  });

  it.each([
    { seed: 0, stream: 0, bits: [769091061, 2336213345, 1107947598, 2541573287] },
    { seed: 1, stream: 0, bits: [3784982415, 3763909701, 1597560983, 509832498] },
    { seed: 0, stream: 1, bits: [3916253962, 385677446, 2320449824, 2849073723] },
    { seed: -1, stream: 0, bits: [3290713468, 1512148891, 3843966982, 972515113] },
    { seed: Number.MAX_SAFE_INTEGER, stream: 7, bits: [1552356225, 1632913403, 4207595696, 657748407] },
    { seed: Number.MIN_SAFE_INTEGER, stream: 0, bits: [293531121, 1879708274, 282105801, 1195990370] },
  ])("gives the recorded bits from seed $seed, stream $stream", ({ seed, stream, bits }) => {
    const random = new Random(seed, stream);
    expect(draw(4, () => random.bits())).toEqual(bits);
  });

  it("takes safe integers as seeds, −0 as 0", () => {
    const first = (seed: number): number[] => {
      const random = new Random(seed);
      return draw(4, () => random.bits());
    };
    expect(first(-0)).toEqual(first(0));
    for (const seed of [NaN, 0.5, Infinity, 2 ** 53])
      expect(() => new Random(seed)).toThrow(/^"seed" expected an integer/);
    const seeds = [0, 1, -1, 2 ** 32, 2 ** 32 + 1, -(2 ** 32), 2 ** 33, 2 ** 52, Number.MAX_SAFE_INTEGER];
    expect(new Set(seeds.map((seed) => first(seed).join())).size).toBe(seeds.length);
  });

  it("sets every bit half of the time", () => {
    const random = new Random(1);
    const all = draw(MANY, () => random.bits());
    for (let bit = 0; bit < 32; bit++) {
      // Five standard errors of a fair coin.
      const share = mean(all, (x) => (x >>> bit) & 1);
      expect(Math.abs(share - 0.5), `bit ${bit}`).toBeLessThan(2.5 / Math.sqrt(MANY));
    }
  });
});

describe("seeds and streams next to each other", () => {
  // Five standard errors: of a correlation over n pairs, 1/√n.
  it.each([
    ["seeds", (i: number) => new Random(i)],
    ["negative seeds", (i: number) => new Random(-1 - i)],
    ["seeds 2^32 apart", (i: number) => new Random(i * 2 ** 32)],
    ["streams", (i: number) => new Random(5, i)],
  ])("%s give numbers that have nothing to do with each other", (_, create) => {
    const rows = Array.from({ length: 100 }, (__, i) => {
      const random = create(i);
      return draw(1000, () => random.uniform());
    });
    const limit = 5 / Math.sqrt(1000);
    for (let i = 1; i < rows.length; i++)
      expect(Math.abs(correlation(rows[i - 1], rows[i]))).toBeLessThan(limit);
    // First numbers, over the seeds themselves.
    const firsts = Array.from({ length: 10_000 }, (__, i) => create(i).uniform());
    expect(Math.abs(mean(firsts) - 0.5)).toBeLessThan(5 / Math.sqrt(12 * 10_000));
    expect(Math.abs(correlation(firsts.slice(1), firsts.slice(0, -1)))).toBeLessThan(5 / Math.sqrt(10_000));
    expect(
      chiSquare(
        firsts.map((x) => Math.floor(100 * x)),
        100,
      ),
    ).toBeLessThan(chiLimit(100));
  });

  it("a seed's streams are not its neighbours' streams", () => {
    const starts = Array.from({ length: 64 }, (_, i) => new Random(i >> 3, i & 7).bits());
    expect(new Set(starts).size).toBe(64);
  });
});

describe("uniform numbers", () => {
  const random = new Random(2);
  const all = draw(MANY, () => random.uniform());

  it("lie in [0, 1), of 53 bits", () => {
    for (const x of all) expect(x >= 0 && x < 1 && Number.isInteger(x * 2 ** 53)).toBe(true);
    expect(all.some((x) => !Number.isInteger(x * 2 ** 52))).toBe(true);
  });

  it("are even", () => {
    // Five standard errors of the first four moments, 1/(k + 1).
    for (const k of [1, 2, 3, 4]) {
      const error = Math.sqrt((1 / (2 * k + 1) - 1 / (k + 1) ** 2) / MANY);
      expect(Math.abs(mean(all, (x) => x ** k) - 1 / (k + 1))).toBeLessThan(5 * error);
    }
    expect(
      chiSquare(
        all.map((x) => Math.floor(x * 1000)),
        1000,
      ),
    ).toBeLessThan(chiLimit(1000));
    expect(Math.abs(correlation(all.slice(1), all.slice(0, -1)))).toBeLessThan(5 / Math.sqrt(MANY));
  });
});

describe("integers", () => {
  it.each([1, 2, 3, 6, 7, 10, 100, 255, 256, 1000])("below %d are equally likely", (n) => {
    const random = new Random(n);
    const all = draw(MANY, () => random.integer(n));
    expect(all.every((x) => Number.isInteger(x) && x >= 0 && x < n)).toBe(true);
    if (n > 1) expect(chiSquare(all, n)).toBeLessThan(chiLimit(n));
  });

  // Of 2^32 numbers these leave a remainder that would favour the small ones, twice as likely to come.
  it.each([3 * 2 ** 30, 2 ** 31 + 1, 2 ** 32 - 1, 2 ** 32])("below %d, too", (n) => {
    const random = new Random(3);
    const thirds = draw(30_000, () => random.integer(n)).map((x) => Math.floor((3 * x) / n));
    expect(chiSquare(thirds, 3)).toBeLessThan(chiLimit(3));
  });
});

describe("normal numbers", () => {
  const random = new Random(4);
  const all = draw(MANY, () => random.normal());

  // Five standard errors: the variance of xᵏ is (2k − 1)!! − the square of xᵏ's mean.
  it.each([
    { k: 1, moment: 0, variance: 1 },
    { k: 2, moment: 1, variance: 2 },
    { k: 3, moment: 0, variance: 15 },
    { k: 4, moment: 3, variance: 96 },
  ])("have the moment $moment of power $k", ({ k, moment, variance }) => {
    expect(Math.abs(mean(all, (x) => x ** k) - moment)).toBeLessThan(5 * Math.sqrt(variance / MANY));
  });

  it("have a normal's tails, and none follows from the one before", () => {
    for (const [limit, share] of [
      [1, 0.3173105],
      [2, 0.0455003],
      [3, 0.0026998],
    ]) {
      const beyond = mean(all, (x) => (Math.abs(x) > limit ? 1 : 0));
      expect(Math.abs(beyond - share)).toBeLessThan(5 * Math.sqrt((share * (1 - share)) / MANY));
    }
    expect(all.every(Number.isFinite)).toBe(true);
    expect(Math.abs(correlation(all.slice(1), all.slice(0, -1)))).toBeLessThan(5 / Math.sqrt(MANY));
  });
});

describe("the natural logarithm", () => {
  const bits = new DataView(new ArrayBuffer(8));

  /** The step from |x| to the next number. */
  function ulp(x: number): number {
    bits.setFloat64(0, Math.abs(x));
    bits.setBigUint64(0, bits.getBigUint64(0) + 1n);
    return bits.getFloat64(0) - Math.abs(x);
  }

  // Math.log is at most 1 ulp off itself, in every engine.
  it("is within 2 ulp of Math.log", () => {
    const random = new Random(5);
    const near1 = draw(20_000, () => 1 + (random.uniform() - 0.5) * 2 ** -random.integer(50));
    const wide = draw(20_000, () => (1 + random.uniform()) * 2 ** (random.integer(2046) - 1022));
    const squares = draw(20_000, () => random.uniform() ** 2);
    const edges = [
      1,
      2,
      0.5,
      Math.SQRT2,
      Math.SQRT1_2,
      Math.E,
      2 ** -1022,
      2 ** 1023,
      Number.MAX_VALUE,
      2 ** -104,
    ];
    let worst = 0;
    for (const x of [...near1, ...wide, ...squares, ...edges]) {
      if (x <= 0) continue;
      worst = Math.max(worst, Math.abs(naturalLogarithm(x) - Math.log(x)) / ulp(Math.log(x)));
    }
    expect(worst).toBeLessThanOrEqual(2);
    expect(naturalLogarithm(1)).toBe(0);
  });
});
