/** Runs one layer in one direction: the input product, the cell's time loop, the weights' gradients. */

import type { Engine } from "../../memory/engine.js";
import type { MemoryScope } from "../../memory/memory-scope.js";
import { rowsOf, type Region } from "../../memory/regions.js";
import { isDiagonal, type CellDefinition, type CellRun } from "../cells/cell.js";
import { InputProduct, type InputScratch, type LayerInput } from "./input-product.js";
import type { PackedWeights } from "../parameters/packed-weights.js";
import { backwardPanels, forwardPanels } from "../parameters/panels.js";
import { layerSuffix } from "../sizes.js";
import type { ParameterPlace, Parameters } from "../parameters/parameters.js";
import { initialSlot, previousSlots } from "../cells/state-slots.js";

/** Holds W_hh and its panels, transposed and not; a cell whose units do not see each other has none. */
interface RecurrentWeights {
  readonly weight: ParameterPlace;
  readonly panels: PackedWeights;
  readonly backPanels: PackedWeights;
}

/** Says how gradients are added, other than to the network's, from dz and h alone. */
export interface GradientsOf {
  /** Bytes from the network's gradients to another range of the same layout that they are added to; default 0. */
  readonly shift?: number;
  /** The biases' gradients are computed from it; default dz. */
  readonly biasDz?: Region;
  /** Pointer to bytes, [T·B], or 0, the default: 1 where h is not what the step started from, but zeros. */
  readonly resets?: number;
}

export class Layer {
  readonly reverse: boolean;
  private readonly engine: Engine;
  private readonly cell: CellDefinition;
  private readonly input: InputProduct;
  private readonly recurrent: RecurrentWeights | undefined;

  constructor(
    parameters: Parameters,
    scope: MemoryScope,
    cell: CellDefinition,
    layer: number,
    direction: number,
  ) {
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

  /** Makes room for packed weights, with `tape` the backward pass's too; throws an OutOfMemoryError. */
  reserve(tokens: boolean, tape: boolean): void {
    this.input.reserve(tokens, tape);
    this.recurrent?.panels.reserve();
    if (tape) this.recurrent?.backPanels.reserve();
  }

  /** Computes the states after each step from the initial state and the inputs. */
  forward(run: CellRun, input: LayerInput): void {
    this.input.forward(this.cell.preactivations(run), input);
    this.cell.forward(this.engine, run, this.recurrent?.panels.pointer ?? 0);
  }

  /**
   * Runs one step backward as if no unit saw another (see UnitDerivatives) and returns dz. `none` points to
   * zeros, which stand for the panels of W_hh.
   */
  backwardUnits(run: CellRun, none: number): Region {
    this.cell.backward(this.engine, run, none);
    return this.cell.preactivationGradients(run);
  }

  /** Elements of the backward panels of W_hh; 0 without W_hh. */
  get backPanelSize(): number {
    return this.recurrent?.backPanels.size ?? 0;
  }

  /**
   * Runs the time loop backward. On entry dh and dc hold dLoss/d(states), on return dLoss/d(initial state);
   * dz then holds dLoss/d(pre-activations).
   */
  backwardStates(run: CellRun): void {
    this.engine.arena.zero(initialSlot(run.regions.dh, run));
    this.cell.backward(this.engine, run, this.recurrent?.backPanels.pointer ?? 0);
  }

  /** Runs `backwardStates` and adds the weights' gradients; `inputGradient` then gives dLoss/d(inputs). */
  backward(run: CellRun, input: LayerInput, regions: InputScratch): void {
    this.backwardStates(run);
    const dz = this.cell.preactivationGradients(run);
    this.addGradients(dz, previousSlots(run.regions.h, run), input, regions, { resets: run.resets });
  }

  /** Adds the weights' gradients, computed from dz and the states before each step, h, [T·B, H]. */
  addGradients(
    dz: Region,
    h: Region,
    input: LayerInput,
    regions: InputScratch,
    { shift = 0, biasDz = dz, resets = 0 }: GradientsOf = {},
  ): void {
    if (this.recurrent?.weight.trainable === true) {
      const { gradient } = this.recurrent.weight;
      this.engine.kernels.gemmTN(
        gradient.pointer + shift,
        dz.pointer + (dz.stride - gradient.rows) * 4,
        h.pointer,
        resets,
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
   * Computes the tangents of the layer's states. `tangents` comes in with the initial state's tangent;
   * `sources` are the inputs' tangents, none where the inputs do not depend on the states.
   */
  tangent(run: CellRun, tangents: CellRun, sources: readonly Region[]): void {
    this.input.tangent(this.cell.preactivations(tangents), sources);
    this.cell.tangent(this.engine, run, tangents, this.recurrent?.panels.pointer ?? 0);
  }

  /** Computes dx (+)= dLoss/d(one source) for rows [first, first + dx.rows), after `backward`. */
  inputGradient(dx: Region, run: CellRun, first: number, source: number, accumulate: boolean): void {
    const dz = rowsOf(this.cell.preactivationGradients(run), first, dx.rows);
    this.sourceGradient(dx, dz, source, accumulate);
  }

  /** Computes dx (+)= dz W_ih for one source; dx and dz have the same number of rows. */
  sourceGradient(dx: Region, dz: Region, source: number, accumulate: boolean): void {
    this.input.inputGradient(dx, dz, source, accumulate);
  }
}
