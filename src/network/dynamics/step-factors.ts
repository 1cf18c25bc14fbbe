/** Gives the input's factors of one step's gradients: x for W_ih, h_{t-1} for W_hh, 1 for the biases. */

import { elementAt, rowsOf, sizeOf, type Region } from "../../memory/regions.js";
import { isDiagonal, type CellRun } from "../cells/cell.js";
import { previousSlots } from "../cells/state-slots.js";
import type { LayerInput } from "../model/input-product.js";
import type { Model, Pass } from "../model/model.js";
import { layerSuffix } from "../sizes.js";
import type { Window } from "../model/window.js";

/** Holds what one layer's pre-activations are products with, for one sample. */
export interface StepFactors {
  /** x, [1, ·]; or the token whose one-hot row x is. */
  readonly x: Region | number;
  /** x in the form in which a layer reads it. */
  readonly input: LayerInput;
  /** h_{t-1}, [1, H]; zeros where the sample begins anew. */
  readonly h: Region;
  /** ‖x‖² + 1: the first term is 0 while W_ih is not trainable, the second while b_ih is not. */
  readonly inputSquare: number;
  /**
   * ‖h_{t-1}‖² + 1: the first term is 0 while W_hh is not trainable, the second while b_hh is not; 0 without
   * W_hh.
   */
  readonly recurrentSquare: number;
}

/** Holds what a layer's pre-activations are products with, for all samples. */
export interface StepInputs {
  /** x, [B, ·]. */
  readonly input: LayerInput;
  /** h_{t-1}, [B, H]; zeros where a sample begins anew. */
  readonly h: Region;
}

/** Returns the states that a run of one step starts from, [B, H]: where some are zeros, a copy in what kernels hold aside. */
function startOf({ engine }: Model, run: CellRun): Region {
  const h = previousSlots(run.regions.h, run);
  const { resets, held, batch } = run;
  const { u8 } = engine.arena;
  if (resets === 0) return h;
  const start = { ...h, pointer: held };
  u8.copyWithin(held, h.pointer, h.pointer + sizeOf(h) * 4);
  for (let b = 0; b < batch; b++) if (u8[resets + b] !== 0) engine.arena.zero(rowsOf(start, b, 1));
  return start;
}

/**
 * Returns what a layer's pre-activations are products with, in a window of one step; valid until a layer runs again.
 */
export function stepInputs(model: Model, window: Window, pass: Pass, layer: number): StepInputs {
  const run = model.run(window, pass, layer, 0);
  return { input: model.inputOf(window, pass, layer), h: startOf(model, run) };
}

/** Returns what a layer's pre-activations are products with for one sample, in a window of one step. */
export function stepFactors(
  model: Model,
  window: Window,
  pass: Pass,
  layer: number,
  sample: number,
): StepFactors {
  const { arena, kernels } = model.engine;
  const { input, h: before } = stepInputs(model, window, pass, layer);
  const h = rowsOf(before, sample, 1);
  const x =
    "tokens" in input
      ? arena.i32[elementAt(input.tokens.pointer) + sample]
      : rowsOf(input.sources[0], sample, 1);
  const square = (row: Region): number => kernels.sumOfSquares(row.pointer, row.stride);
  const trained = (name: string): number =>
    model.parameters.place(`rnn.${name}_${layerSuffix(layer, 0)}`).trainable ? 1 : 0;
  const sampleInput: LayerInput =
    "tokens" in input
      ? { tokens: { ...input.tokens, pointer: input.tokens.pointer + sample * 4 } }
      : { sources: [rowsOf(input.sources[0], sample, 1)] };
  return {
    x,
    input: sampleInput,
    h,
    inputSquare: trained("weight_ih") * (typeof x === "number" ? 1 : square(x)) + trained("bias_ih"),
    recurrentSquare: isDiagonal(model.cell) ? 0 : trained("weight_hh") * square(h) + trained("bias_hh"),
  };
}
