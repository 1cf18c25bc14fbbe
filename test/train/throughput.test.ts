import { afterEach, expect, it, vi } from "vitest";
import { Throughput } from "../../src/train/throughput.js";

afterEach(() => {
  vi.restoreAllMocks();
});

it("is steps a second over about the last second of work", () => {
  let clock = 0;
  vi.spyOn(performance, "now").mockImplementation(() => clock);
  const throughput = new Throughput();
  const work = (milliseconds: number, steps: number): number => {
    clock += 12_345; // between pieces of work, nothing counts
    throughput.start();
    clock += milliseconds;
    throughput.stop(steps);
    return throughput.perSecond;
  };
  expect(work(0, 64)).toBe(0); // the clock has not moved
  expect(work(4, 64)).toBe(32_000);
  const fast = Array.from({ length: 1000 }, () => work(10, 50));
  for (const rate of fast.slice(100)) expect(rate).toBe(5000);
  const slow = Array.from({ length: 110 }, () => work(10, 10));
  expect(slow[0]).toBeGreaterThan(4900);
  expect(slow.at(-1)).toBe(1000); // 1.1 s later, nothing of the former is left
});
