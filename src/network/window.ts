/** The memory of one window of T steps: what goes in, states, outputs and, on a tape, their gradients. */

import type { Block } from "../memory/arena.js";
import type { Engine } from "../memory/engine.js";
import type { Holdings } from "../memory/holdings.js";
import { matrix, rowsOf, sizeOf, vector, type Region } from "../memory/regions.js";
import type { CompleteOptions } from "./types.js";

/** Rows that go through the staging regions at a time: of targets, and of the inputs' gradient. */
export const STAGED_ROWS = 256;

/** Depth of a block of the transposed product (assembly/gemm/product.ts), which packs two operands of that many rows. */
const TRANSPOSED_DEPTH = 128;

export type InputKind = "tokens" | "values";

export interface WindowSizes {
  /** T, and B. */
  steps: number;
  batch: number;
  inputs: InputKind;
  /** Whether there is a backward pass. */
  tape: boolean;
}

/** A region that this kind of window does not need has no rows. */
function planWindow(options: CompleteOptions, { steps, batch, inputs, tape }: WindowSizes) {
  const { inputSize: I, hiddenSize: H, outputSize: O } = options;
  const rows = steps * batch;
  const dense = inputs === "values";
  const staged = Math.min(rows, STAGED_ROWS);
  const widest = Math.max(matrix(1, H).stride, dense ? matrix(1, I).stride : 0);
  return {
    /** [T·B], integers; or dense inputs, [T·B, I]. */
    tokens: vector(dense ? 0 : rows),
    x: matrix(dense ? rows : 0, I),
    /** [(T + 1)·B, H], the initial state first. */
    h: matrix((steps + 1) * batch, H),
    /** [T·B, O]; a loss puts its gradient in their place. */
    outputs: matrix(rows, O),
    /** [T·B], integers. */
    classes: vector(rows),
    /** [·, O] and [·, I], for what passes through piece by piece. */
    targetRows: matrix(staged, O),
    dxRows: matrix(tape && dense ? staged : 0, I),
    /** [(T + 1)·B, H]. */
    dh: matrix(tape ? (steps + 1) * batch : 0, H),
    /** [I, H]: the gradient of each token's row of W_ihᵀ. */
    dTable: matrix(tape && !dense ? I : 0, H),
    /** [H]. */
    dBias: vector(tape ? H : 0),
    scratch: vector(tape ? TRANSPOSED_DEPTH * (widest + 8) : 0),
  };
}

type WindowPlan = ReturnType<typeof planWindow>;

/** Steps [0, T) of a window in use; T may be less than it was made for. */
export class Window {
  readonly sizes: Readonly<WindowSizes>;
  readonly regions: Readonly<Record<keyof WindowPlan, Region>>;
  private readonly holdings: Holdings;
  private readonly block: Block;

  /** Throws an OutOfMemoryError when there is no room. */
  constructor(holdings: Holdings, options: CompleteOptions, sizes: WindowSizes) {
    this.sizes = sizes;
    this.holdings = holdings;
    const block = holdings.reserve(planWindow(options, sizes));
    this.regions = block.regions;
    this.block = block;
  }

  matches({ steps, batch, inputs, tape }: WindowSizes): boolean {
    const mine = this.sizes;
    return mine.steps === steps && mine.batch === batch && mine.inputs === inputs && mine.tape === tape;
  }

  /** h after step t, [B, H]; t = 0: the initial state. */
  state(t: number): Region {
    const { batch } = this.sizes;
    return rowsOf(this.regions.h, t * batch, batch);
  }

  /** dLoss/dh after step t, [B, H]. */
  stateGradient(t: number): Region {
    const { batch } = this.sizes;
    return rowsOf(this.regions.dh, t * batch, batch);
  }

  /** The state after step t becomes the initial one. */
  restart({ arena }: Engine, t: number): void {
    const { pointer } = this.state(t);
    arena.u8.copyWithin(this.regions.h.pointer, pointer, pointer + sizeOf(this.state(0)) * 4);
  }

  /** The other window's initial state becomes this one's. */
  copyState({ arena }: Engine, from: Window): void {
    const { pointer } = from.regions.h;
    arena.u8.copyWithin(this.regions.h.pointer, pointer, pointer + sizeOf(this.state(0)) * 4);
  }

  release(): void {
    this.holdings.release(this.block);
  }
}
