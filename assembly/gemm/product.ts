// C (+)= A · B with B in panels, and C += Aᵀ · B.
//
// A panel holds PANEL_COLUMNS columns of B: panel j is [depth, PANEL_COLUMNS], contiguous, columns past the last being
// zeros. N is a multiple of 8, so that tiles store
// whole vectors. Strides are in elements, pointers in bytes.
import {
  packedTile1x16,
  packedTile1x8,
  packedTile2x16,
  packedTile2x8,
  packedTile3x16,
  packedTile3x8,
  packedTile4x16,
  packedTile4x8,
  packedTile6x16,
  packedTile6x8,
  rowTile1x16,
  rowTile1x32,
  rowTile1x64,
  rowTile1x8,
  rowTile2x16,
  rowTile2x8,
  rowTile3x16,
  rowTile3x8,
  rowTile4x16,
  rowTile4x8,
  rowTile6x16,
  rowTile6x8,
} from "./generated/tiles";
import { Check } from "../check";
import { OptionalPointer, Pointer } from "../pointer";
import { packRows, Tiles } from "./pack";

const PANEL: usize = PANEL_COLUMNS;
/** Whether the engine merges neighbouring vectors: a panel is then two of them wide. */
const WIDE: bool = PANEL_COLUMNS == 16;
/** Rows of a full tile. Without a fused multiply-add six rows of A need more registers than the engine has. */
const ROWS: usize = ASC_FEATURE_RELAXED_SIMD ? 6 : 4;
/** Depth of a block: a panel of it (8 or 16 KiB) stays in L1. */
const DEPTH: usize = 256;
/** Rows of a block of A: with its depth 96 KiB, which stay in L2 while the panels pass. */
const BLOCK_ROWS: usize = 96;

/**
 * C[M, N] (+)= A[M, K] · B[K, N]; overwrites, or adds where `accumulate`.
 * `panels`: B, from packRows (B as it is) or packColumns (B given as its transpose). K not 0, N a multiple of 8: what is
 * past the true sizes is zeros in A's rows and in the panels. C aliases nothing.
 */
export function gemm(
  c: Pointer,
  a: Pointer,
  panels: Pointer,
  M: usize,
  N: usize,
  K: usize,
  ldc: usize,
  lda: usize,
  accumulate: bool,
): void {
  assert(Check.atLeast(K, 1) && Check.multiple(N, 8) && Check.vectors(panels, N * K));
  assert(Check.rows(c, M, N, ldc) && Check.table(a, M, K, lda));
  ldc <<= 2;
  lda <<= 2;
  const panelBytes = K * PANEL * 4;
  if (M == 1) {
    if (!accumulate) memory.fill(c, 0, N * 4);
    gemmOneRow(c, a, panels, N, K, panelBytes);
    return;
  }
  for (let k: usize = 0; k < K; k += DEPTH) {
    const depth = min(DEPTH, K - k);
    for (let top: usize = 0; top < M; top += BLOCK_ROWS) {
      const rows = min(BLOCK_ROWS, M - top);
      const at = c + top * ldc;
      const from = a + top * lda + k * 4;
      if (k == 0 && !accumulate) for (let m: usize = 0; m < rows; m++) memory.fill(at + m * ldc, 0, N * 4);
      let panel = panels + k * PANEL * 4;
      for (let n: usize = 0; n < N; n += PANEL, panel += panelBytes) {
        rowTiles(at + n * 4, ldc, from, lda, panel, rows, depth, n + PANEL <= N);
      }
    }
  }
}

function gemmOneRow(c: usize, a: usize, panels: usize, N: usize, K: usize, panelBytes: usize): void {
  let n: usize = 0;
  for (; n + 4 * PANEL <= N; n += 4 * PANEL, panels += 4 * panelBytes) {
    if (WIDE) rowTile1x64(c + n * 4, 0, a, 0, panels, panelBytes, K);
    else rowTile1x32(c + n * 4, 0, a, 0, panels, panelBytes, K);
  }
  for (; n < N; n += PANEL, panels += panelBytes) {
    if (WIDE && n + PANEL <= N) rowTile1x16(c + n * 4, 0, a, 0, panels, K);
    else rowTile1x8(c + n * 4, 0, a, 0, panels, K);
  }
}

/** Up to so many rows are shared out so that no tile is left with few. */
const LAST_ROWS: usize = 8;

/**
 * Rows of the next tile where `left` are left. The last eight go as 4 + 4, the last seven as 4 + 3: a tile of fewer rows
 * has too few accumulators to hide the latency, and takes as long as one of four.
 */
function nextRows(left: usize): usize {
  return left > LAST_ROWS || left == ROWS ? ROWS : min<usize>(left, 4);
}

/** One panel's columns of C, or those of its first half where it is not `whole`, over `left` rows. */
function rowTiles(
  c: usize,
  ldc: usize,
  a: usize,
  lda: usize,
  panel: usize,
  left: usize,
  depth: usize,
  whole: bool,
): void {
  while (left > 0) {
    const rows = nextRows(left);
    if (WIDE && whole) {
      if (rows == 6) rowTile6x16(c, ldc, a, lda, panel, depth);
      else if (rows == 4) rowTile4x16(c, ldc, a, lda, panel, depth);
      else if (rows == 3) rowTile3x16(c, ldc, a, lda, panel, depth);
      else if (rows == 2) rowTile2x16(c, ldc, a, lda, panel, depth);
      else rowTile1x16(c, ldc, a, lda, panel, depth);
    } else {
      if (ROWS == 6 && rows == 6) rowTile6x8(c, ldc, a, lda, panel, depth);
      else if (rows == 4) rowTile4x8(c, ldc, a, lda, panel, depth);
      else if (rows == 3) rowTile3x8(c, ldc, a, lda, panel, depth);
      else if (rows == 2) rowTile2x8(c, ldc, a, lda, panel, depth);
      else rowTile1x8(c, ldc, a, lda, panel, depth);
    }
    c += rows * ldc;
    a += rows * lda;
    left -= rows;
  }
}

/** Depth of a block of the transposed product: C is read and written once a block. */
export const TRANSPOSED_DEPTH: usize = 256;
/** Columns of A that are packed at a time: with the depth 96 KiB, which stay in L2 while the panels pass. */
export const TRANSPOSED_ROWS: usize = 96;

/**
 * Computes C[M, N] += Aᵀ · B for A[K, M], B[K, N], both row-major: the weight gradients, K = T·B.
 * N a multiple of 8, B's columns past the true size being zeros. `resets`: bytes, [K], or 0; a row of B counts as zeros
 * where its byte is not 0. `scratch`: 256·(N + 8 + 96) floats.
 */
export function gemmTN(
  c: Pointer,
  a: Pointer,
  b: Pointer,
  resets: OptionalPointer,
  scratch: Pointer,
  M: usize,
  N: usize,
  K: usize,
  ldc: usize,
  lda: usize,
  ldb: usize,
): void {
  assert(
    Check.multiple(N, 8) && Check.elements(scratch, min(TRANSPOSED_DEPTH, K) * (N + min(TRANSPOSED_ROWS, M))),
  );
  assert(Check.rows(c, M, N, ldc) && Check.table(a, K, M, lda) && Check.rows(b, K, N, ldb));
  assert(resets == 0 || Check.bytes(resets, K));
  ldc <<= 2;
  for (let k: usize = 0; k < K; k += TRANSPOSED_DEPTH) {
    const depth = min(TRANSPOSED_DEPTH, K - k);
    packRows(scratch, b + k * ldb * 4, depth, N, ldb, depth);
    if (resets != 0) clearPacked(scratch, resets + k, N, depth);
    const tiles = scratch + ((N + PANEL - 1) / PANEL) * depth * PANEL * 4;
    for (let m: usize = 0; m < M; m += TRANSPOSED_ROWS) {
      const end = m + min(TRANSPOSED_ROWS, M - m);
      for (let r = m; r < end;) {
        // Full tiles are packed beside each other, the last ones one by one.
        const height = nextRows(end - r);
        const rows = end - r > LAST_ROWS ? ((end - r - LAST_ROWS + ROWS - 1) / ROWS) * ROWS : height;
        Tiles.pack(tiles, a + (k * lda + r) * 4, depth, rows, height, lda);
        packedTiles(c + r * ldc, ldc, tiles, scratch, rows, height, N, depth);
        r += rows;
      }
    }
  }
}

/** Sets those of the packed rows to 0 whose byte is not. */
function clearPacked(panels: usize, resets: usize, N: usize, depth: usize): void {
  const zero = f32x4.splat(0);
  for (let r: usize = 0; r < depth; r++) {
    if (load<u8>(resets + r) == 0) continue;
    let at = panels + r * PANEL * 4;
    for (let n: usize = 0; n < N; n += PANEL, at += depth * PANEL * 4) {
      for (let i: usize = 0; i < PANEL * 4; i += 32) {
        v128.store(at + i, zero);
        v128.store(at + i, zero, 16);
      }
    }
  }
}

/** Computes `left` rows of C, in tiles of `rows`, over all panels. */
function packedTiles(
  c: usize,
  ldc: usize,
  a: usize,
  panels: usize,
  left: usize,
  rows: usize,
  N: usize,
  depth: usize,
): void {
  const panelBytes = depth * PANEL * 4;
  for (; left > 0; left -= rows, c += rows * ldc, a += rows * depth * 4) {
    let panel = panels;
    for (let n: usize = 0; n < N; n += PANEL, panel += panelBytes) {
      const at = c + n * 4;
      if (WIDE && n + PANEL <= N) {
        if (rows == 6) packedTile6x16(at, ldc, a, panel, depth);
        else if (rows == 4) packedTile4x16(at, ldc, a, panel, depth);
        else if (rows == 3) packedTile3x16(at, ldc, a, panel, depth);
        else if (rows == 2) packedTile2x16(at, ldc, a, panel, depth);
        else packedTile1x16(at, ldc, a, panel, depth);
      } else {
        if (ROWS == 6 && rows == 6) packedTile6x8(at, ldc, a, panel, depth);
        else if (rows == 4) packedTile4x8(at, ldc, a, panel, depth);
        else if (rows == 3) packedTile3x8(at, ldc, a, panel, depth);
        else if (rows == 2) packedTile2x8(at, ldc, a, panel, depth);
        else packedTile1x8(at, ldc, a, panel, depth);
      }
    }
  }
}
