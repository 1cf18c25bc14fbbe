/** Kernels on tensors that stand alone: a write past one breaks its guard, a read past one brings a NaN along. */

import { MemoryScope } from "../../src/memory/memory-scope.js";
import { createEngine, type Engine } from "../../src/memory/engine.js";
import { readRegion, roundUp, writeRegion, type Region } from "../../src/memory/regions.js";
import type { Build } from "../../src/wasm/builds.js";
import { lossKernels, type LossKernels } from "../../src/wasm/loss-kernels.js";

/** Bytes: far more than any kernel takes in one step (a row of four panels of 16: 256). */
const GUARD = 1024;

/** Every bit set: a NaN as a float, −1 as an integer. */
const UNTOUCHED = -1;

export interface Layout {
  /** Elements from row to row; default: the columns, padded. */
  stride?: number;
  /** Columns up to which the padding is zeros; default: the stride. What is past them belongs to no kernel. */
  zeros?: number;
}

interface Placed {
  readonly name: string;
  readonly region: Region;
  readonly zeros: number;
  /** The values that must still be there, bit for bit; of a tensor that is only read. */
  readonly kept: Int32Array | undefined;
}

export class Guarded {
  readonly engine: Engine;
  private readonly offset: number;
  private readonly scope: MemoryScope;
  private readonly placed: Placed[] = [];

  /** `offset`: elements by which every tensor stands past a multiple of 64 bytes: 0, or 8, as a parameter may. */
  constructor(build: Build, offset = 0) {
    this.engine = createEngine(build, GUARD);
    this.offset = offset;
    this.scope = new MemoryScope(this.engine.arena);
  }

  /** The kernels of the losses' own binary, on the engine's memory. */
  get lossKernels(): LossKernels {
    return lossKernels(this.engine.arena.memory);
  }

  /** A tensor that kernels only read. */
  input(name: string, rows: number, columns: number, values: ArrayLike<number>, layout?: Layout): Region {
    return this.place(name, rows, columns, layout, values, true);
  }

  /** A tensor that kernels write, or read and write; NaN where no values are given. */
  output(name: string, rows: number, columns: number, layout?: Layout, values?: ArrayLike<number>): Region {
    return this.place(
      name,
      rows,
      columns,
      layout,
      values ?? new Float32Array(rows * columns).fill(NaN),
      false,
    );
  }

  /** Room for the panels of a matrix of so many columns, [·, depth·P]. */
  panels(name: string, columns: number, depth: number): Region {
    const { panelColumns } = this.engine;
    return this.output(name, Math.ceil(columns / panelColumns), depth * panelColumns);
  }

  /** Integers that kernels only read, with no padding at all. */
  integers(name: string, values: ArrayLike<number>): Region {
    const { length } = values;
    const bits = new Float32Array(Int32Array.from(values).buffer);
    return this.place(name, 1, length, { stride: length }, bits, true);
  }

  read(region: Region): Float32Array {
    return readRegion(this.engine.arena.f32, region);
  }

  /** What is wrong now: guards and padding written over, inputs changed. Gives all the memory back. */
  finish(): string[] {
    const { arena } = this.engine;
    const faults = arena.brokenGuards().map((name) => `${name}: a guard was written over`);
    for (const placed of this.placed) faults.push(...this.faultsOf(placed));
    this.placed.length = 0;
    this.scope.releaseAll();
    return faults;
  }

  private place(
    name: string,
    rows: number,
    columns: number,
    { stride = roundUp(columns, 8), zeros = stride }: Layout = {},
    values: ArrayLike<number>,
    keep: boolean,
  ): Region {
    const length = this.offset + rows * stride;
    const block = this.scope.reserve({ [name]: { rows: 1, columns: length, stride: length } });
    const start = block.regions[name].pointer;
    const region = { rows, columns, stride, pointer: start + this.offset * 4 };
    const { f32, i32 } = this.engine.arena;
    i32.fill(UNTOUCHED, start / 4, start / 4 + length);
    for (let row = region.pointer / 4, r = 0; r < rows; r++, row += stride) {
      f32.fill(0, row + columns, row + zeros);
    }
    // Integers pass as their bits: a copy through a Float32Array of a NaN's pattern may change it.
    if (columns === stride && values instanceof Float32Array) {
      i32.set(new Int32Array(values.buffer, values.byteOffset, values.length), region.pointer / 4);
    } else writeRegion(f32, region, values);
    this.placed.push({ name, region, zeros, kept: keep ? this.bitsOf(region) : undefined });
    return region;
  }

  private bitsOf({ pointer, rows, stride }: Region): Int32Array {
    return this.engine.arena.i32.slice(pointer / 4, pointer / 4 + rows * stride);
  }

  private faultsOf({ name, region, zeros, kept }: Placed): string[] {
    const { i32, f32 } = this.engine.arena;
    const { rows, columns, stride } = region;
    const first = region.pointer / 4;
    const faults: string[] = [];
    for (let i = first - this.offset; i < first; i++) {
      if (i32[i] !== UNTOUCHED) faults.push(`${name}: written before its start`);
    }
    for (let r = 0; r < rows; r++) {
      const row = first + r * stride;
      for (let i = columns; i < stride; i++) {
        if (i < zeros && f32[row + i] !== 0) faults.push(`${name}: padding [${r}, ${i}] is ${f32[row + i]}`);
        if (i >= zeros && i32[row + i] !== UNTOUCHED) faults.push(`${name}: written at [${r}, ${i}]`);
      }
    }
    for (let i = 0; i < (kept?.length ?? 0); i++) {
      if (kept?.[i] !== i32[first + i]) faults.push(`${name}: an input was changed at ${i}`);
    }
    return faults;
  }
}

/** The first place where two arrays differ, by more than `bound` there when one is given; NaN equals NaN without one. */
export function mismatch(
  what: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  bound?: ArrayLike<number>,
): string[] {
  if (actual.length !== expected.length) return [`${what}: ${actual.length} of ${expected.length} values`];
  for (let i = 0; i < expected.length; i++) {
    const got = actual[i];
    const want = expected[i];
    const fits =
      bound === undefined
        ? got === want || (Number.isNaN(got) && Number.isNaN(want))
        : Math.abs(got - want) <= bound[i];
    if (!fits) return [`${what}[${i}]: ${got}, expected ${want}` + (bound ? ` ± ${bound[i]}` : "")];
  }
  return [];
}

/** u: half the spacing of float32 below 2, relative to 1. */
export const unit = 2 ** -24;

/**
 * γ_n = n·u/(1 − n·u): in float32, a sum of products is off by at most γ_n of the sum of their magnitudes when no term
 * passes through more than n roundings, in any order and fused or not (Higham 2002, "Accuracy and stability of
 * numerical algorithms", chapter 3).
 */
export function rounding(n: number): number {
  return (n * unit) / (1 - n * unit);
}
