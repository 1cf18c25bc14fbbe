/** The parts of a divided product are the product: every element is some one part's, and has the same bits. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createEngine } from "../../src/memory/engine.js";
import { elementAt, matrix, sizeOf, vector, type Region } from "../../src/memory/regions.js";
import { Random } from "../../src/random.js";
import { Call, placeOf } from "../../src/threads/call.js";
import { MOST_THREADS, PART, SPLIT, ARGUMENTS } from "../../src/threads/control.js";
import type { Crew } from "../../src/threads/cost.js";
import { divideProduct, divideTransposed } from "../../src/threads/divide-products.js";
import type { Round } from "../../src/threads/team.js";
import { depthOf, transposedScratch } from "../../src/wasm/product-sizes.js";
import { signatures } from "../../src/wasm/generated/signatures.js";
import { builds } from "../builds.js";

const crewOf = (threads: number, least = 1): Crew => ({ threads, least, beat: () => 0 });

/** Addresses far from each other, of matrices that nothing reads. */
const [C, A, B] = [1, 2, 3].map((place) => place * 2 ** 40);

interface Sizes {
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

/** Where in C each part of the rounds writes. */
function tilesOf(rounds: readonly Round[], ldc: number) {
  return rounds.flatMap(({ kernel, parts }) =>
    parts.map((args) => {
      const of = (name: string): number => Number(args[placeOf(kernel, name)]);
      const place = (of("c") - C) / 4;
      return { row: Math.floor(place / ldc), column: place % ldc, rows: of("M"), columns: of("N"), of };
    }),
  );
}

type Tile = ReturnType<typeof tilesOf>[number];

/** Every element of C is some one tile's: the areas sum up to C's, and no two tiles meet. */
function expectCovered(tiles: readonly Tile[], { M, N }: Sizes): void {
  expect(tiles.reduce((sum, { rows, columns }) => sum + rows * columns, 0)).toBe(M * N);
  for (const { row, column, rows, columns } of tiles) {
    expect(row + rows).toBeLessThanOrEqual(M);
    expect(column + columns).toBeLessThanOrEqual(N);
  }
  const byRows = [...tiles].sort((one, other) => one.row - other.row || one.column - other.column);
  byRows.slice(1).forEach((tile, i) => {
    const before = byRows[i];
    const beside = tile.row === before.row && tile.rows === before.rows;
    if (beside) expect(tile.column).toBe(before.column + before.columns);
    else expect(tile.row).toBe(before.row + before.rows);
  });
}

const multipleOf8 = (max: number) => fc.integer({ min: 1, max }).map((n) => 8 * n);
// Up to a product of 3.5 seconds, which is cut into rounds.
const sizes = fc.oneof(
  fc.record({ M: fc.integer({ min: 1, max: 200 }), N: multipleOf8(40), K: fc.integer({ min: 1, max: 600 }) }),
  fc.record({
    M: fc.integer({ min: 1, max: 40_000 }),
    N: multipleOf8(600),
    K: fc.integer({ min: 1, max: 9000 }),
  }),
);
const crews = fc.record({ threads: fc.integer({ min: 2, max: 40 }), least: fc.constantFrom(1, 4e5) });

describe("ranges of a product", () => {
  it("cover all of C once, with what makes it, by rows or by whole panels", () => {
    let manyRounds = 0;
    fc.assert(
      fc.property(sizes, crews, ({ M, N, K }, { threads, least }) => {
        const [ldc, lda] = [N + 8, depthOf(K) + 4];
        const rounds = divideProduct(
          new Call("gemm", [C, A, B, M, N, K, ldc, lda, true]),
          crewOf(threads, least),
        );
        if (rounds.length > 1) manyRounds++;
        const tiles = tilesOf(rounds, ldc);
        expectCovered(tiles, { M, N, K });
        for (const { row, column, rows, columns, of } of tiles) {
          expect([of("a"), of("panels")]).toEqual([A + row * lda * 4, B + column * K * 4]);
          expect([of("K"), of("ldc"), of("lda")]).toEqual([K, ldc, lda]);
          // Panels are of 8 or 16 columns, and only the last one of all may be half.
          expect(column % 16).toBe(0);
          if (column + columns < N) expect(columns % 16).toBe(0);
          expect(rows === M || columns === N).toBe(true);
          expect(rows * columns).toBeGreaterThan(0);
        }
        for (const { parts } of rounds) expect(parts.length).toBeLessThanOrEqual(SPLIT * threads);
      }),
      { numRuns: 400 },
    );
    expect(manyRounds).toBeGreaterThan(0);
  });

  it("of a transposed one too, with scratch of its own for each thread", () => {
    let manyRounds = 0;
    fc.assert(
      fc.property(sizes, crews, ({ M, N, K }, { threads, least }) => {
        const [ldc, lda, ldb] = [N + 8, M + 16, N + 24];
        const args = [C, A, B, 0, 0, M, N, K, ldc, lda, ldb];
        const rounds = divideTransposed(new Call("gemmTN", args), crewOf(threads, least));
        if (rounds.length > 1) manyRounds++;
        const tiles = tilesOf(rounds, ldc);
        expectCovered(tiles, { M, N, K });
        for (const { row, column, rows, columns, of } of tiles) {
          expect([of("a"), of("b"), of("K")]).toEqual([A + row * 4, B + column * 4, K]);
          expect(column % 16).toBe(0);
          if (column + columns < N) expect(columns % 16).toBe(0);
          expect(rows * columns).toBeGreaterThan(0);
        }
        for (const { parts, own } of rounds) {
          expect(parts.length).toBeLessThanOrEqual(SPLIT * threads);
          if (parts.length === 1) continue;
          expect(own?.place).toBe(placeOf("gemmTN", "scratch"));
          // What is planned for so many threads, and never more (planShared).
          expect(own?.bytes).toBe(transposedScratch(N, K) * 4);
        }
      }),
      { numRuns: 400 },
    );
    expect(manyRounds).toBeGreaterThan(0);
  });
});

describe.each(builds)("products by their parts, %s build", (build) => {
  const { kernels, arena } = createEngine(build);

  function copy(from: Region, to: Region): void {
    const start = elementAt(from.pointer);
    arena.f32.copyWithin(elementAt(to.pointer), start, start + sizeOf(from));
  }

  function filled(random: Random, region: Region): void {
    const start = elementAt(region.pointer);
    for (let i = 0; i < sizeOf(region); i++) arena.f32[start + i] = random.uniform() - 0.5;
  }
  const bitsOf = (region: Region): Uint32Array =>
    new Uint32Array(
      arena.f32.slice(elementAt(region.pointer), elementAt(region.pointer) + sizeOf(region)).buffer,
    );

  /** Makes the calls of all parts, last first, by threads in turn. */
  function run(rounds: readonly Round[], threads: number): void {
    for (const { kernel, parts, own } of rounds) {
      const call = kernels[kernel] as (...args: (number | boolean)[]) => void;
      [...parts].reverse().forEach((args, i) => {
        const mine = [...args];
        if (own !== undefined) mine[own.place] = Number(mine[own.place]) + (i % threads) * own.bytes;
        call(...mine);
      });
    }
  }

  const drawn = fc.record({
    M: fc.integer({ min: 1, max: 130 }),
    N: multipleOf8(14),
    K: fc.integer({ min: 1, max: 300 }),
    threads: fc.integer({ min: 2, max: 9 }),
    seed: fc.integer({ min: 0, max: 1e6 }),
  });

  it.each([false, true])("have the bits of the whole, accumulate %s", (accumulate) => {
    fc.assert(
      fc.property(drawn, ({ M, N, K, threads, seed }) => {
        const depth = depthOf(K);
        const { regions, ...block } = arena.reserve({
          ...{ c: matrix(M, N), other: matrix(M, N), a: matrix(M, depth), b: matrix(depth, N) },
          panels: vector(Math.ceil(N / 16) * 16 * depth),
        });
        const { c, other, a, b, panels } = regions;
        const random = new Random(seed);
        for (const region of [c, a, b]) filled(random, region);
        copy(c, other);
        kernels.packRows(panels.pointer, b.pointer, depth, N, b.stride, depth);
        kernels.gemm(c.pointer, a.pointer, panels.pointer, M, N, depth, c.stride, a.stride, accumulate);
        const args = [other.pointer, a.pointer, panels.pointer, M, N, depth, c.stride, a.stride, accumulate];
        run(divideProduct(new Call("gemm", args), crewOf(threads)), threads);
        expect(bitsOf(other)).toEqual(bitsOf(c));
        arena.release({ regions, ...block });
      }),
      { numRuns: 60 },
    );
  });

  it.each([false, true])("transposed have the bits of the whole, with resets %s", (anew) => {
    fc.assert(
      fc.property(drawn, ({ M, N, K, threads, seed }) => {
        const { regions, ...block } = arena.reserve({
          ...{ c: matrix(M, N), other: matrix(M, N), a: matrix(K, M), b: matrix(K, N) },
          ...{ scratch: vector(threads * transposedScratch(N, K)), resets: vector(Math.ceil(K / 4)) },
        });
        const { c, other, a, b, scratch, resets } = regions;
        const random = new Random(seed);
        for (const region of [c, a, b]) filled(random, region);
        copy(c, other);
        const bytes = new Uint8Array(arena.f32.buffer, resets.pointer, K);
        for (let k = 0; k < K; k++) bytes[k] = Number(random.integer(4) === 0);
        const resetsPointer = anew ? resets.pointer : 0;
        const rest = [M, N, K, c.stride, a.stride, b.stride] as const;
        kernels.gemmTN(c.pointer, a.pointer, b.pointer, resetsPointer, scratch.pointer, ...rest);
        const args = [other.pointer, a.pointer, b.pointer, resetsPointer, scratch.pointer, ...rest];
        run(divideTransposed(new Call("gemmTN", args), crewOf(threads)), threads);
        expect(bitsOf(other)).toEqual(bitsOf(c));
        arena.release({ regions, ...block });
      }),
      { numRuns: 60 },
    );
  });
});

it("every kernel's arguments have room in a part", () => {
  for (const [name, signature] of Object.entries(signatures))
    expect(signature.split(" ").length, name).toBeLessThanOrEqual(PART - ARGUMENTS);
  expect(MOST_THREADS).toBe(256);
});
