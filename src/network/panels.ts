/** Weight matrices in panels of 8 columns, for the products of assembly/gemm/product.ts. */

import type { Holdings } from "../memory/holdings.js";
import { COLUMN_STEP, roundUp, type Region } from "../memory/regions.js";
import { PackedWeights } from "./packed-weights.js";
import type { Parameters } from "./parameters.js";

/** The products' depth is a multiple of this. */
const DEPTH_STEP = 4;

export function depthOf(size: number): number {
  return roundUp(size, DEPTH_STEP);
}

/** Panels of Wᵀ, for x ↦ x Wᵀ: from W's columns to its rows. */
export function forwardPanels(parameters: Parameters, holdings: Holdings, weight: Region): PackedWeights {
  const { rows, columns, stride, pointer } = weight;
  const { kernels } = parameters.engine;
  const shape = { rows: roundUp(rows, COLUMN_STEP), columns: depthOf(columns), stride: depthOf(columns) };
  return new PackedWeights(parameters, holdings, shape, (packed) => {
    kernels.packColumns(packed.pointer, pointer, rows, depthOf(columns), stride);
  });
}

/** Panels of W, for dz ↦ dz W: from W's rows back to its columns. */
export function backwardPanels(parameters: Parameters, holdings: Holdings, weight: Region): PackedWeights {
  const { rows, columns, stride, pointer } = weight;
  const { kernels } = parameters.engine;
  const width = roundUp(columns, COLUMN_STEP);
  return new PackedWeights(
    parameters,
    holdings,
    { rows: depthOf(rows), columns: width, stride: width },
    (packed) => {
      kernels.packRows(packed.pointer, pointer, rows, width, stride, depthOf(rows));
    },
  );
}
