import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SPLIT } from "../../src/threads/control.js";
import { countParts, countRounds, countStepParts, cut, isWorth, type Crew } from "../../src/threads/cost.js";

const threads = fc.integer({ min: 1, max: 256 });
const least = fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 1e6 }));
const operations = fc.oneof(
  fc.integer({ min: 0, max: 1e7 }),
  fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
);
const crewOf = (threads: number, least: number): Crew => ({ threads, least, beat: () => 0 });

describe("ranges", () => {
  it("cover all that is cut once, in order, in parts of about one size", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 5000 }),
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 96 }),
        (size, parts, step) => {
          const ranges = cut(size, parts, step);
          expect(ranges).toHaveLength(parts);
          let end = 0;
          for (const [first, count] of ranges) {
            expect(first).toBe(end);
            end += count;
          }
          expect(end).toBe(size);
          const unit = size >= parts * step ? step : 1;
          for (const [first, count] of ranges) {
            expect(first % unit).toBe(0);
            expect(Math.abs(count - size / parts)).toBeLessThan(2 * unit);
            // As many parts as that leave no thread without work where there is enough.
            if (size >= parts) expect(count).toBeGreaterThan(0);
          }
        },
      ),
    );
  });
});

describe("parts", () => {
  it("are as many as threads have use for, and each is worth a thread", () => {
    fc.assert(
      fc.property(
        operations,
        threads,
        least,
        fc.integer({ min: 0, max: 5000 }),
        fc.double({ min: 0, max: 20, noNaN: true }),
        (operations, threads, least, most, split) => {
          const parts = countParts(operations, crewOf(threads, least), most, split);
          expect(Number.isInteger(parts)).toBe(true);
          expect(parts).toBeGreaterThanOrEqual(1);
          expect(parts).toBeLessThanOrEqual(Math.max(1, most));
          expect(parts).toBeLessThanOrEqual(threads * SPLIT);
          expect(parts).toBeLessThanOrEqual(threads * Math.max(1, Math.floor(split)));
          if (parts > 1) expect(operations / parts).toBeGreaterThanOrEqual(least);
          // None waits for one that has a part more than the others.
          if (parts > threads) expect(parts % threads).toBe(0);
        },
      ),
    );
  });

  it("of a step are at most one a thread", () => {
    fc.assert(
      fc.property(
        operations,
        threads,
        least,
        fc.integer({ min: 0, max: 5000 }),
        (operations, threads, least, most) => {
          const parts = countStepParts(operations, crewOf(threads, least), most);
          expect(Number.isInteger(parts)).toBe(true);
          expect(parts).toBeGreaterThanOrEqual(1);
          expect(parts).toBeLessThanOrEqual(Math.max(1, Math.min(threads, most)));
          if (parts > 1) expect(operations / parts).toBeGreaterThanOrEqual(least);
        },
      ),
    );
  });

  it("are many rounds where one would be long, as far as there are rows", () => {
    fc.assert(
      fc.property(
        operations,
        fc.integer({ min: 1, max: 1024 }),
        fc.integer({ min: 1, max: 1e6 }),
        fc.integer({ min: 1, max: 96 }),
        (operations, parts, size, step) => {
          const rounds = countRounds(operations, parts, size, step);
          expect(Number.isInteger(rounds)).toBe(true);
          expect(rounds).toBeGreaterThanOrEqual(1);
          if (rounds > 1) expect(rounds * parts * step).toBeLessThanOrEqual(size);
          // A part of fewer rows than a tile is no shorter.
          const shortest = (rounds + 1) * parts * step > size;
          if (!shortest) expect(operations / parts / rounds).toBeLessThanOrEqual(1e9);
        },
      ),
    );
  });
});

it("more work is never worth less", () => {
  fc.assert(
    fc.property(
      operations,
      operations,
      fc.integer({ min: 1, max: 100 }),
      least,
      (one, other, steps, least) => {
        const [less, more] = [Math.min(one, other), Math.max(one, other)];
        expect(Number(isWorth(more, steps, least))).toBeGreaterThanOrEqual(
          Number(isWorth(less, steps, least)),
        );
        expect(isWorth(least, steps, least)).toBe(false);
      },
    ),
  );
});
