import { describe, expect, it } from "vitest";
import type { FitEvent } from "../../../src/cli/fit/events.js";
import { Screen } from "../../../src/cli/screen.js";
import { Board } from "../../../src/cli/sweep/board.js";
import type { TrialResult } from "../../../src/cli/sweep/results.js";
import type { Trial } from "../../../src/cli/sweep/trials.js";

const trial = (number: number): Trial => ({ number, options: { hidden: String(8 * number), cell: "gru" } });
const result = (number: number, heldOut: number, ending: TrialResult["ending"] = "limit"): TrialResult => ({
  trial: number,
  options: trial(number).options,
  ending,
  heldOut,
  run: `000${number}`,
});
const start = { event: "start", step: 0, units: { loss: "", steps: "", looks: "validation" } } as FitEvent;
const update = (step: number, seconds: number, epoch = 1): FitEvent => ({
  ...{ event: "update", step, epoch, seconds, loss: 1 },
  ...{ gradientNorm: 1, learningRate: 1, tokensPerSecond: 1 },
});
const look = (step: number, heldOut: number): FitEvent => ({
  ...{ event: "look", step, epoch: 1, heldOut, best: true, seconds: 1 },
});

/** A board on a terminal of so many rows, whose time is told. */
function watched(isTTY: boolean, total = 4, skipped = 0, rows = 24) {
  const out: string[] = [];
  const clock = { milliseconds: 0 };
  const output = { isTTY, columns: 100, rows, write: (text: string) => out.push(text) };
  const board = new Board(new Screen(output, { TERM: "xterm" }), total, skipped, () => clock.milliseconds);
  // eslint-disable-next-line no-control-regex -- it erases
  const shown = (): string[] => (out.at(-1) ?? "").replace(/^\r(\x1b\[\d+A)?\x1b\[[KJ]/, "").split("\n");
  return { board, out, clock, shown };
}

describe("what is shown of a sweep under way", () => {
  it("is a line for each trial, with its loss and its share, and a bar with the best and the time left", () => {
    const { board, clock, shown } = watched(true);
    const [first, second] = [trial(1), trial(2)];
    board.begin(first, { steps: 200 });
    board.begin(second, { minutes: 2 });
    board.heard(second, start);
    board.heard(first, update(50, 3));
    board.heard(second, look(7, 1.25));
    clock.milliseconds = 10_000;
    board.heard(second, update(8, 30));
    expect(shown()).toEqual([
      "1: hidden 8 · cell gru · step 50 · 25 %",
      "2: hidden 16 · cell gru · step 8 · validation 1.250 · 25 %",
      "[##                  ] 0 of 4 · 1:10 left",
    ]);
    board.end(first, result(1, 1.5), "first");
    expect(shown()[1]).toBe("[######              ] 1 of 4 · best 1.500, trial 1 · 0:22 left");
    board.end(second, result(2, 0.5, "divergence"), "second");
    // One that diverged is not the best.
    expect(shown()).toEqual(["[##########          ] 2 of 4 · best 1.500, trial 1 · 0:10 left"]);
  });

  it("counts epochs that are over, and never more than all", () => {
    const { board, clock, shown } = watched(true, 1);
    const one = trial(1);
    board.begin(one, { epochs: 4 });
    const shares = [1, 3, 9].map((epoch) => {
      clock.milliseconds += 1000;
      board.heard(one, update(1, 1, epoch));
      return shown()[0].replace(/.* · /, "");
    });
    expect(shares).toEqual(["0 %", "50 %", "100 %"]);
  });

  it("counts what was over before, and takes the time of the rest alone", () => {
    const { board, clock, shown } = watched(true, 4, 2);
    board.recall([result(3, 0.75)]);
    clock.milliseconds = 6000;
    const one = trial(1);
    board.begin(one, { steps: 10 });
    board.end(one, result(1, 1), "line");
    expect(shown()).toEqual(["[###############     ] 3 of 4 · best 0.7500, trial 3 · 0:06 left"]);
  });

  it("has no more lines than the terminal", () => {
    const { board, clock, shown } = watched(true, 30, 0, 8);
    for (let number = 1; number <= 30; number++) {
      clock.milliseconds += 1000;
      board.begin(trial(number), { steps: 10 });
    }
    expect(shown()).toHaveLength(6);
  });

  it("is drawn five times a second at most", () => {
    const { board, out, clock } = watched(true);
    const one = trial(1);
    board.begin(one, { steps: 10_000 });
    for (let step = 1; step <= 1000; step++) {
      clock.milliseconds += 1;
      board.heard(one, update(step, step / 1000));
    }
    expect(out).toHaveLength(6);
  });

  it("is a line for each that ended where lines cannot be rewritten", () => {
    const { board, out } = watched(false);
    board.begin(trial(1), { steps: 10 });
    board.heard(trial(1), update(1, 1));
    board.end(trial(1), result(1, 1), "1: it ended");
    board.clear();
    expect(out).toEqual(["1: it ended\n"]);
  });
});
