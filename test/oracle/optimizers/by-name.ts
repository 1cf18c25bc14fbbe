/// <reference types="vite/types/importMeta.d.ts" />

import { optimizers, type OptimizerName } from "../../../src/optimize/optimizers.js";
import type { OptimizerSubject, OptionsOf, OracleOptimizer } from "./optimizer.js";

/** Makes optimizers from the library's options: the library's own, or the oracle's. */
export type OptimizerFactories<Optimizer> = {
  readonly [Name in OptimizerName]: (options: OptionsOf<Name>) => Optimizer;
};

type Subjects = { readonly [Name in OptimizerName]: OptimizerSubject<OptionsOf<Name>> };

export const optimizerNames = Object.keys(optimizers) as readonly OptimizerName[];

/** The files beside this one export optimizers under the names of the library's. */
const files = Object.values(
  import.meta.glob<Readonly<Record<string, OptimizerSubject<object> | undefined>>>("./*.ts", { eager: true }),
);

function subjectOf(name: OptimizerName): OptimizerSubject<object> {
  for (const { [name]: subject } of files) if (subject !== undefined) return subject;
  throw new Error(
    `there is no oracle of the optimizer "${name}": no file of test/oracle/optimizers/ exports it`,
  );
}

export const subjects = Object.fromEntries(optimizerNames.map((name) => [name, subjectOf(name)])) as Subjects;

export const oracleOptimizers = Object.fromEntries(
  optimizerNames.map((name) => [name, subjectOf(name).float64]),
) as OptimizerFactories<OracleOptimizer>;
