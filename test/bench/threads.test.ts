import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawCurves } from "../../bench/curves.js";
import { poolSizes, threadCurves } from "../../bench/threads.js";

describe("sizes of pools", () => {
  it("are two, some between, and all cores", () => {
    expect(poolSizes(1)).toEqual([]);
    expect(poolSizes(2)).toEqual([2]);
    expect(poolSizes(5)).toEqual([2, 3, 4, 5]);
    expect(poolSizes(16)).toEqual([2, 3, 4, 6, 8, 12, 16]);
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 1000 }), (cores) => {
        const sizes = poolSizes(cores);
        expect(sizes).toEqual([...new Set(sizes)].sort((a, b) => a - b));
        expect([sizes[0], sizes[sizes.length - 1]]).toEqual([2, Math.min(cores, 256)]);
        expect(sizes.length).toBeLessThan(16);
      }),
    );
  });
});

describe("curves of threads", () => {
  const figure = (threads: number, ratio: number, work = "W2", build: "simd" | "wide" = "wide") => ({
    ...{ build, work, threads, ratio },
    curve: work !== "W1",
  });

  it("begin at one thread, go on by their number, and leave out what is not drawn", () => {
    const figures = [figure(4, 3.1), figure(2, 1.9), figure(2, 1, "W1"), figure(2, 1.7, "W3")];
    const { title, notes, series } = threadCurves(figures, 4);
    expect(title).toBe("Threads, wide kernels");
    expect(notes).toEqual([expect.stringMatching(/^4 cores; /)]);
    expect(series).toEqual([
      {
        name: "W2",
        points: [
          { x: 1, y: 1 },
          { x: 2, y: 1.9 },
          { x: 4, y: 3.1 },
        ],
      },
      {
        name: "W3",
        points: [
          { x: 1, y: 1 },
          { x: 2, y: 1.7 },
        ],
      },
    ]);
  });

  it("are one for each build where there are several", () => {
    const { title, series } = threadCurves([figure(2, 1.9), figure(2, 1.8, "W2", "simd")], 2);
    expect(title).toBe("Threads");
    expect(series.map(({ name, points }) => [name, points[1].y])).toEqual([
      ["W2, wide", 1.9],
      ["W2, simd", 1.8],
    ]);
  });

  it("can be drawn", () => {
    const svg = drawCurves(threadCurves([figure(2, 1.9), figure(2, 1.7, "W8")], 2));
    expect(svg).toContain(">W8</text>");
    expect(svg).toContain(`class="ideal"`);
  });
});
