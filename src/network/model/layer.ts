/** Runs one layer in one direction: the input product, the cell's time loop, the weights' gradients. */

import type { Engine } from "../../memory/engine.js";
import type { MemoryScope } from "../../memory/memory-scope.js";
import { rowsOf, type Region } from "../../memory/regions.js";
import {
  inputGradients,
  isDiagonal,
  NO_NORMS,
  recurrentGradients,
  type CellDefinition,
  type CellRun,
  type NormPointers,
} from "../cells/cell.js";
import { InputNorm } from "./input-norm.js";
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

/** Says how gradients are added. */
export interface GradientsOf {
  /** Bytes from the network's gradients to another range of the same layout that they are added to; default 0. */
  readonly shift?: number;
  /** Pointer to bytes, [T·B], or 0, the default: 1 where h is not what the step started from, but zeros. */
  readonly resets?: number;
}

/** Holds what the parameters' gradients are computed from, [T·B, ·] each. */
export interface LayerGradients {
  /** dLoss/d(W_ih x_t), in its first blocks. */
  readonly input: Region;
  /** dLoss/d(W_hh h_{t-1}), in its last blocks. */
  readonly recurrent: Region;
  /** dLoss/d(pre-activations), which the biases are part of. */
  readonly sums: Region;
}

/** Picks a sample's row of each step, of regions of `rows` rows a step; undefined: all rows. */
export interface SampleRows {
  readonly row: number;
  readonly rows: number;
}

function rowsFor(region: Region, sample: SampleRows | undefined, steps: number): Region {
  if (sample === undefined) return region;
  const { row, rows } = sample;
  const { pointer, columns, stride } = region;
  return { pointer: pointer + row * stride * 4, columns, rows: steps, stride: rows * stride };
}

export class Layer {
  readonly reverse: boolean;
  private readonly engine: Engine;
  private readonly cell: CellDefinition;
  private readonly input: InputProduct;
  private readonly recurrent: RecurrentWeights | undefined;
  /** The gains of layer normalisation, in the cell's order, and W_ih x_t's norm; none in a cell without it. */
  private readonly norms: readonly ParameterPlace[];
  private readonly inputNorm: InputNorm | undefined;

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
    const { norm } = cell;
    this.norms = (norm?.parameters ?? []).map(({ name }) => place(name));
    if (norm !== undefined && norm.inputGroups.length > 0)
      this.inputNorm = new InputNorm(this.engine, norm, place("norm_ih"));
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

  /** Computes the states after each step from the initial state and the inputs, with the window's engine. */
  forward(engine: Engine, run: CellRun, input: LayerInput): void {
    const { cell, inputNorm } = this;
    if (cell.norm === undefined) this.input.forward(engine, cell.preactivations(run), input);
    else this.input.forward(engine, cell.norm.product(run), input);
    if (inputNorm !== undefined) {
      this.input.fillBiases(engine, cell.preactivations(run));
      inputNorm.forward(engine, run);
    }
    cell.forward(engine, run, this.recurrent?.panels.pointer ?? 0, this.normPointers());
  }

  /** Returns what the time loop normalises by. */
  private normPointers(): NormPointers {
    const { norm } = this.cell;
    if (norm === undefined) return NO_NORMS;
    const pointers = { recurrent: 0, state: 0, stateBias: 0, bias: this.input.biases };
    norm.parameters.forEach(({ pointer }, i) => {
      if (pointer !== undefined) pointers[pointer] = this.norms[i].value.pointer;
    });
    return pointers;
  }

  /**
   * Runs one step backward as if no unit saw another (see UnitDerivatives) and returns dz. `none` points to
   * zeros, which stand for the panels of W_hh.
   */
  backwardUnits(run: CellRun, none: number): Region {
    this.cell.backward(this.engine, run, none, this.normPointers());
    return this.cell.preactivationGradients(run);
  }

  /** Elements of the backward panels of W_hh; 0 without W_hh. */
  get backPanelSize(): number {
    return this.recurrent?.backPanels.size ?? 0;
  }

  /**
   * Runs the time loop backward. On entry dh and dc hold dLoss/d(states), on return dLoss/d(initial state);
   * dz then holds dLoss/d(pre-activations), and where W_ih x_t is normalised du its gradient.
   */
  backwardStates(run: CellRun): void {
    this.engine.arena.zero(initialSlot(run.regions.dh, run));
    this.cell.backward(this.engine, run, this.recurrent?.backPanels.pointer ?? 0, this.normPointers());
    this.inputNorm?.backward(run);
  }

  /** Runs `backwardStates` and adds the weights' gradients; `inputGradient` then gives dLoss/d(inputs). */
  backward(run: CellRun, input: LayerInput, regions: InputScratch): void {
    this.backwardStates(run);
    this.addGradients(this.gradientsOf(run), previousSlots(run.regions.h, run), input, regions, {
      resets: run.resets,
    });
    this.addNormGradients(run, undefined, run, undefined);
  }

  /** Returns what `backwardStates` left. */
  gradientsOf(run: CellRun): LayerGradients {
    const { cell } = this;
    return {
      input: inputGradients(cell, run),
      recurrent: recurrentGradients(cell, run),
      sums: cell.preactivationGradients(run),
    };
  }

  /** Adds the gradients of weights and biases, computed from d and the states before each step, h, [T·B, H]. */
  addGradients(
    d: LayerGradients,
    h: Region,
    input: LayerInput,
    regions: InputScratch,
    { shift = 0, resets = 0 }: GradientsOf = {},
  ): void {
    if (this.recurrent?.weight.trainable === true) {
      const { gradient } = this.recurrent.weight;
      const dz = d.recurrent;
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
    this.input.addGradients(d.input, d.sums, input, regions, shift);
  }

  /**
   * Adds the gradients of the gains of layer normalisation: dg += Σ dLoss/d(g ⊙ x̂) ⊙ x̂ over the rows, of the gradients in
   * `run` and of x̂ in `tape`, which may be the same; all rows, or those of one sample. `shift`: as for `addGradients`.
   */
  addNormGradients(
    run: CellRun,
    rows: SampleRows | undefined,
    tape: CellRun,
    tapeRows: SampleRows | undefined,
    shift = 0,
  ): void {
    this.cell.norm?.parameters.forEach(({ by, times }, i) => {
      const { gradient, trainable } = this.norms[i];
      if (!trainable) return;
      const d = rowsFor(by(run), rows, run.steps);
      const x = times === undefined ? undefined : rowsFor(times(tape), tapeRows, run.steps);
      this.engine.kernels.addColumnProducts(
        gradient.pointer + shift,
        d.pointer,
        x?.pointer ?? 0,
        d.rows,
        gradient.stride,
        d.stride,
        x?.stride ?? 0,
      );
    });
  }

  /**
   * Computes the tangents of the layer's states. `tangents` comes in with the initial state's tangent;
   * `sources` are the inputs' tangents, none where the inputs do not depend on the states.
   */
  tangent(run: CellRun, tangents: CellRun, sources: readonly Region[]): void {
    const { cell, inputNorm } = this;
    if (cell.norm === undefined) this.input.tangent(cell.preactivations(tangents), sources);
    else if (inputNorm === undefined || sources.length > 0)
      this.input.tangent(cell.norm.product(tangents), sources);
    if (inputNorm !== undefined) {
      this.engine.arena.zero(cell.preactivations(tangents));
      if (sources.length > 0) inputNorm.tangent(run, tangents);
    }
    cell.tangent(this.engine, run, tangents, this.recurrent?.panels.pointer ?? 0, this.normPointers());
  }

  /** Computes dx (+)= dLoss/d(one source) for rows [first, first + dx.rows), after `backward`. */
  inputGradient(dx: Region, run: CellRun, first: number, source: number, accumulate: boolean): void {
    this.sourceGradient(dx, rowsOf(inputGradients(this.cell, run), first, dx.rows), source, accumulate);
  }

  /** Computes dx (+)= dz W_ih for one source, dz being dLoss/d(W_ih x_t); dx and dz have the same number of rows. */
  sourceGradient(dx: Region, dz: Region, source: number, accumulate: boolean): void {
    this.input.inputGradient(dx, dz, source, accumulate);
  }
}
