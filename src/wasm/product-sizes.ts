/** Sizes that the matrix products of assembly/gemm/ and whoever plans memory for them agree on. */

import { DEPTH_STEP, TRANSPOSED_DEPTH, TRANSPOSED_ROWS, WIDEST_PANEL } from "./generated/sizes.js";

function roundUp(n: number, step: number): number {
  return Math.ceil(n / step) * step;
}

export function depthOf(size: number): number {
  return roundUp(size, DEPTH_STEP);
}

/** Floats of scratch for C[M, N] += Aᵀ·B, of A and B with K rows. */
export function transposedScratch(N: number, K = TRANSPOSED_DEPTH): number {
  return Math.min(TRANSPOSED_DEPTH, depthOf(K)) * (roundUp(N, WIDEST_PANEL) + TRANSPOSED_ROWS);
}
