// C (+)= A · B with B in panels, and C += Aᵀ · B.
//
// A panel holds 8 columns of B: panel j is [depth, 8], contiguous, columns past the last being zeros. Rows of C have a
// stride of whole panels, so that tiles store whole vectors. Strides are in elements, pointers in bytes.
import {
  packedTile1,
  packedTile2,
  packedTile4,
  packedTile6,
  rowTile1,
  rowTile1x32,
  rowTile2,
  rowTile4,
  rowTile6,
} from "./generated/tiles";
import { packRows, packTile } from "./pack";

/** Rows of a full tile. Without a fused multiply-add six rows of A need more registers than the engine has. */
const ROWS: usize = ASC_FEATURE_RELAXED_SIMD ? 6 : 4;
/** Depth of a block: a panel of it (8 KiB) stays in L1. */
const DEPTH: usize = 256;
/** Rows of a block of A: with its depth 96 KiB, which stay in L2 while the panels pass. */
const BLOCK_ROWS: usize = 96;
/** Depth of a block of the transposed product: C is read and written once a block. */
const TRANSPOSED_DEPTH: usize = 128;

/**
 * C[M, N] (+)= A[M, K] · B[K, N]; overwrites, or adds where `accumulate`.
 * `panels`: B, from packRows (B as it is) or packColumns (B given as its transpose). K a multiple of 4 and not 0, N of 8:
 * what is past the true sizes is zeros in A's rows and in the panels. C aliases nothing.
 */
export function gemm(
  c: usize,
  a: usize,
  panels: usize,
  M: usize,
  N: usize,
  K: usize,
  ldc: usize,
  lda: usize,
  accumulate: bool,
): void {
  ldc <<= 2;
  lda <<= 2;
  const panelBytes = K * 32;
  if (M == 1) {
    gemmOneRow(c, a, panels, N, K, panelBytes, accumulate);
    return;
  }
  for (let k: usize = 0; k < K; k += DEPTH) {
    const depth = min(DEPTH, K - k);
    const add = accumulate || k > 0;
    for (let top: usize = 0; top < M; top += BLOCK_ROWS) {
      const bottom = min(top + BLOCK_ROWS, M);
      let panel = panels + k * 32;
      for (let n: usize = 0; n < N; n += 8, panel += panelBytes) {
        rowTiles(c + top * ldc + n * 4, ldc, a + top * lda + k * 4, lda, panel, bottom - top, depth, add);
      }
    }
  }
}

function gemmOneRow(
  c: usize,
  a: usize,
  panels: usize,
  N: usize,
  K: usize,
  panelBytes: usize,
  accumulate: bool,
): void {
  let n: usize = 0;
  for (; n + 32 <= N; n += 32) {
    rowTile1x32(c + n * 4, 0, a, 0, panels + (n >> 3) * panelBytes, panelBytes, K, accumulate);
  }
  for (; n < N; n += 8) rowTile1(c + n * 4, 0, a, 0, panels + (n >> 3) * panelBytes, K, accumulate);
}

/**
 * Rows of the next tile where `left` are left. The last eight go as 4 + 4: a tile of two rows has too few accumulators
 * to hide the latency, and takes as long as one of four.
 */
function nextRows(left: usize): usize {
  if (left >= ROWS && left != 8) return ROWS;
  return left >= 4 ? 4 : left >= 2 ? 2 : 1;
}

/** One panel's columns of C, over `left` rows. */
function rowTiles(
  c: usize,
  ldc: usize,
  a: usize,
  lda: usize,
  panel: usize,
  left: usize,
  depth: usize,
  add: bool,
): void {
  while (left > 0) {
    const rows = nextRows(left);
    if (ASC_FEATURE_RELAXED_SIMD && rows == 6) rowTile6(c, ldc, a, lda, panel, depth, add);
    else if (rows == 4) rowTile4(c, ldc, a, lda, panel, depth, add);
    else if (rows == 2) rowTile2(c, ldc, a, lda, panel, depth, add);
    else rowTile1(c, ldc, a, lda, panel, depth, add);
    c += rows * ldc;
    a += rows * lda;
    left -= rows;
  }
}

/**
 * C[M, N] += Aᵀ · B for A[K, M], B[K, N], both row-major: the weight gradients, K = T·B.
 * N a multiple of 8, B's columns past the true size being zeros. `scratch`: 128·(N + 8) floats.
 */
export function gemmTN(
  c: usize,
  a: usize,
  b: usize,
  scratch: usize,
  M: usize,
  N: usize,
  K: usize,
  ldc: usize,
  lda: usize,
  ldb: usize,
): void {
  ldc <<= 2;
  const tile = scratch + TRANSPOSED_DEPTH * N * 4;
  for (let k: usize = 0; k < K; k += TRANSPOSED_DEPTH) {
    const depth = min(TRANSPOSED_DEPTH, K - k);
    const even = (depth + 3) & ~3;
    packRows(scratch, b + k * ldb * 4, depth, N, ldb, even);
    let m: usize = 0;
    while (m < M) {
      const rows = nextRows(M - m);
      packTile(tile, a + (k * lda + m) * 4, depth, rows, lda, even);
      packedTiles(c + m * ldc, ldc, tile, scratch, rows, N, even);
      m += rows;
    }
  }
}

/** `rows` rows of C, over all panels. */
function packedTiles(
  c: usize,
  ldc: usize,
  a: usize,
  panels: usize,
  rows: usize,
  N: usize,
  depth: usize,
): void {
  const panelBytes = depth * 32;
  const end = c + N * 4;
  if (ASC_FEATURE_RELAXED_SIMD && rows == 6) {
    for (; c < end; c += 32, panels += panelBytes) packedTile6(c, ldc, a, panels, depth, true);
  } else if (rows == 4) {
    for (; c < end; c += 32, panels += panelBytes) packedTile4(c, ldc, a, panels, depth, true);
  } else if (rows == 2) {
    for (; c < end; c += 32, panels += panelBytes) packedTile2(c, ldc, a, panels, depth, true);
  } else {
    for (; c < end; c += 32, panels += panelBytes) packedTile1(c, ldc, a, panels, depth, true);
  }
}
