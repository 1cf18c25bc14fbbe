/** Is the only owner of a WebAssembly memory: it hands out blocks of named regions and takes them back. */

import { OutOfMemoryError } from "../errors.js";
import { ALIGNMENT, elementAt, roundUp, sizeOf, type Region, type Shape } from "./regions.js";

const PAGE = 65536;

/** One page less than 32-bit pointers reach: the end of a region is never 2^32, which would read as 0. */
export const MOST_PAGES = 65535;

/** Names the shapes of a block's regions, before they are placed. */
export type Shapes = Readonly<Record<string, Shape>>;

/** Holds regions that were reserved together and go back together. */
export interface Block<Plan extends Shapes = Shapes> {
  readonly pointer: number;
  readonly bytes: number;
  readonly regions: Readonly<Record<keyof Plan, Region>>;
}

/** Describes a range of memory that nobody holds, in bytes. */
interface Gap {
  start: number;
  end: number;
}

export class Arena {
  /** What kernels are instantiated on. @internal */
  readonly memory: WebAssembly.Memory;
  /** Views of the whole memory. Growing it detaches the old ones: read them anew after every reservation. */
  f32: Float32Array;
  i32: Int32Array;
  u8: Uint8Array;
  /** Bytes that are handed out and not yet given back. */
  reserved = 0;
  /** The largest `reserved` since `peak` was last set, which a measurement does to start anew. */
  peak = 0;

  /** In order of address; adjacent gaps are joined. */
  private readonly gaps: Gap[];
  private readonly held = new Set<Block>();
  /** Bytes before and after every region: 0 except in tests, which check that no kernel writes there. */
  private readonly guard: number;

  /** Manages the memory from byte `start` on; `guard` must be a multiple of the alignment. @internal */
  constructor(memory: WebAssembly.Memory, start: number, guard = 0) {
    this.memory = memory;
    this.guard = guard;
    this.gaps = [{ start: roundUp(start, ALIGNMENT), end: memory.buffer.byteLength }];
    this.f32 = new Float32Array(memory.buffer);
    this.i32 = new Int32Array(memory.buffer);
    this.u8 = new Uint8Array(memory.buffer);
  }

  /** Returns the bytes of a block with all the regions. */
  bytesOf(plan: Shapes): number {
    return Math.max(
      ALIGNMENT,
      Object.values(plan).reduce((bytes, shape) => bytes + this.spanOf(shape), 0),
    );
  }

  /**
   * Reserves one block with all the regions, filled with zeros. Throws an OutOfMemoryError when there is no
   * room; nothing is changed then.
   */
  reserve<Plan extends Shapes>(plan: Plan): Block<Plan> {
    const bytes = this.bytesOf(plan);
    const pointer = this.take(bytes);
    this.u8.fill(0, pointer, pointer + bytes);
    const regions: Record<string, Region> = {};
    let at = pointer;
    for (const [name, shape] of Object.entries(plan)) {
      const region = { ...shape, pointer: at + this.guard };
      at += this.spanOf(shape);
      regions[name] = region;
      for (const [start, end] of this.guardsOf(region)) this.u8.fill(0xff, start, end); // a NaN pattern
    }
    const block = { pointer, bytes, regions } as Block<Plan>;
    this.held.add(block);
    this.reserved += bytes;
    this.peak = Math.max(this.peak, this.reserved);
    return block;
  }

  /** Sets all elements of a region to 0, padding included. */
  zero(region: Region): void {
    this.fill(region, 0);
  }

  /** Sets all elements of a region to `value`, padding included. */
  fill(region: Region, value: number): void {
    const start = elementAt(region.pointer);
    this.f32.fill(value, start, start + sizeOf(region));
  }

  /** Takes a block back; a second time, it does nothing. */
  release(block: Block): void {
    if (!this.held.delete(block)) return;
    this.reserved -= block.bytes;
    const start = block.pointer;
    const end = start + block.bytes;
    const at = this.gaps.findIndex((gap) => gap.start >= end);
    const next = at === -1 ? this.gaps.length : at;
    const before = this.gaps.at(next - 1);
    const after = this.gaps.at(next);
    const joinsBefore = next > 0 && before?.end === start;
    const joinsAfter = after?.start === end;
    if (joinsBefore && joinsAfter) {
      before.end = after.end;
      this.gaps.splice(next, 1);
    } else if (joinsBefore) before.end = end;
    else if (joinsAfter) after.start = start;
    else this.gaps.splice(next, 0, { start, end });
  }

  /** Returns the names of regions of live blocks whose guards were written over; for tests. */
  brokenGuards(): string[] {
    const broken: string[] = [];
    for (const block of this.held) {
      for (const [name, region] of Object.entries(block.regions)) {
        for (const [start, end] of this.guardsOf(region)) {
          if (this.u8.subarray(start, end).some((byte) => byte !== 0xff)) broken.push(name);
        }
      }
    }
    return broken;
  }

  /** Returns the bytes of a region with its guards and its alignment's remainder. */
  private spanOf(shape: Shape): number {
    return roundUp(sizeOf(shape) * 4, ALIGNMENT) + 2 * this.guard;
  }

  /** Returns the ranges of bytes around a region, its alignment's remainder included. */
  private guardsOf(region: Region): [start: number, end: number][] {
    if (this.guard === 0) return [];
    const end = region.pointer + sizeOf(region) * 4;
    return [
      [region.pointer - this.guard, region.pointer],
      [end, roundUp(end, ALIGNMENT) + this.guard],
    ];
  }

  /** Takes bytes from the first gap that is large enough, and grows the memory when there is none. */
  private take(bytes: number): number {
    let gap = this.gaps.find((one) => one.end - one.start >= bytes);
    gap ??= this.grow(bytes);
    const { start } = gap;
    gap.start += bytes;
    if (gap.start === gap.end) this.gaps.splice(this.gaps.indexOf(gap), 1);
    return start;
  }

  /** Grows the memory until its last gap is at least `bytes` long. */
  private grow(bytes: number): Gap {
    const end = this.memory.buffer.byteLength;
    const last = this.gaps.at(-1);
    const tail = last?.end === end ? last : undefined;
    const pages = Math.ceil((bytes - (tail === undefined ? 0 : tail.end - tail.start)) / PAGE);
    try {
      if (!(pages + end / PAGE <= MOST_PAGES)) throw new RangeError("past 32-bit pointers");
      this.memory.grow(pages);
    } catch {
      throw new OutOfMemoryError(
        `out of memory: ${bytes} bytes more were needed, ${this.reserved} of at most ${MOST_PAGES * PAGE} are in use; ` +
          `dispose of networks, or use smaller windows or batches`,
      );
    }
    const { buffer } = this.memory;
    this.f32 = new Float32Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.u8 = new Uint8Array(buffer);
    if (tail !== undefined) {
      tail.end = buffer.byteLength;
      return tail;
    }
    const gap = { start: end, end: buffer.byteLength };
    this.gaps.push(gap);
    return gap;
  }
}
