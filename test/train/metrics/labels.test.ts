import { expect, it } from "vitest";
import { LabelMetrics } from "../../../src/train/metrics/labels.js";

/** The number of places that differ: enough of a distance to see what is done with it. */
const differing = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from({ length: Math.max(a.length, b.length) }, (_, i) => Number(a[i] !== b[i])).reduce(
    (sum, one) => sum + one,
    0,
  );

it("errors are summed over all sequences, and divided by all true labels", () => {
  const asked: [number[], number[]][] = [];
  const metrics = new LabelMetrics((a, b) => {
    asked.push([Array.from(a), Array.from(b)]);
    return differing(a, b);
  });
  expect(metrics.result()).toEqual({ count: 0, labels: 0, edits: 0, labelErrorRate: NaN, exact: NaN });
  metrics.add([1, 2, 3], Int32Array.of(1, 9, 3));
  metrics.add(Int32Array.of(4), [4]);
  metrics.add([], []);
  metrics.add([5, 6], []);
  expect(asked.map(([decoded]) => decoded)).toEqual([[1, 2, 3], [4], [], [5, 6]]);
  expect(asked.map(([, labels]) => labels)).toEqual([[1, 9, 3], [4], [], []]);
  expect(metrics.result()).toEqual({ count: 4, labels: 4, edits: 3, labelErrorRate: 0.75, exact: 0.5 });
});
