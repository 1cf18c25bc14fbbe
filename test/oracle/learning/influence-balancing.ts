/**
 * Defines influence balancing (Tallec & Ollivier 2017): n = 23 units, s' = A s + θ v with
 * A_ii = A_{i,i+1} = 1/2 and v = +1 ten times, then −1; ℓ = ½ (s_1 − 1)². The near past pushes θ one way, the
 * whole past the other: the optimum is θ = −1/6.
 */

import type { Problem } from "./problem.js";
import type { Recurrence } from "./recurrence.js";
import { addScaled, dot, zeros } from "./vectors.js";

const n = 23;
const v = Float64Array.from({ length: n }, (_, i) => (i < 10 ? 1 : -1));

/** Returns A s, or Aᵀ s: ½ of each unit and of the one after it, or before it. */
function halfSums(s: Float64Array, neighbour: 1 | -1): Float64Array {
  const sums = zeros(n);
  for (let i = 0; i < n; i++) sums[i] = 0.5 * s[i];
  for (let i = 0; i < n - 1; i++) {
    if (neighbour === 1) sums[i] += 0.5 * s[i + 1];
    else sums[i + 1] += 0.5 * s[i];
  }
  return sums;
}

const noInput = zeros(0);

function recurrenceOf(theta: Float64Array): Recurrence {
  return {
    stateSize: n,
    parameters: theta,
    forward: (s) => {
      const next = halfSums(s, 1);
      addScaled(next, theta[0], v);
      return next;
    },
    vjp: (_s, _x, cotangent) => ({
      state: halfSums(cotangent, -1),
      parameters: Float64Array.of(dot(v, cotangent)),
      input: noInput,
      through: cotangent,
    }),
    jvp: (_s, _x, ds, dTheta = zeros(1)) => {
      const next = halfSums(ds, 1);
      addScaled(next, dTheta[0], v);
      return next;
    },
    factors: () => [
      {
        a: Float64Array.of(1),
        d: Array.from(v, (value) => Float64Array.of(value)),
        first: 0,
        rows: Int32Array.of(0),
        columns: Int32Array.of(0),
      },
    ],
    reach: () => Array.from(v.keys()),
  };
}

export const optimum = -1 / 6;

/** Returns the problem over `steps` steps, by default from θ_0 = 0.5 and s_0 = 1 everywhere. */
export function influenceBalancing(steps: number, start: { theta?: number; s?: Float64Array } = {}): Problem {
  const { theta = 0.5, s: initial = new Float64Array(n).fill(1) } = start;
  const parameters = Float64Array.of(theta);
  return {
    recurrence: recurrenceOf(parameters),
    parameters,
    steps,
    initial,
    input: () => noInput,
    loss: (_t, s) => {
      const q = zeros(n);
      q[0] = s[0] - 1;
      return { loss: 0.5 * q[0] ** 2, q, head: zeros(0) };
    },
  };
}

/** Moves θ down its gradient, θ ← θ − learningRate·g, after each of the rule's gradients, and yields it. */
export function* descend(
  problem: Problem,
  gradients: Iterable<Float64Array>,
  learningRate: number,
): Generator<number> {
  for (const gradient of gradients) {
    problem.parameters.forEach((value, i) => (problem.parameters[i] = value - learningRate * gradient[i]));
    yield problem.parameters[0];
  }
}
