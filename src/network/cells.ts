import type { Cell } from "./cell.js";
import { elmanRelu, elmanTanh } from "./elman.js";
import type { Cell as CellName } from "./types.js";

/** Every cell there is, by its option's name. */
const cells: ReadonlyMap<CellName, Cell> = new Map<CellName, Cell>([
  ["elman", elmanTanh],
  ["elman-relu", elmanRelu],
]);

export function cellNamed(name: CellName): Cell {
  const cell = cells.get(name);
  if (cell === undefined)
    throw new RangeError(`"cell" expected ${[...cells.keys()].join(" or ")}, got ${name}`);
  return cell;
}
