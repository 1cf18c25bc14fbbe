/// <reference types="vite/types/importMeta.d.ts" />

import { cellNames } from "../../../src/network/cells/by-name.js";
import type { Cell } from "../../../src/network/types.js";
import type { OracleCell } from "./cell.js";

/** The files beside this one export cells under their options' names. */
const files = Object.entries(
  import.meta.glob<Readonly<Record<string, OracleCell | undefined>>>("./*.ts", { eager: true }),
);

function oracleOf(name: Cell): { file: string; cell: OracleCell } {
  for (const [file, { [name]: cell }] of files) if (cell !== undefined) return { file, cell };
  throw new Error(`there is no oracle of the cell "${name}": no file of test/oracle/cells/ exports it`);
}

function byName<Value>(valueOf: (name: Cell) => Value): Readonly<Record<Cell, Value>> {
  return Object.fromEntries(cellNames.map((name) => [name, valueOf(name)])) as Record<Cell, Value>;
}

export const cells = byName((name) => oracleOf(name).cell);

/** Names the file of each cell: "elman" is that of "elman-relu" too. */
export const cellFiles = byName((name) => oracleOf(name).file.slice("./".length, -".ts".length));
