/** Computes the memory of a sequence in blocks: slots for tapes, slots for states, and a workplace. */

import { ALIGNMENT, matrix, roundUp, sizeOf, type Shape } from "../../memory/regions.js";
import { GRADIENT_NAMES, NONE, take, TAPE_NAMES } from "../../network/cells/cell.js";
import { needsTable } from "../../network/model/input-product.js";
import type { Model } from "../../network/model/model.js";
import { directionsOf } from "../../network/sizes.js";
import { planShared, withPrefix, type WindowSizes } from "../../network/model/window.js";

/** Describes a block of `steps` steps. */
export type BlockSizes = Pick<WindowSizes, "steps" | "batch" | "inputs" | "resets">;

/** Counts the slots that are reserved for a sequence. */
export interface BlockSlots {
  /** Slots for tapes, at least 1. */
  readonly internal: number;
  /** Slots for states. */
  readonly hidden: number;
}

/** Returns the bytes of one region in a slot. */
export function bytesOf(shape: Shape): number {
  return roundUp(sizeOf(shape) * 4, ALIGNMENT);
}

function sumOf(shapes: readonly Shape[]): number {
  return shapes.reduce((bytes, shape) => bytes + bytesOf(shape), 0);
}

export function runsOf({ options }: Model): number {
  return options.layers * directionsOf(options);
}

/** Plans the regions that a tape keeps of one layer and direction. */
export function planTape({ cell, options }: Model, { steps, batch }: BlockSizes) {
  return take(TAPE_NAMES, cell.plan(steps, batch, options.hiddenSize, true));
}

/** Plans the regions that a saved state takes for one layer and direction. */
export function planState({ cell, options }: Model, batch: number) {
  const h = matrix(batch, options.hiddenSize);
  return { h, c: cell.hasCellState ? h : NONE };
}

/**
 * Plans the workplace, whose inputs, outputs and gradients each block needs while it runs, and nothing keeps; of so many threads.
 */
export function planWork(model: Model, sizes: BlockSizes, threads = model.engine.threads) {
  const { cell, options, drops } = model;
  const { steps, batch } = sizes;
  const { inputSize: I, hiddenSize: H, layers } = options;
  const whole = planShared(options, cell, { ...sizes, tape: true, dropout: drops }, threads);
  const shared = needsTable(steps * batch, I) ? whole : { ...whole, dTable: NONE };
  const own = take(GRADIENT_NAMES, cell.plan(steps, batch, H, true));
  const gradients = Array.from({ length: runsOf(model) }, (_, run) => withPrefix(own, `${run}.`));
  const droppers = drops ? (layers - 1) * directionsOf(options) : 0;
  const dropped = Array.from({ length: droppers }, (_, run) =>
    withPrefix({ dropped: matrix(steps * batch, H) }, `${run}.`),
  );
  return Object.assign({ ...shared }, ...gradients, ...dropped) as typeof shared & Record<string, Shape>;
}

/**
 * Computes bytes for blocks of these sizes, without what belongs to the parameters, such as packed weights, and without what further
 * threads need: blocks of other lengths would round sums otherwise.
 */
export const blockBytes = {
  /** Returns the bytes of the workplace: all but the slots. */
  work: (model: Model, sizes: BlockSizes): number =>
    model.engine.arena.bytesOf({ ...planWork(model, sizes, 1), tapes: NONE, states: NONE }),
  /** Returns the bytes of one tape. */
  tape: (model: Model, sizes: BlockSizes): number =>
    runsOf(model) * sumOf(Object.values(planTape(model, sizes))),
  /** Returns the bytes of one state. */
  state: (model: Model, { batch }: BlockSizes): number =>
    runsOf(model) * sumOf(Object.values(planState(model, batch))),
};
