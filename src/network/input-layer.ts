/** From inputs to the cell's pre-activations: z_t = W_ih x_t + b_ih + b_hh, all T·B rows at once. */

import type { Engine } from "../memory/engine.js";
import type { Holdings } from "../memory/holdings.js";
import { matrix, rowsOf, readRegion, vector, type Region } from "../memory/regions.js";
import { PackedWeights } from "./packed-weights.js";
import { backwardPanels, depthOf, forwardPanels } from "./panels.js";
import type { ParameterPlace, Parameters } from "./parameters.js";
import type { InputKind, Window } from "./window.js";

export class InputLayer {
  private readonly engine: Engine;
  private readonly weight: ParameterPlace;
  private readonly biases: readonly [ParameterPlace, ParameterPlace];
  /** b_ih + b_hh, [H]. */
  private readonly bias: PackedWeights;
  /** Each token's row of z, [I, H]. */
  private readonly table: PackedWeights;
  private readonly panels: PackedWeights;
  private readonly backPanels: PackedWeights;

  constructor(parameters: Parameters, holdings: Holdings) {
    const { engine } = parameters;
    const { kernels } = engine;
    this.engine = engine;
    this.weight = parameters.place("rnn.weight_ih_l0");
    this.biases = [parameters.place("rnn.bias_ih_l0"), parameters.place("rnn.bias_hh_l0")];
    const { value } = this.weight;
    const { rows: H, columns: I } = value;
    const [ih, hh] = this.biases;
    const bias = new PackedWeights(parameters, holdings, vector(H), ({ pointer, stride }) => {
      kernels.add(pointer, ih.value.pointer, hh.value.pointer, stride);
    });
    this.bias = bias;
    this.table = new PackedWeights(parameters, holdings, matrix(I, H), ({ pointer, stride }) => {
      kernels.tokenTable(pointer, value.pointer, bias.pointer, H, I, stride, value.stride);
    });
    this.panels = forwardPanels(parameters, holdings, value);
    this.backPanels = backwardPanels(parameters, holdings, value);
  }

  /** Makes room for the weights that these inputs need. */
  reserve(inputs: InputKind, tape: boolean): void {
    this.bias.reserve();
    if (inputs === "tokens") this.table.reserve();
    else {
      this.panels.reserve();
      if (tape) this.backPanels.reserve();
    }
  }

  /** z[T·B, H] from the window's inputs. */
  forward(window: Window, z: Region): void {
    const { kernels } = this.engine;
    const { tokens, x } = window.regions;
    if (window.sizes.inputs === "tokens") {
      kernels.gather(z.pointer, this.table.pointer, tokens.pointer, z.rows, z.stride);
      return;
    }
    kernels.fillRows(z.pointer, this.bias.pointer, z.rows, z.stride);
    kernels.gemm(
      z.pointer,
      x.pointer,
      this.panels.pointer,
      z.rows,
      z.stride,
      depthOf(x.columns),
      z.stride,
      x.stride,
      true,
    );
  }

  /** Adds dLoss/dW_ih, dLoss/db_ih and dLoss/db_hh from dz[T·B, H]. */
  backward(window: Window, dz: Region): void {
    const { kernels, arena } = this.engine;
    const { tokens, x, dTable, dBias, scratch } = window.regions;
    const { gradient } = this.weight;
    if (window.sizes.inputs === "tokens") {
      arena.f32.fill(0, dTable.pointer >>> 2, (dTable.pointer >>> 2) + dTable.rows * dTable.stride);
      kernels.scatterAdd(dTable.pointer, dz.pointer, tokens.pointer, dz.rows, dz.stride);
      const { pointer, rows, columns, stride } = gradient;
      kernels.addTransposed(pointer, dTable.pointer, rows, columns, stride, dTable.stride);
    } else {
      kernels.gemmTN(
        gradient.pointer,
        dz.pointer,
        x.pointer,
        scratch.pointer,
        gradient.rows,
        gradient.stride,
        dz.rows,
        gradient.stride,
        dz.stride,
        x.stride,
      );
    }
    arena.f32.fill(0, dBias.pointer >>> 2, (dBias.pointer >>> 2) + dBias.stride);
    kernels.addColumnSums(dBias.pointer, dz.pointer, dz.rows, dz.stride);
    for (const { gradient: db } of this.biases) {
      kernels.add(db.pointer, db.pointer, dBias.pointer, dBias.stride);
    }
  }

  /** dLoss/dx, [T·B, I], from dz[T·B, H]: a staged stretch of rows at a time. */
  inputGradient(window: Window, dz: Region, out: Float32Array): void {
    const { kernels, arena } = this.engine;
    const { dxRows } = window.regions;
    const { columns, stride } = this.weight.value;
    for (let first = 0; first < dz.rows; first += dxRows.rows) {
      const part = rowsOf(dz, first, Math.min(dxRows.rows, dz.rows - first));
      kernels.gemm(
        dxRows.pointer,
        part.pointer,
        this.backPanels.pointer,
        part.rows,
        stride,
        depthOf(dz.columns),
        stride,
        dz.stride,
        false,
      );
      readRegion(arena.f32, rowsOf(dxRows, 0, part.rows), out.subarray(first * columns));
    }
  }
}
