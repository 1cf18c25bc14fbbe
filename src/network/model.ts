/** A network's parts and how a window runs through them; arguments were checked before, and memory is there. */

import type { Engine } from "../memory/engine.js";
import { Holdings } from "../memory/holdings.js";
import { rowsOf, type Region } from "../memory/regions.js";
import { cellNamed } from "./cells.js";
import { Head } from "./head.js";
import { InputLayer } from "./input-layer.js";
import { parameterShapes } from "./parameter-shapes.js";
import { Parameters } from "./parameters.js";
import { RecurrentLayer } from "./recurrent-layer.js";
import type { CompleteOptions } from "./types.js";
import { Window, type InputKind, type WindowSizes } from "./window.js";

export class Model {
  readonly engine: Engine;
  readonly options: CompleteOptions;
  readonly holdings: Holdings;
  readonly parameters: Parameters;
  private readonly input: InputLayer;
  private readonly layer: RecurrentLayer;
  private readonly head: Head;

  /** Parameters are zeros. Throws an OutOfMemoryError when there is no room for them. */
  constructor(engine: Engine, options: CompleteOptions) {
    this.engine = engine;
    this.options = options;
    this.holdings = new Holdings(engine.arena);
    this.parameters = new Parameters(engine, this.holdings, parameterShapes(options));
    this.input = new InputLayer(this.parameters, this.holdings);
    this.layer = new RecurrentLayer(this.parameters, this.holdings, cellNamed(options.cell));
    this.head = new Head(this.parameters, this.holdings);
  }

  /** Makes room for the packed weights; throws an OutOfMemoryError. */
  reserveWeights(inputs: InputKind, tape: boolean): void {
    this.input.reserve(inputs, tape);
    this.layer.reserve(tape);
    this.head.reserve(tape);
  }

  /** A window with all that running it needs; throws an OutOfMemoryError. `holdings`: who owns it. */
  createWindow(sizes: WindowSizes, holdings = this.holdings): Window {
    this.reserveWeights(sizes.inputs, sizes.tape);
    return new Window(holdings, this.options, sizes);
  }

  /** The first `steps` steps, from the window's initial state and inputs to its outputs. Returns the outputs. */
  forward(window: Window, steps: number): Region {
    const { batch } = window.sizes;
    const rows = steps * batch;
    const h = rowsOf(window.regions.h, batch, rows);
    const outputs = rowsOf(window.regions.outputs, 0, rows);
    this.input.forward(window, h);
    this.layer.forward(window, steps);
    this.head.forward(outputs, h);
    return outputs;
  }

  /**
   * The whole window backwards, from the outputs' gradient, which stands in the outputs' place. Adds to all gradients.
   * `addFinalGradient` adds the final state's own gradient, if there is one, to dLoss/dh_T.
   */
  backward(window: Window, addFinalGradient: (dh: Region) => void): void {
    const { steps, batch } = window.sizes;
    const { h, dh, outputs, scratch } = window.regions;
    const hidden = rowsOf(h, batch, steps * batch);
    const dHidden = rowsOf(dh, batch, steps * batch);
    const { f32 } = this.engine.arena;
    f32.fill(0, dh.pointer >>> 2, dHidden.pointer >>> 2);
    this.head.backward(dHidden, outputs, hidden, scratch);
    addFinalGradient(window.stateGradient(steps));
    this.layer.backward(window);
    this.input.backward(window, dHidden);
  }

  /** Room for dLoss/dvalues, [T, B, I]. */
  createInputGradient({ sizes }: Window): Float32Array {
    return new Float32Array(sizes.steps * sizes.batch * this.options.inputSize);
  }

  /** dLoss/dvalues, after `backward`. */
  readInputGradient(window: Window, out: Float32Array): void {
    const { steps, batch } = window.sizes;
    this.input.inputGradient(window, rowsOf(window.regions.dh, batch, steps * batch), out);
  }
}
