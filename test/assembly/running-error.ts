/** What float32 can make of a formula: values in float64, each with a bound of the error (Higham 2002, section 3.3). */

import { rounding, unit } from "./guarded.js";

/** Below this magnitude states and gradients become 0. */
const LEAST = 2 ** -110;

/** A number, and how far float32 may be from it. */
export interface Near {
  value: number;
  error: number;
}

export function near(value: number): Near {
  return { value, error: 0 };
}

/** After one rounding, and where results below 2^-110 may have become 0. */
function rounded(value: number, error: number): Near {
  return { value, error: error + unit * (Math.abs(value) + error) + LEAST };
}

export function sum(a: Near, b: Near): Near {
  return rounded(a.value + b.value, a.error + b.error);
}

export function difference(a: Near, b: Near): Near {
  return rounded(a.value - b.value, a.error + b.error);
}

export function product(a: Near, b: Near): Near {
  const error = Math.abs(a.value) * b.error + Math.abs(b.value) * a.error + a.error * b.error;
  return rounded(a.value * b.value, error);
}

/** 1 − x², and x·(1 − x): the slopes of tanh and of σ where they are x. */
export function tanhSlope(x: Near): Near {
  return difference(near(1), product(x, x));
}

export function sigmoidSlope(x: Near): Near {
  return product(x, difference(near(1), x));
}

/** tanh is 2.61 ulp off itself, an ulp being at most 2u of the value; its slope is at most 1. */
export function tanh(x: Near): Near {
  const value = Math.tanh(x.value);
  return { value, error: x.error + 5.22 * unit * Math.abs(value) + LEAST };
}

/** σ is 2.49 ulp off itself; its slope is at most 1/4. */
export function sigmoid(x: Near): Near {
  const value = 1 / (1 + Math.exp(-x.value));
  return { value, error: x.error / 4 + 4.98 * unit * value };
}

/** start + Σ_k term(k), in any order. */
export function sumOf(start: Near, count: number, term: (k: number) => number): Near {
  let { value } = start;
  let magnitude = Math.abs(value) + start.error;
  for (let k = 0; k < count; k++) {
    const x = term(k);
    value += x;
    magnitude += Math.abs(x);
  }
  return { value, error: start.error + magnitude * rounding(count + 2) };
}

/** Values and their bounds, to compare a tensor with. */
export class Expected {
  readonly values: Float64Array;
  readonly bounds: Float64Array;

  constructor(values: ArrayLike<number>) {
    this.values = Float64Array.from(values);
    this.bounds = new Float64Array(values.length);
  }

  set(at: number, { value, error }: Near): void {
    this.values[at] = value;
    this.bounds[at] = error + LEAST;
  }
}
