import { describe, expect, it } from "vitest";
import { suggestion } from "../../src/cli/arguments.js";
import { duration, grouped, nats, visible } from "../../src/cli/format.js";
import { Report } from "../../src/cli/report.js";
import { Screen } from "../../src/cli/screen.js";

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

/** What a training of 100 steps prints, half a second each. */
function printed(output: { isTTY?: boolean; columns?: number }, steps = 100): string[] {
  const written: string[] = [];
  let seconds = 0;
  const screen = new Screen({ ...output, write: (text: string) => written.push(text) }, { TERM: "xterm" });
  const report = new Report(screen, { kind: "steps", amount: steps }, 10, () => seconds);
  for (let step = 1; step <= steps; step++) {
    seconds += 0.5;
    const standing = { step, loss: 2, tokensPerSecond: 1000 };
    if (report.update(standing)) report.look(standing, 2.5, "a sample");
  }
  screen.clear();
  return written;
}

describe("the report of a training", () => {
  it("rewrites one line on a terminal, no wider than it is", () => {
    const written = printed({ isTTY: true, columns: 40 });
    const bars = written.filter((text) => text.startsWith("\r\x1b[K["));
    expect(bars).toHaveLength(100);
    expect(bars[49]).toContain("[##########          ] 50 %");
    for (const bar of bars) expect(bar.length).toBeLessThanOrEqual(39 + "\r\x1b[K".length);
    expect(written.at(-1)).toBe("\r\x1b[K");
  });

  it("prints lines elsewhere, at most a hundred however long it takes, and no control characters", () => {
    for (const steps of [100, 100_000]) {
      const written = printed({}, steps).join("");
      expect(written).not.toContain("\r");
      expect(written).not.toContain("\x1b");
      const lines = written.split("\n").filter((line) => line.startsWith("step"));
      expect(lines.length).toBeGreaterThanOrEqual(7);
      expect(lines.length).toBeLessThanOrEqual(108);
    }
  });

  it("looks at the held-out part seven times, evenly", () => {
    const lines = printed({}).join("").split("\n");
    const looks = lines.filter((_, i) => lines[i + 1] === "a sample");
    expect(looks.map((line) => /^step (\d+)/.exec(line)?.[1])).toEqual([
      "13",
      "25",
      "38",
      "50",
      "63",
      "75",
      "88",
    ]);
    expect(looks[3]).toBe(
      "step 50 · loss 2.000 nats (2.885 bits) · held out 2.500 nats (3.607 bits) · 1,000 characters/s · 0:25 left",
    );
  });
});
