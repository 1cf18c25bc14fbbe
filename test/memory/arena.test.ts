import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { OutOfMemoryError } from "../../src/errors.js";
import { Arena, MOST_PAGES, type Block } from "../../src/memory/arena.js";
import { matrix, sizeOf, vector, type Region, type Shape } from "../../src/memory/regions.js";

const PAGE = 65536;
const START = 1024;

function createArena(guard = 0, maximum = 1000): { arena: Arena; memory: WebAssembly.Memory } {
  const memory = new WebAssembly.Memory({ initial: 1, maximum });
  return { arena: new Arena(memory, START, guard), memory };
}

/** Asks for one region of so many bytes, a multiple of 64. */
function reserveBytes(arena: Arena, bytes: number): Block<{ region: Shape }> {
  return arena.reserve({ region: vector(bytes / 4) });
}

function wordsOf(arena: Arena, region: Region): Int32Array {
  return arena.i32.subarray(region.pointer / 4, region.pointer / 4 + sizeOf(region));
}

/** What the arena should know, from the outside: the blocks in use, and what was written into each. */
class Model {
  private readonly arena: Arena;
  private readonly live: { block: Block; mark: number }[] = [];
  private marks = 0;

  constructor(arena: Arena) {
    this.arena = arena;
  }

  reserve(shapes: readonly (readonly [number, number])[]): void {
    const plan = Object.fromEntries(shapes.map(([rows, columns], i) => [`r${i}`, matrix(rows, columns)]));
    const block = this.arena.reserve(plan);
    const regions = Object.values(block.regions);
    expect(Object.keys(block.regions)).toEqual(Object.keys(plan));
    const mark = ++this.marks;
    let end = block.pointer;
    for (const region of regions) {
      expect(region.pointer % 64).toBe(0);
      expect(region.pointer, "regions stand one after the other").toBeGreaterThanOrEqual(end);
      end = region.pointer + sizeOf(region) * 4;
      const words = wordsOf(this.arena, region);
      expect(words.length, "the region lies in memory").toBe(sizeOf(region));
      expect(words.every((word) => word === 0)).toBe(true);
      words.fill(mark);
    }
    expect(end).toBeLessThanOrEqual(block.pointer + block.bytes);
    expect(block.pointer).toBeGreaterThanOrEqual(START);
    this.live.push({ block, mark });
  }

  release(choice: number): void {
    if (this.live.length === 0) return;
    const [{ block }] = this.live.splice(choice % this.live.length, 1);
    this.arena.release(block);
    this.arena.release(block); // again does nothing
  }

  releaseAll(order: number): void {
    while (this.live.length > 0) this.release(order);
  }

  check(): void {
    const spans = this.live.map(({ block }) => [block.pointer, block.pointer + block.bytes] as const);
    spans.sort(([a], [b]) => a - b);
    for (let i = 1; i < spans.length; i++) expect(spans[i][0]).toBeGreaterThanOrEqual(spans[i - 1][1]);
    expect(this.arena.reserved).toBe(spans.reduce((sum, [start, end]) => sum + end - start, 0));
    expect(this.arena.brokenGuards()).toEqual([]);
    for (const { block, mark } of this.live) {
      for (const region of Object.values(block.regions)) {
        const kept = wordsOf(this.arena, region).every((word) => word === mark);
        expect(kept, "what was written stays, also when the memory grows").toBe(true);
      }
    }
  }
}

const action = fc.oneof(
  fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 1, max: 200 })), { maxLength: 4 }),
  fc.nat(),
);

describe("an arena", () => {
  it("hands out and takes back in any order: nothing overlaps, nothing is lost", () => {
    fc.assert(
      fc.property(
        fc.array(action, { maxLength: 60, size: "max" }),
        fc.constantFrom(0, 64),
        fc.nat(),
        (actions, guard, order) => {
          const { arena, memory } = createArena(guard);
          const model = new Model(arena);
          for (const step of actions) {
            if (typeof step === "number") model.release(step);
            else model.reserve(step);
            model.check();
          }
          model.releaseAll(order);
          expect(arena.reserved).toBe(0);
          const size = memory.buffer.byteLength;
          const { pointer } = reserveBytes(arena, size - START - 2 * guard);
          expect(pointer, "all that is free is one stretch").toBe(START);
          expect(memory.buffer.byteLength).toBe(size);
        },
      ),
      { numRuns: 100, seed: 1 },
    );
  });

  it("uses what was given back before it grows", () => {
    const { arena, memory } = createArena();
    for (let i = 0; i < 1000; i++) arena.release(reserveBytes(arena, PAGE / 2));
    expect(memory.buffer.byteLength).toBe(PAGE);
  });

  it("gives a block of no regions an address of its own", () => {
    const { arena } = createArena();
    const [one, two] = [arena.reserve({}), arena.reserve({ none: matrix(0, 5) })];
    expect(one.pointer).not.toBe(two.pointer);
    expect(arena.reserved).toBe(128);
  });

  it("renews its views when it grows; the old ones are detached", () => {
    const { arena, memory } = createArena();
    const { f32, i32, u8 } = arena;
    reserveBytes(arena, PAGE / 2);
    expect(arena.f32).toBe(f32);
    reserveBytes(arena, PAGE);
    expect([f32.length, i32.length, u8.length]).toEqual([0, 0, 0]);
    for (const view of [arena.f32, arena.i32, arena.u8]) {
      expect(view.buffer).toBe(memory.buffer);
      expect(view.byteLength).toBe(memory.buffer.byteLength);
    }
    expect(arena.u8.length).toBe(2 * PAGE);
  });

  it("does nothing when a block of another arena is given back, or one that only looks like its own", () => {
    const { arena } = createArena();
    const block = reserveBytes(arena, 64);
    arena.release(reserveBytes(createArena().arena, 64));
    arena.release({ ...block });
    expect(arena.reserved).toBe(64);
    expect(reserveBytes(arena, 64).pointer).not.toBe(block.pointer);
  });
});

describe("an arena out of memory", () => {
  const tooMuch: readonly [string, number][] = [
    ["more than the engine gives", 5 * PAGE],
    ["5 GB, more than pointers reach", 5e9],
    ["bytes past counting", 1e300],
    ["NaN bytes", NaN],
  ];

  it.each(tooMuch)("refuses %s, and nothing has changed", (_name, bytes) => {
    const { arena, memory } = createArena(0, 4);
    const held = reserveBytes(arena, 640);
    wordsOf(arena, held.regions.region).fill(7);
    const { f32 } = arena;
    const reserve = (): Block =>
      arena.reserve({ region: { rows: 1, columns: bytes / 4, stride: bytes / 4 } });
    expect(reserve).toThrow(OutOfMemoryError);
    expect(reserve).toThrow(
      /^out of memory: \S+ bytes more were needed, 640 of at most 4294901760 are in use; /,
    );
    expect(arena.reserved).toBe(640);
    expect(arena.f32).toBe(f32);
    expect(memory.buffer.byteLength).toBe(PAGE);
    expect(wordsOf(arena, held.regions.region).every((word) => word === 7)).toBe(true);
    // All there is, the rest of the first page and the three that the engine still gives.
    expect(reserveBytes(arena, 4 * PAGE - START - 640).pointer).toBe(START + 640);
    expect(arena.reserved).toBe(4 * PAGE - START);
    expect(() => reserveBytes(arena, 64)).toThrow(OutOfMemoryError);
    arena.release(held);
    expect(reserveBytes(arena, 640).pointer).toBe(START);
  });

  it("asks the engine for no page past the last that a pointer and an end reach", () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: MOST_PAGES });
    const grow = vi.spyOn(memory, "grow").mockImplementation(() => {
      throw new RangeError("refused");
    });
    const arena = new Arena(memory, 0);
    expect(() => reserveBytes(arena, MOST_PAGES * PAGE)).toThrow(OutOfMemoryError);
    expect(grow).toHaveBeenLastCalledWith(MOST_PAGES - 1);
    expect(() => reserveBytes(arena, MOST_PAGES * PAGE + 64)).toThrow(OutOfMemoryError);
    expect(grow).toHaveBeenCalledTimes(1);
  });
});

describe("guards", () => {
  const guard = 128;
  // 24 elements: 32 bytes short of a multiple of 64, which count as a guard too.
  const plan = { one: matrix(3, 8), two: matrix(3, 8) };
  const places = [-guard, -1, 96, 127, 128 + guard - 1].map((offset) => ({ offset, broken: true }));
  const inside = [0, 1, 95].map((offset) => ({ offset, broken: false }));

  it.each([...places, ...inside])(
    "a write $offset bytes from a region's start: broken is $broken",
    ({ offset, broken }) => {
      for (const name of ["one", "two"] as const) {
        const { arena } = createArena(guard);
        const { regions } = arena.reserve(plan);
        arena.u8[regions[name].pointer + offset] = 1;
        expect(arena.brokenGuards()).toEqual(broken ? [name] : []);
      }
    },
  );

  it("read as NaN, and are the arena's again once the block is released", () => {
    const { arena } = createArena(guard);
    const block = arena.reserve(plan);
    const { pointer } = block.regions.two;
    expect(arena.f32[pointer / 4 - 1]).toBeNaN();
    expect(arena.f32[pointer / 4 + 24]).toBeNaN();
    arena.u8[pointer - 1] = 0;
    arena.release(block);
    expect(arena.brokenGuards()).toEqual([]);
    arena.reserve(plan);
    expect(arena.brokenGuards()).toEqual([]);
  });

  it("are not there unless asked for", () => {
    const { arena } = createArena();
    const { one, two } = arena.reserve(plan).regions;
    expect(two.pointer - one.pointer).toBe(128);
    arena.u8.fill(1);
    expect(arena.brokenGuards()).toEqual([]);
  });
});
