/** Finds where the weights and states of a network's layers stand in θ and in the joint state. */

import type { Cell } from "../../../src/network/types.js";
import { cells } from "../cells/by-name.js";
import type { OracleCell } from "../cells/cell.js";
import type { LayerWeights, NormWeights } from "../step.js";

export interface StackSizes {
  /** I, the width of the inputs. */
  inputSize: number;
  /** H, the number of units of a layer. */
  hiddenSize: number;
  /** O, the width of the outputs; 0: no head. */
  outputSize: number;
  cell: Cell;
  /** L, the number of layers; default 1. */
  layers?: number;
  /** E, default 0: the layers read the inputs as they are. */
  embeddingSize?: number;
  /** Whether the cells have layer normalisation; default false. */
  layerNorm?: boolean;
}

export interface StackLayer {
  readonly cell: OracleCell;
  /** H, the number of units. */
  readonly hidden: number;
  /** Width of the layer's inputs. */
  readonly inputs: number;
  /** Width of h_{t-1} that the layer reads through weights: H, or 0. */
  readonly recurrentInputs: number;
  /** Whether its candidate stands apart: see OracleCell. */
  readonly candidateApart: boolean;
  readonly layerNorm: boolean;
  /** Index at which the layer's [h, c] begins in the joint state. */
  readonly stateAt: number;
  /** Index at which the layer's weights begin in θ: W_ih, W_hh, b_ih, b_hh, then gains. */
  readonly parametersAt: number;
}

/** Returns the size of a layer's state: H, or 2H with a c. */
export function stateSizeOf({ cell, hidden }: StackLayer): number {
  return cell.keepsC ? 2 * hidden : hidden;
}

export function parameterCountOf(layer: StackLayer): number {
  const { cell, hidden, inputs, recurrentInputs } = layer;
  const gains = Object.values(normLengths(layer)).reduce((sum, length) => sum + length, 0);
  return cell.gates * hidden * (inputs + 1) + recurrentRows(layer) * (recurrentInputs + 1) + gains;
}

/** Returns the lengths of the gains, in the order in which they stand. */
function normLengths({ cell, hidden, layerNorm }: StackLayer): Record<keyof NormWeights, number> {
  const rows = layerNorm ? cell.gates * hidden : 0;
  const state = layerNorm && cell.keepsC ? hidden : 0;
  return { input: rows, recurrent: cell.norm?.joint === true ? 0 : rows, state, stateBias: state };
}

/** Returns the rows of W_hh: G*H, or 0 where nothing of h_{t-1} is read through weights. */
export function recurrentRows({ cell, hidden, recurrentInputs }: StackLayer): number {
  return recurrentInputs > 0 ? cell.gates * hidden : 0;
}

export function stackLayers(sizes: StackSizes): StackLayer[] {
  const { inputSize, hiddenSize: hidden, layers = 1, embeddingSize = 0, layerNorm = false } = sizes;
  const cell = cells[sizes.cell];
  const stack: StackLayer[] = [];
  let stateAt = 0;
  let parametersAt = inputSize * embeddingSize;
  for (let l = 0; l < layers; l++) {
    const first = embeddingSize > 0 ? embeddingSize : inputSize;
    const layer = {
      cell,
      hidden,
      inputs: l === 0 ? first : hidden,
      recurrentInputs: cell.recurs ? hidden : 0,
      candidateApart: cell.candidateApart ?? false,
      layerNorm,
      stateAt,
      parametersAt,
    };
    stack.push(layer);
    stateAt += stateSizeOf(layer);
    parametersAt += parameterCountOf(layer);
  }
  return stack;
}

/** Returns P, the number of all weights but the head's. */
export function recurrentCount(sizes: StackSizes): number {
  const { inputSize, embeddingSize = 0 } = sizes;
  return stackLayers(sizes).reduce((sum, layer) => sum + parameterCountOf(layer), inputSize * embeddingSize);
}

export function headCount({ outputSize, hiddenSize }: StackSizes): number {
  return outputSize * (hiddenSize + 1);
}

/** Returns the weights of a layer within θ, or within a gradient or tangent of θ: no copies. */
export function weightsWithin(theta: Float64Array, layer: StackLayer): LayerWeights {
  const rows = layer.cell.gates * layer.hidden;
  let at = layer.parametersAt;
  const next = (length: number): Float64Array => theta.subarray(at, (at += length));
  const weights = {
    weightIh: next(rows * layer.inputs),
    weightHh: next(recurrentRows(layer) * layer.recurrentInputs),
    biasIh: next(rows),
    biasHh: next(recurrentRows(layer)),
  };
  if (!layer.layerNorm) return weights;
  const { input, recurrent, state, stateBias } = normLengths(layer);
  const norms = {
    input: next(input),
    recurrent: next(recurrent),
    state: next(state),
    stateBias: next(stateBias),
  };
  return { ...weights, norms };
}
