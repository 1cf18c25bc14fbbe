/** Runs one direction of one layer: the loop over time, for each sequence by itself. */

import { affine, affineBackward } from "./affine.js";
import type { CellState, CellStep, OracleCell } from "./cells/cell.js";

export interface LayerWeights {
  /** [G*H, inputs]. */
  weightIh: Float64Array;
  /** [G*H, H]; empty in a cell without a recurrent product. */
  weightHh: Float64Array;
  /** [G*H]. */
  biasIh: Float64Array;
  /** [G*H]; empty in a cell without a recurrent product. */
  biasHh: Float64Array;
}

export interface LayerPlan {
  cell: OracleCell;
  weights: LayerWeights;
  /** T, the number of steps. */
  steps: number;
  /** Length of each of the B sequences. */
  lengths: readonly number[];
  /** Whether time runs from each sequence's own last step to its first. */
  reverse: boolean;
  /** [T, B], not 0 where a sequence begins anew; default 0. */
  resets?: ArrayLike<number> | undefined;
}

/** Holds what each step read, [T, B]; undefined where a sequence has ended. */
export type LayerTape = ({ x: Float64Array; step: CellStep } | undefined)[];

/** Holds for each step, [T, B], all of dLoss/dh_t, and the gradient of what the step read. */
export type LayerGradients = ({ dh: Float64Array; read: CellStep } | undefined)[];

/** Returns the steps of one sequence in the order in which they are taken. */
function order(length: number, reverse: boolean): number[] {
  const times = Array.from({ length }, (_, t) => t);
  return reverse ? times.reverse() : times;
}

/** Returns whether step t of sequence b starts from zeros: in reverse, where the step after it begins anew. */
function startsAnew({ resets, lengths, reverse }: LayerPlan, t: number, b: number): boolean {
  const first = reverse ? t + 1 : t;
  return first < lengths[b] && resets?.[first * lengths.length + b] === 1;
}

function zerosLike({ h, c }: CellState): CellState {
  return { h: new Float64Array(h.length), c: new Float64Array(c.length) };
}

/** Returns the row of step t and sequence b, whose `index` is t·B + b, of `rows`, [T, B, width]. */
function row(rows: Float64Array, index: number, count: number): Float64Array {
  const width = rows.length / count;
  return rows.slice(index * width, (index + 1) * width);
}

/**
 * Runs the layer over `inputs`, [T, B, ·], from one initial state a sequence. Returns the outputs, [T, B, H],
 * 0 past a length, the final states, and the tape.
 */
export function layerForward(
  plan: LayerPlan,
  inputs: Float64Array,
  initial: readonly CellState[],
): { outputs: Float64Array; states: CellState[]; tape: LayerTape } {
  const { cell, weights, steps, lengths, reverse } = plan;
  const batch = lengths.length;
  const H = weights.biasIh.length / cell.gates;
  const outputs = new Float64Array(steps * batch * H);
  const tape: LayerTape = Array.from({ length: steps * batch }, () => undefined);
  const states = initial.map((start, b) => {
    let state = start;
    for (const t of order(lengths[b], reverse)) {
      if (startsAnew(plan, t, b)) state = zerosLike(state);
      const at = t * batch + b;
      const x = row(inputs, at, steps * batch);
      const step = {
        input: affine(weights.weightIh, weights.biasIh, x),
        recurrent: affine(weights.weightHh, weights.biasHh, state.h),
        ...state,
      };
      tape[at] = { x, step };
      state = cell.forward(step);
      outputs.set(state.h, at * H);
    }
    return state;
  });
  return { outputs, states, tape };
}

/**
 * Returns the gradients of inputs, initial states and weights, from dOutputs, [T, B, H], and the gradients of
 * the final states; what stands past a length is not read.
 */
export function layerBackward(
  plan: LayerPlan,
  tape: LayerTape,
  dOutputs: Float64Array,
  dFinal: readonly CellState[],
): { dInputs: Float64Array; dInitial: CellState[]; dWeights: LayerWeights; gradients: LayerGradients } {
  const { cell, weights, steps, lengths, reverse } = plan;
  const batch = lengths.length;
  const inputSize = weights.weightIh.length / weights.biasIh.length;
  const dInputs = new Float64Array(steps * batch * inputSize);
  const dWeights = {
    weightIh: new Float64Array(weights.weightIh.length),
    weightHh: new Float64Array(weights.weightHh.length),
    biasIh: new Float64Array(weights.biasIh.length),
    biasHh: new Float64Array(weights.biasHh.length),
  };
  const gradients: LayerGradients = tape.map(() => undefined);
  const dInitial = dFinal.map((end, b) => {
    let gradient = end;
    for (const t of order(lengths[b], reverse).reverse()) {
      const at = t * batch + b;
      const taken = tape[at];
      if (taken === undefined) throw new Error(`no step was taken at t=${t}, b=${b}`);
      const dOutput = row(dOutputs, at, steps * batch);
      const dState = { h: gradient.h.map((dh, j) => dh + dOutput[j]), c: gradient.c };
      const d = cell.backward(taken.step, dState);
      gradients[at] = { dh: dState.h, read: d };
      const { weightIh, weightHh } = weights;
      dInputs.set(
        affineBackward(weightIh, taken.x, d.input, dWeights.weightIh, dWeights.biasIh),
        at * inputSize,
      );
      const dh = affineBackward(weightHh, taken.step.h, d.recurrent, dWeights.weightHh, dWeights.biasHh);
      gradient = { h: dh.map((value, j) => value + d.h[j]), c: d.c };
      if (startsAnew(plan, t, b)) gradient = zerosLike(gradient);
    }
    return gradient;
  });
  return { dInputs, dInitial, dWeights, gradients };
}
