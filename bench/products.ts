/** Measures the kernels' matrix products as shares of the measured peak. */
import { Random } from "../src/random.js";
import { createEngine, type Engine } from "../src/memory/engine.js";
import { matrix, sizeOf, vector, type Region } from "../src/memory/regions.js";
import { transposedScratch } from "../src/wasm/product-sizes.js";
import { measureAll, type Figure, type Work } from "./measure.js";
import type { Peak } from "./peak.js";
import { fixed, judged, percent, type Section, type Table } from "./report.js";

const REQUIRED = 0.8;
const ROUNDS = 3;
const PAIRS = 11;

/** Sizes M, N, K. One row is bound by reading the weights, not by arithmetic: it has no required share. */
const shapes: readonly (readonly [number, number, number])[] = [
  [1, 256, 256],
  [24, 240, 256],
  [32, 256, 256],
  [32, 1024, 256],
  [32, 256, 1024],
  [2048, 80, 256],
  [2048, 1024, 256],
  [256, 256, 2048],
  [1024, 256, 2048],
  [960, 960, 960],
];

const kinds = ["A·B", "A·B and packing B", "A·Bᵀ and packing B", "Aᵀ·B"] as const;
/**
 * Whether a share is required of each kind: the weights are packed once an update and used at every step, so
 * A·B without packing counts, and Aᵀ·B, which packs for itself.
 */
const judgedKinds = [true, false, false, true];

function fillRandom({ arena }: Engine, random: Random, region: Region): void {
  const start = region.pointer >>> 2;
  for (let i = 0; i < sizeOf(region); i++) arena.f32[start + i] = 2 * random.uniform() - 1;
}

/** Returns the four products of one shape, in memory of their own. */
function worksOf(engine: Engine, random: Random, [M, N, K]: readonly [number, number, number]): Work[] {
  const { kernels, arena } = engine;
  const { regions } = arena.reserve({
    a: matrix(M, K),
    aT: matrix(K, M),
    b: matrix(K, N),
    bT: matrix(N, K),
    panels: matrix(N, K),
    c: matrix(M, N),
    scratch: vector(transposedScratch(N)),
  });
  const { a, aT, b, bT, panels, c, scratch } = regions;
  for (const region of [a, aT, b, bT]) fillRandom(engine, random, region);
  kernels.packRows(panels.pointer, b.pointer, K, N, b.stride, K);
  const multiply = (): void => {
    kernels.gemm(c.pointer, a.pointer, panels.pointer, M, N, K, c.stride, a.stride, false);
  };
  const runs = [
    multiply,
    () => {
      kernels.packRows(panels.pointer, b.pointer, K, N, b.stride, K);
      multiply();
    },
    () => {
      kernels.packColumns(panels.pointer, bT.pointer, N, K, bT.stride);
      multiply();
    },
    () => {
      kernels.gemmTN(
        c.pointer,
        aT.pointer,
        b.pointer,
        0,
        scratch.pointer,
        M,
        N,
        K,
        c.stride,
        aT.stride,
        b.stride,
      );
    },
  ];
  return runs.map((run, kind) => ({ name: `${kinds[kind]} ${M}×${N}×${K}`, flop: 2 * M * N * K, run }));
}

function tableOf(build: string, figures: readonly (readonly Figure[])[]): Table {
  return {
    title: `Matrix products, ${build}: GFLOP/s and share of the peak`,
    columns: ["M×N×K", ...kinds],
    rows: shapes.map(([M, N, K], s) => [
      `${M}×${N}×${K}`,
      ...figures[s].map(({ gflops, share }, kind) => {
        const required = judgedKinds[kind] && M > 1 ? REQUIRED : undefined;
        return `${fixed(gflops)}  ${judged(share, required)}`;
      }),
    ]),
    notes: [
      `A·B with B packed before, as a step uses it; A·Bᵀ is the same product, only the packing differs. ` +
        `At least ${percent(REQUIRED)} is required of A·B and Aᵀ·B, of more than one row; "!" marks what falls short.`,
    ],
  };
}

export function measureProducts(peaks: readonly Peak[]): Section {
  const tables: Table[] = [];
  const data = peaks.flatMap((peak) => {
    const engine = createEngine(peak.build);
    const random = new Random(1);
    const works = shapes.map((shape) => worksOf(engine, random, shape));
    const flat = measureAll(works.flat(), peak, ROUNDS, PAIRS);
    const figures = shapes.map((_, s) => flat.slice(s * kinds.length, (s + 1) * kinds.length));
    tables.push(tableOf(peak.build, figures));
    return figures.flatMap((row, s) =>
      row.map((figure, kind) => ({ build: peak.build, product: kinds[kind], shape: shapes[s], ...figure })),
    );
  });
  return { tables, data };
}
