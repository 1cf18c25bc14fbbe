/**
 * Predicts tokens by how often they came after the ones before: interpolated Kneser–Ney smoothing with three discounts (Chen &
 * Goodman 1999, "An empirical study of smoothing techniques for language modeling", section 3), the baseline of language models.
 */

/** Holds the n-grams of one length, each under a number. */
class Grams {
  /** The number of an n-gram, by the number of what stands before its last token, and that token. */
  readonly ids = new Map<number, number>();
  /** The number of what stands before. */
  readonly contexts: number[] = [];
  /** How often each occurs; where it is not of the longest, how many different tokens come before it. */
  readonly counts: number[] = [];
  private readonly tokens: number;

  constructor(tokens: number) {
    this.tokens = tokens;
  }

  find(context: number, token: number): number | undefined {
    return this.ids.get(context * this.tokens + token);
  }

  add(context: number, token: number): number {
    const id = this.contexts.length;
    this.ids.set(context * this.tokens + token, id);
    this.contexts.push(context);
    this.counts.push(0);
    return id;
  }
}

/** Says, of one length, how much of each count goes to shorter n-grams. */
interface Smoothing {
  /** By count: none, one, two, three and more. */
  readonly discounts: readonly number[];
  /** Of each context, what follows it in all, and how much of that is given away. */
  readonly totals: Float64Array;
  readonly given: Float64Array;
}

function smoothingOf({ counts, contexts }: Grams, contextCount: number): Smoothing {
  const [n1, n2, n3, n4] = [1, 2, 3, 4].map((count) => counts.filter((one) => one === count).length);
  const y = n1 === 0 ? 0 : n1 / (n1 + 2 * n2);
  const discount = (count: number, n: number, next: number): number =>
    n === 0 ? 0 : Math.max(0, count - ((count + 1) * y * next) / n);
  const discounts = [0, discount(1, n1, n2), discount(2, n2, n3), discount(3, n3, n4)];
  const totals = new Float64Array(contextCount);
  const given = new Float64Array(contextCount);
  counts.forEach((count, id) => {
    totals[contexts[id]] += count;
    given[contexts[id]] += discounts[Math.min(count, 3)];
  });
  return { discounts, totals, given };
}

export class NGrams {
  private readonly size: number;
  /** By length − 1. */
  private readonly grams: readonly Grams[];
  private readonly smoothing: readonly Smoothing[];

  /** Counts the n-grams, of up to `order` tokens, of a text whose tokens are in [0, size). */
  constructor(tokens: Int32Array, order: number, size: number) {
    this.size = size;
    this.grams = Array.from({ length: order }, () => new Grams(size));
    // Numbers of the n-grams that end at the token before, by length.
    let before: readonly number[] = [0];
    for (const token of tokens) before = this.count(before, token);
    this.smoothing = this.grams.map((grams, n) =>
      smoothingOf(grams, n === 0 ? 1 : this.grams[n - 1].contexts.length),
    );
  }

  private count(before: readonly number[], token: number): readonly number[] {
    const now = [0];
    this.grams.slice(0, before.length).forEach((grams, n) => {
      let id = grams.find(before[n], token);
      if (id === undefined) {
        id = grams.add(before[n], token);
        if (n > 0) this.grams[n - 1].counts[now[n]]++;
      }
      if (n === this.grams.length - 1) grams.counts[id]++;
      now.push(id);
    });
    return now.slice(0, this.grams.length);
  }

  /** Returns the probability of a token behind others, of which the nearest count. */
  probability(before: ArrayLike<number>, token: number): number {
    let p = 1 / this.size;
    for (let n = 0; n < this.grams.length && n <= before.length; n++) {
      const context = this.find(before, n);
      const { discounts, totals, given } = this.smoothing[n];
      if (context === undefined || totals[context] === 0) return p;
      const id = this.grams[n].find(context, token);
      const count = id === undefined ? 0 : this.grams[n].counts[id];
      p = (count - discounts[Math.min(count, 3)] + given[context] * p) / totals[context];
    }
    return p;
  }

  /** Returns the number of the last n tokens, undefined where the text did not have them in a row. */
  private find(before: ArrayLike<number>, n: number): number | undefined {
    let id: number | undefined = 0;
    for (let i = 0; i < n && id !== undefined; i++)
      id = this.grams[i].find(id, before[before.length - n + i]);
    return id;
  }

  /** Returns the mean −ln p of all tokens but the first. */
  loss(tokens: Int32Array): number {
    let sum = 0;
    for (let at = 1; at < tokens.length; at++) {
      const before = tokens.subarray(Math.max(0, at - this.grams.length + 1), at);
      sum -= Math.log(this.probability(before, tokens[at]));
    }
    return sum / (tokens.length - 1);
  }
}
