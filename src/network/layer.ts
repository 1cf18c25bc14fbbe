/** One layer in one direction: its inputs' product, the cell's loop over time, and the gradients of its weights. */

import type { Engine } from "../memory/engine.js";
import type { Holdings } from "../memory/holdings.js";
import type { Region } from "../memory/regions.js";
import type { Cell, CellRun } from "./cell.js";
import { InputProduct, type InputScratch, type LayerInput } from "./input-product.js";
import type { PackedWeights } from "./packed-weights.js";
import { backwardPanels, forwardPanels } from "./panels.js";
import { layerSuffix } from "./parameter-plan.js";
import type { ParameterPlace, Parameters } from "./parameters.js";
import { initialSlot, previousSlots } from "./slots.js";

export class Layer {
  readonly reverse: boolean;
  private readonly engine: Engine;
  private readonly cell: Cell;
  private readonly input: InputProduct;
  private readonly weight: ParameterPlace;
  private readonly panels: PackedWeights;
  private readonly backPanels: PackedWeights;

  constructor(parameters: Parameters, holdings: Holdings, cell: Cell, layer: number, direction: number) {
    this.reverse = direction === 1;
    this.engine = parameters.engine;
    this.cell = cell;
    const place = (name: string) => parameters.place(`rnn.${name}_${layerSuffix(layer, direction)}`);
    this.input = new InputProduct(parameters, holdings, cell, {
      weight: place("weight_ih"),
      biases: [place("bias_ih"), place("bias_hh")],
    });
    this.weight = place("weight_hh");
    this.panels = forwardPanels(parameters, holdings, this.weight.value);
    this.backPanels = backwardPanels(parameters, holdings, this.weight.value);
  }

  /** Makes room for packed weights; throws an OutOfMemoryError. */
  reserve(tokens: boolean, tape: boolean): void {
    this.input.reserve(tokens, tape);
    this.panels.reserve();
    if (tape) this.backPanels.reserve();
  }

  /** The states after each step, from the initial one and the inputs. */
  forward(run: CellRun, input: LayerInput): void {
    this.input.forward(this.cell.preactivations(run), input);
    this.cell.forward(this.engine, run, this.panels.pointer);
  }

  /**
   * Adds the gradients of its weights. dh and dc come in with dLoss/dstates, and go out with the initial state's.
   * What goes back to the inputs is `inputGradient`'s.
   */
  backward(run: CellRun, input: LayerInput, regions: InputScratch): void {
    const { kernels, arena } = this.engine;
    const first = initialSlot(run.regions.dh, run);
    arena.f32.fill(0, first.pointer >>> 2, (first.pointer >>> 2) + first.rows * first.stride);
    this.cell.backward(this.engine, run, this.backPanels.pointer);
    const dz = this.cell.preactivationGradients(run);
    const { gradient, trainable } = this.weight;
    if (trainable) {
      const h = previousSlots(run.regions.h, run);
      kernels.gemmTN(
        gradient.pointer,
        dz.pointer + (dz.stride - gradient.rows) * 4,
        h.pointer,
        regions.scratch.pointer,
        gradient.rows,
        gradient.stride,
        dz.rows,
        gradient.stride,
        dz.stride,
        h.stride,
      );
    }
    this.input.addGradients(dz, input, regions);
  }

  /** dx (+)= what rows [first, first + dx.rows) of dz say of one source; after `backward`. */
  inputGradient(dx: Region, run: CellRun, first: number, source: number, accumulate: boolean): void {
    const dz = this.cell.preactivationGradients(run);
    const part = { ...dz, pointer: dz.pointer + first * dz.stride * 4, rows: dx.rows };
    this.input.inputGradient(dx, part, source, accumulate);
  }
}
