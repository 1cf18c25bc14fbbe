/** Weight matrices in panels, for the products of assembly/gemm/product.ts. */

import type { Holdings } from "../memory/holdings.js";
import { COLUMN_STEP, roundUp, type Region } from "../memory/regions.js";
import { PackedWeights } from "./packed-weights.js";
import type { Parameters } from "./parameters.js";

/** The depth of packed columns is a multiple of this. */
const DEPTH_STEP = 4;

/** Columns of a panel of the widest build. */
const WIDEST_PANEL = 16;
/** Of the transposed product (assembly/gemm/product.ts): the depth of a block, and the columns of A packed at a time. */
const TRANSPOSED_DEPTH = 256;
const TRANSPOSED_ROWS = 96;

/** Floats of scratch for C[M, N] += Aᵀ·B, of A and B with K rows. */
export function transposedScratch(N: number, K = TRANSPOSED_DEPTH): number {
  return Math.min(TRANSPOSED_DEPTH, depthOf(K)) * (roundUp(N, WIDEST_PANEL) + TRANSPOSED_ROWS);
}

export function depthOf(size: number): number {
  return roundUp(size, DEPTH_STEP);
}

/** Panels of Wᵀ, for x ↦ x Wᵀ: from W's columns to its rows. */
export function forwardPanels(parameters: Parameters, holdings: Holdings, weight: Region): PackedWeights {
  const { rows, columns, stride, pointer } = weight;
  const { kernels, panelColumns } = parameters.engine;
  const shape = { rows: roundUp(rows, panelColumns), columns: depthOf(columns), stride: depthOf(columns) };
  return new PackedWeights(parameters, holdings, shape, (packed) => {
    kernels.packColumns(packed.pointer, pointer, rows, depthOf(columns), stride);
  });
}

/** Panels of W, for dz ↦ dz W: from W's rows back to its columns. */
export function backwardPanels(parameters: Parameters, holdings: Holdings, weight: Region): PackedWeights {
  const { rows, columns, stride, pointer } = weight;
  const { kernels, panelColumns } = parameters.engine;
  const width = roundUp(columns, panelColumns);
  const shape = { rows, columns: width, stride: width };
  return new PackedWeights(parameters, holdings, shape, (packed) => {
    kernels.packRows(packed.pointer, pointer, rows, roundUp(columns, COLUMN_STEP), stride, rows);
  });
}
