import { describe, expect, it } from "vitest";
import { SIGMOID } from "../../src/network/cells/activations.js";
import { cells } from "../../src/network/cells/by-name.js";
import type { CellDefinition } from "../../src/network/cells/cell.js";
import { Random } from "../../src/random.js";
import { builds } from "../builds.js";
import { draw, gatedCells, runCell, stepsIn, type Outcome, type Window } from "./gated-windows.js";
import { Guarded } from "./guarded.js";
import { fractions } from "./values.js";

// Products of subnormal numbers are two hundred times slower, and WebAssembly cannot turn them off: what a step leaves
// for the next product is 0 or at least 2^-110, whose products with weights stay normal.

const LEAST = 2 ** -110;
const [T, B, H, stride, depth] = [5, 3, 9, 16, 12];

/** Magnitudes from 2^-149 to 2^-80: subnormal, below the limit, and above. */
function tiny(random: Random, length: number): Float32Array {
  const power = (): number => -80 - random.integer(70);
  return fractions(random, length).map((x) => (x + Math.sign(x)) * 2 ** power());
}

function tooSmall(values: Float32Array): number[] {
  return [...values].filter((x) => x !== 0 && Math.abs(x) < LEAST);
}

interface Kind {
  relu: boolean;
  reverse: boolean;
}

/** h and dz, initial ones included, of a window. */
function elman(on: Guarded, { relu, reverse }: Kind, h: Float32Array, dh: Float32Array) {
  const { kernels, constants } = on.engine;
  const weight = on.input("w", H, H, fractions(new Random(13), H * H, 1 / (2 * H)));
  const panels = on.panels("panels", stride, depth);
  const rest = [0, 0, 0, constants, 0, relu, reverse, T, B, B, depth, H, stride] as const;
  kernels.packColumns(panels.pointer, weight.pointer, H, depth, stride);
  const states = on.output("h", (T + 1) * B, H, {}, h);
  kernels.elmanForward(states.pointer, 0, 0, panels.pointer, 0, 0, ...rest);
  const gradients = on.output("dh", (T + 1) * B, H, {}, dh);
  kernels.packRows(panels.pointer, weight.pointer, H, stride, stride, depth);
  kernels.elmanBackward(gradients.pointer, 0, states.pointer, 0, 0, panels.pointer, 0, ...rest);
  return { h: on.read(states), dz: on.read(gradients) };
}

const cases = builds.flatMap((build) =>
  [false, true].flatMap((relu) => [false, true].map((reverse) => ({ build, relu, reverse }))),
);

describe.each(cases)("the Elman window, $build, max(0, ·) $relu, reverse $reverse", ({ build, ...kind }) => {
  const on = new Guarded(build);
  const length = (T + 1) * B * H;
  /** Where the steps' slots begin and end, and the slot of the last step taken. */
  const [first, end] = kind.reverse ? [0, T * B * H] : [B * H, length];
  const last = kind.reverse ? 0 : T * B * H;

  it("leaves neither states nor gradients below 2^-110, in 100 windows", () => {
    const random = new Random(14);
    const kept = { h: 0, dz: 0 };
    for (let i = 0; i < 100; i++) {
      const after = elman(on, kind, tiny(random, length), tiny(random, length));
      const h = after.h.subarray(first, end);
      expect([...tooSmall(h), ...tooSmall(after.dz), ...on.finish()]).toEqual([]);
      kept.h += h.filter((x) => x !== 0).length;
      kept.dz += after.dz.filter((x) => x !== 0).length;
    }
    // Or everything would be 0, and nothing tested.
    expect(kept.h).toBeGreaterThan(1000);
    expect(kept.dz).toBeGreaterThan(1000);
  });

  it("leaves no gradient below 2^-110 where it vanishes over time", () => {
    const random = new Random(15);
    for (let power = -80; power > -130; power--) {
      const dh = new Float32Array(length);
      dh.set(fractions(random, B * H, 2 ** power), last);
      const { dz } = elman(on, kind, fractions(random, length), dh);
      expect([...tooSmall(dz), ...on.finish()]).toEqual([]);
    }
  });

  it("passes NaN on: from z to the same state, and from dh to the same dz", () => {
    // With weights of at most 1/2 a row no state of z = 1 is 0, where max(0, ·) would rightly let nothing through.
    const ones = new Float32Array(length).fill(1);
    for (let at = first; at < end; at++) {
      const bad = ones.slice();
      bad[at] = NaN;
      expect(elman(on, kind, ones, bad).dz[at]).toBeNaN();
      expect(elman(on, kind, bad, ones).h[at]).toBeNaN();
      on.finish(); // padding turns into NaN · 0 where states do
    }
  });
});

const gated = builds.flatMap((build) =>
  [false, true].flatMap((reverse) => gatedCells.map((cell) => ({ build, reverse, cell }))),
);

/** Lists the blocks that are no σ, which is above 1.6e-38 and no product's operand. */
function plainBlocks({ blocks, gates }: CellDefinition): number[] {
  const sigmoids = gates.filter(({ bounds }) => bounds === SIGMOID).map(({ block }) => block);
  return Array.from({ length: blocks }, (_, block) => block).filter((block) => !sigmoids.includes(block));
}

describe.each(gated)("the $cell window, $build, reverse $reverse", ({ build, reverse, cell }) => {
  const definition = cells[cell];
  const { blocks, recurrentOrder, hasCellState } = definition;
  const plain = plainBlocks(definition);
  const run = (window: Window): Outcome => runCell(on, definition, window);
  const on = new Guarded(build);

  /** Weights as small as the Elman window's, everything else as given or of order 1. */
  function windowOf(random: Random, given: Partial<Window>): Window {
    const drawn = draw(random, { T, B, H }, { reverse, lengths: undefined }, recurrentOrder.length, blocks);
    return { ...drawn, w: fractions(random, drawn.w.length, 1 / (2 * H)), ...given };
  }

  /** By name, what must not be tiny. */
  function resultsOf(window: Window, outcome: Outcome): Record<string, Float32Array> {
    const { gates, dz, dh0, dc0 } = outcome;
    const steps = { h: stepsIn(window, outcome.h), dz, dh0 };
    const candidates = gates.filter((_, i) => plain.includes(Math.floor(i / H) % blocks));
    if (!hasCellState) return { ...steps, candidates };
    return { ...steps, candidates, c: stepsIn(window, outcome.c), dc0 };
  }

  it("leaves neither states nor gates nor gradients below 2^-110, in 100 windows", () => {
    const random = new Random(18);
    const kept = new Map<string, number>();
    const [steps, one] = [T * B * H, B * H];
    for (let i = 0; i < 100; i++) {
      const small = {
        h0: tiny(random, one),
        c0: tiny(random, one),
        z: tiny(random, steps * blocks),
        dh: tiny(random, steps),
        dFinal: tiny(random, one),
        dcFinal: tiny(random, one),
      };
      // Gradients of order 1 too: those of tiny ones through tiny states are all 0.
      const { dh, dFinal, dcFinal, ...states } = small;
      for (const given of [small, states, { dh, dFinal, dcFinal }]) {
        const window = windowOf(random, given);
        for (const [name, values] of Object.entries(resultsOf(window, run(window)))) {
          expect(tooSmall(values), name).toEqual([]);
          const count = values.filter((x) => x !== 0 && Math.abs(x) < 2 ** -60).length;
          kept.set(name, (kept.get(name) ?? 0) + count);
        }
        expect(on.finish()).toEqual([]);
      }
    }
    // Or everything would be 0, and nothing tested.
    for (const [name, count] of kept) expect(count, name).toBeGreaterThan(100);
  });

  it("leaves no gradient below 2^-110 where it vanishes over time", () => {
    const random = new Random(19);
    let vanished = 0;
    for (let power = -80; power > -130; power--) {
      const none = new Float32Array(T * B * H);
      const [dFinal, dcFinal] = [0, 1].map(() => fractions(random, B * H, 2 ** power));
      const window = windowOf(random, { dh: none, dFinal, dcFinal });
      const { dz, dh0, dc0 } = run(window);
      expect([...tooSmall(dz), ...tooSmall(dh0), ...tooSmall(dc0), ...on.finish()]).toEqual([]);
      vanished += dz.filter((x) => x === 0).length;
    }
    expect(vanished).toBeGreaterThan(1000);
  });

  it("leaves no state below 2^-110 where gates close on it", () => {
    const random = new Random(20);
    for (let power = 0; power > -130; power -= 10) {
      // σ(−87) = 2^-125.5 of a state, and of a candidate.
      const z = fractions(random, T * B * H * blocks, 2).map((x) =>
        random.integer(2) === 0 ? -87 * Math.abs(x) : x,
      );
      const small = [0, 1].map(() => fractions(random, B * H, 2 ** power));
      const window = windowOf(random, { z, h0: small[0], c0: small[1] });
      for (const [name, values] of Object.entries(resultsOf(window, run(window)))) {
        expect(tooSmall(values), name).toEqual([]);
      }
      expect(on.finish()).toEqual([]);
    }
  });

  it("passes NaN on: from any gate to the same state, and from dh to the same gradients", () => {
    const window = windowOf(new Random(21), {});
    const last = reverse ? 0 : (T - 1) * B * H;
    for (let at = last; at < last + B * H; at++) {
      const row = Math.floor(at / H) * blocks * H + (at % H);
      const blocksAt = Array.from({ length: blocks }, (_, block) => row + block * H);
      for (const bad of blocksAt) {
        const z = window.z.slice();
        z[bad] = NaN;
        expect(stepsIn(window, run({ ...window, z }).h)[at]).toBeNaN();
        on.finish(); // padding turns into NaN · 0 where states do
      }
      const dh = window.dh.slice();
      dh[at] = NaN;
      const { dz } = run({ ...window, dh });
      expect(blocksAt.map((k) => dz[k])).toEqual(blocksAt.map(() => NaN));
      on.finish();
    }
  });
});

describe.each(builds)("the losses, %s", (build) => {
  const on = new Guarded(build);

  it.each([1, 2 ** -20, 2 ** -31])("leave no gradient below 2^-110: of cross-entropy times %d", (scale) => {
    const { kernels, constants } = on.engine;
    const random = new Random(16);
    for (const range of [1, 20, 90, 200]) {
      const x = on.output("x", 50, 17, {}, fractions(random, 50 * 17, range));
      const classes = on.integers(
        "classes",
        Int32Array.from({ length: 50 }, () => random.integer(17)),
      );
      kernels.crossEntropy(x.pointer, classes.pointer, 0, constants, scale, 0, 50, 17, x.stride);
      expect(tooSmall(on.read(x))).toEqual([]);
      expect(on.finish()).toEqual([]);
    }
  });

  it("leave no gradient below 2^-110: of squared error", () => {
    const { kernels, constants } = on.engine;
    const random = new Random(17);
    const x = on.output("x", 50, 17, {}, tiny(random, 50 * 17));
    const targets = on.input("targets", 50, 17, tiny(random, 50 * 17));
    kernels.squaredError(x.pointer, targets.pointer, 0, constants, 0.01, 50, x.stride);
    const gradient = on.read(x);
    expect(tooSmall(gradient)).toEqual([]);
    expect(gradient.filter((d) => d !== 0).length).toBeGreaterThan(100);
    expect(on.finish()).toEqual([]);
  });
});
