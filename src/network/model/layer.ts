/** One layer in one direction: its inputs' product, the cell's loop over time, and the gradients of its weights. */

import type { Engine } from "../../memory/engine.js";
import type { MemoryScope } from "../../memory/memory-scope.js";
import { rowsOf, type Region } from "../../memory/regions.js";
import { isDiagonal, type Cell, type CellRun } from "../cells/cell.js";
import { InputProduct, type InputScratch, type LayerInput } from "./input-product.js";
import type { PackedWeights } from "../parameters/packed-weights.js";
import { backwardPanels, forwardPanels } from "../parameters/panels.js";
import { layerSuffix } from "../sizes.js";
import type { ParameterPlace, Parameters } from "../parameters/parameters.js";
import { initialSlot, previousSlots } from "../cells/state-slots.js";

/** W_hh, and as panels of its transpose and of itself; a cell whose units do not see each other has none. */
interface RecurrentWeights {
  readonly weight: ParameterPlace;
  readonly panels: PackedWeights;
  readonly backPanels: PackedWeights;
}

export class Layer {
  readonly reverse: boolean;
  private readonly engine: Engine;
  private readonly cell: Cell;
  private readonly input: InputProduct;
  private readonly recurrent: RecurrentWeights | undefined;

  constructor(parameters: Parameters, scope: MemoryScope, cell: Cell, layer: number, direction: number) {
    this.reverse = direction === 1;
    this.engine = parameters.engine;
    this.cell = cell;
    const place = (name: string) => parameters.place(`rnn.${name}_${layerSuffix(layer, direction)}`);
    this.input = new InputProduct(parameters, scope, cell, {
      weight: place("weight_ih"),
      bias: place("bias_ih"),
      recurrentBias: isDiagonal(cell) ? undefined : place("bias_hh"),
    });
    if (isDiagonal(cell)) return;
    const weight = place("weight_hh");
    this.recurrent = {
      weight,
      panels: forwardPanels(parameters, scope, weight.value),
      backPanels: backwardPanels(parameters, scope, weight.value),
    };
  }

  /** Makes room for packed weights; throws an OutOfMemoryError. */
  reserve(tokens: boolean, tape: boolean): void {
    this.input.reserve(tokens, tape);
    this.recurrent?.panels.reserve();
    if (tape) this.recurrent?.backPanels.reserve();
  }

  /** The states after each step, from the initial one and the inputs. */
  forward(run: CellRun, input: LayerInput): void {
    this.input.forward(this.cell.preactivations(run), input);
    this.cell.forward(this.engine, run, this.recurrent?.panels.pointer ?? 0);
  }

  /** One step backwards as if no unit saw another: see UnitDerivatives. `none`: zeros in W_hh's place, as panels. */
  backwardUnits(run: CellRun, none: number): Region {
    this.cell.backward(this.engine, run, none);
    return this.cell.preactivationGradients(run);
  }

  /** Of W_hh as panels, backwards: elements. */
  get backPanelSize(): number {
    return this.recurrent?.backPanels.size ?? 0;
  }

  /** dh and dc come in with dLoss/dstates, and go out with the initial state's; what it leaves as dz is the gradients'. */
  backwardStates(run: CellRun): void {
    this.engine.arena.zero(initialSlot(run.regions.dh, run));
    this.cell.backward(this.engine, run, this.recurrent?.backPanels.pointer ?? 0);
  }

  /** `backwardStates`, and adds the gradients of its weights. What goes back to the inputs is `inputGradient`'s. */
  backward(run: CellRun, input: LayerInput, regions: InputScratch): void {
    this.backwardStates(run);
    const dz = this.cell.preactivationGradients(run);
    this.addGradients(dz, previousSlots(run.regions.h, run), input, regions);
  }

  /**
   * Adds the gradients of its weights from dz and the states that the steps started from, [T·B, H]. `shift`: bytes from the
   * network's gradients to those that are meant, of the same layout. `biasDz`: what the biases see of dz, where it is less.
   */
  addGradients(
    dz: Region,
    h: Region,
    input: LayerInput,
    regions: InputScratch,
    shift = 0,
    biasDz: Region = dz,
  ): void {
    if (this.recurrent?.weight.trainable === true) {
      const { gradient } = this.recurrent.weight;
      this.engine.kernels.gemmTN(
        gradient.pointer + shift,
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
    this.input.addGradients(dz, input, regions, shift, biasDz);
  }

  /**
   * The tangents of its states: `tangents` has the initial state's, and `sources` those of its inputs, none where they do
   * not depend on the states.
   */
  tangent(run: CellRun, tangents: CellRun, sources: readonly Region[]): void {
    this.input.tangent(this.cell.preactivations(tangents), sources);
    this.cell.tangent(this.engine, run, tangents, this.recurrent?.panels.pointer ?? 0);
  }

  /** dx (+)= what rows [first, first + dx.rows) of dz say of one source; after `backward`. */
  inputGradient(dx: Region, run: CellRun, first: number, source: number, accumulate: boolean): void {
    const dz = rowsOf(this.cell.preactivationGradients(run), first, dx.rows);
    this.sourceGradient(dx, dz, source, accumulate);
  }

  /** dx (+)= what dz, of as many rows, says of one source. */
  sourceGradient(dx: Region, dz: Region, source: number, accumulate: boolean): void {
    this.input.inputGradient(dx, dz, source, accumulate);
  }
}
