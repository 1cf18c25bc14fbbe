/** Runs one direction of one layer: the loop over time, for each sequence by itself. */

import type { CellState, CellStep, OracleCell } from "./cells/cell.js";
import { backStep, takeStep, type LayerWeights, type StepTaken } from "./step.js";

export type { LayerWeights } from "./step.js";

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
export type LayerTape = (StepTaken | undefined)[];

/** Holds for each step, [T, B], all of dLoss/dh_t, and the gradient of what the step read. */
export type LayerGradients = ({ dh: Float64Array; read: CellStep } | undefined)[];

function noWeights({ weightIh, weightHh, biasIh, biasHh, norms }: LayerWeights): LayerWeights {
  const zeros = ({ length }: Float64Array): Float64Array => new Float64Array(length);
  return {
    ...{ weightIh: zeros(weightIh), weightHh: zeros(weightHh), biasIh: zeros(biasIh), biasHh: zeros(biasHh) },
    ...(norms && {
      norms: {
        input: zeros(norms.input),
        recurrent: zeros(norms.recurrent),
        state: zeros(norms.state),
        stateBias: zeros(norms.stateBias),
      },
    }),
  };
}

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

function zeroState({ h, c }: CellState): CellState {
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
      if (startsAnew(plan, t, b)) state = zeroState(state);
      const at = t * batch + b;
      const taken = takeStep(cell, weights, row(inputs, at, steps * batch), state);
      tape[at] = taken;
      ({ state } = taken);
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
  const dWeights = noWeights(weights);
  const gradients: LayerGradients = tape.map(() => undefined);
  const dInitial = dFinal.map((end, b) => {
    let gradient = end;
    for (const t of order(lengths[b], reverse).reverse()) {
      const at = t * batch + b;
      const taken = tape[at];
      if (taken === undefined) throw new Error(`no step was taken at t=${t}, b=${b}`);
      const dOutput = row(dOutputs, at, steps * batch);
      const dState = { h: gradient.h.map((dh, j) => dh + dOutput[j]), c: gradient.c };
      const { read, dx, dBefore } = backStep(cell, weights, taken, dState, dWeights);
      gradients[at] = { dh: dState.h, read };
      dInputs.set(dx, at * inputSize);
      gradient = startsAnew(plan, t, b) ? zeroState(dBefore) : dBefore;
    }
    return gradient;
  });
  return { dInputs, dInitial, dWeights, gradients };
}
