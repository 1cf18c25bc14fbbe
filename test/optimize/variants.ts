/** Every optimizer of the library: with little on, and with everything that it has. */

import { optimizers, type Optimizer, type OptimizerName } from "../../src/optimize/optimizers.js";

/** What an optimizer has beside a learning rate, weight decay and ε. */
const extras: Readonly<Partial<Record<OptimizerName, readonly object[]>>> = {
  sgd: [
    { momentum: 0.9, nesterov: true },
    { momentum: 0.9, dampening: 0.5 },
  ],
  rmsprop: [{ momentum: 0.9, centered: true }],
  adagrad: [{ learningRateDecay: 0.1, initialAccumulatorValue: 0.1 }],
  adam: [{ amsgrad: true }],
};

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

export const variants: readonly Variant[] = (Object.keys(optimizers) as OptimizerName[]).flatMap((name) =>
  [{}, ...(extras[name] ?? [])].map((extra) => variant(name, extra)),
);
