import { describe, expect, it } from "vitest";
import { bits, perplexity } from "../../../src/train/metrics/information.js";

describe("a loss in other words", () => {
  it.each([2, 3, 65, 50_000])("is as hard as a choice among %d, and takes as many bits", (choices) => {
    const loss = Math.log(choices);
    expect(Math.abs(perplexity(loss) / choices - 1)).toBeLessThan(1e-14);
    expect(Math.abs(bits(loss) - Math.log2(choices))).toBeLessThan(1e-14);
  });
});
