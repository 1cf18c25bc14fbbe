/** How far rounding can carry a result that depends on its parameters steeply: layer normalisation of few units does, where σ is small. */

import { Random } from "../../src/random.js";
import type { OracleModel } from "./model.js";

/** Named tensors that come of a model. */
export type Answers = ReadonlyMap<string, ArrayLike<number>>;

/** Returns values changed by up to half of float32's spacing each. */
export function shakenBy(random: Random, values: Float64Array): Float64Array {
  return values.map((value) => value * (1 + 2 ** -24 * (2 * random.uniform() - 1)));
}

/** Returns the model with its parameters changed so. */
export function shaken({ sizes, parameters }: OracleModel, random: Random): OracleModel {
  return {
    sizes,
    parameters: new Map([...parameters].map(([name, values]) => [name, shakenBy(random, values)])),
  };
}

/**
 * What a step's own roundings come to, in those of its parameters, 2^-24 each: σ and tanh are 5 off by themselves, a product of
 * ten numbers some 10, the sums and the quotient of N as many, and the gates' products some 5.
 */
export const ROUNDINGS = 30;

/**
 * Returns by name how far a tensor's elements may be off, besides what the formula's own rounding comes to: what roundings of
 * the parameters alone do to it in float64, at worst of some draws, times ROUNDINGS. 0 without layer normalisation.
 */
export function reachOfRounding(
  model: OracleModel,
  answersOf: (model: OracleModel) => Answers,
): Map<string, number> {
  const exact = answersOf(model);
  const reach = new Map([...exact.keys()].map((name) => [name, 0]));
  if (!model.sizes.layerNorm) return reach;
  for (let draw = 0; draw < 2; draw++) {
    for (const [name, values] of answersOf(shaken(model, new Random(draw, 11)))) {
      const from = exact.get(name) ?? [];
      for (let i = 0; i < values.length; i++) {
        reach.set(name, Math.max(reach.get(name) ?? 0, ROUNDINGS * Math.abs(values[i] - from[i])));
      }
    }
  }
  return reach;
}
