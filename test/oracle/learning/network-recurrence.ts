/**
 * Stacks the oracle's cells as one recurrence over the joint state: [h, c] of each layer, the lowest first.
 */

import { affine } from "../affine.js";
import type { CellState, CellStep } from "../cells/cell.js";
import { backStep, takeStep, type LayerWeights, type StepTaken } from "../step.js";
import { cellTangent } from "./cell-tangent.js";
import { factorPlaces, preActivationRow, type FactorPlaces } from "./places.js";
import type { Adjoint, Factor, Recurrence } from "./recurrence.js";
import {
  recurrentCount,
  stackLayers,
  stateSizeOf,
  weightsWithin,
  type StackLayer,
  type StackSizes,
} from "./stack.js";
import { combine, rowTimes, unit, zeros } from "./vectors.js";

/** Holds what one layer read and made in one step. */
interface LayerStep {
  layer: StackLayer;
  weights: LayerWeights;
  taken: StepTaken;
}

/** Holds an adjoint, and the gradients of each layer's pre-activations. */
interface DeepAdjoint extends Adjoint {
  /** Gradients of what each layer's step read, by layer. */
  steps: CellStep[];
}

export class NetworkRecurrence implements Recurrence {
  readonly stateSize: number;
  readonly parameters: Float64Array;
  private readonly inputSize: number;
  private readonly embeddingSize: number;
  private readonly layers: readonly StackLayer[];
  /** Weights of each layer within `parameters`: no copies. */
  private readonly weights: readonly LayerWeights[];
  private readonly places: readonly FactorPlaces[];

  /** Keeps `parameters`, [P], without a copy: embedding, then each layer's W_ih, W_hh, b_ih, b_hh. */
  constructor(sizes: StackSizes, parameters: Float64Array) {
    if (parameters.length !== recurrentCount(sizes))
      throw new RangeError(`${parameters.length} parameters instead of ${recurrentCount(sizes)}`);
    this.parameters = parameters;
    this.inputSize = sizes.inputSize;
    this.embeddingSize = sizes.embeddingSize ?? 0;
    this.layers = stackLayers(sizes);
    this.weights = this.layers.map((layer) => weightsWithin(parameters, layer));
    this.stateSize = this.layers.reduce((sum, layer) => sum + stateSizeOf(layer), 0);
    this.places = this.layers.map(factorPlaces);
  }

  forward(s: Float64Array, x: Float64Array): Float64Array {
    return this.join(this.take(s, x).map(({ taken }) => taken.state));
  }

  vjp(s: Float64Array, x: Float64Array, cotangent: Float64Array): Adjoint {
    const { state, parameters, input, through } = this.back(this.take(s, x), x, cotangent);
    return { state, parameters, input, through };
  }

  jvp(
    s: Float64Array,
    x: Float64Array,
    ds: Float64Array,
    dTheta = zeros(this.parameters.length),
  ): Float64Array {
    if (this.layers.some(({ layerNorm }) => layerNorm))
      throw new RangeError("there is no tangent of a norm here");
    let dx = this.embeddingSize > 0 ? rowTimes(x, this.embedding(dTheta)) : zeros(this.inputSize);
    const tangents = this.take(s, x).map(({ layer, weights, taken: { x: below, step } }) => {
      const d = weightsWithin(dTheta, layer);
      const before = partOf(ds, layer);
      const tangent = {
        input: sum(affine(d.weightIh, d.biasIh, below), affine(weights.weightIh, zeros(d.biasIh.length), dx)),
        recurrent: sum(
          affine(d.weightHh, d.biasHh, step.h),
          affine(weights.weightHh, zeros(d.biasHh.length), before.h),
        ),
        ...before,
      };
      const after = cellTangent(layer.cell, step, tangent);
      dx = after.h;
      return after;
    });
    return this.join(tangents);
  }

  factors(s: Float64Array, x: Float64Array): Factor[] {
    if (this.embeddingSize > 0) throw new RangeError("the influence of an embedding is not one product");
    const taken = this.take(s, x);
    const backs = Array.from({ length: this.stateSize }, (_, i) =>
      this.back(taken, x, unit(this.stateSize, i)),
    );
    return taken.map(({ layer, taken: { x: below, step } }, l) => {
      const h = layer.recurrentInputs > 0 ? step.h : zeros(0);
      const a = Float64Array.of(...below, ...h, 1);
      const d = backs.map(({ steps }) => preActivationRow(layer, steps[l]));
      return { a, d, first: layer.parametersAt, ...this.places[l] };
    });
  }

  reach(parameter: number): number[] {
    const l = this.layers.findLastIndex(({ parametersAt }) => parametersAt <= parameter);
    if (l < 0) throw new RangeError(`parameter ${parameter} is the embedding's, which reaches all units`);
    const layer = this.layers[l];
    const h = layer.stateAt + (this.places[l].rows[parameter - layer.parametersAt] % layer.hidden);
    return layer.cell.keepsC ? [h, h + layer.hidden] : [h];
  }

  private take(s: Float64Array, x: Float64Array): LayerStep[] {
    let below = this.embeddingSize > 0 ? rowTimes(x, this.embedding(this.parameters)) : x;
    return this.layers.map((layer, l) => {
      const weights = this.weights[l];
      const taken = takeStep(layer.cell, weights, below, partOf(s, layer));
      below = taken.state.h;
      return { layer, weights, taken };
    });
  }

  private back(taken: readonly LayerStep[], x: Float64Array, cotangent: Float64Array): DeepAdjoint {
    const parameters = zeros(this.parameters.length);
    const steps: CellStep[] = [];
    const before: CellState[] = [];
    const through: CellState[] = [];
    let dx = zeros(taken[taken.length - 1].layer.hidden);
    for (const { layer, weights, taken: one } of [...taken].reverse()) {
      const given = partOf(cotangent, layer);
      const total = { h: sum(given.h, dx), c: given.c };
      const back = backStep(layer.cell, weights, one, total, weightsWithin(parameters, layer));
      dx = back.dx;
      steps.unshift(back.read);
      before.unshift(back.dBefore);
      through.unshift(total);
    }
    const input = this.embeddingSize > 0 ? this.embeddingBack(x, dx, parameters) : dx;
    return { state: this.join(before), parameters, input, through: this.join(through), steps };
  }

  /** Adds x ⊗ dx to the embedding's gradient, and returns the gradient of x. */
  private embeddingBack(x: Float64Array, dx: Float64Array, gradient: Float64Array): Float64Array {
    const gradients = this.embedding(gradient);
    return Float64Array.from(this.embedding(this.parameters), (row, i) => {
      row.forEach((_, j) => (gradients[i][j] += x[i] * dx[j]));
      return row.reduce((total, weight, j) => total + weight * dx[j], 0);
    });
  }

  /** Returns the embedding's rows within θ: no copies. */
  private embedding(theta: Float64Array): Float64Array[] {
    const E = this.embeddingSize;
    return Array.from({ length: this.inputSize }, (_, i) => theta.subarray(i * E, (i + 1) * E));
  }

  private join(states: readonly CellState[]): Float64Array {
    const joint = zeros(this.stateSize);
    states.forEach(({ h, c }, l) => {
      const { stateAt } = this.layers[l];
      joint.set(h, stateAt);
      joint.set(c, stateAt + h.length);
    });
    return joint;
  }
}

function partOf(joint: Float64Array, layer: StackLayer): CellState {
  const { stateAt, hidden } = layer;
  return {
    h: joint.slice(stateAt, stateAt + hidden),
    c: joint.slice(stateAt + hidden, stateAt + stateSizeOf(layer)),
  };
}

function sum(a: Float64Array, b: Float64Array): Float64Array {
  return combine(1, a, 1, b);
}
