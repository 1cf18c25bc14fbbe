import { describe, expect, it, vi } from "vitest";
import { OutOfMemoryError } from "../../src/errors.js";
import { softmax } from "../../src/index.js";
import { engineFor } from "../../src/memory/engine.js";
import { Random } from "../../src/random.js";
import { normals } from "./drawn.js";
import { detached, impostors, invoke, misstated, noNumbers } from "./untyped.js";

function exact(logits: ArrayLike<number>, width: number): Float64Array {
  const out = new Float64Array(logits.length);
  for (let row = 0; row < logits.length; row += width) {
    const values = Array.from({ length: width }, (_, i) => logits[row + i]);
    const most = Math.max(...values);
    const powers = values.map((x) => Math.exp(x - most));
    const sum = powers.reduce((a, b) => a + b, 0);
    powers.forEach((power, i) => (out[row + i] = power / sum));
  }
  return out;
}

// exp is 1.1 ulp off, 1.3e-7; x − max x is rounded by 6e-8 of itself, and e^−x, for x up to 87, so by 87 times that; sums
// and quotients round once more each. Below e^−87 = 1.6e-38 exp is 0.
const tolerance = 87 * 6e-8 + 5e-7;

function expectClose(logits: Float32Array, width: number): void {
  const expected = exact(logits, width);
  const actual = softmax(logits, width);
  let excess = 0;
  actual.forEach((p, i) => {
    excess = Math.max(excess, Math.abs(p - expected[i]) - tolerance * expected[i]); // a NaN stays
  });
  expect(excess).toBeLessThanOrEqual(2e-38);
  const sums = Array.from({ length: actual.length / width }, (_, row) =>
    actual.slice(row * width, (row + 1) * width).reduce((a, b) => a + b, 0),
  );
  expect(sums.reduce((worst, sum) => Math.max(worst, Math.abs(sum - 1)), 0)).toBeLessThan(1e-6);
}

describe("softmax", () => {
  it.each([1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 64, 65, 100, 257])(
    "is the exact one's, rows of %d",
    (width) => {
      const random = new Random(width);
      // 256 rows are converted at a time.
      for (const rows of [1, 2, 5, 255, 256, 257, 600])
        for (const scale of [1, 30]) expectClose(normals(random, rows * width, scale), width);
    },
  );

  it.each([1, 3, 8, 17])("is stable for logits up to ±3e38, rows of %d", (width) => {
    for (const largest of [1e4, 1e30, 3e38]) {
      const logits = Float32Array.from({ length: 4 * width }, (_, i) => (i % 3 === 0 ? largest : -largest));
      expectClose(logits, width);
      expectClose(logits.fill(-largest), width);
      expectClose(logits.fill(largest), width);
    }
  });

  it("takes −∞ for what cannot be, and gives NaN for rows without sense", () => {
    const [none, infinite] = [-Infinity, Infinity];
    const rows = [
      [0, none, 0],
      [none, none, 5],
      [NaN, 0, 0],
      [infinite, 0, 0],
      [none, none, none],
      [1, 1, 1],
    ];
    const third = Math.fround(1 / 3);
    expect(softmax(Float32Array.from(rows.flat()), 3)).toEqual(
      Float32Array.of(0.5, 0, 0.5, 0, 0, 1, ...new Array<number>(9).fill(NaN), third, third, third),
    );
  });

  it("of nothing is nothing", () => {
    expect(softmax(new Float32Array(), 3)).toEqual(new Float32Array());
    expect(softmax(new Float32Array(), 2 ** 40)).toEqual(new Float32Array());
  });

  it("leaves the logits, fills and returns `out`, and may overwrite the logits", () => {
    const width = 3;
    const logits = normals(new Random(1), 900);
    const expected = softmax(logits.slice(), width);
    const before = logits.slice();
    const room = new Float32Array(902).fill(9);
    const out = room.subarray(1, 901);
    expect(softmax(logits, width, out)).toBe(out);
    expect(logits).toEqual(before);
    expect(room).toEqual(Float32Array.of(9, ...expected, 9));
    expect(softmax(logits, width, logits)).toBe(logits);
    expect(logits).toEqual(expected);
  });

  it.each([-3, -1, 1, 3, 300])("may write %d places from where it reads", (shift) => {
    const given = normals(new Random(2), 1500);
    const expected = softmax(given.slice(300, 1200), 3);
    softmax(given.subarray(300, 1200), 3, given.subarray(300 + shift, 1200 + shift));
    expect(given.subarray(300 + shift, 1200 + shift)).toEqual(expected);
  });

  it("reads and writes shared memory and subclasses", () => {
    const given = Float32Array.of(1, 2, 3, 4);
    const expected = [...softmax(given, 2)];
    class Subclass extends Float32Array {}
    const shared = new Float32Array(new SharedArrayBuffer(16));
    shared.set(given);
    expect([...softmax(shared, 2, new Subclass(4))]).toEqual(expected);
    expect([...softmax(Subclass.from(given), 2, shared)]).toEqual(expected);
  });

  const library = { softmax };
  const six = new Float32Array(6);
  const noArrays = [
    undefined,
    null,
    5,
    "text",
    {},
    [1, 2],
    new Float64Array(2),
    new Int32Array(2),
    ...impostors(six),
  ];
  const refusals: [
    argument: string,
    error: typeof TypeError | typeof RangeError,
    calls: readonly unknown[][],
  ][] = [
    ["logits", TypeError, noArrays.map((logits) => [logits, 2])],
    ["logits", RangeError, [4, 5, 7, 2 ** 40].map((width) => [six, width])],
    ["logits", RangeError, [[misstated(new Float32Array(7), 6), 3]]],
    ["width", TypeError, noNumbers.map((width) => [six, width])],
    ["width", RangeError, [0, -0, -3, 1.5, NaN, Infinity, 2 ** 53].map((width) => [six, width])],
    ["out", TypeError, noArrays.slice(1).map((out) => [six, 3, out])],
    [
      "out",
      RangeError,
      [new Float32Array(5), new Float32Array(7), detached(new Float32Array(6))].map((out) => [six, 3, out]),
    ],
  ];

  it.each(refusals)("refuses a bad %s with a %o", (argument, error, calls) => {
    const { arena } = engineFor("simd");
    const before = arena.reserved;
    for (const given of calls) {
      expect(() => invoke(library, "softmax", ...given)).toThrow(error);
      expect(() => invoke(library, "softmax", ...given)).toThrow(`"${argument}" expected `);
    }
    expect(arena.reserved).toBe(before);
  });

  it("holds no memory afterwards, nor where there is none", () => {
    const { arena } = engineFor("simd");
    const before = arena.reserved;
    softmax(six, 3);
    expect(arena.reserved).toBe(before);
    const reserve = vi.spyOn(arena, "reserve").mockImplementation(() => {
      throw new OutOfMemoryError("out of memory: as the test wants it");
    });
    const out = new Float32Array(6).fill(9);
    expect(() => softmax(six, 3, out)).toThrow(OutOfMemoryError);
    reserve.mockRestore();
    expect(out).toEqual(new Float32Array(6).fill(9));
    expect(arena.reserved).toBe(before);
  });
});
