/** Every optimizer of the library: with little on, and with everything that it has. */

import { optimizers, type Optimizer, type OptimizerName } from "../../src/optimize/optimizers.js";
import { optimizerNames, subjects } from "../oracle/optimizers/by-name.js";

export interface Variant {
  readonly title: string;
  /** As a worker is told of it. */
  readonly description: { readonly type: OptimizerName; readonly learningRate: number };
  readonly create: (more?: { epsilon?: number; weightDecay?: number }) => Optimizer;
}

function variant(name: OptimizerName, extra: object): Variant {
  const options = { learningRate: 0.1, ...extra };
  const make: (options: { learningRate: number }) => Optimizer = optimizers[name];
  return {
    title: [name, ...Object.keys(extra)].join(", "),
    description: { type: name, ...options },
    create: (more) => make({ ...options, ...more }),
  };
}

export const variants: readonly Variant[] = optimizerNames.flatMap((name) =>
  [{}, ...subjects[name].extras].map((extra) => variant(name, extra)),
);
