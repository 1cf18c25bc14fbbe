/** What a layer's inputs bring to its pre-activations, W_ih x_t + b_ih + b_hh, all T·B rows at once; and back. */

import type { Engine } from "../../memory/engine.js";
import type { MemoryScope } from "../../memory/memory-scope.js";
import { matrix, vector, type Region } from "../../memory/regions.js";
import type { Cell } from "../cells/cell.js";
import { PackedWeights } from "../parameters/packed-weights.js";
import { backwardPanels, forwardPanels } from "../parameters/panels.js";
import { depthOf } from "../../wasm/product-sizes.js";
import type { ParameterPlace, Parameters } from "../parameters/parameters.js";

/** Tokens, [T·B]; or matrices of T·B rows, side by side as W_ih's columns are. */
export type LayerInput = { readonly tokens: Region } | { readonly sources: readonly Region[] };

export interface InputParameters {
  readonly weight: ParameterPlace;
  readonly bias: ParameterPlace;
  /** b_hh, where the cell has one. */
  readonly recurrentBias: ParameterPlace | undefined;
}

/** Where a table has this many times the rows that meet it, each row goes to its token's column on its own. */
const FEW = 4;

/** Whether the gradients of so many rows, of tokens from `inputSize`, go through a table. */
export function needsTable(rows: number, inputSize: number): boolean {
  return rows * FEW >= inputSize;
}

/** Regions that the gradients pass through. */
export interface InputScratch {
  /** [I, blocks·H], tokens only; none where no rows need it. */
  readonly dTable: Region;
  /** [blocks·H]. */
  readonly dBias: Region;
  readonly scratch: Region;
}

export class InputProduct {
  private readonly engine: Engine;
  private readonly parameters: InputParameters;
  /** Elements of a pre-activation's row that the input touches: G·H, padded. */
  private readonly width: number;
  /** b_ih and b_hh where they are added, [blocks·H]. */
  private readonly bias: PackedWeights;
  /** Each token's row of z, [I, blocks·H]. */
  private readonly table: PackedWeights;
  /** For each source. */
  private readonly panels: readonly PackedWeights[];
  private readonly backPanels: readonly PackedWeights[];

  constructor(all: Parameters, scope: MemoryScope, cell: Cell, parameters: InputParameters) {
    const { engine } = all;
    const { kernels, arena } = engine;
    const { weight } = parameters;
    this.engine = engine;
    this.parameters = parameters;
    this.width = weight.value.rows;
    const { width } = this;
    const columns = (width / cell.gates) * cell.blocks;
    const bias = new PackedWeights(all, scope, vector(columns), (row) => {
      arena.zero(row);
      for (const { at, place } of this.biasParts(row)) kernels.add(at, at, place.value.pointer, width);
    });
    this.bias = bias;
    const inputs = weight.layout.columns;
    this.table = new PackedWeights(all, scope, matrix(inputs.size, columns), ({ pointer, rows }) => {
      kernels.fillRows(pointer, bias.pointer, rows, columns);
      kernels.addTransposed(pointer, weight.value.pointer, rows, width, columns, weight.value.stride);
    });
    const parts = inputs.order.map((_, source) => this.part(weight.value, source));
    this.panels = parts.map((part) => forwardPanels(all, scope, part));
    this.backPanels = parts.map((part) => backwardPanels(all, scope, part));
  }

  /** Makes room for the weights that this kind of input needs. */
  reserve(tokens: boolean, tape: boolean): void {
    this.bias.reserve();
    if (tokens) this.table.reserve();
    else for (const panels of tape ? [...this.panels, ...this.backPanels] : this.panels) panels.reserve();
  }

  /** z[T·B, blocks·H]. */
  forward(z: Region, input: LayerInput): void {
    const { kernels } = this.engine;
    if ("tokens" in input) {
      kernels.gather(z.pointer, this.table.pointer, input.tokens.pointer, z.rows, z.stride);
      return;
    }
    kernels.fillRows(z.pointer, this.bias.pointer, z.rows, z.stride);
    input.sources.forEach((x, source) => {
      kernels.gemm(
        z.pointer,
        x.pointer,
        this.panels[source].pointer,
        z.rows,
        this.width,
        depthOf(x.columns),
        z.stride,
        x.stride,
        true,
      );
    });
  }

  /** The tangent of z, W_ih dx_t, from those of the sources; none: zeros. */
  tangent(dz: Region, sources: readonly Region[]): void {
    const { kernels, arena } = this.engine;
    arena.zero(dz);
    sources.forEach((dx, source) => {
      const panels = this.panels[source].pointer;
      const depth = depthOf(dx.columns);
      kernels.gemm(dz.pointer, dx.pointer, panels, dz.rows, this.width, depth, dz.stride, dx.stride, true);
    });
  }

  /**
   * Adds dLoss/dW_ih, dLoss/db_ih and dLoss/db_hh from dz[T·B, blocks·H]. `shift`: bytes from the network's gradients to
   * those that are meant, of the same layout. `biasDz`: what the biases see of dz.
   */
  addGradients(dz: Region, input: LayerInput, regions: InputScratch, shift = 0, biasDz = dz): void {
    const { weight } = this.parameters;
    if (weight.trainable) {
      if ("tokens" in input) this.addTokenGradient(dz, input.tokens, regions.dTable, shift);
      else {
        input.sources.forEach((x, source) => {
          this.addSourceGradient(dz, x, source, regions.scratch, shift);
        });
      }
    }
    this.addBiasGradients(biasDz, regions.dBias, shift);
  }

  /** dx[rows, source's columns] (+)= dz W_ih, of one source. */
  inputGradient(dx: Region, dz: Region, source: number, accumulate: boolean): void {
    this.engine.kernels.gemm(
      dx.pointer,
      dz.pointer,
      this.backPanels[source].pointer,
      dz.rows,
      dx.stride,
      this.width,
      dx.stride,
      dz.stride,
      accumulate,
    );
  }

  private addTokenGradient(dz: Region, tokens: Region, dTable: Region, shift: number): void {
    const { kernels, arena } = this.engine;
    const { gradient, layout } = this.parameters.weight;
    const { stride } = gradient;
    const pointer = gradient.pointer + shift;
    if (!needsTable(dz.rows, layout.columns.size)) {
      kernels.scatterAddColumns(pointer, dz.pointer, tokens.pointer, dz.rows, this.width, stride, dz.stride);
      return;
    }
    const table = dTable.pointer;
    arena.zero(dTable);
    kernels.scatterAdd(table, dz.pointer, tokens.pointer, dz.rows, dz.stride);
    kernels.addTransposed(pointer, table, this.width, dTable.rows, stride, dTable.stride);
  }

  private addSourceGradient(dz: Region, x: Region, source: number, scratch: Region, shift: number): void {
    const { gradient } = this.parameters.weight;
    const { pointer, rows, stride } = this.part(gradient, source);
    this.engine.kernels.gemmTN(
      pointer + shift,
      dz.pointer,
      x.pointer,
      scratch.pointer,
      rows,
      x.stride,
      dz.rows,
      stride,
      dz.stride,
      x.stride,
    );
  }

  private addBiasGradients(dz: Region, dBias: Region, shift: number): void {
    const { kernels, arena } = this.engine;
    const parts = this.biasParts(dBias);
    if (!parts.some(({ place }) => place.trainable)) return;
    arena.zero(dBias);
    kernels.addColumnSums(dBias.pointer, dz.pointer, dz.rows, dz.stride);
    for (const { at, place } of parts) {
      const to = place.gradient.pointer + shift;
      if (place.trainable) kernels.add(to, to, at, this.width);
    }
  }

  /** b_ih goes with the first G of a row's blocks, b_hh with the last G. */
  private biasParts({ pointer, stride }: Region): { place: ParameterPlace; at: number }[] {
    const { bias, recurrentBias } = this.parameters;
    const first = { place: bias, at: pointer };
    if (recurrentBias === undefined) return [first];
    return [first, { place: recurrentBias, at: pointer + (stride - this.width) * 4 }];
  }

  /** The columns of W_ih, or of its gradient, that one source meets. */
  private part(region: Region, source: number): Region {
    const { size, padded } = this.parameters.weight.layout.columns;
    return { ...region, pointer: region.pointer + source * padded * 4, columns: size };
  }
}
