import type { Cell } from "./cell.js";
import { elmanRelu, elmanTanh } from "./elman.js";
import { gru } from "./gru.js";
import { lstm } from "./lstm.js";
import { mingru } from "./mingru.js";
import type { Cell as CellName } from "../types.js";

/** Every cell there is, by its option's name. */
export const cells: Readonly<Record<CellName, Cell>> = {
  elman: elmanTanh,
  "elman-relu": elmanRelu,
  gru,
  lstm,
  mingru,
};
