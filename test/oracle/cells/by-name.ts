import type { Cell } from "../../../src/network/types.js";
import type { OracleCell } from "./cell.js";
import { elman, elmanRelu } from "./elman.js";
import { gru } from "./gru.js";
import { lstm } from "./lstm.js";
import { mingru } from "./mingru.js";

export const cells: Readonly<Record<Cell, OracleCell>> = {
  elman,
  "elman-relu": elmanRelu,
  gru,
  lstm,
  mingru,
};
