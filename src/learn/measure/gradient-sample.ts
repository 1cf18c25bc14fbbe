/** Measures how gradients differ from the full one and from each other. */

/** Describes how far a gradient g is from the full one g*, for one parameter or for all together. */
export interface GradientDistance {
  /** ⟨g, g*⟩ / (‖g‖ ‖g*‖): 1 where both point the same way; NaN where one of them is all zeros. */
  cosine: number;
  /** ‖g − g*‖ / ‖g*‖: 0 where both are the same; Infinity where g* alone is all zeros. */
  relativeDifference: number;
}

/** Describes the draws of a rule's gradient beside the full gradient g*. */
export interface SampleMeasurement {
  /** Number of gradients that were drawn; 1 for a rule that does not draw. */
  draws: number;
  /**
   * Distance of the mean of the draws from g*, all parameters together: the rule's bias, as far as
   * `samplingError` lets it show.
   */
  overall: GradientDistance;
  /** Distance of the mean of the draws from g* for each parameter, by its name. */
  parameters: Map<string, GradientDistance>;
  /** Noise of one draw, tr Cov(g) / ‖g*‖²; 0 for a rule that does not draw, NaN after a single draw. */
  noise: number;
  /** √(noise / draws), the `overall.relativeDifference` that is expected without any bias. */
  samplingError: number;
}

type Gradients = ReadonlyMap<string, Float64Array>;

/**
 * Accumulates gradients of one rule, their mean and their spread (Welford 1962, "Note on a method for
 * calculating corrected sums").
 */
export class GradientSample {
  count = 0;
  private readonly full: Gradients;
  private readonly means: ReadonlyMap<string, Float64Array>;
  /** Σ over draws and elements of squared differences from the mean. */
  private spread = 0;

  constructor(full: Gradients) {
    this.full = full;
    this.means = new Map([...full].map(([name, { length }]) => [name, new Float64Array(length)]));
  }

  add(gradients: Gradients): void {
    this.count++;
    for (const [name, mean] of this.means) {
      const gradient = gradients.get(name) ?? mean;
      for (let i = 0; i < mean.length; i++) {
        const before = gradient[i] - mean[i];
        mean[i] += before / this.count;
        this.spread += before * (gradient[i] - mean[i]);
      }
    }
  }

  measure(): SampleMeasurement {
    const { count, full, means, spread } = this;
    const pairs = [...full].map(([name, exact]) => ({
      name,
      products: productsOf(means.get(name) ?? exact, exact),
    }));
    const all = sumOf(pairs.map(({ products }) => products));
    const noise = count < 2 ? NaN : ratio(spread / (count - 1), all.exact);
    return {
      draws: count,
      overall: distanceOf(all),
      parameters: new Map(pairs.map(({ name, products }) => [name, distanceOf(products)])),
      noise,
      samplingError: Math.sqrt(noise / count),
    };
  }
}

/** Holds sums over elements of products of a gradient g and the full gradient g*. */
interface Products {
  /** Σ g², Σ g*², Σ g·g* and Σ (g − g*)², in this order. */
  readonly given: number;
  readonly exact: number;
  readonly both: number;
  readonly difference: number;
}

function productsOf(given: Float64Array, exact: Float64Array): Products {
  const sums = { given: 0, exact: 0, both: 0, difference: 0 };
  for (let i = 0; i < given.length; i++) {
    const [a, b] = [given[i], exact[i]];
    sums.given += a * a;
    sums.exact += b * b;
    sums.both += a * b;
    sums.difference += (a - b) * (a - b);
  }
  return sums;
}

function sumOf(parts: readonly Products[]): Products {
  return parts.reduce((sum, part) => ({
    given: sum.given + part.given,
    exact: sum.exact + part.exact,
    both: sum.both + part.both,
    difference: sum.difference + part.difference,
  }));
}

/** Returns a / b, and 0 where a is 0, even for b = 0. */
function ratio(a: number, b: number): number {
  return a === 0 ? 0 : a / b;
}

function distanceOf({ given, exact, both, difference }: Products): GradientDistance {
  return {
    cosine: Math.min(1, Math.max(-1, both / (Math.sqrt(given) * Math.sqrt(exact)))), // NaN stays
    relativeDifference: Math.sqrt(ratio(difference, exact)),
  };
}
