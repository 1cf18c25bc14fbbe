/** Networks of every kind, small, for what holds for all of them. No size is a multiple of a vector's lanes. */

import { cellNames } from "../../src/network/cells/by-name.js";
import type { NetworkOptions } from "../../src/network/types.js";

export interface Kind {
  name: string;
  options: NetworkOptions;
  /** What it reads; an embedding is for tokens alone. */
  inputs: readonly ("tokens" | "values")[];
}

const sizes = { inputSize: 6, hiddenSize: 5, outputSize: 3, seed: 7 };
const both = ["tokens", "values"] as const;

const everyCell = cellNames.flatMap((cell): Kind[] => [
  { name: cell, options: { ...sizes, cell }, inputs: both },
  {
    name: `${cell} of 2 layers in both directions`,
    options: { ...sizes, cell, layers: 2, bidirectional: true },
    inputs: both,
  },
]);

export const kinds: readonly Kind[] = [
  ...everyCell,
  { name: "elman without a head", options: { ...sizes, outputSize: 0 }, inputs: both },
  { name: "lstm of 2 layers", options: { ...sizes, cell: "lstm", layers: 2 }, inputs: both },
  { name: "elman of 3 layers with dropout", options: { ...sizes, layers: 3, dropout: 0.4 }, inputs: both },
  {
    name: "lstm with an embedding",
    options: { ...sizes, cell: "lstm", embeddingSize: 7 },
    inputs: ["tokens"],
  },
  {
    name: "gru with one output a sequence",
    options: { ...sizes, cell: "gru", output: "sequence" },
    inputs: both,
  },
  {
    name: "lstm of 2 layers in both directions with one output a sequence",
    options: { ...sizes, cell: "lstm", layers: 2, bidirectional: true, output: "sequence" },
    inputs: both,
  },
  {
    name: "lstm in both directions without a head",
    options: { ...sizes, cell: "lstm", bidirectional: true, outputSize: 0 },
    inputs: both,
  },
];

/** Those with an output for each step. */
export const stepKinds = kinds.filter(({ options }) => options.output !== "sequence");

/** Those that can go step by step, and say something at each. */
export const streamingKinds = stepKinds.filter(({ options }) => options.bidirectional !== true);
