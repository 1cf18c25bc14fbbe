/** What a cell is to the layer that runs it. */

import type { Engine } from "../memory/engine.js";
import type { Region } from "../memory/regions.js";

/** A window's regions that belong to one layer's cell. T may be less than what they were planned for. */
export interface CellWindow {
  /** T. */
  readonly steps: number;
  /** B. */
  readonly batch: number;
  /** [(T + 1)·B, H]: the initial state, then h_1 … h_T, which come in holding the input's part, W_ih x_t + b. */
  readonly h: Region;
}

/** The same with what the backward pass needs. */
export interface CellTape extends CellWindow {
  /** [(T + 1)·B, H]: zeros, then dLoss/dh_1 … dh_T; goes out holding dLoss/dh_0, then dLoss/dz_1 … dz_T. */
  readonly dh: Region;
}

export interface Cell {
  /** G: rows of its weights are G·H. */
  readonly gates: number;
  /** The time loop forward; `recurrent`: pointer to forward panels of W_hh. */
  forward(engine: Engine, window: CellWindow, recurrent: number): void;
  /** The time loop backward; `recurrent`: pointer to backward panels of W_hh. */
  backward(engine: Engine, tape: CellTape, recurrent: number): void;
}
