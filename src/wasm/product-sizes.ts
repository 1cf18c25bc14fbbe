/** Sizes that the matrix products of assembly/gemm/ and whoever plans memory for them agree on. */

/** The depth of packed columns is a multiple of this. */
const DEPTH_STEP = 4;
/** Columns of a panel of the widest build. */
const WIDEST_PANEL = 16;
/** Of the transposed product (assembly/gemm/product.ts): the depth of a block, and the columns of A packed at a time. */
const TRANSPOSED_DEPTH = 256;
const TRANSPOSED_ROWS = 96;

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
