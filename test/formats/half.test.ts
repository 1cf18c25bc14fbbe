import { describe, expect, it } from "vitest";
import { HALF_OVERFLOW, narrowToHalves, widenBrainFloats, widenHalves } from "../../src/formats/half.js";
import { Random } from "../../src/random.js";

const PATTERNS = Uint16Array.from({ length: 0x1_0000 }, (_, i) => i);

/** The value of a floating-point number of 16 bits with so many bits of fraction, by its definition. */
function valueOf(pattern: number, fractionBits: number): number {
  const ones = 2 ** fractionBits;
  const sign = pattern >= 0x8000 ? -1 : 1;
  const exponent = Math.floor((pattern % 0x8000) / ones);
  const fraction = (pattern % ones) / ones;
  const top = 2 ** (15 - fractionBits) - 1;
  const bias = (top - 1) / 2;
  if (exponent === top) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}

/** The nearest F16, of two as near the even one, in float64, which holds every step exactly. */
function nearestHalf(value: number): number {
  const size = Math.abs(value);
  if (!(size < HALF_OVERFLOW)) return Math.sign(value) * Infinity || value;
  let unit = 2 ** -24;
  while (size / unit >= 2048) unit *= 2;
  const below = Math.floor(size / unit);
  const rest = size / unit - below;
  const up = rest > 0.5 || (rest === 0.5 && below % 2 === 1);
  return (Object.is(Math.sign(value), -0) || value < 0 ? -1 : 1) * (below + (up ? 1 : 0)) * unit;
}

/** `Math.f16round`, where the engine has it. */
const f16round: unknown = Reflect.get(Math, "f16round");

/** Holds the rounding of each value to the oracle, and to the engine's own where there is one. */
function expectNearest(values: Float32Array): void {
  const rounded = widenHalves(narrowToHalves(values));
  const wrong = Array.from(values).filter((value, i) => {
    const engine: unknown = typeof f16round === "function" ? f16round.call(Math, value) : rounded[i];
    return !Object.is(rounded[i], nearestHalf(value)) || !Object.is(rounded[i], engine);
  });
  expect(wrong.slice(0, 5)).toEqual([]);
}

describe("F16", () => {
  it("has the values of its definition, all 65,536", () => {
    const values = widenHalves(PATTERNS);
    const wrong = Array.from(PATTERNS).filter((i) => !Object.is(values[i], valueOf(i, 10)));
    expect(wrong).toEqual([]);
  });

  it("comes back bit for bit from float32, all 65,536, NaNs too", () => {
    expect(narrowToHalves(widenHalves(PATTERNS))).toEqual(PATTERNS);
  });

  it("is the nearest of any float32", () => {
    const random = new Random(1);
    const bits = Uint32Array.from({ length: 300_000 }, () => random.integer(2 ** 32));
    // Half of them of exponents that F16 has, or nearly.
    const near = bits.map((word, i) =>
      i % 2 === 0 ? word : ((word & 0x807f_ffff) | ((100 + (word % 45)) << 23)) >>> 0,
    );
    expectNearest(new Float32Array(near.buffer).filter((value) => !Number.isNaN(value)));
  });

  it("is the even one halfway between two, and the nearer beside", () => {
    const finite = Array.from(widenHalves(PATTERNS.subarray(0, 0x7c00)));
    const halfway = Float32Array.from([...finite.slice(1), 2 ** 16], (value, i) => (value + finite[i]) / 2);
    const bits = new Uint32Array(halfway.buffer);
    for (const by of [-1, 0, 1])
      for (const sign of [0, 0x8000_0000])
        expectNearest(new Float32Array(bits.map((word) => (word + by + sign) >>> 0).buffer));
  });

  it("keeps every NaN a NaN, with its sign", () => {
    const bits = Uint32Array.of(0x7f80_0001, 0xff80_0001, 0x7fff_ffff, 0xffc0_0000, 0x7f80_2000);
    expect([...narrowToHalves(new Float32Array(bits.buffer))]).toEqual([
      0x7e00, 0xfe00, 0x7fff, 0xfe00, 0x7c01,
    ]);
  });

  it("ends below 65520", () => {
    const values = Float32Array.of(65_519.996, HALF_OVERFLOW, -65_519.996, -HALF_OVERFLOW);
    expect([...widenHalves(narrowToHalves(values))]).toEqual([65_504, Infinity, -65_504, -Infinity]);
  });

  it("is made of a part of a buffer", () => {
    expect(narrowToHalves(Float32Array.of(9, 1, 2, 9).subarray(1, 3))).toEqual(
      Uint16Array.of(0x3c00, 0x4000),
    );
  });
});

describe("BF16", () => {
  it("has the values of its definition, all 65,536", () => {
    const values = widenBrainFloats(PATTERNS);
    const wrong = Array.from(PATTERNS).filter((i) => !Object.is(values[i], valueOf(i, 7)));
    expect(wrong).toEqual([]);
  });
});
