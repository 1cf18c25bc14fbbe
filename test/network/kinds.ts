/** Networks of every kind, small, for what holds for all of them. No size is a multiple of a vector's lanes. */

import { cellNames, cells } from "../../src/network/cells/by-name.js";
import type { CellDefinition } from "../../src/network/cells/cell.js";
import type { Network, NetworkOptions } from "../../src/network/types.js";
import type { Random } from "../../src/random.js";

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

/**
 * Draws gains and biases of layer normalisation, which start as ones and zeros, and makes weights four times as large: a few
 * units' products are then of order 1, and 1/σ does not make a rounding larger with each step.
 */
export function drawGains({ options, parameters }: Network, random: Random): void {
  if (!options.layerNorm) return;
  for (const parameter of parameters) {
    const { name } = parameter;
    if (/\.norm_/.test(name)) parameter.write(parameter.read().map((g) => g + 0.4 * random.normal()));
    if (/\.weight_[ih]h/.test(name)) parameter.write(parameter.read().map((w) => 4 * w));
  }
}

/** Lists the cells that take the option `layerNorm`. */
export const normalizableCells = cellNames.filter((name) => {
  const cell: CellDefinition = cells[name];
  return cell.normalized !== undefined;
});

const everyNormalized = normalizableCells.flatMap((cell): Kind[] => [
  { name: `${cell} with layerNorm`, options: { ...sizes, cell, layerNorm: true }, inputs: both },
  {
    name: `${cell} with layerNorm of 2 layers in both directions`,
    options: { ...sizes, cell, layerNorm: true, layers: 2, bidirectional: true },
    inputs: both,
  },
]);

export const kinds: readonly Kind[] = [
  ...everyCell,
  ...everyNormalized,
  {
    name: "lstm with layerNorm of 3 layers with dropout",
    options: { ...sizes, cell: "lstm", layerNorm: true, layers: 3, dropout: 0.4 },
    inputs: both,
  },
  {
    name: "gru with layerNorm and an embedding",
    options: { ...sizes, cell: "gru", layerNorm: true, embeddingSize: 7 },
    inputs: ["tokens"],
  },
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
