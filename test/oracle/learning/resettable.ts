/** Lets a recurrence begin anew: the input's last number says whether a step starts from zeros instead of from s_{t-1}. */

import type { Recurrence } from "./recurrence.js";
import { zeros } from "./vectors.js";

/** Returns x with the number behind it that `resettable` reads. */
export function resettableInput(x: Float64Array, anew: boolean): Float64Array {
  return Float64Array.of(...x, Number(anew));
}

/** Returns the recurrence s_t = F(x_t, (1 − r_t)·s_{t-1}, θ), whose inputs are [x_t, r_t]; r_t has no gradient. */
export function resettable(plain: Recurrence): Recurrence {
  const isAnew = (x: Float64Array): boolean => x[x.length - 1] === 1;
  const own = (x: Float64Array): Float64Array => x.subarray(0, -1);
  const kept = (values: Float64Array, x: Float64Array): Float64Array =>
    isAnew(x) ? zeros(values.length) : values;
  return {
    stateSize: plain.stateSize,
    parameters: plain.parameters,
    forward: (s, x) => plain.forward(kept(s, x), own(x)),
    vjp: (s, x, cotangent) => {
      const back = plain.vjp(kept(s, x), own(x), cotangent);
      return { ...back, state: kept(back.state, x), input: Float64Array.of(...back.input, 0) };
    },
    jvp: (s, x, ds, dTheta) => plain.jvp(kept(s, x), own(x), kept(ds, x), dTheta),
    factors: (s, x) => plain.factors(kept(s, x), own(x)),
    reach: (parameter) => plain.reach(parameter),
  };
}
