import { describe, expect, it } from "vitest";
import { suggestion } from "../../src/cli/arguments.js";
import { duration, grouped, nats, visible } from "../../src/cli/format.js";

describe("words for people", () => {
  it.each([
    [0, "0"],
    [999, "999"],
    [1000, "1,000"],
    [1234567.4, "1,234,567"],
  ])("%d is grouped as %s", (value, expected) => {
    expect(grouped(value)).toBe(expected);
  });

  it.each([
    [-1, "0:00"],
    [59.4, "0:59"],
    [60, "1:00"],
    [3599.6, "1:00:00"],
    [3700, "1:01:40"],
  ])("%d seconds are %s", (seconds, expected) => {
    expect(duration(seconds)).toBe(expected);
  });

  it("gives a loss in nats and bits", () => {
    expect(nats(Math.LN2)).toBe("0.693 nats (1.000 bits)");
  });

  it("shows what would move the cursor or colour the terminal", () => {
    expect(visible("a\tb\r\nc\rd\n\x1b[31m\u0007\u202e")).toBe("a\tb\nc\nd\n·[31m··");
  });

  it.each([
    ["trian", "; did you mean train?"],
    ["xyz", ""],
    ["tra", ""],
  ])("%s suggests %j", (word, expected) => {
    expect(suggestion(word, ["train", "sample"])).toBe(expected);
  });
});
