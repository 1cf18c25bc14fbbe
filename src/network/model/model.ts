/** Holds a network's parts and runs windows through them; arguments were checked, memory is reserved. */

import type { Engine } from "../../memory/engine.js";
import { MemoryScope } from "../../memory/memory-scope.js";
import { rowsOf, type Region } from "../../memory/regions.js";
import type { CellDefinition, CellRun } from "../cells/cell.js";
import { cellOf } from "../cells/by-name.js";
import { applyDropout, type BatchPart, type DropoutPass } from "./dropout.js";
import { LinearHead, NoHead, type Head } from "./head.js";
import type { LayerInput } from "./input-product.js";
import { Layer } from "./layer.js";
import { planParameters } from "../parameters/plan.js";
import { directionsOf } from "../sizes.js";
import { Parameters, type ParameterPlace } from "../parameters/parameters.js";
import { finalSlot, stepSlots } from "../cells/state-slots.js";
import type { CompleteOptions } from "../types.js";
import { OwnWindow, type Window, type WindowSizes } from "./window.js";
import { type InputKind } from "./batch.js";

/** Describes one pass through a window, besides the window's memory. */
export interface Pass {
  /** Time steps in use, at most the T that the window was planned for. */
  readonly steps: number;
  /** Whether some sequences end early; their lengths are in the window. */
  readonly lengths: boolean;
  /** Whether some sequences begin anew inside the window; where, is in the window. */
  readonly resets: boolean;
  /** Row of the whole sequence (T·B rows) at which the window starts. */
  readonly firstRow: number;
  /** The masks, in training of a network with dropout; undefined: nothing is dropped. */
  readonly dropout: DropoutPass | undefined;
}

export class Model {
  readonly engine: Engine;
  readonly options: CompleteOptions;
  readonly scope: MemoryScope;
  readonly parameters: Parameters;
  readonly cell: CellDefinition;
  /** By layer, then by direction (one or two). */
  readonly layers: readonly (readonly Layer[])[];
  readonly head: Head;
  /** Training windows that had dropout masks so far; the next masks follow from this number. */
  droppedWindows = 0;
  /** The part of a larger batch that training windows are, and draw as; undefined: they are whole. */
  part: BatchPart | undefined;

  /** Creates the model with parameters of 0. Throws an OutOfMemoryError when there is no room for them. */
  constructor(engine: Engine, options: CompleteOptions) {
    this.engine = engine;
    this.options = options;
    this.cell = cellOf(options);
    this.scope = new MemoryScope(engine.arena);
    this.parameters = new Parameters(engine, this.scope, planParameters(options));
    this.layers = Array.from({ length: options.layers }, (_, layer) =>
      Array.from(
        { length: directionsOf(options) },
        (__, direction) => new Layer(this.parameters, this.scope, this.cell, layer, direction),
      ),
    );
    this.head =
      options.outputSize > 0 ? new LinearHead(this.parameters, this.scope) : new NoHead(this.engine);
  }

  /** Whether training drops outputs: those of every layer but the last. */
  get drops(): boolean {
    return this.options.dropout > 0 && this.options.layers > 1;
  }

  /** Returns masks that no window had before. */
  nextDropout(): DropoutPass {
    const { dropout, seed } = this.options;
    return { probability: dropout, seed, window: this.droppedWindows++, part: this.part };
  }

  /** Makes room for packed weights, with `tape` the backward pass's too; throws an OutOfMemoryError. */
  reserveWeights(inputs: InputKind, tape: boolean): void {
    this.layers.forEach((directions, l) => {
      const tokens = l === 0 && inputs === "tokens" && this.options.embeddingSize === 0;
      for (const layer of directions) layer.reserve(tokens, tape);
    });
    this.head.reserve(tape);
  }

  /** Reserves a window, which `scope` owns, and the packed weights for it; throws an OutOfMemoryError. */
  createWindow(sizes: WindowSizes, scope = this.scope): OwnWindow {
    this.reserveWeights(sizes.inputs, sizes.tape);
    return new OwnWindow(scope, this.options, this.cell, sizes, this.engine, this.parameters.count);
  }

  /** Runs the forward pass from the window's initial states and inputs, and returns the outputs. */
  forward(window: Window, pass: Pass, engine = window.engine): Region {
    this.forwardStates(window, pass, engine);
    return this.forwardHead(window, pass, engine);
  }

  /** Computes the outputs from the states that the head reads, and returns them. */
  forwardHead(window: Window, pass: Pass, engine = window.engine): Region {
    const outputs = this.outputs(window, pass);
    this.head.forward(engine, outputs, this.headStates(window, pass));
    return outputs;
  }

  /** Returns the outputs, or their gradient after a loss: a row for each step and sequence, or for each sequence. */
  outputs({ regions, sizes }: Window, { steps }: Pass): Region {
    return this.onePerSequence ? regions.outputs : rowsOf(regions.outputs, 0, steps * sizes.batch);
  }

  /** Whether there is one output a sequence. */
  get onePerSequence(): boolean {
    return this.options.output === "sequence";
  }

  /** Returns what the head reads of each direction: the top layer's states after each step, or the final ones. */
  headStates(window: Window, pass: Pass): Region[] {
    return this.onePerSequence
      ? this.topRuns(window, pass).map((run) => finalSlot(run.regions.h, run))
      : this.topHidden(window, pass);
  }

  /** Writes dLoss/dh of the top layer's runs from dLoss/d(outputs): of all steps, which is 0 where the head does not read. */
  backwardHead(runs: readonly CellRun[], outputs: Region): void {
    const steps = runs.map((run) => stepSlots(run.regions.dh, run));
    if (!this.onePerSequence) {
      this.head.backward(steps, outputs);
      return;
    }
    for (const dh of steps) this.engine.arena.zero(dh);
    this.head.backward(
      runs.map((run) => finalSlot(run.regions.dh, run)),
      outputs,
    );
  }

  /** Returns the top layer's runs, one for each direction. */
  private topRuns(window: Window, pass: Pass): CellRun[] {
    const top = this.options.layers - 1;
    return this.layers[top].map((_, d) => this.run(window, pass, top, d));
  }

  /** Computes the states after each step from the window's initial states and inputs. */
  forwardStates(window: Window, pass: Pass, engine = window.engine): void {
    this.embed(engine, window, pass.steps);
    this.layers.forEach((directions, l) => {
      const input = this.inputOf(window, pass, l);
      directions.forEach((layer, d) => {
        layer.forward(engine, this.run(window, pass, l, d), input);
        this.drop(window, pass, l, d);
      });
    });
  }

  /**
   * Recomputes from a window's inputs and stored states what else `forwardStates` computed: the embedded
   * tokens and the outputs after dropout, which the weights' gradients need.
   */
  remakeInputs(window: Window, pass: Pass): void {
    this.embed(window.engine, window, pass.steps);
    this.layers.forEach((directions, l) => {
      directions.forEach((_, d) => {
        this.drop(window, pass, l, d);
      });
    });
  }

  /**
   * Runs the backward pass of the whole window from dLoss/d(outputs), which stands in the outputs' place, and
   * adds to all gradients. `addFinalGradient` adds dLoss/d(final state) of layer and direction `index` to its
   * dh and dc.
   */
  backward(window: Window, pass: Pass, addFinalGradient: (run: CellRun, index: number) => void): void {
    const top = this.options.layers - 1;
    const { regions } = window;
    const outputs = this.outputs(window, pass);
    this.backwardHead(this.topRuns(window, pass), outputs);
    this.head.addGradients(outputs, this.headStates(window, pass), regions.scratch);
    for (let l = top; l >= 0; l--) {
      const input = this.inputOf(window, pass, l);
      this.layers[l].forEach((layer, d) => {
        const run = this.run(window, pass, l, d);
        addFinalGradient(run, l * this.layers[l].length + d);
        layer.backward(run, input, regions);
      });
      if (l > 0) this.backwardToLayer(window, pass, l);
    }
    const embedding = this.embedding();
    if (embedding?.trainable !== true) return;
    this.eachInputGradient(window, pass, (dx, first) => {
      const { pointer } = window.regions.tokens;
      const { kernels } = this.engine;
      kernels.scatterAdd(embedding.gradient.pointer, dx.pointer, pointer + first * 4, dx.rows, dx.stride);
    });
  }

  /** Computes dLoss/dx after `backward`, some rows at a time, for `visit` with the first row's number. */
  eachInputGradient(window: Window, pass: Pass, visit: (dx: Region, first: number) => void): void {
    const rows = pass.steps * window.sizes.batch;
    const { dxRows } = window.regions;
    for (let first = 0; first < rows; first += dxRows.rows) {
      const dx = rowsOf(dxRows, 0, Math.min(dxRows.rows, rows - first));
      this.layers[0].forEach((layer, d) => {
        layer.inputGradient(dx, this.run(window, pass, 0, d), first, 0, d > 0);
      });
      visit(dx, first);
    }
  }

  /** Returns the cell runs of every layer and direction: of layer l and direction d at l·D + d. */
  runs(window: Window, pass: Pass): CellRun[] {
    return this.layers.flatMap((directions, l) => directions.map((_, d) => this.run(window, pass, l, d)));
  }

  /** Returns a layer's hidden states after each step, [T·B, H], one region for each direction. */
  private hidden(window: Window, pass: Pass, layer: number): Region[] {
    return this.layers[layer].map((_, d) => {
      const run = this.run(window, pass, layer, d);
      return stepSlots(run.regions.h, run);
    });
  }

  /** Returns the top layer's hidden states after each step, [T·B, H], one region for each direction. */
  topHidden(window: Window, pass: Pass): Region[] {
    return this.hidden(window, pass, this.options.layers - 1);
  }

  private dHidden(window: Window, pass: Pass, layer: number): Region[] {
    return this.layers[layer].map((_, d) => {
      const run = this.run(window, pass, layer, d);
      return stepSlots(run.regions.dh, run);
    });
  }

  /** Returns the cell run of one layer and direction over the window. */
  run(window: Window, { steps, lengths, resets }: Pass, layer: number, direction: number): CellRun {
    const { reverse } = this.layers[layer][direction];
    const { batch } = window.sizes;
    return {
      steps,
      batch,
      reverse,
      lengths: lengths ? window.regions.lengths.pointer : 0,
      resets: resets ? window.regions.resets.pointer + (reverse ? batch : 0) : 0,
      held: window.regions.held.pointer,
      regions: window.layers[layer * this.layers[layer].length + direction],
    };
  }

  /** Returns the input of a layer: tokens, dense inputs, or the outputs of the layer below. */
  inputOf(window: Window, pass: Pass, layer: number): LayerInput {
    const { tokens, x } = window.regions;
    if (layer > 0) {
      const below = this.hidden(window, pass, layer - 1);
      if (pass.dropout === undefined) return { sources: below };
      return { sources: below.map((_, d) => this.droppedOf(window, pass, layer - 1, d)) };
    }
    return x.rows === 0 ? { tokens } : { sources: [window.rows(x, pass.steps)] };
  }

  /** Returns the place of the embedding's weight; undefined without an embedding. */
  embedding(): ParameterPlace | undefined {
    return this.options.embeddingSize > 0 ? this.parameters.place("embedding.weight") : undefined;
  }

  /** Looks the tokens up in the embedding, if there is one, and writes x. */
  private embed({ kernels }: Engine, window: Window, steps: number): void {
    const { x, tokens } = window.regions;
    const embedding = this.embedding();
    if (embedding === undefined) return;
    const rows = steps * window.sizes.batch;
    kernels.gather(x.pointer, embedding.value.pointer, tokens.pointer, rows, x.stride);
  }

  private droppedOf(window: Window, pass: Pass, layer: number, direction: number): Region {
    return window.rows(window.dropped[layer * this.layers[layer].length + direction], pass.steps);
  }

  private drop(window: Window, pass: Pass, layer: number, direction: number): void {
    if (pass.dropout === undefined || layer === this.options.layers - 1) return;
    const from = this.hidden(window, pass, layer)[direction];
    const to = this.droppedOf(window, pass, layer, direction);
    applyDropout(
      this.engine,
      pass.dropout,
      layer * this.layers[layer].length + direction,
      to,
      from,
      pass.firstRow,
    );
  }

  /** Computes dh of the layer below from a layer's dz, through the dropout between them if there is any. */
  private backwardToLayer(window: Window, pass: Pass, layer: number): void {
    this.dHidden(window, pass, layer - 1).forEach((dh, source) => {
      this.layers[layer].forEach((above, d) => {
        above.inputGradient(dh, this.run(window, pass, layer, d), 0, source, d > 0);
      });
      if (pass.dropout === undefined) return;
      const index = (layer - 1) * this.layers[layer].length + source;
      applyDropout(this.engine, pass.dropout, index, dh, dh, pass.firstRow);
    });
  }
}
