import { describe, expect, it } from "vitest";
import { transposedScratch } from "../../src/wasm/product-sizes.js";
import { roundUp } from "../../src/memory/regions.js";
import { Random } from "../../src/random.js";
import { builds } from "../builds.js";
import { Guarded, mismatch, rounding } from "./guarded.js";
import { sizes, transpose, valuesOf, type Kind } from "./values.js";

/** C[M, N] (+)= A[M, K] · B[K, N]. */
interface Case {
  M: number;
  N: number;
  K: number;
}

interface Operands extends Case {
  a: Float32Array;
  b: Float32Array;
  aT: Float32Array;
  bT: Float32Array;
  /** What is there before; undefined: the product overwrites. */
  c: Float32Array | undefined;
  /** Elements that rows stand apart beyond their padding, owned by nobody. */
  apart: number;
}

/** Puts the operands in memory, multiplies, and returns C. */
type Multiply = (on: Guarded, operands: Operands) => Float32Array;

function gemm(packed: "rows" | "columns"): Multiply {
  return (on, { M, N, K, a, b, bT, c, apart }) => {
    const { kernels } = on.engine;
    const width = roundUp(N, 8);
    const depth = packed === "rows" ? K : roundUp(K, 4);
    const panels = on.panels("panels", width, depth);
    if (packed === "rows") {
      const from = on.input("b", K, N, b, { stride: width + apart, zeros: width });
      kernels.packRows(panels.pointer, from.pointer, K, width, from.stride, depth);
    } else {
      const from = on.input("bT", N, K, bT, { stride: roundUp(K, 8) + apart, zeros: depth });
      kernels.packColumns(panels.pointer, from.pointer, N, depth, from.stride);
    }
    const rows = on.input("a", M, K, a, { stride: roundUp(K, 8) + apart, zeros: depth });
    const out = on.output("c", M, N, { stride: width + apart, zeros: width }, c);
    kernels.gemm(
      out.pointer,
      rows.pointer,
      panels.pointer,
      M,
      width,
      depth,
      out.stride,
      rows.stride,
      c !== undefined,
    );
    return on.read(out);
  };
}

/** The rows with one of `junk` behind each pair of them. */
function interleaved(rows: Float32Array, width: number, junk: number): Float32Array {
  const all: number[] = [];
  for (let r = 0; r * width < rows.length; r++) {
    all.push(...rows.subarray(r * width, (r + 1) * width));
    if (r % 2 === 1) for (let i = 0; i < width; i++) all.push(junk);
  }
  return Float32Array.from(all);
}

/** Only adds: without a C to add to, to zeros. With `anew` there are more rows, which are said to count as zeros in B. */
function gemmTN(anew: boolean): Multiply {
  return (on, { M, N, K: given, aT: a, b, c, apart }) => {
    const [left, right] = anew ? [interleaved(a, M, 3), interleaved(b, N, 1e30)] : [a, b];
    const K = left.length / M;
    expect(K).toBe(anew ? given + Math.floor(given / 2) : given);
    const width = roundUp(N, 8);
    const out = on.output("c", M, N, { stride: width + apart, zeros: width }, c ?? new Float32Array(M * N));
    // Of A's rows nothing past the M columns may be read.
    const aT = on.input("aT", K, M, left, { stride: roundUp(M, 8) + apart, zeros: M });
    const rows = on.input("b", K, N, right, { stride: width + apart, zeros: width });
    const scratch = on.output("scratch", 1, transposedScratch(width));
    const bytes = new Uint8Array(roundUp(K, 4)).map((_, k) => Number(k % 3 === 2));
    const resets = anew ? on.integers("resets", new Int32Array(bytes.buffer)).pointer : 0;
    on.engine.kernels.gemmTN(
      out.pointer,
      aT.pointer,
      rows.pointer,
      resets,
      scratch.pointer,
      M,
      width,
      K,
      out.stride,
      aT.stride,
      rows.stride,
    );
    return on.read(out);
  };
}

const operations: readonly [string, Multiply][] = [
  ["gemm of packRows", gemm("rows")],
  ["gemm of packColumns", gemm("columns")],
  ["gemmTN", gemmTN(false)],
  ["gemmTN of rows that begin anew", gemmTN(true)],
];

/** The product in float64, and of each element the sum of magnitudes that its rounding errors are a share of. */
function reference({ M, N, K }: Case, a: Float32Array, b: Float32Array) {
  const product = new Float64Array(M * N);
  const magnitude = new Float64Array(M * N);
  for (let m = 0; m < M; m++) {
    for (let k = 0; k < K; k++) {
      const x = a[m * K + k];
      for (let n = 0; n < N; n++) {
        const term = x * b[k * N + n];
        product[m * N + n] += term;
        magnitude[m * N + n] += Math.abs(term);
      }
    }
  }
  return { product, magnitude };
}

/** Tensors at multiples of 64 bytes with their rows close together, and 32 bytes past with rows apart. */
const layouts = [
  { offset: 0, apart: 0 },
  { offset: 8, apart: 8 },
];

/** Each build, operation and layout, on tensors of its own. */
const subjects = builds.flatMap((build) =>
  operations.flatMap(([name, multiply]) =>
    layouts.map(({ offset, apart }) => ({
      name: `${build} ${name} at ${offset}`,
      on: new Guarded(build, offset),
      multiply,
      apart,
    })),
  ),
);

/** One case with one kind of values, overwritten and added, in every build, operation and layout. */
function faults(size: Case, kind: Kind, random: Random): string[] {
  const { M, N, K } = size;
  const a = valuesOf(kind, random, M * K);
  const b = valuesOf(kind, random, K * N);
  const [aT, bT] = [transpose(a, M, K), transpose(b, K, N)];
  const before = valuesOf(kind, random, M * N);
  const { product, magnitude } = reference(size, a, b);
  const found: string[] = [];
  for (const c of [undefined, before]) {
    const expected = c ? product.map((sum, i) => sum + c[i]) : product;
    // Integers are exact. Else each of K products is rounded once, and in up to K + 1 additions.
    const share = rounding(K + 2);
    const bound =
      kind === "integers" ? undefined : magnitude.map((sum, i) => (sum + Math.abs(c?.[i] ?? 0)) * share);
    for (const { name, on, multiply, apart } of subjects) {
      const what = `${name} ${c ? "added" : "overwritten"} ${kind} M=${M} N=${N} K=${K}`;
      found.push(...mismatch(what, multiply(on, { ...size, a, b, aT, bT, c, apart }), expected, bound));
      found.push(...on.finish().map((fault) => `${what}: ${fault}`));
    }
  }
  return found;
}

type Sizes = readonly number[];

function combinations(...[Ms, Ns, Ks]: [Sizes, Sizes, Sizes]): Case[] {
  return Ms.flatMap((M) => Ns.flatMap((N) => Ks.map((K) => ({ M, N, K }))));
}

const to67 = Array.from({ length: 67 }, (_, i) => i + 1);
const primes = Array.from({ length: 258 }, (_, n) => n).filter(
  (n) => n > 67 && to67.slice(1, 17).every((divisor) => n % divisor !== 0),
);
const swept = [...to67, ...primes];

/** Sizes at random, for all three at once. */
function randomCases(count: number): Case[] {
  const random = new Random(2);
  const size = (): number => swept[random.integer(swept.length)];
  return Array.from({ length: count }, () => ({ M: size(), N: size(), K: size() }));
}

const tables: readonly (readonly [string, readonly Case[]])[] = [
  ["the sizes of the tables", combinations(sizes, sizes, sizes)],
  ["one row", combinations([1], [8, 16, 24, 32, 40, 64, 72, 96, 128, 256], [1, 4, 60, 255, 256, 257, 513])],
  ["rests of a tile's rows", combinations([2, 6, 7, 9, 10, 11, 12, 13], [8, 24], [4, 130, 260])],
  [
    "depths around the blocks",
    combinations([1, 3, 13, 33], [5, 24], [127, 128, 129, 255, 256, 257, 300, 513]),
  ],
  ["rows past a block of 96", combinations([95, 96, 97, 103, 193], [8, 17], [5, 257])],
  ["each of 1 to 67 and the primes to 257 as M", combinations(swept, [8], [4])],
  ["each of 1 to 67 and the primes to 257 as N", combinations([3], swept, [4])],
  ["each of 1 to 67 and the primes to 257 as K", combinations([3], [8], swept)],
  ["all three of these at random", randomCases(100)],
];

describe("the products, in every build and layout, overwritten and added", () => {
  it.each(tables.map(([name, cases]) => [name, cases.length, cases] as const))(
    "%s: %i cases",
    (_name, count, cases) => {
      expect(count).toBeGreaterThan(0);
      const random = new Random(1);
      const found = cases.flatMap((size) => [
        ...faults(size, "integers", random),
        ...faults(size, "fractions", random),
      ]);
      expect(found).toEqual([]);
    },
  );
});
