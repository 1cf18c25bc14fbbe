import type { CellDefinition } from "./cell.js";
import { elmanRelu, elmanTanh } from "./elman.js";
import { gru } from "./gru.js";
import { lstm } from "./lstm.js";
import { mingru } from "./mingru.js";
import { minlstm } from "./minlstm.js";

/**
 * Lists every cell under its option's name. Types, options, the command line, the benchmarks and the tests' tables
 * follow from this list.
 */
export const cells = {
  elman: elmanTanh,
  "elman-relu": elmanRelu,
  gru,
  lstm,
  mingru,
  minlstm,
} as const satisfies Readonly<Record<string, CellDefinition>>;

/** Lists every cell's name, as the option `cell` takes it. */
export const cellNames: readonly (keyof typeof cells)[] = Object.freeze(
  Object.keys(cells) as (keyof typeof cells)[],
);

/** Returns what a network's layers are made of: the cell, or its form with layer normalisation. */
export function cellOf(options: {
  readonly cell: keyof typeof cells;
  readonly layerNorm: boolean;
}): CellDefinition {
  const cell: CellDefinition = cells[options.cell];
  return options.layerNorm && cell.normalized !== undefined ? cell.normalized : cell;
}

/** Quotes the names of the cells that fit, for messages. */
export function quotedCells(fits: (cell: CellDefinition) => boolean): string {
  return cellNames
    .filter((name) => fits(cells[name]))
    .map((name) => JSON.stringify(name))
    .join(", ");
}
