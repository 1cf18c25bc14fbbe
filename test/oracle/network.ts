/** Runs the whole network in float64, forward and backward: embedding, layers, dropout, head. */

import { cells } from "./cells/by-name.js";
import type { CellState } from "./cells/cell.js";
import { headBackward, headForward } from "./head.js";
import { layerBackward, layerForward, type LayerGradients, type LayerPlan, type LayerTape } from "./layer.js";
import { oracleLoss, type OracleLoss, type OracleTarget, type Reduction } from "./loss.js";
import {
  addLayerWeights,
  addTo,
  directions,
  layerWeights,
  outputWidth,
  tensor,
  tensorsFor,
  type OracleModel,
  type OracleSizes,
  type Tensors,
} from "./model.js";
import { joinStates, statesAt, type GivenState, type OracleState } from "./state.js";

/** Declares the public `Sequence` with arrays of any type. */
export interface OracleSequence {
  steps: number;
  batch: number;
  /** [T, B]. */
  tokens?: ArrayLike<number>;
  /** [T, B, I]. */
  values?: ArrayLike<number>;
  /** [B]. */
  lengths?: ArrayLike<number>;
  /** [T, B], 1 where a sequence begins anew. */
  resets?: ArrayLike<number>;
}

export interface OracleTape {
  readonly sequence: OracleSequence;
  readonly lengths: readonly number[];
  /** One mask, [T, B, D*H], for each layer but the last. */
  readonly dropoutMasks: readonly Float64Array[];
  /** Tapes by layer and direction. */
  readonly layers: readonly (readonly LayerTape[])[];
  /** Hidden states of the top layer, [T, B, D*H]. */
  readonly hidden: Float64Array;
  /** The top layer's final states, [B, D*H]. */
  readonly finals: Float64Array;
  /** [T, B, O], or [B, O] of one output a sequence. */
  readonly outputs: Float64Array;
}

export interface OracleForward {
  outputs: Float64Array;
  state: OracleState;
  hidden: Float64Array;
  tape: OracleTape;
}

export interface OracleBackward {
  /** The loss; NaN when the target is a gradient. */
  loss: number;
  count: number;
  gradients: Tensors;
  /** Gradients of each step, by layer and direction. */
  layers: readonly (readonly LayerGradients[])[];
  /** Gradient of the initial state. */
  stateGradient: OracleState;
  /** Gradient of the values or of the one-hot rows, [T, B, I]; none with an embedding. */
  inputGradient?: Float64Array;
}

/** Returns what the first layer reads, [T, B, I or E]: one-hot rows, embedding rows, or the values. */
function firstInputs(model: OracleModel, { steps, batch, tokens, values }: OracleSequence): Float64Array {
  const { inputSize: I, embeddingSize: E } = model.sizes;
  if ((tokens === undefined) === (values === undefined)) throw new TypeError("either tokens or values");
  const given = tokens ?? values ?? [];
  const expected = steps * batch * (tokens === undefined ? I : 1);
  if (given.length !== expected) throw new RangeError(`${given.length} inputs instead of ${expected}`);
  if (tokens === undefined) return Float64Array.from(given);
  const inputs = new Float64Array(steps * batch * (E > 0 ? E : I));
  for (let at = 0; at < tokens.length; at++) {
    if (E > 0)
      inputs.set(
        tensor(model.parameters, "embedding.weight").subarray(tokens[at] * E, (tokens[at] + 1) * E),
        at * E,
      );
    else inputs[at * I + tokens[at]] = 1;
  }
  return inputs;
}

/** Joins the [T, B, H] of each direction to [T, B, D*H]. */
function concatenate(parts: readonly Float64Array[], H: number): Float64Array {
  const D = parts.length;
  const joined = new Float64Array(D * parts[0].length);
  parts.forEach((part, d) => {
    part.forEach((value, i) => (joined[(Math.floor(i / H) * D + d) * H + (i % H)] = value));
  });
  return joined;
}

/** Returns the part of direction d of [T, B, D*H], as [T, B, H]. */
function split(joined: Float64Array, d: number, D: number, H: number): Float64Array {
  return Float64Array.from(
    { length: joined.length / D },
    (_, i) => joined[(Math.floor(i / H) * D + d) * H + (i % H)],
  );
}

function multiply(values: Float64Array, mask: Float64Array | undefined): Float64Array {
  if (mask !== undefined && mask.length !== values.length)
    throw new RangeError(`a dropout mask needs ${values.length} values`);
  return mask === undefined ? values : values.map((value, i) => value * mask[i]);
}

function planOf(
  model: OracleModel,
  layer: number,
  d: number,
  { steps, resets }: OracleSequence,
  lengths: readonly number[],
): LayerPlan {
  const weights = layerWeights(model.sizes, model.parameters, layer, d);
  return { cell: cells[model.sizes.cell], weights, steps, lengths, reverse: d === 1, resets };
}

/**
 * Runs the network forward from `state`, default zeros. `dropoutMasks` holds, for each layer but the last,
 * what its outputs, [T, B, D*H], are multiplied by: 0 or 1/(1 − p) in inverted dropout.
 */
export function oracleForward(
  model: OracleModel,
  sequence: OracleSequence,
  options: { state?: GivenState | undefined; dropoutMasks?: readonly Float64Array[] | undefined } = {},
): OracleForward {
  const { sizes } = model;
  const { steps, batch } = sequence;
  const { state, dropoutMasks = [] } = options;
  const D = directions(sizes);
  const lengths = Array.from(sequence.lengths ?? Array.from({ length: batch }, () => steps));
  let hidden = firstInputs(model, sequence);
  const layers: LayerTape[][] = [];
  const states: CellState[][] = [];
  for (let layer = 0; layer < sizes.layers; layer++) {
    const inputs = layer === 0 ? hidden : multiply(hidden, dropoutMasks.at(layer - 1));
    const runs = Array.from({ length: D }, (_, d) =>
      layerForward(
        planOf(model, layer, d, sequence, lengths),
        inputs,
        statesAt(sizes, batch, layer * D + d, state),
      ),
    );
    hidden = concatenate(
      runs.map((run) => run.outputs),
      sizes.hiddenSize,
    );
    layers.push(runs.map((run) => run.tape));
    states.push(...runs.map((run) => run.states));
  }
  const finals = finalHidden(sizes, states);
  const outputs =
    sizes.output === "sequence"
      ? headForward(model, finals, 1, ones(batch))
      : headForward(model, hidden, steps, lengths);
  const tape = { sequence, lengths, dropoutMasks, layers, hidden, finals, outputs };
  return { outputs, state: joinStates(sizes, states), hidden, tape };
}

/**
 * Returns the gradients of the loss plus ⟨stateGradient, final state⟩. With no target at all the loss is 0.
 */
export function oracleBackward(
  model: OracleModel,
  tape: OracleTape,
  target: OracleTarget,
  options: {
    reduction?: Reduction | undefined;
    stateGradient?: GivenState | undefined;
    loss?: OracleLoss | undefined;
  } = {},
): OracleBackward {
  const { sizes } = model;
  const { batch, tokens } = tape.sequence;
  const D = directions(sizes);
  const gradients = tensorsFor(sizes, (_, length) => new Float64Array(length));
  const { loss, count, gradient } = oracleLoss(
    tape.outputs,
    outputWidth(sizes),
    rowLengths(model, tape),
    target,
    options.reduction,
    options.loss,
  );
  const whole = sizes.output === "sequence";
  const read = whole ? { sequence: { steps: 1 }, lengths: ones(batch), hidden: tape.finals } : tape;
  const dRead = headBackward(model, read, gradient, gradients);
  let dHidden = whole ? new Float64Array(tape.hidden.length) : dRead;
  const dStates: CellState[][] = [];
  const layers: LayerGradients[][] = [];
  for (let layer = sizes.layers - 1; layer >= 0; layer--) {
    const runs = tape.layers[layer].map((layerTape, d) => {
      const dFinal = statesAt(sizes, batch, layer * D + d, options.stateGradient);
      if (whole && layer === sizes.layers - 1) addRows(dFinal, split(dRead, d, D, sizes.hiddenSize));
      return layerBackward(
        planOf(model, layer, d, tape.sequence, tape.lengths),
        layerTape,
        split(dHidden, d, D, sizes.hiddenSize),
        dFinal,
      );
    });
    runs.forEach((run, d) => {
      addLayerWeights(sizes, gradients, layer, d, run.dWeights);
    });
    dStates.unshift(...runs.map((run) => run.dInitial));
    layers.unshift(runs.map((run) => run.gradients));
    const dInputs = runs[0].dInputs.map((_, i) => runs.reduce((sum, run) => sum + run.dInputs[i], 0));
    dHidden = layer === 0 ? dInputs : multiply(dInputs, tape.dropoutMasks.at(layer - 1));
  }
  const stateGradient = joinStates(sizes, dStates);
  if (sizes.embeddingSize === 0)
    return { loss, count, gradients, layers, stateGradient, inputGradient: dHidden };
  scatterRows(tensor(gradients, "embedding.weight"), tokens ?? [], dHidden, sizes.embeddingSize);
  return { loss, count, gradients, layers, stateGradient };
}

/** Returns the top layer's final states, [B, D*H], the directions side by side. */
function finalHidden(sizes: OracleSizes, states: readonly (readonly CellState[])[]): Float64Array {
  const tops = states.slice(-directions(sizes));
  return concatenate(
    tops.map((sequences) => Float64Array.from(sequences.flatMap(({ h }) => Array.from(h)))),
    sizes.hiddenSize,
  );
}

/** Adds the rows of [B, H] to the states' h. */
function addRows(states: readonly CellState[], rows: Float64Array): void {
  states.forEach(({ h }, b) => {
    addTo(h, rows.subarray(b * h.length));
  });
}

/** Returns the lengths of the sequences of outputs: one, where there is one output a sequence. */
export function rowLengths(
  { sizes }: OracleModel,
  { lengths }: Pick<OracleTape, "lengths">,
): readonly number[] {
  return sizes.output === "sequence" ? ones(lengths.length) : lengths;
}

/** Returns lengths of B sequences of one step. */
function ones(batch: number): number[] {
  return Array.from({ length: batch }, () => 1);
}

/** Adds the gradient of each step's row to that of its token's row. */
function scatterRows(into: Float64Array, tokens: ArrayLike<number>, rows: Float64Array, width: number): void {
  rows.forEach((value, i) => (into[tokens[Math.floor(i / width)] * width + (i % width)] += value));
}
