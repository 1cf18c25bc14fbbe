/// <reference types="vite/types/importMeta.d.ts" />

import { cellNames } from "../../../src/network/cells/by-name.js";
import type { Cell } from "../../../src/network/types.js";
import type { OracleCell } from "./cell.js";

/** All that the files beside this one export: a cell under its option's name. */
const files = Object.values(
  import.meta.glob<Readonly<Record<string, OracleCell | undefined>>>("./*.ts", { eager: true }),
);

function oracleOf(name: Cell): OracleCell {
  const found = files.map((file) => file[name]).find((cell) => cell !== undefined);
  if (found !== undefined) return found;
  throw new Error(`there is no oracle of the cell "${name}": no file of test/oracle/cells/ exports it`);
}

/** By their options' names. */
export const cells = Object.fromEntries(cellNames.map((name) => [name, oracleOf(name)])) as Readonly<
  Record<Cell, OracleCell>
>;
