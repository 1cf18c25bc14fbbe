/** Computes a layer's W_ih x_t + b_ih + b_hh, or W_ih x_t alone, for all T·B rows at once, and its gradients. */

import type { Engine } from "../../memory/engine.js";
import type { MemoryScope } from "../../memory/memory-scope.js";
import { matrix, sizeOf, vector, type Region } from "../../memory/regions.js";
import type { CellDefinition } from "../cells/cell.js";
import { PackedWeights } from "../parameters/packed-weights.js";
import { backwardPanels, forwardPanels } from "../parameters/panels.js";
import { depthOf } from "../../wasm/product-sizes.js";
import type { ParameterPlace, Parameters } from "../parameters/parameters.js";

/** A layer reads tokens, [T·B], or matrices of T·B rows, side by side like the columns of W_ih. */
export type LayerInput = { readonly tokens: Region } | { readonly sources: readonly Region[] };

export interface InputParameters {
  readonly weight: ParameterPlace;
  readonly bias: ParameterPlace;
  /** b_hh, or undefined where the cell has none. */
  readonly recurrentBias: ParameterPlace | undefined;
}

/**
 * Gradients of tokens go through a table up to this many distinct tokens for each row; beyond, each row is
 * added to its token's column on its own.
 */
const FEW = 4;

/** Returns whether the gradients of `rows` rows of tokens from [0, inputSize) go through a table. */
export function needsTable(rows: number, inputSize: number): boolean {
  return rows * FEW >= inputSize;
}

/** Holds intermediate results of the gradients. */
export interface InputScratch {
  /** [I, blocks·H], the gradient of each token's row of z; unused for dense inputs or too few rows. */
  readonly dTable: Region;
  /** [blocks·H], the sum of dz over all rows. */
  readonly dBias: Region;
  readonly scratch: Region;
}

export class InputProduct {
  private readonly engine: Engine;
  private readonly parameters: InputParameters;
  /** G·H, padded: the elements of a pre-activation's row that the input product writes. */
  private readonly width: number;
  /** [blocks·H]: b_ih and b_hh, each in the blocks that it is added to. */
  private readonly bias: PackedWeights;
  /** Whether W_ih x_t is to be normalised, and so the biases are not added to it. */
  private readonly bare: boolean;
  /** [I, blocks·H]: the row of z that each token gives, biases included; bare, [I, G·H], of W_ih x_t. */
  private readonly table: PackedWeights;
  /** Panels of the source's columns of W_ih, one entry for each source. */
  private readonly panels: readonly PackedWeights[];
  private readonly backPanels: readonly PackedWeights[];

  constructor(all: Parameters, scope: MemoryScope, cell: CellDefinition, parameters: InputParameters) {
    const { engine } = all;
    const { kernels, arena } = engine;
    const { weight } = parameters;
    this.engine = engine;
    this.parameters = parameters;
    this.width = weight.value.rows;
    const { width } = this;
    const columns = (width / cell.gates.length) * cell.blocks;
    const bare = cell.norm !== undefined;
    this.bare = bare;
    const bias = new PackedWeights(all, scope, vector(columns), (row) => {
      arena.zero(row);
      for (const { at, place } of this.biasParts(row)) kernels.add(at, at, place.value.pointer, width);
    });
    this.bias = bias;
    const inputs = weight.layout.columns;
    this.table = new PackedWeights(all, scope, matrix(inputs.size, bare ? width : columns), (table) => {
      const { pointer, rows, stride } = table;
      if (bare) arena.zero(table);
      else kernels.fillRows(pointer, bias.pointer, rows, columns);
      kernels.addTransposed(pointer, weight.value.pointer, rows, width, stride, weight.value.stride);
    });
    const parts = inputs.order.map((_, source) => this.part(weight.value, source));
    this.panels = parts.map((part) => forwardPanels(all, scope, part));
    this.backPanels = parts.map((part) => backwardPanels(all, scope, part));
  }

  /** Makes room for the packed weights that this kind of input needs; throws an OutOfMemoryError. */
  reserve(tokens: boolean, tape: boolean): void {
    this.bias.reserve();
    if (tokens) this.table.reserve();
    else for (const panels of tape ? [...this.panels, ...this.backPanels] : this.panels) panels.reserve();
  }

  /** Fills z, [T·B, blocks·H], with the biases. */
  fillBiases({ kernels }: Engine, z: Region): void {
    kernels.fillRows(z.pointer, this.bias.pointer, z.rows, z.stride);
  }

  /** Returns the pointer to the biases, [blocks·H]. */
  get biases(): number {
    return this.bias.pointer;
  }

  /** Writes the inputs' part of the pre-activations to z, [T·B, blocks·H]; bare, W_ih x_t, [T·B, G·H]. */
  forward(engine: Engine, z: Region, input: LayerInput): void {
    const { kernels } = engine;
    if ("tokens" in input) {
      kernels.gather(z.pointer, this.table.pointer, input.tokens.pointer, z.rows, z.stride);
      return;
    }
    if (!this.bare) this.fillBiases(engine, z);
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
        !this.bare || source > 0,
      );
    });
  }

  /** Writes the tangent of what `forward` writes, W_ih dx_t, from those of the sources; without any it is zeros. */
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
   * Adds dLoss/dW_ih, computed from `dz`, dLoss/d(W_ih x_t) in its first G blocks, and dLoss/db_ih and dLoss/db_hh,
   * computed from `biasDz`, [T·B, blocks·H]. `shift` is the distance in bytes from the network's gradients to another
   * range of the same layout that they are added to.
   */
  addGradients(dz: Region, biasDz: Region, input: LayerInput, regions: InputScratch, shift: number): void {
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

  /** Computes dx (+)= dz W_ih for one source; dx is [rows, columns of the source]. */
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
    const { kernels } = this.engine;
    const { gradient, layout } = this.parameters.weight;
    const { stride } = gradient;
    const pointer = gradient.pointer + shift;
    if (!needsTable(dz.rows, layout.columns.size)) {
      kernels.scatterAddColumns(pointer, dz.pointer, tokens.pointer, dz.rows, this.width, stride, dz.stride);
      return;
    }
    const table = dTable.pointer;
    kernels.zero(table, sizeOf(dTable));
    kernels.scatterAdd(table, dz.pointer, tokens.pointer, dz.rows, dz.stride);
    // The rows stand as closely as dz's, which may be shorter than the table's.
    kernels.addTransposed(pointer, table, this.width, dTable.rows, stride, dz.stride);
  }

  private addSourceGradient(dz: Region, x: Region, source: number, scratch: Region, shift: number): void {
    const { gradient } = this.parameters.weight;
    const { pointer, rows, stride } = this.part(gradient, source);
    this.engine.kernels.gemmTN(
      pointer + shift,
      dz.pointer,
      x.pointer,
      0,
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

  /** Returns where b_ih and b_hh are added in a row of z: to its first G blocks, and to its last G. */
  private biasParts({ pointer, stride }: Region): { place: ParameterPlace; at: number }[] {
    const { bias, recurrentBias } = this.parameters;
    const first = { place: bias, at: pointer };
    if (recurrentBias === undefined) return [first];
    return [first, { place: recurrentBias, at: pointer + (stride - this.width) * 4 }];
  }

  /** Returns the columns of W_ih, or of its gradient, that multiply one source. */
  private part(region: Region, source: number): Region {
    const { size, padded } = this.parameters.weight.layout.columns;
    return { ...region, pointer: region.pointer + source * padded * 4, columns: size };
  }
}
