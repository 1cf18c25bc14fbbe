/** Says what the tests ask of each optimizer: its float64 form, the options it takes, and combinations of them. */

import type { OptimizerName, optimizers } from "../../../src/optimize/optimizers.js";
import type { Random } from "../../../src/random.js";
import { tensor, type Tensors } from "../model.js";

export interface OracleOptimizer {
  learningRate: number;
  step(parameters: Tensors, gradients: Tensors): void;
}

/** The options of one of the library's optimizers. */
export type OptionsOf<Name extends OptimizerName> = NonNullable<Parameters<(typeof optimizers)[Name]>[0]>;

/** An option that is a number. */
export interface NumberOption {
  readonly name: string;
  /** Numbers that are refused, besides NaN and the infinite ones. */
  readonly refused: readonly number[];
  readonly accepted: readonly number[];
}

/** One optimizer under test: each is a file of this folder, found by the name that it exports. */
export interface OptimizerSubject<Options> {
  /** The same in float64, with the formulas and defaults of its source. */
  readonly float64: (options: Options) => OracleOptimizer;
  /** Draws options, all of them. */
  readonly draw: (random: Random) => Options;
  /** The learning rate without options; undefined where it has to be given. */
  readonly defaultRate: number | undefined;
  readonly numbers: readonly NumberOption[];
  /** Options that are true or false, each by itself. */
  readonly flags: readonly string[];
  /** Options that turn on what it has beside a learning rate, weight decay and ε; a variant each. */
  readonly extras: readonly Partial<Options>[];
}

/** Holds what an optimizer keeps for one number of the parameters, by name; 0 at first. */
type Memory = Record<string, number>;

/** Returns the value to put in place of `value`, at the given update counted from 1. */
type Rule = (value: number, gradient: number, memory: Memory, update: number, learningRate: number) => number;

export function optimizer(learningRate: number, first: Memory, rule: Rule): OracleOptimizer {
  const memories = new Map<string, Memory[]>();
  let update = 0;
  return {
    learningRate,
    step(parameters, gradients) {
      update += 1;
      for (const [name, values] of parameters) {
        const gradient = tensor(gradients, name);
        const kept = memories.get(name) ?? Array.from(values, () => ({ ...first }));
        memories.set(name, kept);
        for (let i = 0; i < values.length; i++)
          values[i] = rule(values[i], gradient[i], kept[i], update, this.learningRate);
      }
    },
  };
}

export const atLeast0 = { refused: [-1, -1e-30, 1e31], accepted: [0, -0, 1e-300, 0.5, 1e30] };
/** From 0 to below 1. */
export const share = { refused: [-0.1, 1, 1.5], accepted: [0, 0.5, 1 - 2 ** -53] };
export const rate: NumberOption = { name: "learningRate", ...atLeast0 };
export const decay: NumberOption = { name: "weightDecay", ...atLeast0 };
export const smallest: NumberOption = { name: "epsilon", ...atLeast0 };

export function pick<Item>(random: Random, ...items: readonly Item[]): Item {
  return items[random.integer(items.length)];
}

export function flag(random: Random): boolean {
  return random.uniform() < 0.5;
}

/** Zero gradients come up, which over a zero ε would be 0/0 in the oracle. */
export const epsilon = (random: Random): number => pick(random, 1e-8, 1e-10, 1e-3, 1);
export const learningRate = (random: Random): number => pick(random, 1e-4, 1e-3, 0.01, 0.1);
export const weightDecay = (random: Random): number => pick(random, 0, 0, 0.01, 0.3);
