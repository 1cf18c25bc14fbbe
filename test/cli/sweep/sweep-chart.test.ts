import { describe, expect, it } from "vitest";
import { reasonLines, resultLines, resultsAsCsv } from "../../../src/cli/sweep/results-files.js";
import {
  bestOf,
  metricOf,
  ranked,
  type TrialEnding,
  type TrialRecord,
} from "../../../src/cli/sweep/results.js";
import { sweepChart } from "../../../src/cli/sweep/sweep-chart.js";

function record(
  trial: number,
  ending: TrialEnding,
  heldOut: number | undefined,
  options: Record<string, string> = { hidden: String(8 * trial) },
  reason?: string,
): TrialRecord {
  return {
    result: {
      trial,
      options,
      ending,
      ...(heldOut !== undefined && { heldOut, figures: { accuracy: 0.5, macroF1: 0.25, third: 1 } }),
      ...(reason !== undefined && { reason }),
      steps: 3,
      seconds: 61,
      run: `000${trial}`,
    },
    units: { loss: "nats a sequence", steps: "steps", looks: "held out" },
    looks: [],
  };
}

const records = [
  record(1, "failed", undefined, { hidden: "8" }, 'it said "no",\nand no more'),
  record(2, "limit", 2),
  record(3, "divergence", 0.1),
  record(4, "patience", 1.5),
  record(5, "signal", 0.2),
  record(6, "waiting", undefined),
  record(7, "interrupted", 0.3),
  record(8, "failed", undefined, { hidden: "64" }, "the same"),
  record(9, "failed", undefined, { hidden: "72" }, "the same"),
];
const metric = metricOf(records);

describe("the table", () => {
  it("has the best first of those that came as far, what went wrong behind", () => {
    expect(ranked(records).map(({ result }) => result.trial)).toEqual([4, 2, 5, 7, 3, 1, 8, 9, 6]);
    expect(bestOf(records)?.trial).toBe(4);
  });

  it("has no best where nothing is held out or nothing was trained, and a stopped one where no other is", () => {
    expect(bestOf([record(1, "limit", undefined)])).toBeUndefined();
    expect(bestOf([record(1, "divergence", 1), record(2, "interrupted", 1)])).toBeUndefined();
    expect(bestOf([record(1, "divergence", 1), record(2, "signal", 3)])?.trial).toBe(2);
    expect(bestOf([])).toBeUndefined();
  });

  it("names what trials are judged by, and shows two figures more", () => {
    expect(metric).toEqual({ name: "held-out loss", unit: "nats a sequence" });
    expect(resultLines(ranked(records), metric)).toEqual([
      "trial  hidden  held-out loss  accuracy  macroF1  time        ended",
      "4          32          1.500    0.5000   0.2500  1:01        early",
      "2          16          2.000    0.5000   0.2500  1:01   to its end",
      "5          40         0.2000    0.5000   0.2500  1:01      stopped",
      "7          56         0.3000    0.5000   0.2500  1:01  interrupted",
      "3          24         0.1000    0.5000   0.2500  1:01     diverged",
      "1           8                                    1:01       failed",
      "8          64                                    1:01       failed",
      "9          72                                    1:01       failed",
      "6          48                                    1:01    not begun",
    ]);
  });

  it("says each reason once", () => {
    expect(reasonLines(records)).toEqual(['Trial 1: it said "no",\nand no more', "Trials 8, 9: the same"]);
  });

  it("is CSV with all figures", () => {
    const lines = resultsAsCsv(records).split("\r\n");
    expect(lines[0]).toBe(
      "trial,hidden,heldOut,accuracy,macroF1,third,parameters,steps,seconds,ending,reason,run",
    );
    expect(lines[1]).toBe('1,8,,,,,,3,61,failed,"it said ""no"",\nand no more",0001');
    expect(lines[2]).toBe("2,16,2,0.5,0.25,1,,3,61,limit,,0002");
    expect(lines).toHaveLength(records.length + 2);
  });
});

describe("the chart", () => {
  const chart = (trials: readonly TrialRecord[], width = 42, ascii = true): string[] =>
    sweepChart(
      ranked(trials).map(({ result }) => result),
      metric,
      width,
      ascii,
    );

  it("has a row a value in the values' order, and each trial at its loss", () => {
    const trials = [
      record(1, "limit", 2, { hidden: "16", cell: "gru" }),
      record(2, "limit", 1, { hidden: "8", cell: "gru" }),
      record(3, "limit", 3, { hidden: "128", cell: "lstm" }),
    ];
    expect(chart(trials, 28)).toEqual([
      "--hidden",
      "    8 |*",
      "   16 |          o",
      "  128 |                   o",
      "--cell",
      "  gru |*         o",
      " lstm |                   o",
      "      +--------------------",
      "       1.000          3.000",
      "       held-out loss, nats a sequence",
    ]);
  });

  it("has parts of a range where there are many values", () => {
    const trials = Array.from({ length: 40 }, (_, i) =>
      record(i + 1, "limit", 1 + i / 40, { "learning-rate": String(0.001 * 1.1 ** i) }),
    );
    const lines = chart(trials);
    expect(lines).toHaveLength(1 + 8 + 3);
    expect(lines[1]).toMatch(/^ +0\.001 \.\. 0\.0015 \|\*/);
    expect(lines[8]).toMatch(/^ +0\.028 \.\. 0\.041 \| +o/);
    const marks = lines.slice(1, 9).join("").replaceAll(/[^*o]/g, "");
    expect(marks.match(/\*/g)).toHaveLength(1);
    expect(marks.length).toBeGreaterThan(20);
  });

  it("is no wider than it may be, but for the least, and of ASCII alone where it must be", () => {
    for (const width of [30, 60, 300]) {
      for (const line of chart(records, width)) {
        expect(line.length).toBeLessThanOrEqual(Math.max(width, 40));
        expect(line).toMatch(/^[ -~]*$/);
      }
    }
    expect(chart(records, 60, false).join("")).toMatch(/●/);
  });

  it("is none of fewer than two losses, and leaves out what cannot be drawn", () => {
    expect(chart([record(1, "limit", 1), record(2, "failed", undefined)])).toEqual([]);
    expect(chart([])).toEqual([]);
    expect(chart([record(1, "limit", 1), record(2, "limit", 1e300)])).toEqual([]);
    expect(chart([record(1, "limit", 1), record(2, "limit", 1)])[1]).toMatch(/\*/);
  });
});
