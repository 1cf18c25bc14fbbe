import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { forwardRuns, MOST_UNITS, mostRepeats, usedSlots } from "../../../src/learn/recompute/costs.js";

const UNITS = 60;
const SLOTS = 12;
const upTo = (most: number): number[] => Array.from({ length: most }, (_, k) => k + 1);

/** The least over y from 1 to most. */
function least(most: number, cost: (y: number) => number): number {
  return Math.min(...upTo(most).map(cost));
}

/** cost[m][t] for all t up to `units`, filled in that order from `step(t, m, cost)`; no units cost nothing. */
function table(
  slots: number,
  units: number,
  step: (t: number, m: number, cost: readonly (readonly number[])[]) => number,
): number[][] {
  const cost: number[][] = [];
  for (let m = 0; m <= slots; m++) {
    cost.push([0]);
    for (let t = 1; t <= units; t++) cost[m].push(step(t, m, cost));
  }
  return cost;
}

/** The recurrences of Gruslys et al.: a state, or a tape, is kept after y units. */
const hiddenCosts = table(SLOTS, UNITS, (t, m, cost) => {
  if (m === 0) return Infinity;
  if (m === 1) return (t * (t + 1)) / 2;
  if (m >= t) return 2 * t - 1;
  return least(t - 1, (y) => y + cost[m - 1][t - y] + cost[m][y]);
});
const internalCosts = table(SLOTS, UNITS, (t, m, cost) => {
  if (m === 0) return Infinity;
  if (m === 1) return (t * (t + 1)) / 2;
  if (m >= t) return t;
  return least(t, (y) => y + cost[m - 1][t - y] + cost[m][y - 1]);
});

/** Both kinds: of all ways to keep one or the other after y units, the best. costs[i][h][t] */
function pooledCosts(): number[][][] {
  const costs: number[][][] = [new Array<number[]>(SLOTS + 1).fill([0])];
  for (const i of upTo(SLOTS)) {
    costs.push(
      table(SLOTS, UNITS, (t, h, cost) => {
        if (h === 0) return Infinity;
        const tape = (y: number) => y + (costs[i - 1][h][t - y] ?? Infinity) + cost[h][y - 1];
        const state = (y: number) => y + cost[h - 1][t - y] + cost[h][y];
        return Math.min(t <= i ? t : Infinity, least(t, tape), least(t - 1, state));
      }),
    );
  }
  return costs;
}

/** The paper's mixed storage: one memory of m states, of which a tape takes `alpha`. The state at the start is not counted. */
function mixedCosts(alpha: number, memory: number, units: number): number[][] {
  return table(memory, units, (t, m, cost) => {
    if (m < alpha) return Infinity;
    const tape = (y: number) => y + (y === t ? 0 : cost[m - alpha][t - y]) + cost[m][y - 1];
    const state = (y: number) => y + cost[m - 1][t - y] + cost[m][y];
    return Math.min(least(t, tape), least(t - 1, state));
  });
}

describe("forwardRuns", () => {
  it("is the dynamic program's optimum for hidden states", () => {
    for (const hidden of upTo(SLOTS)) {
      const found = upTo(UNITS).map((t) => forwardRuns(t, { internal: 1, hidden }));
      expect(found).toEqual(hiddenCosts[hidden].slice(1));
    }
  });

  it("is the dynamic program's optimum for internal states", () => {
    for (const internal of upTo(SLOTS)) {
      const found = upTo(UNITS).map((t) => forwardRuns(t, { internal, hidden: 1 }));
      expect(found).toEqual(internalCosts[internal].slice(1));
    }
  });

  it("is the dynamic program's optimum for slots of both kinds", () => {
    const costs = pooledCosts();
    for (const internal of upTo(SLOTS)) {
      for (const hidden of upTo(SLOTS)) {
        const found = upTo(UNITS).map((t) => forwardRuns(t, { internal, hidden }));
        expect(found).toEqual(costs[internal][hidden].slice(1));
      }
    }
  });

  it.each([
    [1, 500500, 500500],
    [2, 29820, 28864],
    [3, 13155, 12172],
    [5, 7284, 6292],
    [10, 4636, 3640],
    [20, 3747, 2750],
    [31, 3439, 2442],
    [50, 2948, 1950],
    [100, 2898, 1900],
    [200, 2798, 1800],
  ])("of 1000 units with %d slots: %d hidden, %d internal", (slots, hidden, internal) => {
    expect(forwardRuns(1000, { internal: 1, hidden: slots })).toBe(hidden);
    expect(forwardRuns(1000, { internal: slots, hidden: 1 })).toBe(internal);
  });

  // Two pools of fixed sizes against one memory that changes hands between kinds; each bound is a little above what is seen.
  it.each([
    [1, 1],
    [2, 1.08],
    [3, 1.12],
    [6, 1.15],
  ])("with the best pools, a tape %d states large, is near the mixed optimum", (alpha, bound) => {
    const [memory, units] = [40, UNITS];
    const costs = mixedCosts(alpha, memory, units);
    let worst = 1;
    for (let m = alpha; m <= memory; m++) {
      for (const t of upTo(units)) {
        const pools = upTo(Math.floor(m / alpha)).map((internal) => ({
          internal,
          hidden: 1 + m - internal * alpha,
        }));
        const best = Math.min(...pools.map((slots) => forwardRuns(t, slots)));
        expect(best).toBeGreaterThanOrEqual(costs[m][t]);
        worst = Math.max(worst, best / costs[m][t]);
      }
    }
    expect(worst).toBeLessThanOrEqual(bound);
  });
});

describe("of many units", () => {
  const ways = (c: number, r: number): bigint => {
    if (c < 0 || r < 0) return 0n;
    const [few, many] = c < r ? [c, r] : [r, c];
    let count = 1n;
    for (let k = 1; k <= few; k++) count = (count * BigInt(many + k)) / BigInt(k);
    return count;
  };
  /** As likely small as large. */
  const anySize = fc
    .tuple(fc.integer({ min: 0, max: 24 }), fc.integer({ min: 0, max: MOST_UNITS }))
    .map(([bits, offset]) => Math.min(MOST_UNITS, 2 ** bits + (offset % 2 ** bits)));

  it("mostRepeats and forwardRuns are exact", () => {
    fc.assert(
      fc.property(anySize, anySize, anySize, (units, internal, hidden) => {
        const slots = { internal, hidden };
        const { internal: i, hidden: h } = usedSlots(units, slots);
        const r = mostRepeats(units, slots);
        const reach = (k: number): bigint => (k === 0 ? 0n : ways(h + i - 1, k) - ways(h - 1, k));
        expect(reach(r) >= units).toBe(true);
        expect(reach(r - 1) < units).toBe(true);
        const saved = ways(h + i, r - 1) - ways(h, r - 1);
        expect(BigInt(forwardRuns(units, slots))).toBe(BigInt(r) * BigInt(units) - saved);
      }),
      { numRuns: 2000 },
    );
  });
});
