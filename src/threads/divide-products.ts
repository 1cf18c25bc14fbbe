/** How matrix products are divided: by rows or columns of what they write. */

import { transposedScratch } from "../wasm/product-sizes.js";
import type { Call, Round } from "./call.js";
import { countParts, countRounds, cut, type Crew } from "./cost.js";

/** Rows of a register tile in any build divide it: a part that begins elsewhere leaves a remainder more. */
const TILE = 12;
/** Columns of a panel in any build divide it. */
const PANEL = 16;

/** C (+)= A·B by rows of C, which those of A make; where there are few, by its columns, which panels of B make. */
export function divideProduct(call: Call, crew: Crew): Round[] {
  const [M, N, K] = [call.of("M"), call.of("N"), call.of("K")];
  const operations = 2 * M * N * K;
  const byRows = M >= 2 * crew.threads;
  const [size, step] = byRows ? [M, TILE] : [N, PANEL];
  const parts = countParts(operations, crew, byRows ? M : Math.floor(N / PANEL));
  if (parts === 1) return call.whole();
  const rounds = countRounds(operations, parts, size, step);
  const [c, a, panels] = [call.of("c"), call.of("a"), call.of("panels")];
  const [ldc, lda] = [call.of("ldc"), call.of("lda")];
  return call.divide(cut(size, parts * rounds, step), parts, (first, count) =>
    byRows
      ? call.with({ c: c + first * ldc * 4, a: a + first * lda * 4, M: count })
      : call.with({ c: c + first * 4, panels: panels + first * K * 4, N: count }),
  );
}

/** C += Aᵀ·B by rows of C, which columns of A make; each thread packs B for itself, in scratch of its own. */
export function divideTransposed(call: Call, crew: Crew): Round[] {
  const [M, N, K] = [call.of("M"), call.of("N"), call.of("K")];
  const operations = 2 * M * N * K;
  const parts = countParts(operations, crew, Math.ceil(M / TILE));
  if (parts === 1) return call.whole();
  const rounds = countRounds(operations, parts, M, TILE);
  const [c, a, scratch, ldc] = [call.of("c"), call.of("a"), call.of("scratch"), call.of("ldc")];
  const room = transposedScratch(N, K) * 4;
  return call.divide(cut(M, parts * rounds, TILE), parts, (first, count, thread) =>
    call.with({ c: c + first * ldc * 4, a: a + first * 4, scratch: scratch + thread * room, M: count }),
  );
}
