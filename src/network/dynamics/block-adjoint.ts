/** Runs a block of steps backward from cotangents, and leaves its tape as it was for other cotangents. */

import type { Engine } from "../../memory/engine.js";
import { elementAt, matrix, rowsOf, vector, type Region, type Shape } from "../../memory/regions.js";
import {
  inputGradients,
  NONE,
  take,
  TAPE_NAMES,
  type CellRegions,
  type CellRun,
  type CellShapes,
} from "../cells/cell.js";
import { applyDropout } from "../model/dropout.js";
import type { LayerInput } from "../model/input-product.js";
import type { LayerGradients } from "../model/layer.js";
import type { Model, Pass } from "../model/model.js";
import { Rows } from "./rows.js";
import { finalSlot, initialSlot, previousSlots, stepSlots } from "../cells/state-slots.js";
import type { StateLayout } from "./state-layout.js";
import { heldRows, pick, type Window, type WindowSizes } from "../model/window.js";

/** Rows of cotangents belong either to the sample of the same number or all to one sample. */
export type RowsBelong = "to each sample" | "to one sample";

/** Describes one backward run through a block. */
export interface AdjointRequest {
  readonly window: Window;
  readonly pass: Pass;
  /** dLoss/ds at the end of the block, [R, S]; undefined stands for zeros. */
  readonly cotangent: Rows | undefined;
  /** Whether the outputs' gradients, which stand in the window, count. */
  readonly losses: boolean;
  /** The sample that all rows belong to, where they belong to one. */
  readonly sample: number;
  /** [T], the factor of each step's cotangent, see `artbp`; undefined: 1. */
  readonly weights: Float32Array | undefined;
}

const NO_WEIGHTS = new Float32Array(0);

/** Names the regions of a tape that the backward pass only reads. */
const READ_NAMES = TAPE_NAMES.filter((name) => name !== "z");

/** Plans a layer's regions; those that are only read are needed only where rows repeat what one sample has there. */
function planLayer(
  { cell, options }: Model,
  steps: number,
  rows: number,
  belong: RowsBelong,
): Record<keyof CellShapes, Shape> {
  const shapes = cell.plan(steps, rows, options.hiddenSize, true);
  if (belong === "to one sample") return shapes;
  return { ...shapes, ...Object.fromEntries(READ_NAMES.map((name) => [name, NONE])) };
}

export class BlockAdjoint {
  /** R, rows of cotangents. */
  readonly rows: number;
  /** dLoss/ds at the start of the block, [R, S]. */
  readonly start: Rows;
  private readonly model: Model;
  private readonly engine: Engine;
  private readonly layout: StateLayout;
  private readonly belong: RowsBelong;
  private readonly layers: readonly CellRegions[];
  /**
   * [T·R, H] for each layer: dLoss/dh of each step that comes from the layers above and, at the last step,
   * from the cotangent.
   */
  private readonly fromOutside: readonly Region[];
  /** [T, ·], contiguous copies for one row's gradients: dz, du and dv, h before each step, the input. */
  private readonly rowOf: Readonly<
    Record<
      "dz" | "du" | "dv" | "h" | "x" | "dx" | "tokens" | "lengths" | "resets" | "held" | "weights" | "ends",
      Region
    >
  >;
  private last: (AdjointRequest & { runs: readonly CellRun[] }) | undefined;

  /** `reserve` throws an OutOfMemoryError. */
  constructor(
    model: Model,
    layout: StateLayout,
    { steps, inputs, resets: anew }: WindowSizes,
    rows: number,
    belong: RowsBelong,
    reserve: (plan: Readonly<Record<string, Shape>>) => Readonly<Record<string, Region>>,
  ) {
    const { inputSize: I, embeddingSize: E, hiddenSize: H, layers } = model.options;
    const x = inputs === "values" ? I : E;
    const widest = matrix(steps, Math.max(x, H));
    const repeated = anew && belong === "to one sample";
    this.model = model;
    this.engine = model.engine;
    this.layout = layout;
    this.rows = rows;
    this.belong = belong;
    const dzRow = matrix(steps, model.cell.blocks * matrix(1, H).stride);
    const normRow = model.cell.norm === undefined ? NONE : dzRow;
    const regions = reserve({
      dz: dzRow,
      du: normRow,
      dv: normRow,
      h: matrix(steps, H),
      x: widest,
      dx: E > 0 && inputs === "tokens" ? matrix(Math.max(1, steps), E) : NONE,
      tokens: vector(inputs === "tokens" ? steps : 0),
      lengths: vector(rows),
      resets: vector(repeated ? Math.ceil((steps * rows) / 4) : 0),
      held: repeated ? matrix(heldRows(rows, model.engine.threads), H) : NONE,
      weights: vector(2 * steps),
      ends: vector(rows),
      start: matrix(rows, layout.size),
    });
    const { dz, du, dv, h, dx, tokens, lengths, resets, held, weights, ends, start } = regions;
    this.rowOf = { dz, du, dv, h, x: regions["x"], dx, tokens, lengths, resets, held, weights, ends };
    this.start = new Rows(model.engine, start);
    this.layers = Array.from({ length: layers }, () => {
      const plan = planLayer(model, steps, rows, belong);
      return pick(reserve(plan), plan, "");
    });
    const outside = belong === "to each sample" ? matrix(steps * rows, H) : NONE;
    this.fromOutside = this.layers.map(() => reserve({ outside })["outside"]);
  }

  /** Runs the backward pass of the block; `start` and the gradients then belong to this request. */
  run(request: AdjointRequest): void {
    const { model, layout } = this;
    const { window, pass, cotangent, losses, weights } = request;
    const runs = this.layers.map((_, l) => this.runOf(request, l));
    if (weights !== undefined) this.writeWeights(weights);
    for (let l = runs.length - 1; l >= 0; l--) {
      const run = runs[l];
      const dh = stepSlots(run.regions.dh, run);
      if (l < runs.length - 1) this.fromAbove(dh, runs[l + 1], l, request);
      else if (losses) {
        model.backwardHead([run], model.outputs(window, pass));
        if (weights !== undefined) this.weighLosses(run, request);
      } else this.engine.arena.zero(dh);
      const { dc } = run.regions;
      if (cotangent !== undefined) layout.addTo(cotangent, l, finalSlot(run.regions.dh, run), dc);
      else this.engine.arena.zero(dc);
      if (this.fromOutside[l].rows > 0) this.copyRegion(this.fromOutside[l], dh, dh.rows);
      model.layers[l][0].backwardStates(run);
      layout.write(this.start, l, initialSlot(run.regions.dh, run), dc);
    }
    if (weights !== undefined) {
      for (const run of runs) {
        this.weigh(model.cell.preactivationGradients(run), weights.length);
        const { du, dv, dw } = run.regions;
        const used = pass.steps * this.rows;
        for (const d of [du, dv, dw]) if (d.rows > 0) this.weigh(rowsOf(d, 0, used), weights.length);
      }
    }
    this.last = { ...request, runs };
  }

  /**
   * Adds the recurrent parameters' gradients of all rows to the network's; rows must belong to each sample.
   */
  accumulate(): void {
    const { window, pass, runs } = this.require();
    const { model } = this;
    runs.forEach((run, l) => {
      const [layer] = model.layers[l];
      const h = previousSlots(run.regions.h, run);
      const input = model.inputOf(window, pass, l);
      layer.addGradients(layer.gradientsOf(run), h, input, window.regions, { resets: run.resets });
      layer.addNormGradients(run, undefined, run, undefined);
    });
    const { x, tokens } = window.regions;
    if (model.embedding()?.trainable !== true) return;
    const { dxRows } = window.regions;
    const count = pass.steps * this.rows;
    const dz = inputGradients(model.cell, runs[0]);
    for (let first = 0; first < count; first += dxRows.rows) {
      const dx = rowsOf(dxRows, 0, Math.min(dxRows.rows, count - first));
      model.layers[0][0].sourceGradient(dx, rowsOf(dz, first, dx.rows), 0, false);
      this.addEmbedding(dx, { ...tokens, pointer: tokens.pointer + first * 4 }, 0, x.stride);
    }
  }

  /** Adds the gradients of the recurrent parameters that come of one row to row `toRow` of `to`. */
  accumulateRow(row: number, to: Rows, toRow: number): void {
    const { window, pass, runs, sample } = this.require();
    const { model, rowOf } = this;
    const tapeRow = this.belong === "to one sample" ? sample : row;
    const { batch } = window.sizes;
    const shift = to.pointer(toRow) - model.parameters.gradients;
    runs.forEach((run, l) => {
      const [layer] = model.layers[l];
      const d = this.rowGradients(layer.gradientsOf(run), row, pass.steps);
      const tape = model.run(window, pass, l, 0);
      const h = this.rowStarts(tape, tapeRow);
      const input = this.rowInput(model.inputOf(window, pass, l), tapeRow, batch, pass.steps);
      layer.addGradients(d, h, input, window.regions, { shift });
      layer.addNormGradients(run, { row, rows: this.rows }, tape, { row: tapeRow, rows: batch }, shift);
      if (l > 0 || model.embedding()?.trainable !== true) return;
      const dx = rowsOf(rowOf.dx, 0, pass.steps);
      layer.sourceGradient(dx, d.input, 0, false);
      this.addEmbedding(
        dx,
        this.rowTokens(window.regions.tokens, tapeRow, batch, pass.steps),
        shift,
        dx.stride,
      );
    });
  }

  /** Returns a layer's dz of each step and row, [T·R, blocks·H]. @internal */
  preactivationGradients(layer: number): Region {
    return this.model.cell.preactivationGradients(this.require().runs[layer]);
  }

  /**
   * Returns a layer's dLoss/dh of each step and row, [T·R, H], that comes from the layers above and, at the
   * last step, from the cotangent, but not from later steps; rows must belong to each sample. @internal
   */
  outsideGradients(layer: number): Region {
    return rowsOf(this.fromOutside[layer], 0, this.require().pass.steps * this.rows);
  }

  private require() {
    if (this.last === undefined) throw new Error("a block's adjoint was asked for before it was run");
    return this.last;
  }

  /** Returns a run over the layer's tape, with a copy of its gates that the backward pass may overwrite. */
  private runOf(request: AdjointRequest, layer: number): CellRun {
    const { window, pass, sample } = request;
    const tape = this.model.run(window, pass, layer, 0);
    const own = this.layers[layer];
    const { batch } = window.sizes;
    const { steps } = pass;
    if (this.belong === "to each sample") {
      this.copyRegion(own.z, tape.regions.z, steps * batch);
      return { ...tape, regions: { ...own, ...take(READ_NAMES, tape.regions) } };
    }
    for (const name of TAPE_NAMES) {
      const slots = name === "h" || name === "c" ? steps + 1 : steps;
      this.repeat(own[name], tape.regions[name], sample, batch, slots);
    }
    const lengths = this.repeatLength(tape.lengths, sample);
    const resets = this.repeatResets(tape, sample);
    return { ...tape, batch: this.rows, lengths, resets, held: this.rowOf.held.pointer, regions: own };
  }

  /** Copies row `sample` of each slot of B rows to all R rows of the same slot. */
  private repeat(to: Region, from: Region, sample: number, batch: number, slots: number): void {
    if (to.rows === 0) return;
    const { stride } = to;
    for (let t = 0; t < slots; t++) {
      const row = from.pointer + (t * batch + sample) * stride * 4;
      this.engine.kernels.fillRows(to.pointer + t * this.rows * stride * 4, row, this.rows, stride);
    }
  }

  private repeatLength(lengths: number, sample: number): number {
    if (lengths === 0) return 0;
    const { i32 } = this.engine.arena;
    const { pointer } = this.rowOf.lengths;
    const first = elementAt(pointer);
    i32.fill(i32[elementAt(lengths) + sample], first, first + this.rows);
    return pointer;
  }

  private repeatResets({ resets, steps, batch }: CellRun, sample: number): number {
    if (resets === 0) return 0;
    const { u8 } = this.engine.arena;
    const { pointer } = this.rowOf.resets;
    for (let t = 0; t < steps; t++) {
      const first = pointer + t * this.rows;
      u8.fill(u8[resets + t * batch + sample], first, first + this.rows);
    }
    return pointer;
  }

  /** Computes dh of a layer from dz of the layer above, through the dropout between them if there is any. */
  private fromAbove(dh: Region, above: CellRun, layer: number, request: AdjointRequest): void {
    const dz = inputGradients(this.model.cell, above);
    this.model.layers[layer + 1][0].sourceGradient(dh, dz, 0, false);
    const { window, pass, sample } = request;
    const { dropout } = pass;
    if (dropout === undefined) return;
    if (this.belong === "to each sample") {
      applyDropout(this.engine, dropout, layer, dh, dh, pass.firstRow);
      return;
    }
    const { batch } = window.sizes;
    for (let row = 0; row < dh.rows; row++) {
      const part = rowsOf(dh, row, 1);
      const step = Math.floor(row / this.rows);
      applyDropout(this.engine, dropout, layer, part, part, pass.firstRow + step * batch + sample);
    }
  }

  /** Returns row `row` of each of T steps, [T, ·]: copied to `to`, or in place where T is 1. */
  private rowRegion(from: Region, row: number, rows: number, steps: number, to: Region): Region {
    const first = rowsOf(from, row, 1);
    if (steps === 1) return first;
    const region = { ...to, rows: steps, columns: from.columns, stride: from.stride };
    const { copyRows } = this.engine.kernels;
    copyRows(region.pointer, first.pointer, steps, from.stride, from.stride, rows * from.stride);
    return region;
  }

  /** Returns the states of one sample from which each step starts, [T, H]: zeros where it begins anew. */
  private rowStarts(tape: CellRun, row: number): Region {
    const { steps, batch, resets } = tape;
    const h = this.rowRegion(previousSlots(tape.regions.h, tape), row, batch, steps, this.rowOf.h);
    if (resets === 0) return h;
    const { arena } = this.engine;
    const isAnew = (t: number): boolean => arena.u8[resets + t * batch + row] !== 0;
    // One step's states lie in their slot, where they must stay.
    const starts = steps === 1 && isAnew(0) ? rowsOf(this.rowOf.h, 0, 1) : h;
    for (let t = 0; t < steps; t++) if (isAnew(t)) arena.zero(rowsOf(starts, t, 1));
    return starts;
  }

  /** Returns row `row` of each step of what a layer's gradients are computed from. */
  private rowGradients(
    { input, recurrent, sums }: LayerGradients,
    row: number,
    steps: number,
  ): LayerGradients {
    const { rowOf, rows } = this;
    const of = (from: Region, to: Region): Region => this.rowRegion(from, row, rows, steps, to);
    const dz = of(sums, rowOf.dz);
    if (this.model.cell.norm === undefined) return { input: dz, recurrent: dz, sums: dz };
    return { input: of(input, rowOf.du), recurrent: of(recurrent, rowOf.dv), sums: dz };
  }

  private rowTokens(tokens: Region, row: number, batch: number, steps: number): Region {
    const { i32 } = this.engine.arena;
    const to = this.rowOf.tokens;
    for (let t = 0; t < steps; t++)
      i32[elementAt(to.pointer) + t] = i32[elementAt(tokens.pointer) + t * batch + row];
    return to;
  }

  private rowInput(input: LayerInput, row: number, batch: number, steps: number): LayerInput {
    if ("tokens" in input) return { tokens: this.rowTokens(input.tokens, row, batch, steps) };
    return { sources: input.sources.map((x) => this.rowRegion(x, row, batch, steps, this.rowOf.x)) };
  }

  private addEmbedding(dx: Region, tokens: Region, shift: number, stride: number): void {
    const embedding = this.model.embedding();
    if (embedding?.trainable !== true) return;
    const to = embedding.gradient.pointer + shift;
    this.engine.kernels.scatterAdd(to, dx.pointer, tokens.pointer, dx.rows, stride);
  }

  private writeWeights(weights: Float32Array): void {
    const { f32 } = this.engine.arena;
    const start = elementAt(this.rowOf.weights.pointer);
    f32.set(weights, start);
    for (let t = 0; t < weights.length; t++) f32[start + weights.length + t] = 1 / weights[t];
  }

  /** Multiplies dh, as the losses left it, by the weights of the steps that have the losses. */
  private weighLosses(run: CellRun, { window, pass, weights = NO_WEIGHTS }: AdjointRequest): void {
    if (!this.model.onePerSequence) {
      this.weigh(stepSlots(run.regions.dh, run), 0);
      return;
    }
    // The loss of a sequence is its last step's, though its state is read at the end of the block.
    const { kernels, constants, arena } = this.engine;
    const { pointer, stride } = finalSlot(run.regions.dh, run);
    const factors = this.rowOf.ends.pointer;
    for (let b = 0; b < this.rows; b++) {
      const length = pass.lengths ? arena.i32[elementAt(window.regions.lengths.pointer) + b] : weights.length;
      arena.f32[elementAt(factors) + b] = weights[Math.max(0, length - 1)];
    }
    kernels.addScaledRows(pointer, 0, factors, 0, constants, this.rows, stride);
  }

  /** Multiplies each step's rows by its weight (`at` 0), or divides them by it (`at` T). */
  private weigh({ pointer, rows, stride }: Region, at: number): void {
    const { kernels, constants } = this.engine;
    const factors = this.rowOf.weights.pointer + at * 4;
    const steps = rows / this.rows;
    kernels.addScaledRows(pointer, 0, factors, 0, constants, steps, this.rows * stride);
  }

  private copyRegion(to: Region, from: Region, rows: number): void {
    this.engine.arena.u8.copyWithin(to.pointer, from.pointer, from.pointer + rows * from.stride * 4);
  }
}
