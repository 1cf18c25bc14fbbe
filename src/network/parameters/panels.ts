/** Packs weight matrices in panels, for the products of assembly/gemm/product.ts. */

import type { MemoryScope } from "../../memory/memory-scope.js";
import { COLUMN_STEP, roundUp, type Region } from "../../memory/regions.js";
import { depthOf } from "../../wasm/product-sizes.js";
import { PackedWeights } from "./packed-weights.js";
import type { Parameters } from "./parameters.js";

/** Returns panels of Wᵀ, for x ↦ x Wᵀ: from W's columns to its rows. */
export function forwardPanels(parameters: Parameters, scope: MemoryScope, weight: Region): PackedWeights {
  const { rows, columns, stride, pointer } = weight;
  const { kernels, panelColumns } = parameters.engine;
  const shape = { rows: roundUp(rows, panelColumns), columns: depthOf(columns), stride: depthOf(columns) };
  return new PackedWeights(parameters, scope, shape, (packed) => {
    kernels.packColumns(packed.pointer, pointer, rows, depthOf(columns), stride);
  });
}

/** Returns panels of W, for dz ↦ dz W: from W's rows back to its columns. */
export function backwardPanels(parameters: Parameters, scope: MemoryScope, weight: Region): PackedWeights {
  const { rows, columns, stride, pointer } = weight;
  const { kernels, panelColumns } = parameters.engine;
  const width = roundUp(columns, panelColumns);
  const shape = { rows, columns: width, stride: width };
  return new PackedWeights(parameters, scope, shape, (packed) => {
    kernels.packRows(packed.pointer, pointer, rows, roundUp(columns, COLUMN_STEP), stride, rows);
  });
}
