/** Holds the memory of one window of T steps: inputs, states, outputs and, on a tape, their gradients. */

import type { Engine } from "../../memory/engine.js";
import type { Arena, Block } from "../../memory/arena.js";
import type { MemoryScope } from "../../memory/memory-scope.js";
import {
  COLUMN_STEP,
  matrix,
  roundUp,
  rowsOf,
  vector,
  type Region,
  type Shape,
} from "../../memory/regions.js";
import type { InputKind } from "./batch.js";
import { NONE, type CellDefinition, type CellRegions } from "../cells/cell.js";
import { transposedScratch } from "../../wasm/product-sizes.js";
import { directionsOf, outputWidth } from "../sizes.js";
import type { CompleteOptions } from "../types.js";

/** Rows that pass through the staging regions at a time, of targets and of the inputs' gradient. */
const STAGED_ROWS = 256;

export interface WindowSizes {
  /** T, time steps. */
  readonly steps: number;
  /** B, sequences in the batch. */
  readonly batch: number;
  readonly inputs: InputKind;
  /** Whether a backward pass follows. */
  readonly tape: boolean;
  /** Whether layers drop some of their outputs. */
  readonly dropout: boolean;
  /** Whether there is room for sequences that begin anew inside the window. */
  readonly resets: boolean;
}

/** Weights a unit that padding, and a loop without products, stand for at most. */
const PADDING = 32;

/** Rows that a time loop of so many sequences holds aside: two more than sequences, of each part that threads make of them. */
export function heldRows(batch: number, threads: number): number {
  return batch + 2 * (threads > 1 ? batch : 1);
}

/**
 * Plans the regions that all layers share; one that this kind of window does not need has no rows. `threads`: how many may work
 * at a time.
 */
export function planShared(
  options: CompleteOptions,
  cell: CellDefinition,
  sizes: WindowSizes,
  threads: number,
) {
  const { inputSize: I, hiddenSize: H, embeddingSize: E, layers } = options;
  const { steps, batch, tape, resets } = sizes;
  const rows = steps * batch;
  const dense = sizes.inputs === "values";
  const width = dense ? I : E;
  const staged = Math.min(rows, STAGED_ROWS);
  const widest = Math.max(matrix(1, H).stride, matrix(1, width).stride);
  const blocks = cell.blocks * matrix(1, H).stride;
  const O = outputWidth(options);
  const outputs = matrix(options.output === "sequence" ? batch : rows, O);
  return {
    /** [T·B], tokens, integers. */
    tokens: vector(dense ? 0 : rows),
    /** [B], integers. */
    lengths: vector(batch),
    /** [T + 1, B], bytes; zeros behind the last step in use. */
    resets: vector(resets ? Math.ceil(((steps + 1) * batch) / 4) : 0),
    /** What kernels hold aside. */
    held: resets ? matrix(heldRows(batch, threads), H) : NONE,
    /** [T·B, I], dense inputs; or [T·B, E], embedded tokens. */
    x: width > 0 ? matrix(rows, width) : NONE,
    /** [T·B, O], or [B, O] of one output a sequence; a loss replaces them by its gradient. */
    outputs,
    /** One target class a row of outputs, integers. */
    classes: vector(outputs.rows),
    /** One weight a row of outputs. */
    weights: vector(outputs.rows),
    /** [O], the level of each output's quantile. */
    levelRow: vector(outputs.stride),
    /** [staged, O], targets on their way to the loss; the padding holds NaN. */
    targetRows: matrix(staged, O),
    /** [staged, I or E], the inputs' gradient, some rows at a time. */
    dxRows: tape && width > 0 ? matrix(staged, width) : NONE,
    /** [I, blocks·H], the gradient of each token's row of z. */
    dTable: tape && width === 0 && layers > 0 ? matrix(I, blocks) : NONE,
    /** [blocks·H], the sum of dz over all rows. */
    dBias: tape ? vector(blocks) : NONE,
    scratch: tape ? vector(threads * transposedScratch(widest, rows)) : NONE,
  };
}

export type SharedShapes = ReturnType<typeof planShared>;

/** Says where the parts of a window lie, whoever holds the memory. */
export interface Window {
  /** Runs forward passes: the model's, or where the window is small the same of the calling thread alone. */
  readonly engine: Engine;
  readonly sizes: WindowSizes;
  readonly regions: Readonly<Record<keyof SharedShapes, Region>>;
  /** Regions of layer l and direction d at index l·D + d. */
  readonly layers: readonly CellRegions[];
  /** [T·B, H], outputs after dropout, indexed as `layers`, without the last layer; empty without dropout. */
  readonly dropped: readonly Region[];
  /** Returns the first `steps` steps of a region of T·B rows. */
  rows(region: Region, steps: number): Region;
}

/** Returns the regions whose names begin with `prefix`, by their names without it. */
export function pick<Name extends string>(
  regions: Readonly<Record<string, Region>>,
  shapes: Readonly<Record<Name, Shape>>,
  prefix: string,
): Readonly<Record<Name, Region>> {
  const picked = {} as Record<Name, Region>;
  for (const name in shapes) picked[name] = regions[prefix + name];
  return picked;
}

/** Adds `prefix` to the names of shapes, which `pick` removes again. */
export function withPrefix(shapes: Readonly<Record<string, Shape>>, prefix: string): Record<string, Shape> {
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [prefix + name, shape]));
}

/**
 * Sets the staging rows of targets to NaN, which marks no target, in the padding too: outputs there become
 * NaN where h is not finite, and must not enter the loss.
 */
export function clearTargets(arena: Arena, targets: Region): void {
  arena.fill(targets, NaN);
}

/** Returns the most operations that a stage of the window's passes can have: of the weights, and of what rows are padded with. */
function operationsOf(
  { hiddenSize: H }: CompleteOptions,
  { steps, batch }: WindowSizes,
  weights: number,
): number {
  return 2 * steps * batch * (weights + PADDING * roundUp(H, COLUMN_STEP));
}

/** Owns the memory of its window. */
export class OwnWindow implements Window {
  readonly engine: Engine;
  readonly sizes: WindowSizes;
  readonly regions: Window["regions"];
  readonly layers: readonly CellRegions[];
  readonly dropped: readonly Region[];
  private readonly scope: MemoryScope;
  private readonly block: Block;

  /** Reserves the memory; throws an OutOfMemoryError when there is no room. `engine`, `weights`: the model's, and how many. */
  constructor(
    scope: MemoryScope,
    options: CompleteOptions,
    cell: CellDefinition,
    sizes: WindowSizes,
    engine: Engine,
    weights: number,
  ) {
    const { steps, batch, tape } = sizes;
    const { layers, hiddenSize: H } = options;
    const D = directionsOf(options);
    const shared = planShared(options, cell, sizes, engine.threads);
    const states = cell.plan(steps, batch, H, tape);
    const dropped = matrix(steps * batch, H);
    const all = Array.from({ length: layers * D }, (_, index) => `${index}.`);
    const droppers = sizes.dropout ? all.slice(0, (layers - 1) * D) : [];
    const plan = Object.assign(
      { ...shared },
      ...all.map((prefix) => withPrefix(states, prefix)),
      ...droppers.map((prefix) => withPrefix({ dropped }, prefix)),
    ) as Record<string, Shape>;
    const block: Block = scope.reserve(plan);
    this.engine = engine.forWindow(operationsOf(options, sizes, weights), steps);
    this.sizes = sizes;
    this.scope = scope;
    this.block = block;
    this.regions = pick(block.regions, shared, "");
    this.layers = all.map((prefix) => pick(block.regions, states, prefix));
    clearTargets(scope.arena, this.regions.targetRows);
    this.dropped = droppers.map((prefix) => pick(block.regions, { dropped }, prefix).dropped);
  }

  /** Returns whether such a window fits here; room for resets may be there without need. */
  matches(sizes: WindowSizes): boolean {
    const mine = this.sizes;
    return (
      mine.steps === sizes.steps &&
      mine.batch === sizes.batch &&
      mine.inputs === sizes.inputs &&
      mine.tape === sizes.tape &&
      mine.dropout === sizes.dropout &&
      (mine.resets || !sizes.resets)
    );
  }

  rows(region: Region, steps: number): Region {
    return rowsOf(region, 0, steps * this.sizes.batch);
  }

  release(): void {
    this.scope.release(this.block);
  }
}
