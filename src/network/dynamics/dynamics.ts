/**
 * A network as one recurrent cell over its joint state, s_t = F(x_t, s_{t-1}, θ), a block of steps at a time: what learning
 * rules see, whatever the cell and however many the layers.
 */

import type { MemoryScope } from "../../memory/memory-scope.js";
import { matrix, readRegion, rowsOf, type Region } from "../../memory/regions.js";
import type { Inputs } from "../model/batch.js";
import { BlockAdjoint, type RowsBelong } from "./block-adjoint.js";
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
  /** B. */
  readonly batch: number;
  /** T: the most steps of a block. */
  readonly steps: number;
  readonly inputs: InputKind;
}

/** What goes backwards through a block. */
export interface VjpOptions {
  /** dLoss/ds at the end of the block, [R, S]; default zeros, [B, S]. */
  readonly cotangent?: Rows | undefined;
  /** Whether the block's own losses count, after `loss`; R is then B. Default false. */
  readonly losses?: boolean;
  /** The sample of the batch that all rows of the cotangent belong to; default: row b belongs to sample b, and R is B. */
  readonly sample?: number | undefined;
  /**
   * [T]: what the cotangent of each step's loss is multiplied by on its way back, and its gradients are divided by: w_t, so
   * that an error reaches step s from step t with w_t/w_s. Default 1.
   */
  readonly weights?: Float32Array | undefined;
}

export class Dynamics {
  /** B. */
  readonly batch: number;
  /** T: the most steps of a block. */
  readonly steps: number;
  /** How a row of a joint state is laid out. */
  readonly layout: StateLayout;
  /** S: elements of a row of a joint state, padding included. */
  readonly stateSize: number;
  /** P: elements of a row of gradients of the recurrent parameters and the embedding, padding included. */
  readonly parameterCount: number;
  private readonly model: Model;
  private readonly scope: MemoryScope;
  private readonly window: Window;
  private readonly tangents: readonly CellRun[];
  /** Tangents between layers after dropout, as the window's `dropped`. */
  private readonly droppedTangents: readonly Region[];
  private readonly adjoints = new Map<string, BlockAdjoint>();
  private units: UnitDerivatives | undefined;
  private pass: Pass;
  /** Whether the last block's final state is the present one; else it stands in the initial slots. */
  private ran = false;

  /** The state is zeros. Throws an OutOfMemoryError. @internal */
  constructor(model: Model, { batch, steps, inputs }: DynamicsSizes) {
    this.model = model;
    this.scope = model.scope.child();
    this.scope.releaseWith(this);
    this.batch = batch;
    this.steps = steps;
    this.pass = { steps, lengths: false, firstRow: 0, dropout: undefined };
    this.layout = new StateLayout(model);
    this.stateSize = this.layout.size;
    this.parameterCount = model.parameters.recurrentCount;
    try {
      const sizes = { batch, steps, inputs, tape: true, dropout: model.drops };
      this.window = model.createWindow(sizes, this.scope);
      [this.tangents, this.droppedTangents] = this.planTangents(batch, steps);
    } catch (error) {
      this.scope.releaseAll();
      throw error;
    }
  }

  /** The state that the next block starts from; undefined when set: zeros. */
  get state(): State {
    const { engine } = this.model;
    return this.ran ? readFinalState(engine, this.runs()) : readInitialState(engine, this.runs());
  }

  set state(state: State | undefined) {
    this.ran = false;
    writeInitialState(this.model.engine, this.runs(), state);
  }

  /** [count, S], zeros. Throws an OutOfMemoryError. */
  createStates(count: number): Rows {
    return this.createRows(count, this.stateSize);
  }

  /** [count, P], zeros. Throws an OutOfMemoryError. */
  createGradients(count: number): Rows {
    return this.createRows(count, this.parameterCount);
  }

  /** [count, size rounded up to 8], zeros. Throws an OutOfMemoryError. */
  createRows(count: number, size: number): Rows {
    const { regions } = this.scope.reserve({ rows: matrix(count, size) });
    return new Rows(this.model.engine, regions.rows);
  }

  /** Runs steps [first, first + steps) of the inputs from the present state, as the next block. */
  forward(inputs: Inputs, first: number, steps: number): void {
    const { engine } = this.model;
    const before = this.runs();
    this.pass = {
      steps,
      lengths: inputs.lengths !== undefined,
      firstRow: 0,
      dropout: this.model.drops ? this.model.nextDropout() : undefined,
    };
    if (this.ran) carryState(engine, before, this.runs());
    this.model.reserveWeights(this.window.sizes.inputs, true);
    writeInputs(engine, this.window, inputs, first, steps);
    this.model.forward(this.window, this.pass);
    this.ran = true;
  }

  /** Back before the last block: the state is the one that it started from. */
  undo(): void {
    this.ran = false;
  }

  /** The last block's outputs, [T, B, O], before `loss`; in `out` if given. */
  outputs(out?: Float32Array): Float32Array {
    const { regions } = this.window;
    return readRegion(this.model.engine.arena.f32, this.window.rows(regions.outputs, this.pass.steps), out);
  }

  /**
   * The sum of the last block's losses against the targets of steps [first, first + T). Puts scale·dLoss/doutputs in the
   * outputs' place, and adds the head's gradients, which are exact and immediate under every rule.
   */
  loss(targets: Targets, first: number, scale: number): number {
    const sum = this.putLoss(targets, first, scale);
    this.addHeadGradients();
    return sum;
  }

  /** The first half of `loss` changes no parameter's gradient. */
  putLoss(targets: Targets, first: number, scale: number): number {
    return applyLoss(this.model.engine, this.window, targets, first, this.pass.steps, scale);
  }

  /** The second half of `loss` adds the gradients of the head's parameters. */
  addHeadGradients(): void {
    const { model, window, pass } = this;
    const outputs = window.rows(window.regions.outputs, pass.steps);
    model.head.addGradients(outputs, model.topHidden(window, pass), window.regions.scratch);
  }

  /** states[b, :] ← the derivative of the last block's final state along them as its initial state: forward mode, exact. */
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

  /** The last block backwards. What comes of it stands until the next `vjp` of as many rows. */
  vjp({ cotangent, losses = false, sample, weights }: VjpOptions): BlockAdjoint {
    const adjoint = this.adjointOf(
      cotangent?.count ?? this.batch,
      sample === undefined ? "to each sample" : "to one sample",
    );
    const { window, pass } = this;
    adjoint.run({ window, pass, cotangent, losses, sample: sample ?? 0, weights });
    return adjoint;
  }

  /** Adds factor·(a row of gradients) to the gradients of those of the network's parameters that are trained. */
  addToGradients(factor: number, rows: Rows, row: number): void {
    const { engine, parameters } = this.model;
    const { kernels, constants } = engine;
    const from = rows.pointer(row);
    for (const { start, count } of parameters.trainedRanges()) {
      kernels.addScaled(parameters.gradients + start * 4, from + start * 4, constants, 1, factor, count);
    }
  }

  /** What units owe to themselves within the last block, of one step. @internal */
  unitDerivatives(): UnitDerivatives {
    this.units ??= new UnitDerivatives(this.model, this.batch, (plan) => this.scope.reserve(plan).regions);
    this.units.run(this.window, this.pass);
    return this.units;
  }

  /** What a layer read in the last block, of one step. @internal */
  stepInputs(layer: number): StepInputs {
    return stepInputs(this.model, this.window, this.pass, layer);
  }

  /** What a layer's pre-activations are products with, in the last block, of one step. @internal */
  stepFactors(layer: number, sample: number): StepFactors {
    return stepFactors(this.model, this.window, this.pass, layer, sample);
  }

  /** What a layer's last block left: states, and its gates as its cell keeps them. @internal */
  tapeOf(layer: number): CellRun {
    return this.model.run(this.window, this.pass, layer, 0);
  }

  /** A layer of the network, with the memory that its gradients pass through. @internal */
  layerParts(layer: number): { layer: Layer; regions: InputScratch } {
    return { layer: this.model.layers[layer][0], regions: this.window.regions };
  }

  /** The network's engine, cell and parameters. @internal */
  get parts(): Pick<Model, "engine" | "cell" | "parameters" | "options"> {
    return this.model;
  }

  /** Gives its memory back. */
  dispose(): void {
    this.scope.releaseAll();
  }

  private runs(): CellRun[] {
    return this.model.runs(this.window, this.pass);
  }

  private adjointOf(rows: number, belong: RowsBelong): BlockAdjoint {
    const key = `${rows} ${belong}`;
    const held = this.adjoints.get(key);
    if (held !== undefined) return held;
    const { model, layout, window } = this;
    const made = new BlockAdjoint(
      model,
      layout,
      window.sizes,
      rows,
      belong,
      (plan) => this.scope.reserve(plan).regions,
    );
    this.adjoints.set(key, made);
    return made;
  }

  private planTangents(batch: number, steps: number): [CellRun[], Region[]] {
    const { cell, options, layers, drops } = this.model;
    const { hiddenSize: H } = options;
    const { h, z } = cell.plan(steps, batch, H, false);
    const c = cell.hasCellState ? matrix(batch, H) : NONE;
    const plan = { h, c, z, dropped: drops ? matrix(steps * batch, H) : NONE, none: NONE };
    const held = layers.map(() => this.scope.reserve(plan).regions);
    const runs = held.map(({ none, ...regions }) => ({
      ...{ steps, batch, reverse: false, lengths: 0 },
      regions: { ...regions, dh: none, dc: none },
    }));
    return [runs, held.map(({ dropped }) => dropped)];
  }

  /** What the tangents of a layer bring to the one above. */
  private tangentOf(tangent: CellRun, layer: number): Region {
    const below = stepSlots(tangent.regions.h, tangent);
    const { dropout } = this.pass;
    if (dropout === undefined) return below;
    const to = rowsOf(this.droppedTangents[layer], 0, below.rows);
    applyDropout(this.model.engine, dropout, layer, to, below, 0);
    return to;
  }
}
