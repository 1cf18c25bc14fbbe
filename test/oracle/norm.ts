/** Layer normalisation in float64: x̂ = (a − mean(a))/√(var(a) + ε) of a vector (Ba, Kiros & Hinton 2016, eq. 4). */

/** As torch.nn.LayerNorm. */
export const EPSILON = 1e-5;

function mean(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** Returns 1/√(var(a) + ε), the variance being biased. */
function inverse(a: Float64Array): number {
  const centre = mean(a);
  return 1 / Math.sqrt(mean(a.map((value) => (value - centre) ** 2)) + EPSILON);
}

export function normalize(a: Float64Array): Float64Array {
  const centre = mean(a);
  const scale = inverse(a);
  return a.map((value) => (value - centre) * scale);
}

/** Returns the gradient of a, from that of x̂; the same map takes a tangent of a to that of x̂. */
export function normalizeBackward(a: Float64Array, d: Float64Array): Float64Array {
  const x = normalize(a);
  const scale = inverse(a);
  const along = mean(d.map((value, i) => value * x[i]));
  const centre = mean(d);
  return d.map((value, i) => (value - centre - x[i] * along) * scale);
}

/** Applies a map to parts of a vector that follow each other, of so many elements each. */
export function byParts(
  sizes: readonly number[],
  vectors: readonly Float64Array[],
  map: (...parts: Float64Array[]) => Float64Array,
): Float64Array {
  const out = new Float64Array(vectors[0].length);
  let at = 0;
  for (const size of sizes) {
    out.set(map(...vectors.map((vector) => vector.subarray(at, at + size))), at);
    at += size;
  }
  return out;
}
