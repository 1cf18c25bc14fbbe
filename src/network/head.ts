/** The linear head: o_t = W_o h_t + b_o, all T·B rows at once. */

import type { Holdings } from "../memory/holdings.js";
import type { Region } from "../memory/regions.js";
import type { Engine } from "../memory/engine.js";
import type { PackedWeights } from "./packed-weights.js";
import { backwardPanels, depthOf, forwardPanels } from "./panels.js";
import type { ParameterPlace, Parameters } from "./parameters.js";

export class Head {
  private readonly engine: Engine;
  private readonly weight: ParameterPlace;
  private readonly bias: ParameterPlace;
  private readonly panels: PackedWeights;
  private readonly backPanels: PackedWeights;

  constructor(parameters: Parameters, holdings: Holdings) {
    this.engine = parameters.engine;
    this.weight = parameters.place("head.weight");
    this.bias = parameters.place("head.bias");
    this.panels = forwardPanels(parameters, holdings, this.weight.value);
    this.backPanels = backwardPanels(parameters, holdings, this.weight.value);
  }

  reserve(tape: boolean): void {
    this.panels.reserve();
    if (tape) this.backPanels.reserve();
  }

  /** outputs[T·B, O] from h[T·B, H]. */
  forward(outputs: Region, h: Region): void {
    const { kernels } = this.engine;
    const { pointer, rows, stride } = outputs;
    kernels.fillRows(pointer, this.bias.value.pointer, rows, stride);
    kernels.gemm(
      pointer,
      h.pointer,
      this.panels.pointer,
      rows,
      stride,
      depthOf(h.columns),
      stride,
      h.stride,
      true,
    );
  }

  /** dh[T·B, H] from the outputs' gradient, and adds dLoss/dW_o and dLoss/db_o. */
  backward(dh: Region, dOutputs: Region, h: Region, scratch: Region): void {
    const { kernels } = this.engine;
    const { gradient } = this.weight;
    kernels.gemm(
      dh.pointer,
      dOutputs.pointer,
      this.backPanels.pointer,
      dh.rows,
      dh.stride,
      depthOf(dOutputs.columns),
      dh.stride,
      dOutputs.stride,
      false,
    );
    kernels.gemmTN(
      gradient.pointer,
      dOutputs.pointer,
      h.pointer,
      scratch.pointer,
      gradient.rows,
      gradient.stride,
      dOutputs.rows,
      gradient.stride,
      dOutputs.stride,
      h.stride,
    );
    kernels.addColumnSums(this.bias.gradient.pointer, dOutputs.pointer, dOutputs.rows, dOutputs.stride);
  }
}
