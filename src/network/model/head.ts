/** The head maps the top layer's hidden states to the outputs, all T·B rows at once, and gradients back. */

import type { Engine } from "../../memory/engine.js";
import type { MemoryScope } from "../../memory/memory-scope.js";
import type { Region } from "../../memory/regions.js";
import type { PackedWeights } from "../parameters/packed-weights.js";
import { backwardPanels, forwardPanels } from "../parameters/panels.js";
import { depthOf } from "../../wasm/product-sizes.js";
import type { ParameterPlace, Parameters } from "../parameters/parameters.js";

/** A head turns hidden states into outputs; `hidden` and `dHidden`: [T·B, H] for each direction. */
export interface Head {
  /** Makes room for packed weights, with `tape` the backward pass's too; throws an OutOfMemoryError. */
  reserve(tape: boolean): void;
  forward(engine: Engine, outputs: Region, hidden: readonly Region[]): void;
  /** Writes dLoss/d(hidden states) from dLoss/d(outputs). */
  backward(dHidden: readonly Region[], dOutputs: Region): void;
  /** Adds the gradients of the head's parameters. */
  addGradients(dOutputs: Region, hidden: readonly Region[], scratch: Region): void;
}

/** A linear head computes o_t = W_o h_t + b_o. */
export class LinearHead implements Head {
  private readonly engine: Engine;
  private readonly weight: ParameterPlace;
  private readonly bias: ParameterPlace;
  /** Panels of the direction's columns of W_o, one entry for each direction. */
  private readonly panels: readonly PackedWeights[];
  private readonly backPanels: readonly PackedWeights[];

  constructor(parameters: Parameters, scope: MemoryScope) {
    this.engine = parameters.engine;
    this.weight = parameters.place("head.weight");
    this.bias = parameters.place("head.bias");
    const parts = this.weight.layout.columns.order.map((_, d) => this.part(this.weight.value, d));
    this.panels = parts.map((part) => forwardPanels(parameters, scope, part));
    this.backPanels = parts.map((part) => backwardPanels(parameters, scope, part));
  }

  reserve(tape: boolean): void {
    for (const panels of tape ? [...this.panels, ...this.backPanels] : this.panels) panels.reserve();
  }

  forward({ kernels }: Engine, outputs: Region, hidden: readonly Region[]): void {
    const { pointer, rows, stride } = outputs;
    kernels.fillRows(pointer, this.bias.value.pointer, rows, stride);
    hidden.forEach((h, d) => {
      const depth = depthOf(h.columns);
      kernels.gemm(pointer, h.pointer, this.panels[d].pointer, rows, stride, depth, stride, h.stride, true);
    });
  }

  backward(dHidden: readonly Region[], dOutputs: Region): void {
    const { kernels } = this.engine;
    const { pointer, rows, columns, stride } = dOutputs;
    dHidden.forEach((dh, d) => {
      kernels.gemm(
        dh.pointer,
        pointer,
        this.backPanels[d].pointer,
        rows,
        dh.stride,
        columns,
        dh.stride,
        stride,
        false,
      );
    });
  }

  addGradients(dOutputs: Region, hidden: readonly Region[], scratch: Region): void {
    const { kernels } = this.engine;
    const { pointer, rows, stride } = dOutputs;
    if (this.weight.trainable) {
      hidden.forEach((h, d) => {
        const dW = this.part(this.weight.gradient, d);
        kernels.gemmTN(
          dW.pointer,
          pointer,
          h.pointer,
          0,
          scratch.pointer,
          dW.rows,
          h.stride,
          rows,
          dW.stride,
          stride,
          h.stride,
        );
      });
    }
    if (this.bias.trainable) kernels.addColumnSums(this.bias.gradient.pointer, pointer, rows, stride);
  }

  /** Returns the columns of W_o, or of its gradient, that multiply one direction's states. */
  private part(region: Region, direction: number): Region {
    const { size, padded } = this.weight.layout.columns;
    return { ...region, pointer: region.pointer + direction * padded * 4, columns: size };
  }
}

/** Stands for a network without a head: the outputs are the hidden states, the directions side by side. */
export class NoHead implements Head {
  private readonly engine: Engine;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  reserve(): void {
    // There are no weights.
  }

  forward({ kernels }: Engine, { pointer, stride }: Region, hidden: readonly Region[]): void {
    hidden.forEach((h, d) => {
      const to = pointer + d * h.columns * 4;
      kernels.copyRows(to, h.pointer, h.rows, h.columns, stride, h.stride);
    });
  }

  backward(dHidden: readonly Region[], { pointer, stride }: Region): void {
    const { kernels, arena } = this.engine;
    dHidden.forEach((dh, d) => {
      // The padding too: after a gradient that was not finite it may not be zeros.
      arena.zero(dh);
      const from = pointer + d * dh.columns * 4;
      kernels.copyRows(dh.pointer, from, dh.rows, dh.columns, dh.stride, stride);
    });
  }

  addGradients(): void {
    // There are no weights.
  }
}
