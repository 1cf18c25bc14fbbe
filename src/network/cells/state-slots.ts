/** Says where states lie in a window's T + 1 slots of B rows, either way through time: see CellShapes. */

import { rowsOf, type Region } from "../../memory/regions.js";

export interface Span {
  /** T, in use. */
  readonly steps: number;
  readonly batch: number;
  readonly reverse: boolean;
}

/** Returns the states after each step, in the order of time, [T·B, H]. */
export function stepSlots(region: Region, { steps, batch, reverse }: Span): Region {
  return rowsOf(region, reverse ? 0 : batch, steps * batch);
}

/** The states that each step starts from, [T·B, H]. */
export function previousSlots(region: Region, { steps, batch, reverse }: Span): Region {
  return rowsOf(region, reverse ? batch : 0, steps * batch);
}

/** [B, H]. */
export function initialSlot(region: Region, { steps, batch, reverse }: Span): Region {
  return rowsOf(region, reverse ? steps * batch : 0, batch);
}

/** [B, H]. */
export function finalSlot(region: Region, { steps, batch, reverse }: Span): Region {
  return rowsOf(region, reverse ? 0 : steps * batch, batch);
}
