/** Every optimizer of the library: with little on, and with everything that it has. */

import { optimizers, type Optimizer, type OptimizerName } from "../../src/optimize/optimizers.js";
import { optimizerNames, subjects } from "../oracle/optimizers/by-name.js";

export interface Variant {
  readonly title: string;
  /** As a worker is told of it. */
  readonly description: { readonly type: OptimizerName; readonly learningRate: number };
  /** Makes one with those options that it takes. */
  readonly create: (more?: { epsilon?: number; weightDecay?: number }) => Optimizer;
}

/** Whether an optimizer reads this option. */
function takes(name: OptimizerName, option: string): boolean {
  const asked = new Set<string | symbol>();
  optimizers[name](
    new Proxy(
      { learningRate: 0.1 },
      { get: (given, key) => (asked.add(key), Reflect.get(given, key) as unknown) },
    ),
  );
  return asked.has(option);
}

function variant(name: OptimizerName, extra: object): Variant {
  const options = { learningRate: 0.1, ...extra };
  const make: (options: { learningRate: number }) => Optimizer = optimizers[name];
  return {
    title: [name, ...Object.keys(extra)].join(", "),
    description: { type: name, ...options },
    create: (more = {}) => {
      const taken = Object.entries(more).filter(([option]) => takes(name, option));
      return make({ ...options, ...Object.fromEntries(taken) });
    },
  };
}

export const variants: readonly Variant[] = optimizerNames.flatMap((name) =>
  [{}, ...subjects[name].extras].map((extra) => variant(name, extra)),
);
