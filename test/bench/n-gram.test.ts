import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NGrams } from "../../bench/n-gram.js";

/** How often each n-gram occurs, by its tokens joined. */
function countsOf(tokens: readonly number[], n: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let at = 0; at + n <= tokens.length; at++) {
    const key = tokens.slice(at, at + n).join();
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** Chen & Goodman 1999, equations 24 to 26, and 21 for shorter n-grams, by going through all n-grams each time. */
function probabilityByHand(
  text: readonly number[],
  { order, size }: { order: number; size: number },
  before: readonly number[],
  token: number,
): number {
  const most = Math.min(order, before.length + 1);
  const at = (n: number): number => {
    if (n === 0) return 1 / size;
    const grams = countsOf(text, n);
    const longer = [...countsOf(text, n + 1).keys()];
    const count = (key: string): number =>
      n === order ? (grams.get(key) ?? 0) : longer.filter((one) => one.endsWith(`,${key}`)).length;
    const all = [...grams.keys()].map(count);
    const [n1, n2, n3, n4] = [1, 2, 3, 4].map((c) => all.filter((one) => one === c).length);
    const y = n1 === 0 ? 0 : n1 / (n1 + 2 * n2);
    const discount = (c: number): number => {
      if (c === 0) return 0;
      const [here, next] = c === 1 ? [n1, n2] : c === 2 ? [n2, n3] : [n3, n4];
      return here === 0 ? 0 : Math.max(0, Math.min(c, 3) - ((Math.min(c, 3) + 1) * y * next) / here);
    };
    const context = n === 1 ? [] : before.slice(1 - n);
    const following = Array.from({ length: size }, (_, next) => count([...context, next].join()));
    const total = following.reduce((sum, c) => sum + c, 0);
    if (total === 0) return at(n - 1);
    const given = following.reduce((sum, c) => sum + discount(c), 0);
    return (following[token] - discount(following[token])) / total + (given / total) * at(n - 1);
  };
  // Without what came before a longer n-gram, it is not asked for; where it never came, shorter ones answer.
  return at(most);
}

const texts = fc.record({
  size: fc.integer({ min: 1, max: 5 }),
  order: fc.integer({ min: 1, max: 4 }),
  drawn: fc.array(fc.nat(999), { minLength: 1, maxLength: 40 }),
  asked: fc.array(fc.nat(999), { maxLength: 5 }),
});

describe("n-grams by interpolated Kneser–Ney smoothing", () => {
  it("have probabilities that sum to 1 behind any tokens, as the formulas say", () => {
    let seen = 0;
    fc.assert(
      fc.property(texts, ({ size, order, drawn, asked }) => {
        const text = drawn.map((number) => number % size);
        const before = asked.map((number) => number % size);
        const grams = new NGrams(Int32Array.from(text), order, size);
        let sum = 0;
        for (let token = 0; token < size; token++) {
          const p = grams.probability(before, token);
          expect(p).toBeGreaterThanOrEqual(0);
          // Sums of up to 40 terms in float64, in another order.
          expect(p).toBeCloseTo(probabilityByHand(text, { order, size }, before, token), 12);
          sum += p;
        }
        expect(sum).toBeCloseTo(1, 12);
        if (text.join().includes(before.slice(-2).join()) && before.length > 1) seen++;
      }),
      { seed: 1, numRuns: 1000 },
    );
    expect(seen).toBeGreaterThan(300);
  });

  it("have a loss that is the mean −ln p of each token behind those before it", () => {
    const text = [0, 1, 2, 0, 1, 0, 2, 1, 0, 1, 2, 2, 0, 1, 1];
    const heldOut = [0, 1, 2, 2, 1, 0];
    for (const order of [1, 2, 3]) {
      const grams = new NGrams(Int32Array.from(text), order, 3);
      const terms = heldOut
        .slice(1)
        .map(
          (token, i) => -Math.log(grams.probability(heldOut.slice(Math.max(0, i + 2 - order), i + 1), token)),
        );
      const mean = terms.reduce((sum, term) => sum + term, 0) / terms.length;
      expect(grams.loss(Int32Array.from(heldOut))).toBeCloseTo(mean, 12);
    }
  });
});
