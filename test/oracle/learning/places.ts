/** Finds where each weight of a layer stands in its influence within one step, D ⊗ a, a = [x, h, 1]. */

import type { CellStep } from "../cells/cell.js";
import { recurrentRows, type StackLayer } from "./stack.js";

export interface FactorPlaces {
  /** The pre-activation that each parameter enters. */
  rows: Int32Array;
  /** The element of a that each parameter multiplies. */
  columns: Int32Array;
}

/**
 * Returns the places of a layer's parameters. The rows of D are the gates' pre-activations; a GRU's candidate
 * has two, n_x on x and n_h on h, so that its four blocks are r, z, n_x, n_h. The biases of both sides
 * multiply the same 1.
 */
export function factorPlaces(layer: StackLayer): FactorPlaces {
  const { cell, hidden, inputs, recurrentInputs, candidateApart } = layer;
  const shifted = candidateApart ? (cell.gates - 1) * hidden : Infinity;
  const inputRow = (row: number): number => row;
  const recurrentRow = (row: number): number => (row >= shifted ? row + hidden : row);
  const rows: number[] = [];
  const columns: number[] = [];
  const place = (count: number, rowOf: (row: number) => number, from: number, width: number): void => {
    for (let i = 0; i < count * width; i++) {
      rows.push(rowOf(Math.floor(i / width)));
      columns.push(from + (i % width));
    }
  };
  const [inputRows, hiddenRows] = [cell.gates * hidden, recurrentRows(layer)];
  place(inputRows, inputRow, 0, inputs);
  place(hiddenRows, recurrentRow, inputs, recurrentInputs);
  place(inputRows, inputRow, inputs + recurrentInputs, 1);
  place(hiddenRows, recurrentRow, inputs + recurrentInputs, 1);
  return { rows: Int32Array.from(rows), columns: Int32Array.from(columns) };
}

/** Returns the row of D from the gradient of what a step read. */
export function preActivationRow(layer: StackLayer, { input, recurrent }: CellStep): Float64Array {
  const apart = layer.candidateApart ? recurrent.subarray((layer.cell.gates - 1) * layer.hidden) : [];
  return Float64Array.of(...input, ...apart);
}
