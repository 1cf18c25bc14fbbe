import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stratifiedSplit, type StratifiedSplitOptions } from "../../src/data/stratified-split.js";

describe("stratifiedSplit", () => {
  it("puts every index into one part, and of each label its share into both", () => {
    const labels = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 60 });
    const share = fc.double({ min: 0.01, max: 0.99, noNaN: true });
    fc.assert(
      fc.property(labels, share, fc.maxSafeInteger(), (all, heldOut, seed) => {
        const split = stratifiedSplit(all, { heldOut, seed });
        expect(split).toEqual(stratifiedSplit(all, { heldOut, seed }));
        expect([...split.training, ...split.heldOut].sort((a, b) => a - b)).toEqual(all.map((_, i) => i));
        for (const part of [split.training, split.heldOut])
          expect(part).toEqual(part.toSorted((a, b) => a - b));
        for (const label of new Set(all)) {
          const n = all.filter((one) => one === label).length;
          const out = split.heldOut.filter((i) => all[i] === label).length;
          expect(out).toBe(n === 1 ? 0 : Math.min(n - 1, Math.max(1, Math.round(heldOut * n))));
        }
      }),
      { numRuns: 300 },
    );
  });

  it("draws by its seed", () => {
    const all = Array.from({ length: 100 }, (_, i) => i % 2);
    const parts = [0, 1, 2].map((seed) => stratifiedSplit(all, { seed }).heldOut.join());
    expect(new Set(parts).size).toBe(3);
    // An index is held out about as often as its share says: of 500 draws with a share of 0.2, within 6 deviations of 100.
    const counts = new Float64Array(100);
    for (let seed = 0; seed < 500; seed++)
      for (const i of stratifiedSplit(all, { seed }).heldOut) counts[i]++;
    expect(Math.max(...counts.map((count) => Math.abs(count - 100)))).toBeLessThan(
      6 * Math.sqrt(500 * 0.2 * 0.8),
    );
  });

  it.each<[StratifiedSplitOptions, string]>([
    [{ heldOut: 0 }, '"heldOut" expected a finite number above 0 and below 1, got 0'],
    [{ heldOut: 1 }, '"heldOut" expected a finite number above 0 and below 1, got 1'],
    [{ seed: 0.5 }, '"seed" expected an integer'],
    [{ held: 1 } as StratifiedSplitOptions, 'did you mean "heldOut"?'],
  ])("refuses %j", (options, message) => {
    expect(() => stratifiedSplit(["a"], options)).toThrow(message);
  });
});
