/** The recurrence over time, around a cell's kernels. */

import type { Holdings } from "../memory/holdings.js";
import { rowsOf } from "../memory/regions.js";
import type { Engine } from "../memory/engine.js";
import type { Cell } from "./cell.js";
import type { PackedWeights } from "./packed-weights.js";
import { backwardPanels, forwardPanels } from "./panels.js";
import type { ParameterPlace, Parameters } from "./parameters.js";
import type { Window } from "./window.js";

export class RecurrentLayer {
  private readonly engine: Engine;
  private readonly cell: Cell;
  private readonly weight: ParameterPlace;
  private readonly panels: PackedWeights;
  private readonly backPanels: PackedWeights;

  constructor(parameters: Parameters, holdings: Holdings, cell: Cell) {
    this.engine = parameters.engine;
    this.cell = cell;
    this.weight = parameters.place("rnn.weight_hh_l0");
    this.panels = forwardPanels(parameters, holdings, this.weight.value);
    this.backPanels = backwardPanels(parameters, holdings, this.weight.value);
  }

  reserve(tape: boolean): void {
    this.panels.reserve();
    if (tape) this.backPanels.reserve();
  }

  /** h_1 … h_T from the initial state and the input's part, in place. */
  forward(window: Window, steps: number): void {
    const { batch } = window.sizes;
    this.cell.forward(this.engine, { steps, batch, h: window.regions.h }, this.panels.pointer);
  }

  /** dz_1 … dz_T and dh_0 from dh_1 … dh_T, in place, and adds dLoss/dW_hh. */
  backward(window: Window): void {
    const { steps, batch } = window.sizes;
    const { h, dh, scratch } = window.regions;
    const { kernels } = this.engine;
    this.cell.backward(this.engine, { steps, batch, h, dh }, this.backPanels.pointer);
    const { gradient } = this.weight;
    const dz = rowsOf(dh, batch, steps * batch);
    kernels.gemmTN(
      gradient.pointer,
      dz.pointer,
      h.pointer,
      scratch.pointer,
      gradient.rows,
      gradient.stride,
      dz.rows,
      gradient.stride,
      dz.stride,
      h.stride,
    );
  }
}
