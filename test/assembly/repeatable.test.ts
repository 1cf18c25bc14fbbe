import { describe, expect, it } from "vitest";
import { createEngine, type Engine } from "../../src/memory/engine.js";
import { matrix, roundUp, sizeOf, vector, writeRegion, type Region } from "../../src/memory/regions.js";
import { cells } from "../../src/network/cells/by-name.js";
import { transposedScratch } from "../../src/wasm/product-sizes.js";
import { Random } from "../../src/random.js";
import { adamStep } from "../../src/wasm/generated/named-kernels.js";
import { builds } from "../builds.js";
import { draw, gatedCells, runCell } from "./gated-windows.js";
import { Guarded } from "./guarded.js";
import { fractions } from "./values.js";

interface Sizes {
  T: number;
  B: number;
  H: number;
  relu: boolean;
}

/**
 * A training step of the recurrent weights alone, a kernel at a time: forward, the states as logits, backward, the
 * weights' gradient, Adam. Returns a hash of every byte that came out.
 */
function* step(
  { kernels, arena, constants, panelColumns }: Engine,
  sizes: Sizes,
  seed: number,
): Generator<void, string> {
  const { T, B, H, relu } = sizes;
  const [stride, depth, rows] = [roundUp(H, 8), roundUp(H, 4), T * B];
  const weights = matrix(H, H);
  const block = arena.reserve({
    w: weights,
    dw: weights,
    m: weights,
    v: weights,
    panels: vector(roundUp(stride, panelColumns) * depth),
    h: matrix(rows + B, H),
    dh: matrix(rows + B, H),
    classes: vector(rows),
    scratch: vector(transposedScratch(stride)),
  });
  const { w, dw, m, v, panels, h, dh, classes, scratch } = block.regions;
  const [after, dAfter] = [h, dh].map(({ pointer }) => pointer + B * stride * 4);
  const random = new Random(seed);
  writeRegion(arena.f32, w, fractions(random, H * H, 2 / Math.sqrt(H)));
  writeRegion(arena.f32, h, fractions(random, (rows + B) * H));
  writeRegion(
    arena.i32,
    classes,
    Int32Array.from({ length: rows }, () => random.integer(H)),
  );
  const rest = [0, 0, 0, constants, 0, relu, false, T, B, B, depth, H, stride] as const;
  yield;
  kernels.packColumns(panels.pointer, w.pointer, H, depth, stride);
  yield;
  kernels.elmanForward(h.pointer, 0, 0, panels.pointer, 0, 0, ...rest);
  yield;
  kernels.copyRows(dAfter, after, rows, stride, stride, stride);
  const loss = kernels.crossEntropy(dAfter, classes.pointer, 0, constants, 1 / rows, 0, rows, H, stride);
  yield;
  kernels.packRows(panels.pointer, w.pointer, H, stride, stride, depth);
  kernels.elmanBackward(dh.pointer, 0, h.pointer, 0, 0, panels.pointer, 0, ...rest);
  yield;
  kernels.gemmTN(dw.pointer, dAfter, h.pointer, 0, scratch.pointer, H, stride, rows, stride, stride, stride);
  const squares = kernels.sumOfSquares(dw.pointer, sizeOf(dw));
  yield;
  const moments = {
    m: m.pointer,
    v: v.pointer,
    most: 0,
    beta1: 0.9,
    fresh1: 0.1,
    beta2: 0.999,
    fresh2: 0.001,
  };
  const scalars = { rate: 0.01, epsilon: 1e-8, correction: 30, keep: 1, decay: 0 };
  adamStep(kernels, { w: w.pointer, g: dw.pointer, constants, ...moments, ...scalars, count: sizeOf(w) });
  const numbers = new Uint8Array(Float64Array.of(loss, squares).buffer);
  const results = [h, dh, dw, w, m, v].map((region) => bytesOf(arena.u8, region));
  const hash = fnv1a([...results, numbers]);
  arena.release(block);
  return hash;
}

function bytesOf(memory: Uint8Array, region: Region): Uint8Array {
  return memory.subarray(region.pointer, region.pointer + sizeOf(region) * 4);
}

/** FNV-1a, 32 bits (Fowler, Noll, Vo). */
function fnv1a(parts: readonly Uint8Array[]): string {
  let state = 0x811c9dc5;
  for (const bytes of parts) for (const byte of bytes) state = Math.imul(state ^ byte, 0x01000193);
  return (state >>> 0).toString(16).padStart(8, "0");
}

function finish(steps: Generator<void, string>): string {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

const windows: readonly [Sizes, string][] = [
  [{ T: 7, B: 1, H: 17, relu: false }, "018b2ea2"],
  [{ T: 6, B: 5, H: 17, relu: false }, "bdf24789"],
  [{ T: 12, B: 13, H: 64, relu: false }, "4e37b022"],
  [{ T: 6, B: 5, H: 17, relu: true }, "083a104f"],
];

// The point of these numbers: the plain build promises the same bits on every engine, and only a recorded result can
// tell that two engines agree. They change with the order of a kernel's additions or with its formulas, then record
// them anew; never because of an engine.
describe("the plain build's bits", () => {
  it.each(windows)("of %o hash to %s", (sizes, recorded) => {
    expect(finish(step(createEngine("simd"), sizes, 20))).toBe(recorded);
  });
});

const gatedBits = new Map([
  ["lstm", ["79ad447e", "abb55116", "8b57b88a"]],
  ["gru", ["3e49a2e8", "94f51bb3", "a506097c"]],
  ["mingru", ["10830871", "270f97d1", "a2d55ba6"]],
]);

const gatedWindows = gatedCells.flatMap((cell) =>
  [
    { T: 7, B: 1, H: 17, reverse: false },
    { T: 6, B: 5, H: 17, reverse: true },
    { T: 12, B: 13, H: 64, reverse: false },
  ].map((sizes, i) => ({ cell, ...sizes, recorded: gatedBits.get(cell)?.[i] })),
);

/** Forward and backward of a cell with gates; a hash of states, gates and all gradients. */
function gatedHash(on: Guarded, window: (typeof gatedWindows)[number], seed: number): string {
  const { cell, reverse, ...sizes } = window;
  const { recurrentOrder, blocks } = cells[cell];
  const way = { reverse, lengths: undefined };
  const drawn = draw(new Random(seed), sizes, way, recurrentOrder.length, blocks);
  const { h, c, gates, dz, dh0, dc0, faults } = runCell(on, cells[cell], drawn);
  expect([...faults, ...on.finish()]).toEqual([]);
  const results = [h, c, gates, dz, dh0, dc0];
  return fnv1a(
    results.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)),
  );
}

describe("the plain build's bits with gates", () => {
  const known = gatedWindows.filter(({ recorded }) => recorded !== undefined);
  it.each(known)("of the $cell, T=$T B=$B H=$H reverse=$reverse, hash to $recorded", (window) => {
    expect(gatedHash(new Guarded("simd"), window, 25)).toBe(window.recorded);
  });
});

describe.each(builds)("kernels with gates keep nothing, %s", (build) => {
  it.each(gatedWindows)("the $cell, T=$T B=$B H=$H reverse=$reverse, at other addresses too", (window) => {
    const on = new Guarded(build);
    const first = gatedHash(on, window, 26);
    expect(gatedHash(on, { ...window, T: 3 }, 27)).not.toBe(first);
    expect(gatedHash(on, window, 26)).toBe(first);
    expect(gatedHash(new Guarded(build, 8), window, 26)).toBe(first);
  });
});

describe.each(builds)("kernels keep nothing, %s", (build) => {
  it.each(windows)("of %o a second run gives the same bits, at other addresses too", (sizes) => {
    const engine = createEngine(build);
    const first = finish(step(engine, sizes, 21));
    expect(finish(step(engine, { ...sizes, T: 3 }, 22))).not.toBe(first);
    expect(finish(step(engine, sizes, 21))).toBe(first);
    engine.arena.reserve({ other: vector(1000) });
    expect(finish(step(engine, sizes, 21))).toBe(first);
  });

  it("two runs that take turns, kernel by kernel, in one memory or two, give the bits of each alone", () => {
    const [[one], [two]] = windows;
    const alone = [finish(step(createEngine(build), one, 23)), finish(step(createEngine(build), two, 24))];
    const shared = createEngine(build);
    for (const engines of [
      [shared, shared],
      [createEngine(build), createEngine(build)],
    ]) {
      const runs = [step(engines[0], one, 23), step(engines[1], two, 24)];
      // All but the last stretch of each.
      for (let turn = 0; turn < 6; turn++) for (const steps of runs) expect(steps.next().done).toBe(false);
      expect(runs.map(finish)).toEqual(alone);
    }
  });
});
