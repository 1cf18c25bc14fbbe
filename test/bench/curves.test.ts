import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawCurves, type Curves } from "../../bench/curves.js";

const plain: Curves = {
  title: "title",
  notes: ["where"],
  x: "ranks",
  y: "times as fast",
  series: [{ name: "one", points: [{ x: 1, y: 1 }] }],
};

const numbers = (text: string): number[] => text.split(/[ ,]/).map(Number);

/** The lines of the series, as places. */
function linesOf(svg: string): (readonly [number, number])[][] {
  return [...svg.matchAll(/<polyline [^>]*points="([^"]*)"/g)].map(([, points]) => {
    const all = numbers(points);
    return all.flatMap((x, i) => (i % 2 === 0 ? [[x, all[i + 1]] as const] : []));
  });
}

/** Where lines of the grid stand, with what stands beside them. */
function gridOf(svg: string): { at: number; value: number }[] {
  const found = svg.matchAll(/<line class="grid"[^>]* y1="([^"]*)"[^>]*\/>\n<text[^>]*>([^<]*)</g);
  return [...found].map(([, at, value]) => ({ at: Number(at), value: Number(value) }));
}

const point = fc.record({
  x: fc.integer({ min: 0, max: 64 }),
  y: fc.oneof(
    fc.constant(0),
    fc.double({ min: 1e-9, max: 1e9, noNaN: true }),
    fc.double({ min: 0.1, max: 4, noNaN: true }),
  ),
});
const drawn = fc.record({
  ideal: fc.boolean(),
  notes: fc.array(fc.string(), { maxLength: 3 }),
  series: fc.array(
    fc.record({ name: fc.string(), points: fc.array(point, { minLength: 1, maxLength: 6 }) }),
    {
      minLength: 1,
      maxLength: 8,
    },
  ),
});

describe("curves", () => {
  it("have every point where the axes say, inside the picture", () => {
    fc.assert(
      fc.property(drawn, (some) => {
        const svg = drawCurves({ ...plain, ...some });
        const [width, height] = numbers(/viewBox="0 0 ([^"]*)"/.exec(svg)?.[1] ?? "");
        const grid = gridOf(svg);
        const [bottom, top] = [grid[0], grid[grid.length - 1]];
        expect(bottom.value).toBe(0);
        const lines = linesOf(svg);
        expect(lines).toHaveLength(some.series.length);
        const places = new Map<number, number>();
        some.series.forEach(({ points }, i) => {
          expect(lines[i]).toHaveLength(points.length);
          points.forEach(({ x, y }, j) => {
            const [px, py] = lines[i][j];
            expect(px).toBeGreaterThan(0);
            expect(px).toBeLessThan(width);
            expect(py).toBeLessThan(height);
            // Places have two digits behind the point.
            expect(py).toBeGreaterThanOrEqual(top.at - 0.01);
            const expected = bottom.at + ((top.at - bottom.at) * y) / top.value;
            expect(Math.abs(py - expected)).toBeLessThan(0.02);
            expect(places.get(x) ?? px).toBe(px);
            places.set(x, px);
          });
        });
        const sorted = [...places].sort(([a], [b]) => a - b).map(([, px]) => px);
        expect(sorted).toEqual([...new Set(sorted)].sort((a, b) => a - b));
        // A mark for each point, and one for each name.
        const marks = some.series.reduce((sum, { points }) => sum + points.length + 1, 0);
        expect(svg.match(/ mark"/g)).toHaveLength(marks);
      }),
      { numRuns: 300 },
    );
  });

  it("show names and axes as they are given, whatever is in them", () => {
    const odd = `<b a="1">&amp;</b>`;
    const svg = drawCurves({
      ...plain,
      title: odd,
      x: `x${odd}`,
      y: `y${odd}`,
      series: [{ name: `n${odd}`, points: [{ x: 1, y: 1 }] }],
    });
    const shown = `&lt;b a=&quot;1&quot;&gt;&amp;amp;&lt;/b&gt;`;
    expect(svg).not.toContain("<b");
    for (const text of [shown, `x${shown}`, `y${shown}`, `n${shown}`, "where"])
      expect(svg).toContain(`>${text}</`);
  });

  it.each([
    ["the last x", 3.9, 4],
    ["the top", 3.4, 3.5],
  ])("have a line where y = x, up to %s", (_, fastest, end) => {
    const points = [1, 2, 4].map((x) => ({ x, y: x === 4 ? fastest : x }));
    const svg = drawCurves({ ...plain, ideal: true, series: [{ name: "one", points }] });
    const ideal = /<line class="ideal" x1="([^"]*)" y1="([^"]*)" x2="([^"]*)" y2="([^"]*)"/g;
    const [line] = [...svg.matchAll(ideal)].map((match) => match.slice(1).map(Number));
    const [[first, second]] = linesOf(svg);
    expect(line.slice(0, 2)).toEqual(first);
    expect(line[2]).toBeCloseTo(first[0] + (end - 1) * (second[0] - first[0]), 1);
    expect(line[3]).toBeCloseTo(gridOf(svg).find(({ value }) => value === end)?.at ?? NaN, 1);
    expect(drawCurves({ ...plain, series: [{ name: "one", points }] })).not.toContain(`class="ideal"`);
  });

  it.each<[string, Curves["series"]]>([
    ["no series", []],
    ["no points", [{ name: "one", points: [] }]],
    ["no number", [{ name: "one", points: [{ x: 1, y: NaN }] }]],
    ["what is below 0", [{ name: "one", points: [{ x: 1, y: -1 }] }]],
    ["no end", [{ name: "one", points: [{ x: Infinity, y: 1 }] }]],
  ])("refuse %s", (_, series) => {
    expect(() => drawCurves({ ...plain, series })).toThrow(/^"series" expected points of finite numbers/);
  });
});
