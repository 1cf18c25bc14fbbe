import { describe, expect, it } from "vitest";
import { Clock } from "../../../src/cli/fit/limit.js";
import { Terminal } from "../../../src/cli/fit/terminal.js";
import { nats } from "../../../src/cli/format.js";
import { Screen } from "../../../src/cli/screen.js";

interface Written {
  readonly out: string[];
  readonly aside: string[];
}

/** What a training of so many steps prints, half a second each, looked at after each. */
function told(
  output: { isTTY?: boolean; columns?: number; rows?: number },
  steps = 100,
  looks?: string,
): Written {
  const [out, aside]: [string[], string[]] = [[], []];
  let seconds = 0;
  const screen = new Screen(
    { ...output, write: (text: string) => out.push(text) },
    { TERM: "xterm" },
    { write: (text: string) => aside.push(text) },
  );
  const clock = new Clock({ steps }, 10, 0, () => seconds);
  const units = {
    steps: "characters",
    loss: nats,
    lossName: "nats a character",
    ...(looks !== undefined && { looks }),
  };
  const terminal = new Terminal(screen, clock, units, true);
  for (let step = 1; step <= steps; step++) {
    seconds += 0.5;
    terminal.update({ step, loss: 2, tokensPerSecond: 1000 });
    terminal.look({ event: "look", step, epoch: 1, heldOut: 2.5, best: false, seconds, sample: "a sample" });
  }
  screen.clear();
  return { out, aside };
}

describe("what people are told of a training", () => {
  it("is one line that is rewritten on a terminal, no wider than it is", () => {
    const written = told({ isTTY: true, columns: 40 }).out;
    const bars = written.filter((text) => text.startsWith("\r\x1b[K["));
    expect(bars).toHaveLength(100);
    expect(bars[49]).toContain("[##########          ] 50 %");
    for (const bar of bars) expect(bar.length).toBeLessThanOrEqual(39 + "\r\x1b[K".length);
    expect(written.at(-1)).toBe("\r\x1b[K");
  });

  it("is a chart over it where there is room", () => {
    const written = told({ isTTY: true, columns: 80, rows: 30 }).out;
    const last = written.findLast((text) => text.includes("100 %")) ?? "";
    const [first, ...lines] = last.replace(/^\r\x1b\[\d+A\x1b\[J/, "").split("\n"); // eslint-disable-line no-control-regex -- it erases
    expect([first, ...lines]).toHaveLength(13);
    expect(first).toMatch(/^ 2\.500 \|o+$/);
    expect(lines[10]).toMatch(/^ {8}\* training {2}o held out +step 99$/);
    for (const line of [first, ...lines]) expect(line.length).toBeLessThan(80);
    // All that was shown is erased in the end.
    expect(written.at(-1)).toBe("\r\x1b[12A\x1b[J");
  });

  it("is lines elsewhere, at most a hundred however long it takes, without control characters", () => {
    for (const steps of [100, 100_000]) {
      const written = told({}, steps).out.join("");
      expect(written).not.toContain("\r");
      expect(written).not.toContain("\x1b");
      const lines = written.split("\n").filter((line) => line.startsWith("step"));
      expect(lines.length).toBeGreaterThanOrEqual(7);
      expect(lines.length).toBeLessThanOrEqual(108);
    }
  });

  it("calls what looks are taken at by the command's own name for it", () => {
    const { out } = told({ isTTY: true, columns: 80, rows: 30 }, 100, "validation");
    const last = out.findLast((text) => text.includes("100 %")) ?? "";
    expect(last).toMatch(/^ {8}\* training {2}o validation +step 99$/m);
    expect(last).not.toContain("held out");
    expect(told({}, 100, "validation").out.join("")).toContain(" · validation 2.500 nats (3.607 bits) · ");
  });

  it("has seven samples, evenly, apart from the lines", () => {
    const { out, aside } = told({});
    expect(aside).toEqual(Array<string>(7).fill("    a sample\n"));
    const lines = out.join("").split("\n");
    for (const step of [13, 25, 38, 50, 63, 75, 88]) {
      const line = lines.find((one) => one.startsWith(`step ${step} `));
      expect(line).toContain(" · loss 2.000 nats (2.885 bits) · held out 2.500 nats (3.607 bits) · ");
    }
    expect(lines.join()).not.toContain("a sample");
  });
});
