/** Networks of every kind, small, for what holds for all of them. No size is a multiple of a vector's lanes. */

import type { NetworkOptions } from "../../src/network/types.js";

export interface Kind {
  name: string;
  options: NetworkOptions;
  /** What it reads; an embedding is for tokens alone. */
  inputs: readonly ("tokens" | "values")[];
}

const sizes = { inputSize: 6, hiddenSize: 5, outputSize: 3, seed: 7 };
const both = ["tokens", "values"] as const;

export const kinds: readonly Kind[] = [
  { name: "elman", options: sizes, inputs: both },
  { name: "elman-relu", options: { ...sizes, cell: "elman-relu" }, inputs: both },
  { name: "elman without a head", options: { ...sizes, outputSize: 0 }, inputs: both },
  { name: "gru", options: { ...sizes, cell: "gru" }, inputs: both },
  { name: "lstm of 2 layers", options: { ...sizes, cell: "lstm", layers: 2 }, inputs: both },
  { name: "elman of 3 layers with dropout", options: { ...sizes, layers: 3, dropout: 0.4 }, inputs: both },
  {
    name: "lstm with an embedding",
    options: { ...sizes, cell: "lstm", embeddingSize: 7 },
    inputs: ["tokens"],
  },
  {
    name: "gru of 2 layers in both directions",
    options: { ...sizes, cell: "gru", layers: 2, bidirectional: true },
    inputs: both,
  },
  {
    name: "lstm in both directions without a head",
    options: { ...sizes, cell: "lstm", bidirectional: true, outputSize: 0 },
    inputs: both,
  },
  { name: "mingru", options: { ...sizes, cell: "mingru" }, inputs: both },
  {
    name: "mingru of 2 layers in both directions",
    options: { ...sizes, cell: "mingru", layers: 2, bidirectional: true },
    inputs: both,
  },
];

/** Those that can go step by step. */
export const streamingKinds = kinds.filter(({ options }) => options.bidirectional !== true);
