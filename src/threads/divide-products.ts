/** How matrix products are divided: by rows or columns of what they write. */

import { transposedScratch } from "../wasm/product-sizes.js";
import type { Call } from "./call.js";
import { countParts, countRounds, countStepParts, cut, type Crew, type Range } from "./cost.js";
import type { Part, Round } from "./team.js";

/** Rows of a register tile in any build divide it: a part that begins elsewhere leaves a remainder more. */
const TILE = 12;
/** Columns of a panel in any build divide it. */
const PANEL = 16;

/** Rows or columns below which a part would repeat more than it does. */
const FEW = 4 * TILE;

/** Returns rounds of `parts` parts each, one for each range. */
function roundsOf(
  ranges: readonly Range[],
  parts: number,
  make: (range: readonly Range[]) => Round,
): Round[] {
  return Array.from({ length: ranges.length / parts }, (_, round) =>
    make(ranges.slice(round * parts, (round + 1) * parts)),
  );
}

/** C (+)= A·B by rows of C, which those of A make; where there are few, by its columns, which panels of B make. */
export function divideProduct(call: Call, crew: Crew): Round[] {
  const [M, N, K] = [call.of("M"), call.of("N"), call.of("K")];
  const operations = 2 * M * N * K;
  const byRows = M >= 2 * crew.threads;
  const [size, step] = byRows ? [M, TILE] : [N, PANEL];
  const parts = byRows
    ? countParts(operations, crew, M, M / FEW / crew.threads)
    : countStepParts(operations, crew, Math.floor(N / PANEL));
  if (parts === 1) return call.whole();
  const rounds = countRounds(operations, parts, size, step);
  const [c, a, panels] = [call.of("c"), call.of("a"), call.of("panels")];
  const [ldc, lda] = [call.of("ldc"), call.of("lda")];
  const part = ([first, count]: Range): Part =>
    byRows
      ? call.with({ c: c + first * ldc * 4, a: a + first * lda * 4, M: count })
      : call.with({ c: c + first * 4, panels: panels + first * K * 4, N: count });
  return roundsOf(cut(size, parts * rounds, step), parts, (ranges) => call.round(ranges.map(part)));
}

/**
 * Returns into how many parts to cut M and N, `parts` in all, so that least is packed: each part packs its columns of A and of B.
 */
function cutTwice(parts: number, M: number, N: number): readonly [number, number] {
  let best: readonly [number, number] = [parts, 1];
  for (let n = 2; n <= parts; n++) {
    if (parts % n !== 0 || N / n < 2 * PANEL) continue;
    if (n * M + (parts / n) * N < best[1] * M + best[0] * N) best = [parts / n, n];
  }
  return best;
}

/** C += Aᵀ·B by rows of C, which columns of A make, and by its columns, which those of B make; each packs in scratch of its own. */
export function divideTransposed(call: Call, crew: Crew): Round[] {
  const [M, N, K] = [call.of("M"), call.of("N"), call.of("K")];
  const operations = 2 * M * N * K;
  const parts = countParts(operations, crew, Math.ceil(M / TILE), 2);
  if (parts === 1) return call.whole();
  const [byRows, byColumns] = cutTwice(parts, M, N);
  const rounds = countRounds(operations, parts, M, TILE * byRows);
  const [c, a, b, ldc] = [call.of("c"), call.of("a"), call.of("b"), call.of("ldc")];
  const own = { name: "scratch", bytes: transposedScratch(N, K) * 4 };
  const columns = cut(N, byColumns, PANEL);
  return roundsOf(cut(M, byRows * rounds, TILE), byRows, (rows) =>
    call.round(
      rows.flatMap(([row, M]) =>
        columns.map(([column, N]) =>
          call.with({ c: c + (row * ldc + column) * 4, a: a + row * 4, b: b + column * 4, M, N }),
        ),
      ),
      own,
    ),
  );
}
