import { expect, it } from "vitest";
import { addLogarithms } from "../../src/infer/log-sum.js";
import { Random } from "../../src/random.js";

it("adds what two logarithms stand for", () => {
  const random = new Random(1);
  for (let i = 0; i < 20_000; i++) {
    const [scale, gap] = [10 ** (8 * random.uniform() - 3), 50 * random.uniform() ** 3];
    const a = scale * (2 * random.uniform() - 1);
    const b = random.integer(2) === 0 ? a - gap : a + gap;
    const most = Math.max(a, b);
    const expected = most + Math.log1p(Math.exp(-Math.abs(a - b)));
    // A few roundings of the larger and of ln 2, the difference of the two being exact or nearly so.
    expect(Math.abs(addLogarithms(a, b) - expected)).toBeLessThanOrEqual(2 ** -51 * (Math.abs(expected) + 1));
    expect(addLogarithms(b, a)).toBe(addLogarithms(a, b));
  }
});

it.each([
  [-Infinity, -Infinity, -Infinity],
  [-Infinity, 3, 3],
  [-1e300, -Infinity, -1e300],
  [0, -41, 0],
  [0, -1e300, 0],
])("of %d and %d is %d", (a, b, sum) => {
  expect(addLogarithms(a, b)).toBe(sum);
  expect(addLogarithms(b, a)).toBe(sum);
});
