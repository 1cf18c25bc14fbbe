/** Seeded contents of tensors. */

import type { Random } from "../../src/random.js";

export type Kind = "integers" | "fractions";

/** Each dimension of the tables: around a vector of 4, a panel of 8 and a tile of 4 or 6 rows. */
export const sizes: readonly number[] = [1, 3, 4, 5, 8, 17, 64];

/** In ±bound, evenly. */
export function fractions(random: Random, length: number, bound = 1): Float32Array {
  return Float32Array.from({ length }, () => (2 * random.uniform() - 1) * bound);
}

/** In −8 … 8: a sum of up to 2^18 products of two is exact in float32, whatever its order. */
export function integers(random: Random, length: number): Float32Array {
  return Float32Array.from({ length }, () => random.integer(17) - 8);
}

export function valuesOf(kind: Kind, random: Random, length: number): Float32Array {
  return kind === "integers" ? integers(random, length) : fractions(random, length);
}

/** [rows, columns] to [columns, rows]. */
export function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
  return Float32Array.from(values, (_, i) => values[(i % rows) * columns + Math.floor(i / rows)]);
}
