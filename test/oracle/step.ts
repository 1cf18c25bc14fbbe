/** One step of one sequence of a layer: its matrix products, any layer normalisation, and the cell. */

import { affine, affineBackward } from "./affine.js";
import type { CellState, CellStep, OracleCell } from "./cells/cell.js";
import { byParts, normalize, normalizeBackward } from "./norm.js";

/** The gains of layer normalisation; those that the cell has not are empty. */
export interface NormWeights {
  /** Of W_ih x, [G*H]; of W_ih x + W_hh h where they are normalised jointly. */
  input: Float64Array;
  /** Of W_hh h, [G*H]. */
  recurrent: Float64Array;
  /** Of the cell state, [H], and the bias behind it. */
  state: Float64Array;
  stateBias: Float64Array;
}

export interface LayerWeights {
  /** [G*H, inputs]. */
  weightIh: Float64Array;
  /** [G*H, H]; empty in a cell without a recurrent product. */
  weightHh: Float64Array;
  /** [G*H]. */
  biasIh: Float64Array;
  /** [G*H]; empty in a cell without a recurrent product. */
  biasHh: Float64Array;
  /** Only with layer normalisation. */
  norms?: NormWeights;
}

export interface StepTaken {
  readonly x: Float64Array;
  /** What the cell read; with layer normalisation the products are normalised. */
  readonly step: CellStep;
  /** What came of it. */
  readonly state: CellState;
}

const products = ({ weightIh, weightHh }: LayerWeights, x: Float64Array, h: Float64Array) => ({
  input: affine(weightIh, new Float64Array(weightIh.length / x.length), x),
  recurrent: affine(weightHh, new Float64Array(weightHh.length / h.length), h),
});

/** The elements of the parts of a product that are normalised together. */
function partsOf({ norm }: OracleCell, H: number): number[] {
  if (norm === undefined) throw new RangeError("this cell has no layer normalisation");
  return norm.groups.map((blocks) => blocks * H);
}

function plus(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value + b[i]);
}

function times(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value * b[i]);
}

function read(cell: OracleCell, weights: LayerWeights, x: Float64Array, { h, c }: CellState): CellStep {
  const { biasIh, biasHh, norms } = weights;
  const { input, recurrent } = products(weights, x, h);
  if (norms === undefined) return { input: plus(biasIh, input), recurrent: plus(biasHh, recurrent), h, c };
  const normal = (a: Float64Array): Float64Array => byParts(partsOf(cell, h.length), [a], normalize);
  if (cell.norm?.joint === true) {
    const sum = normal(plus(input, recurrent));
    return { input: plus(biasIh, times(norms.input, sum)), recurrent: biasHh.slice(), h, c };
  }
  return {
    input: plus(biasIh, times(norms.input, normal(input))),
    recurrent: plus(biasHh, times(norms.recurrent, normal(recurrent))),
    h,
    c,
  };
}

/** Returns o, and tanh(N(c; g) + b), of a cell whose state is normalised on its way out. */
function outputOf(cell: OracleCell, { state, stateBias }: NormWeights, step: CellStep, c: Float64Array) {
  const o = cell.activations(step)["o"].values;
  return { o, s: plus(stateBias, times(state, normalize(c))).map((y) => Math.tanh(y)) };
}

export function takeStep(
  cell: OracleCell,
  weights: LayerWeights,
  x: Float64Array,
  before: CellState,
): StepTaken {
  const step = read(cell, weights, x, before);
  const state = cell.forward(step);
  if (weights.norms === undefined || !cell.keepsC) return { x, step, state };
  const { o, s } = outputOf(cell, weights.norms, step, state.c);
  return { x, step, state: { h: times(o, s), c: state.c } };
}

/** Returns the gradient of what the cell read; adds those of the state's gain and bias. */
function cellBackward(
  cell: OracleCell,
  weights: LayerWeights,
  { step }: StepTaken,
  d: CellState,
  dNorms: NormWeights | undefined,
): CellStep {
  const { norms } = weights;
  if (norms === undefined || dNorms === undefined || !cell.keepsC) return cell.backward(step, d);
  // h = o tanh(y), y = g x̂ + b, x̂ = N(c): all that reaches c goes back through the cell with nothing from h; o's part is added.
  const { c } = cell.forward(step);
  const { o, s } = outputOf(cell, norms, step, c);
  const dy = d.h.map((dh, j) => dh * o[j] * (1 - s[j] * s[j]));
  const x = normalize(c);
  for (let j = 0; j < dy.length; j++) {
    dNorms.state[j] += dy[j] * x[j];
    dNorms.stateBias[j] += dy[j];
  }
  const dc = plus(d.c, normalizeBackward(c, times(norms.state, dy)));
  const back = cell.backward(step, { h: new Float64Array(dy.length), c: dc });
  const first = Object.keys(cell.activations(step)).indexOf("o") * dy.length;
  for (let j = 0; j < dy.length; j++) {
    const dz = d.h[j] * s[j] * o[j] * (1 - o[j]);
    back.input[first + j] += dz;
    back.recurrent[first + j] += dz;
  }
  return back;
}

/** Returns the gradients of both products from those of what the cell read; adds those of the gains. */
function productsBackward(
  cell: OracleCell,
  weights: LayerWeights,
  { x, step }: StepTaken,
  d: CellStep,
  dNorms: NormWeights | undefined,
): { input: Float64Array; recurrent: Float64Array } {
  const { norms } = weights;
  if (norms === undefined || dNorms === undefined) return d;
  const sizes = partsOf(cell, step.h.length);
  const back = (a: Float64Array, gain: Float64Array, dGain: Float64Array, dy: Float64Array): Float64Array => {
    const normal = byParts(sizes, [a], normalize);
    for (let i = 0; i < dy.length; i++) dGain[i] += dy[i] * normal[i];
    return byParts(sizes, [a, times(gain, dy)], normalizeBackward);
  };
  const { input, recurrent } = products(weights, x, step.h);
  if (cell.norm?.joint === true) {
    const dSum = back(plus(input, recurrent), norms.input, dNorms.input, d.input);
    return { input: dSum, recurrent: dSum };
  }
  return {
    input: back(input, norms.input, dNorms.input, d.input),
    recurrent: back(recurrent, norms.recurrent, dNorms.recurrent, d.recurrent),
  };
}

/** Returns the gradients of what the cell read, of x and of the state before, and adds those of the weights to `dWeights`. */
export function backStep(
  cell: OracleCell,
  weights: LayerWeights,
  taken: StepTaken,
  dState: CellState,
  dWeights: LayerWeights,
): { read: CellStep; dx: Float64Array; dBefore: CellState } {
  const { x, step } = taken;
  const read = cellBackward(cell, weights, taken, dState, dWeights.norms);
  read.input.forEach((value, i) => (dWeights.biasIh[i] += value));
  read.recurrent.forEach((value, i) => (dWeights.biasHh[i] += value));
  const { input, recurrent } = productsBackward(cell, weights, taken, read, dWeights.norms);
  const rows = (d: Float64Array): Float64Array => new Float64Array(d.length);
  const dx = affineBackward(weights.weightIh, x, input, dWeights.weightIh, rows(input));
  const dh = affineBackward(weights.weightHh, step.h, recurrent, dWeights.weightHh, rows(recurrent));
  return { read, dx, dBefore: { h: plus(dh, read.h), c: read.c } };
}
