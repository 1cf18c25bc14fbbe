/** Draws what parameters start from. */

import { Random } from "../../random.js";
import { cellOf } from "../cells/by-name.js";
import { directionsOf } from "../sizes.js";
import type { ParameterPlace, Parameters } from "./parameters.js";
import type { CompleteOptions } from "../types.js";

/** Draws from ±bound, evenly. */
function uniform(random: Random, length: number, bound: number): Float32Array {
  return Float32Array.from({ length }, () => (2 * random.uniform() - 1) * bound);
}

function identity(H: number): Float32Array {
  const values = new Float32Array(H * H);
  for (let i = 0; i < H; i++) values[i * H + i] = 1;
  return values;
}

/**
 * Draws a random orthogonal matrix, evenly from all of them (Stewart 1980, "The efficient generation of random orthogonal
 * matrices"): from the last coordinate to the first, an orthogonal matrix of one row more is a reflection, whose first
 * column points evenly in all directions, times diag(±1, the matrix so far).
 */
export function orthogonal(random: Random, n: number): Float32Array {
  const q = new Float64Array(n * n);
  q[n * n - 1] = random.uniform() < 0.5 ? 1 : -1;
  const v = new Float64Array(n);
  const products = new Float64Array(n);
  for (let k = n - 2; k >= 0; k--) {
    let square = 0;
    for (let i = 0; i < n - k; i++) {
      v[i] = random.normal();
      square += v[i] * v[i];
    }
    // The reflection along v + sign(v₀)|v|e₀ takes e₀ to −sign(v₀)·v/|v|, and back: the diagonal's sign mends it.
    const length = Math.sqrt(square);
    const sign = v[0] < 0 ? -1 : 1;
    q[k * n + k] = -sign;
    const factor = 1 / (square + Math.abs(v[0]) * length); // 2 over the new |v|²
    v[0] += sign * length;
    reflectRows(q, n, k, v, factor, products);
  }
  return Float32Array.from(q);
}

/** Rows k.. of q ← (1 − factor·v vᵀ) · those rows. Columns before k of these rows are zeros. */
function reflectRows(
  q: Float64Array,
  n: number,
  k: number,
  v: Float64Array,
  factor: number,
  products: Float64Array,
): void {
  products.fill(0);
  for (let i = k; i < n; i++) {
    for (let j = k; j < n; j++) products[j] += v[i - k] * q[i * n + j];
  }
  for (let i = k; i < n; i++) {
    const scaled = factor * v[i - k];
    for (let j = k; j < n; j++) q[i * n + j] -= scaled * products[j];
  }
}

/** Draws W_hh of one gate. */
function recurrentStart(options: CompleteOptions, random: Random): Float32Array {
  const { hiddenSize: H, initialization } = options;
  switch (initialization.recurrent) {
    case "orthogonal":
      return orthogonal(random, H);
    case "identity":
      return identity(H);
    default:
      return uniform(random, H * H, 1 / Math.sqrt(H));
  }
}

function startOf({ name, shape }: ParameterPlace, options: CompleteOptions, random: Random): Float32Array {
  const { hiddenSize: H, initialization } = options;
  const { recurrentOrder, forgetGate, norm } = cellOf(options);
  const length = shape.reduce((product, size) => product * size, 1);
  const normed = norm?.parameters.find((one) => name.startsWith(`rnn.${one.name}_l`));
  if (normed !== undefined) return new Float32Array(length).fill(normed.start);
  if (name === "embedding.weight") return Float32Array.from({ length }, () => random.normal());
  if (name.startsWith("head.")) return uniform(random, length, 1 / Math.sqrt(directionsOf(options) * H));
  if (name.startsWith("rnn.weight_hh")) {
    const values = new Float32Array(length);
    for (let gate = 0; gate < recurrentOrder.length; gate++) {
      values.set(recurrentStart(options, random), gate * H * H);
    }
    return values;
  }
  const values = uniform(random, length, 1 / Math.sqrt(H));
  const { forgetBias } = initialization;
  if (forgetBias !== undefined && forgetGate !== undefined && name.startsWith("rnn.bias")) {
    const start = forgetGate * H;
    values.fill(name.startsWith("rnn.bias_ih") ? forgetBias : 0, start, start + H);
  }
  return values;
}

/**
 * Initializes as PyTorch does: the recurrent layers uniform in ±1/√H, the head in ±1/√(D·H), an embedding from N(0, 1);
 * W_hh and the forget gate's bias as the options say; gains of layer normalisation are 1. A stream of the seed for each parameter.
 */
export function initialize(parameters: Parameters, options: CompleteOptions): void {
  parameters.places.forEach((place, stream) => {
    parameters.writeValue(place, startOf(place, options, new Random(options.seed, stream)));
  });
}
