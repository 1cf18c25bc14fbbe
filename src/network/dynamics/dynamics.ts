/**
 * Presents a network as one recurrent cell over its joint state, s_t = F(x_t, s_{t-1}, θ), run in blocks of
 * steps: all that learning rules see, whatever the cell and the number of layers.
 */

import type { MemoryScope } from "../../memory/memory-scope.js";
import { matrix, readRegion, rowsOf, type Region } from "../../memory/regions.js";
import { beginsAnew, type Inputs } from "../model/batch.js";
import { BlockAdjoint, type RowsBelong } from "./block-adjoint.js";
import type { Random } from "../../random.js";
import { NONE, type CellRun } from "../cells/cell.js";
import { applyDropout } from "../model/dropout.js";
import type { InputScratch } from "../model/input-product.js";
import type { Layer } from "../model/layer.js";
import { applyLoss, type Targets } from "../model/targets.js";
import type { Model, Pass } from "../model/model.js";
import { Rows } from "./rows.js";
import { finalSlot, initialSlot, stepSlots } from "../cells/state-slots.js";
import { StateLayout } from "./state-layout.js";
import {
  carryState,
  readFinalState,
  readInitialState,
  writeInitialState,
  writeInputs,
} from "../model/transfer.js";
import { stepFactors, stepInputs, type StepFactors, type StepInputs } from "./step-factors.js";
import type { State } from "../types.js";
import { UnitDerivatives } from "./unit-derivatives.js";
import type { Window } from "../model/window.js";
import type { InputKind } from "../model/batch.js";

export interface DynamicsSizes {
  /** B, samples in the batch. */
  readonly batch: number;
  /** T, the most time steps of a block. */
  readonly steps: number;
  readonly inputs: InputKind;
  /** Whether sequences may begin anew inside the blocks. */
  readonly resets: boolean;
}

/** Says which cotangents go backward through a block. */
export interface VjpOptions {
  /** dLoss/ds at the end of the block, [R, S]; default zeros, [B, S]. */
  readonly cotangent?: Rows | undefined;
  /** Whether the losses of the block, after `loss`, count too; R is then B. Default false. */
  readonly losses?: boolean;
  /** The sample that all rows of the cotangent belong to; default: row b belongs to sample b, and R is B. */
  readonly sample?: number | undefined;
  /**
   * [T], weights w_t: the cotangent of step t's loss is multiplied by w_t, and step t's gradients are divided
   * by w_t, so that an error reaches step s from step t with factor w_t/w_s. Default 1.
   */
  readonly weights?: Float32Array | undefined;
}

export class Dynamics {
  /** B, samples in the batch. */
  readonly batch: number;
  /** T, the most time steps of a block. */
  readonly steps: number;
  /** Where each unit stands in a row of a joint state. */
  readonly layout: StateLayout;
  /** S, elements of a row of a joint state, padding included. */
  readonly stateSize: number;
  /** P, elements of a row of gradients of the recurrent parameters and the embedding, padding included. */
  readonly parameterCount: number;
  /** Whether sequences may begin anew inside the blocks. */
  readonly resets: boolean;
  private readonly model: Model;
  private readonly scope: MemoryScope;
  private readonly window: Window;
  private readonly tangents: readonly CellRun[];
  /** [T·B, H], tangents of the outputs after dropout, indexed as the window's `dropped`. */
  private readonly droppedTangents: readonly Region[];
  private readonly adjoints = new Map<string, BlockAdjoint>();
  private units: UnitDerivatives | undefined;
  private pass: Pass;
  /** Whether the present state is the last block's final one; otherwise it stands in the initial slots. */
  private ran = false;

  /** Reserves the memory, with a state of zeros. Throws an OutOfMemoryError. @internal */
  constructor(model: Model, { batch, steps, inputs, resets }: DynamicsSizes) {
    this.model = model;
    this.scope = model.scope.child();
    this.scope.releaseWith(this);
    this.batch = batch;
    this.steps = steps;
    this.resets = resets;
    this.pass = { steps, lengths: false, resets: false, firstRow: 0, dropout: undefined };
    this.layout = new StateLayout(model);
    this.stateSize = this.layout.size;
    this.parameterCount = model.parameters.recurrentCount;
    try {
      const sizes = { batch, steps, inputs, tape: true, dropout: model.drops, resets };
      this.window = model.createWindow(sizes, this.scope);
      [this.tangents, this.droppedTangents] = this.planTangents(batch, steps);
    } catch (error) {
      this.scope.releaseAll();
      throw error;
    }
  }

  /** A copy of the state from which the next block starts; set to undefined, it becomes zeros. */
  get state(): State {
    const { engine } = this.model;
    return this.ran ? readFinalState(engine, this.runs()) : readInitialState(engine, this.runs());
  }

  set state(state: State | undefined) {
    this.ran = false;
    writeInitialState(this.model.engine, this.runs(), state);
  }

  /** Reserves [count, S] zeros, rows of joint states. Throws an OutOfMemoryError. */
  createStates(count: number): Rows {
    return this.createRows(count, this.stateSize);
  }

  /** Reserves [count, P] zeros, rows of gradients. Throws an OutOfMemoryError. */
  createGradients(count: number): Rows {
    return this.createRows(count, this.parameterCount);
  }

  /** Reserves [count, size rounded up to a multiple of 8] zeros. Throws an OutOfMemoryError. */
  createRows(count: number, size: number): Rows {
    const { regions } = this.scope.reserve({ rows: matrix(count, size) });
    return new Rows(this.model.engine, regions.rows);
  }

  /** Runs steps [first, first + steps) of the inputs, as the next block, from the present state. */
  forward(inputs: Inputs, first: number, steps: number): void {
    const { engine } = this.model;
    const before = this.runs();
    this.pass = {
      steps,
      lengths: inputs.lengths !== undefined,
      resets: beginsAnew(inputs, first, steps),
      firstRow: 0,
      dropout: this.model.drops ? this.model.nextDropout() : undefined,
    };
    if (this.ran) carryState(engine, before, this.runs());
    this.model.reserveWeights(this.window.sizes.inputs, true);
    writeInputs(engine, this.window, inputs, first, steps);
    this.model.forward(this.window, this.pass);
    this.ran = true;
  }

  /**
   * Calls `draw` for each sample of the batch, and lets others be drawn for those of a larger batch that are not in it, so that
   * each sample has the draws that it has there: `bits` draws of 32 bits a sample.
   */
  drawEach(random: Random, bits: number, draw: (sample: number) => void): void {
    const { first, batch } = this.model.part ?? { first: 0, batch: this.batch };
    const pass = (samples: number): void => {
      for (let i = 0; i < samples * bits; i++) random.bits();
    };
    pass(first);
    for (let b = 0; b < this.batch; b++) draw(b);
    pass(batch - first - this.batch);
  }

  /** Returns whether the sample begins anew inside the last block, so that nothing from before it lasts to the block's end. */
  begunAnew(sample: number): boolean {
    const { pass, batch, window } = this;
    if (!pass.resets) return false;
    const { u8 } = this.model.engine.arena;
    const first = window.regions.resets.pointer + sample;
    for (let t = 0; t < pass.steps; t++) if (u8[first + t * batch] !== 0) return true;
    return false;
  }

  /** Goes back to the state from which the last block started. */
  undo(): void {
    this.ran = false;
  }

  /** Returns the last block's outputs, [T, B, O] or [B, O], in `out` if given; to be called before `loss`. */
  outputs(out?: Float32Array): Float32Array {
    return readRegion(this.model.engine.arena.f32, this.model.outputs(this.window, this.pass), out);
  }

  /**
   * Returns the sum of the last block's losses, against the targets of steps [first, first + T). Replaces the
   * outputs by scale·dLoss/d(outputs), and adds the head's gradients, which are exact and immediate under
   * every rule.
   */
  loss(targets: Targets, first: number, scale: number): number {
    const sum = this.putLoss(targets, first, scale);
    this.addHeadGradients();
    return sum;
  }

  /** Does the first half of `loss`, which changes no parameter's gradient. */
  putLoss(targets: Targets, first: number, scale: number): number {
    return applyLoss(this.model.engine, this.window, targets, first, this.pass.steps, scale);
  }

  /** Does the second half of `loss`: adds the gradients of the head's parameters. */
  addHeadGradients(): void {
    const { model, window, pass } = this;
    model.head.addGradients(
      model.outputs(window, pass),
      model.headStates(window, pass),
      window.regions.scratch,
    );
  }

  /**
   * Replaces each row b of `states`, a tangent of sample b's initial state, by the tangent of its final state
   * over the last block: forward mode, exact.
   */
  jvp(states: Rows): void {
    const { model, window, pass, layout } = this;
    const tangents = this.tangents.map((run) => ({ ...run, steps: pass.steps }));
    tangents.forEach((tangent, l) => {
      const { h, c } = tangent.regions;
      layout.read(states, l, initialSlot(h, tangent), c);
      const sources = l === 0 ? [] : [this.tangentOf(tangents[l - 1], l - 1)];
      model.layers[l][0].tangent(model.run(window, pass, l, 0), tangent, sources);
    });
    tangents.forEach((tangent, l) => {
      layout.write(states, l, finalSlot(tangent.regions.h, tangent), tangent.regions.c);
    });
  }

  /** Runs the last block backward; the result stays valid until the next `vjp` of as many rows. */
  vjp({ cotangent, losses = false, sample, weights }: VjpOptions): BlockAdjoint {
    const adjoint = this.adjointOf(
      cotangent?.count ?? this.batch,
      sample === undefined ? "to each sample" : "to one sample",
    );
    const { window, pass } = this;
    adjoint.run({ window, pass, cotangent, losses, sample: sample ?? 0, weights });
    return adjoint;
  }

  /** Adds factor · (a row of gradients) to the network's gradients, of trainable parameters only. */
  addToGradients(factor: number, rows: Rows, row: number): void {
    const { engine, parameters } = this.model;
    const { kernels, constants } = engine;
    const from = rows.pointer(row);
    for (const { start, count } of parameters.trainedRanges()) {
      kernels.addScaled(parameters.gradients + start * 4, from + start * 4, constants, 1, factor, count);
    }
  }

  /** Returns how each unit depends on itself over the last block, which has one step. @internal */
  unitDerivatives(): UnitDerivatives {
    this.units ??= new UnitDerivatives(this.model, this.batch, (plan) => this.scope.reserve(plan).regions);
    this.units.run(this.window, this.pass);
    return this.units;
  }

  /** Returns a layer's x and h_{t-1} in the last block, which has one step. @internal */
  stepInputs(layer: number): StepInputs {
    return stepInputs(this.model, this.window, this.pass, layer);
  }

  /** Returns x, h_{t-1} and their squares for a layer and sample in the last block, of one step. @internal */
  stepFactors(layer: number, sample: number): StepFactors {
    return stepFactors(this.model, this.window, this.pass, layer, sample);
  }

  /** Returns a layer's run over the last block: states, and gates as the cell keeps them. @internal */
  tapeOf(layer: number): CellRun {
    return this.model.run(this.window, this.pass, layer, 0);
  }

  /** Returns a layer of the network, with the regions for its gradients' intermediate results. @internal */
  layerParts(layer: number): { layer: Layer; regions: InputScratch } {
    return { layer: this.model.layers[layer][0], regions: this.window.regions };
  }

  /** Returns the network's engine, cell, parameters and options. @internal */
  get parts(): Pick<Model, "engine" | "cell" | "parameters" | "options"> {
    return this.model;
  }

  /** Gives the memory back. */
  dispose(): void {
    this.scope.releaseAll();
  }

  private runs(): CellRun[] {
    return this.model.runs(this.window, this.pass);
  }

  private adjointOf(rows: number, belong: RowsBelong): BlockAdjoint {
    const key = `${rows} ${belong}`;
    const existing = this.adjoints.get(key);
    if (existing !== undefined) return existing;
    const { model, layout, window } = this;
    const adjoint = new BlockAdjoint(
      model,
      layout,
      window.sizes,
      rows,
      belong,
      (plan) => this.scope.reserve(plan).regions,
    );
    this.adjoints.set(key, adjoint);
    return adjoint;
  }

  private planTangents(batch: number, steps: number): [CellRun[], Region[]] {
    const { cell, options, layers, drops } = this.model;
    const { hiddenSize: H } = options;
    const shapes = cell.plan(steps, batch, H, false);
    const c = cell.hasCellState ? matrix(batch, H) : NONE;
    const v = shapes.v.rows > 0 ? matrix(batch, shapes.v.columns) : NONE;
    const plan = {
      ...{ ...shapes, c, v, w: NONE, scales: NONE },
      dropped: drops ? matrix(steps * batch, H) : NONE,
    };
    const held = layers.map(() => this.scope.reserve(plan).regions);
    const runs = held.map((regions) => ({
      ...{ steps, batch, reverse: false, lengths: 0, resets: 0, held: 0 },
      regions,
    }));
    return [runs, held.map(({ dropped }) => dropped)];
  }

  /** Returns the tangent of a layer's outputs as the layer above reads them, after any dropout. */
  private tangentOf(tangent: CellRun, layer: number): Region {
    const below = stepSlots(tangent.regions.h, tangent);
    const { dropout } = this.pass;
    if (dropout === undefined) return below;
    const to = rowsOf(this.droppedTangents[layer], 0, below.rows);
    applyDropout(this.model.engine, dropout, layer, to, below, 0);
    return to;
  }
}
